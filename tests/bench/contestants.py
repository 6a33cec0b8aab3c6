"""Who takes part in run.py: a name and a command line each.

{build} is the directory of the built programs, {here} is this one, {clients} and {backend} are the ports
that the server listens on, on 127.0.0.1. A server speaks the wire contract of the README, ends on SIGTERM,
and uses one core. To add one for a single run: run.py --with 'name=COMMAND'.
"""

CONTESTANTS = {
    # The yardstick: epoll and nothing else, without JSON.
    "floor": "{build}/crier_floor --clients 127.0.0.1:{clients} --backend 127.0.0.1:{backend}",
    # The README's server.
    "crier": "{build}/crier_server {clients} {backend}",
    # Node with ws, as one would write it; Debian's node-ws keeps it where NODE_PATH says.
    "node-ws": "env NODE_PATH=/usr/share/nodejs node {here}/servers/node_ws.cjs {clients} {backend}",
}

USUAL = ["floor", "crier"]
YARDSTICK = "floor"
OURS = "crier"  # the targets are for servers whose name begins so
