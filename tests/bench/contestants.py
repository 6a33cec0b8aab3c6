"""Who takes part in run.py.

In a command {build} is the directory of the built programs, {here} is this one, {clients} and {backend} are the ports
that the server listens on, on 127.0.0.1. A server speaks the wire contract of the README and ends on SIGTERM. Its
processes, children included, are what is measured.

To add one for a single run: run.py --with 'name=COMMAND'. So a build of one's own of uWebSockets, or
`php {here}/start.php start` with Workerman from Composer, stands beside the others; neither is packaged by Debian. For
one that stays: a line below, a program in servers/, and a target in CMakeLists.txt that is built if its package is
there. crier_load verifies every delivery: a server that loses or reorders is found out, not measured.
"""

import dataclasses
import glob


@dataclasses.dataclass(frozen=True)
class Contestant:
    name: str
    command: str
    target: str = ""  # of CMakeLists.txt, to be built
    needs: tuple = ()  # a file each (may have wildcards), without which it is left out
    packages: str = ""  # of Debian 12, that bring them
    protocol: str = "lines"  # of crier_load
    cores: int = 1  # that it may use; where there are fewer, it shares the load's
    judged: bool = False  # against the targets
    several: bool = False  # crier::threads, for the tables about that
    compresses: bool = False  # is for loads whose clients offer permessage-deflate

    def missing(self):
        """What brings it, if it cannot run here."""
        return "" if all(map(glob.glob, self.needs)) else self.packages


BOOST_JSON = "/usr/lib/*/libboost_json.so"

CONTESTANTS = {each.name: each for each in [
    # The yardstick: epoll and nothing else, without JSON.
    Contestant("floor", "{build}/crier_floor --clients 127.0.0.1:{clients} --backend 127.0.0.1:{backend}",
               target="crier_floor"),
    # The README's server.
    Contestant("crier", "{build}/crier_server {clients} {backend}", target="crier_server", judged=True),
    # The same with crier::threads.
    Contestant("crier-1-thread", "{build}/crier_server_threads {clients} {backend} 1", target="crier_server_threads",
               several=True),
    Contestant("crier-2-threads", "{build}/crier_server_threads {clients} {backend} 2", target="crier_server_threads",
               cores=2, several=True),
    Contestant("crier-busy-poll", "{build}/crier_server_threads {clients} {backend} 1 50",
               target="crier_server_threads", several=True),
    # Boost.Beast, as its chat examples do it.
    Contestant("beast", "{build}/crier_beast {clients} {backend}", target="crier_beast", needs=(BOOST_JSON,),
               packages="libboost-json1.81-dev"),
    Contestant("websocketpp", "{build}/crier_websocketpp {clients} {backend}", target="crier_websocketpp",
               needs=(BOOST_JSON, "/usr/include/websocketpp/server.hpp"),
               packages="libboost-json1.81-dev libwebsocketpp-dev"),
    # Node with ws, as one would write it; Debian's node-ws keeps it where NODE_PATH says.
    Contestant("node-ws", "env NODE_PATH=/usr/share/nodejs node {here}/servers/node_ws.cjs {clients} {backend}",
               needs=("/usr/bin/node", "/usr/share/nodejs/ws"), packages="nodejs node-ws"),
    # nginx with nchan: HTTP, one request for each push.
    Contestant("nchan", "python3 {here}/servers/nchan.py {build}/nchan {clients} {backend}",
               needs=("/usr/sbin/nginx", "/usr/lib/nginx/modules/ngx_nchan_module.so"),
               packages="nginx libnginx-mod-nchan", protocol="nchan"),
    # The same with permessage-deflate, from 256 bytes on.
    Contestant("crier-deflate", "{build}/crier_server_deflate {clients} {backend}", target="crier_server_deflate",
               compresses=True),
    Contestant("beast-deflate", "{build}/crier_beast {clients} {backend} deflate", target="crier_beast",
               needs=(BOOST_JSON,), packages="libboost-json1.81-dev", compresses=True),
    Contestant("node-ws-deflate",
               "env NODE_PATH=/usr/share/nodejs node {here}/servers/node_ws.cjs {clients} {backend} deflate",
               needs=("/usr/bin/node", "/usr/share/nodejs/ws"), packages="nodejs node-ws", compresses=True),
]}

ALL = [each.name for each in CONTESTANTS.values() if not each.compresses and not each.several]
THREADED = ["floor", "crier"] + [each.name for each in CONTESTANTS.values() if each.several]
COMPRESSING = [each.name for each in CONTESTANTS.values() if each.compresses]

USUAL = ["floor", "crier"]
YARDSTICK = "floor"
