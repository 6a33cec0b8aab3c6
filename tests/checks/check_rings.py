#!/usr/bin/env python3
"""Who may include whom in include/crier.

    python3 tests/checks/check_rings.py

Three rings, from the inside: protocol, engine, edge. A file includes its own ring and the ones
inside it. Around them: the umbrella headers, which take everything but the edge, and the kit in
test/, which nothing includes. include/crier/README.md says what belongs where; RINGS below says it
file by file.

Prints one line with the counts, or one line for each offence and exit code 1.
"""

import re
import sys
from pathlib import Path

PROTOCOL, ENGINE, EDGE, UMBRELLA, KIT = "protocol", "engine", "edge", "umbrella", "kit"

# A folder ("codec/") stands for what is in it, a file for itself; the longest match counts. A body,
# impl/x.ipp, is where its header x.hpp is.
RINGS = {
    PROTOCOL: [
        "authenticator/", "codec/", "overflow/", "registry/", "reply/",
        "concepts/authenticator.hpp", "concepts/codec.hpp", "concepts/overflow.hpp",
        "concepts/registry.hpp", "concepts/reply.hpp",
        "admission.hpp", "backlog.hpp", "command.hpp", "config.hpp", "connection.hpp", "counters.hpp", "decoded.hpp", "error.hpp",
        "frame.hpp", "fwd.hpp", "hooks.hpp", "limits.hpp", "message.hpp", "observer.hpp",
        "opening.hpp", "printable.hpp", "push_result.hpp", "receivers.hpp", "stop_options.hpp", "utf8.hpp", "version.hpp",
        "detail/block_cache.hpp", "detail/deadline_list.hpp", "detail/first_bytes.hpp", "detail/http_grammar.hpp", "detail/intrusive_list.hpp",
        "detail/json_scanner.hpp", "detail/lobby.hpp", "detail/member_names.hpp",
        "detail/outbox.hpp", "detail/read_share.hpp", "detail/role.hpp", "detail/scan.hpp", "detail/siphash.hpp", "detail/tail_buffer.hpp",
        "detail/time_share.hpp", "detail/topic_table.hpp", "detail/turn_queue.hpp", "detail/turn_share.hpp", "detail/uid_table.hpp", "detail/utf8_blocks.hpp",
    ],
    ENGINE: [
        "transport/", "concepts/transport.hpp", "authenticator/peer_credentials.hpp",
        "io_result.hpp", "listener.hpp", "push_server.hpp", "server.hpp", "threads.hpp", "time_slice.hpp", "watcher.hpp",
        "detail/accept_loop.hpp", "detail/announcement.hpp", "detail/completion.hpp", "detail/components.hpp",
        "detail/crew.hpp", "detail/delivery.hpp",
        "detail/descriptor_stream.hpp", "detail/doorbell.hpp", "detail/doorman.hpp", "detail/drainer.hpp", "detail/gate.hpp", "detail/handler_memory.hpp", "detail/mailbox.hpp", "detail/poller.hpp",
        "detail/backend_role.hpp", "detail/clients_role.hpp", "detail/guarded_role.hpp", "detail/peers_role.hpp",
        "detail/linked_board.hpp", "detail/mover.hpp", "detail/ordered_desk.hpp", "detail/session.hpp", "detail/session_base.hpp",
        "detail/shard.hpp", "detail/site.hpp",
        "detail/timer.hpp", "detail/waiting_room.hpp",
    ],
    EDGE: [
        "authenticator/signed_ticket.hpp", "detail/openssl.hpp", "transport/tls.hpp", "transport/tls_certificate.hpp",
    ],
    UMBRELLA: ["crier.hpp", "src.hpp"],
    KIT: ["test/"],
}

MAY_INCLUDE = {
    PROTOCOL: {PROTOCOL},
    ENGINE: {PROTOCOL, ENGINE},
    EDGE: {PROTOCOL, ENGINE, EDGE},
    UMBRELLA: {PROTOCOL, ENGINE},
    KIT: {PROTOCOL, ENGINE, KIT},
}

# What is not crier's, by the beginning of its path. The protocol takes no sockets and no clocks.
PROTOCOL_BOOST = (
    "boost/system/", "boost/json/basic_parser", "boost/beast/http/", "boost/beast/zlib/",
    "boost/asio/buffer.hpp",  # Beast's parser takes its input so
)
PROTOCOL_SYSTEM = (
    "sys/uio.h",  # iovec, a type
    "sys/random.h",  # the hash key of the registries
    "emmintrin.h",  # SSE2
)
NOT_PROTOCOL_STD = (
    "atomic", "condition_variable", "csignal", "filesystem", "fstream", "future", "mutex",
    "semaphore", "shared_mutex", "stop_token", "thread",
)
ENGINE_BOOST = PROTOCOL_BOOST + ("boost/asio/",)
NOT_ENGINE = ("boost/asio/ssl", "openssl/")

FORBIDDEN = {
    "boost/beast/websocket": "Beast's WebSocket costs every user seconds of compile time; "
    "crier has its own frames",
    "boost/asio.hpp": "include the narrow headers, boost/asio/...",
    "boost/asio/ssl.hpp": "include the narrow headers, boost/asio/ssl/...",
    "boost/beast.hpp": "include the narrow headers, boost/beast/...",
    "boost/beast/core.hpp": "include the narrow headers, boost/beast/core/...",
    "boost/beast/http.hpp": "include the narrow headers, boost/beast/http/...",
    "boost/json.hpp": "include the narrow headers, boost/json/...",
    "iostream": "it adds a static initialiser to every source file; include <ostream> or <istream>",
    "regex": "it compiles for seconds; write the scan by hand",
}

INCLUDE = re.compile(r'\s*#\s*include\s*([<"])([^>"]+)[>"]')


class Checker:
    def __init__(self, root, rings=RINGS):
        self.base = Path(root) / "include" / "crier"
        self.rings = rings
        self.offences = []
        found = self.base.rglob("*.[hi]pp")
        self.files = sorted(str(path.relative_to(self.base)) for path in found)
        self.ring = {name: self.ring_of(name) for name in self.files}
        self.includes = {name: self.includes_of(name) for name in self.files}

    def offence(self, name, line, sentence):
        self.offences.append(f"include/crier/{name}:{line}: {sentence}")

    def ring_of(self, name):
        """The ring, or None and an offence."""
        if name.startswith("impl/") and name.endswith(".ipp"):
            stem = Path(name).stem
            headers = [f for f in self.files if f.endswith(".hpp") and Path(f).stem == stem]
            if len(headers) != 1:
                sentence = f"a body belongs to the one header {stem}.hpp; there are {len(headers)}"
                return self.offence(name, 1, sentence)
            name_in_list = headers[0]
        else:
            name_in_list = name
        matches = [
            (len(entry), ring)
            for ring, entries in self.rings.items()
            for entry in entries
            if name_in_list == entry or (entry.endswith("/") and name_in_list.startswith(entry))
        ]
        if not matches:
            sentence = "is in no ring: add it to RINGS in tests/checks/check_rings.py"
            return self.offence(name, 1, sentence)
        return max(matches)[1]

    def includes_of(self, name):
        found = []
        text = (self.base / name).read_text(encoding="utf-8")
        for number, line in enumerate(text.splitlines(), 1):
            if match := INCLUDE.match(line):
                found.append((number, *match.groups()))
        return found

    def check(self):
        for ring, entries in self.rings.items():
            for entry in entries:
                there = (self.base / entry).is_dir() if entry.endswith("/") else entry in self.files
                if not there and entry != "test/":
                    sentence = f"RINGS has {entry} in {ring}, which does not exist"
                    self.offences.append(f"tests/checks/check_rings.py:1: {sentence}")
        for name in self.files:
            self.check_guard(name)
            for line, bracket, included in self.includes[name]:
                if bracket == '"':
                    self.offence(name, line, f'includes "{included}": write <crier/...>')
                elif included.startswith("crier/"):
                    self.check_own(name, line, included.removeprefix("crier/"))
                else:
                    self.check_foreign(name, line, included)
        self.check_bodies()
        if not self.offences:  # most circles lead outwards: one line for each is enough
            self.check_cycles()
        return self.offences

    def check_own(self, name, line, included):
        if included not in self.files:
            return self.offence(name, line, f"includes <crier/{included}>, which does not exist")
        mine, other = self.ring[name], self.ring[included]
        if mine and other and other not in MAY_INCLUDE[mine]:
            self.offence(name, line, f"is {mine} and includes <crier/{included}>, which is {other}")

    def check_foreign(self, name, line, included):
        for what, why in FORBIDDEN.items():
            folder = "." not in what and included.startswith((what + ".", what + "/"))
            if included == what or folder:
                return self.offence(name, line, f"includes <{included}>: {why}")
        standard = re.fullmatch(r"[a-z_]+", included)
        boost = included.startswith("boost/")
        why = None
        if self.ring[name] == PROTOCOL:
            if included in NOT_PROTOCOL_STD:
                why = "threads, signals and files are the engine's"
            elif boost and not included.startswith(PROTOCOL_BOOST):
                why = "of Boost it may know " + ", ".join(PROTOCOL_BOOST)
            elif not boost and not standard and included not in PROTOCOL_SYSTEM:
                why = "system calls are the engine's"
        elif self.ring[name] != EDGE:
            if included.startswith(NOT_ENGINE):
                why = "what adds a library to link is edge"
            elif boost and not included.startswith(ENGINE_BOOST):
                why = "of Boost it may know " + ", ".join(ENGINE_BOOST)
        if why:
            self.offence(name, line, f"is {self.ring[name]} and includes <{included}>: {why}")

    def check_guard(self, name):
        guard = "CRIER_" + re.sub(r"[^A-Z0-9]", "_", name.upper())
        lines = (self.base / name).read_text(encoding="utf-8").rstrip().splitlines()
        whole = len(lines) > 2 and lines[0] == f"#ifndef {guard}" and lines[1] == f"#define {guard}"
        if not whole or lines[-1] != "#endif":
            self.offence(name, 1, f"has no include guard {guard} from its first line to its last")

    def check_bodies(self):
        """Every body is compiled by those who compile separately."""
        if "src.hpp" not in self.files:
            return
        compiled = {included for _, _, included in self.includes["src.hpp"]}
        for name in self.files:
            body = name.endswith(".ipp") and self.ring[name] != EDGE
            if body and f"crier/{name}" not in compiled:
                self.offence("src.hpp", 1, f"does not include <crier/{name}>")

    def check_cycles(self):
        """Headers include each other one way. (Bodies come last and may include any header.)"""
        done, path = set(), []

        def visit(name):
            path.append(name)
            for line, _, included in self.includes[name]:
                other = included.removeprefix("crier/")
                if other in path:
                    cycle = " -> ".join([*path[path.index(other) :], other])
                    self.offence(name, line, f"closes a circle of includes: {cycle}")
                elif other in self.files and other.endswith(".hpp") and other not in done:
                    visit(other)
            done.add(path.pop())

        for name in self.files:
            if name.endswith(".hpp") and name not in done:
                visit(name)


def main():
    checker = Checker(Path(__file__).resolve().parents[2])
    offences = checker.check()
    if offences:
        print("\n".join(offences))
        return 1
    counts = {ring: sum(r == ring for r in checker.ring.values()) for ring in RINGS}
    print("rings: " + ", ".join(f"{count} {ring}" for ring, count in counts.items()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
