#!/usr/bin/env python3
"""Checks who includes whom in include/crier: the rings of include/crier/README.md.

Usage: check_rings.py [ROOT]      (default: the checkout that this file is in)

Prints one line for each offence, and exits with 1 if there is one.
"""

import pathlib
import re
import sys

PROTOCOL, ENGINE, EDGE, KIT = "protocol", "engine", "edge", "test kit"

# Every header belongs to one ring. Folders first, then single files; the longest match counts.
RING_OF = {
    "config.hpp": PROTOCOL, "version.hpp": PROTOCOL, "fwd.hpp": PROTOCOL,
    "message.hpp": PROTOCOL, "frame.hpp": PROTOCOL, "decoded.hpp": PROTOCOL, "error.hpp": PROTOCOL,
    "utf8.hpp": PROTOCOL, "opening.hpp": PROTOCOL, "command.hpp": PROTOCOL, "limits.hpp": PROTOCOL,
    "counters.hpp": PROTOCOL, "push_result.hpp": PROTOCOL, "connection.hpp": PROTOCOL,
    "hooks.hpp": PROTOCOL, "watcher.hpp": PROTOCOL, "io_result.hpp": PROTOCOL,
    "codec/": PROTOCOL, "registry/": PROTOCOL,
    "concepts/codec.hpp": PROTOCOL, "concepts/registry.hpp": PROTOCOL, "concepts/transport.hpp": ENGINE,
    "detail/deadline_list.hpp": PROTOCOL, "detail/intrusive_list.hpp": PROTOCOL,
    "detail/json_scanner.hpp": PROTOCOL, "detail/mailbox.hpp": PROTOCOL, "detail/outbox.hpp": PROTOCOL,
    "detail/siphash.hpp": PROTOCOL, "detail/tail_buffer.hpp": PROTOCOL, "detail/uid_table.hpp": PROTOCOL,
    "detail/role.hpp": PROTOCOL,
    "impl/accept_key.ipp": PROTOCOL, "impl/command.ipp": PROTOCOL, "impl/error.ipp": PROTOCOL,
    "impl/opening.ipp": PROTOCOL, "impl/websocket.ipp": PROTOCOL,

    "transport/": ENGINE, "listener.hpp": ENGINE, "server.hpp": ENGINE, "push_server.hpp": ENGINE,
    "crier.hpp": ENGINE, "src.hpp": ENGINE,
    "detail/accept_loop.hpp": ENGINE, "detail/components.hpp": ENGINE, "detail/delivery.hpp": ENGINE,
    "detail/descriptor_stream.hpp": ENGINE, "detail/poller.hpp": ENGINE, "detail/roles.hpp": ENGINE,
    "detail/session.hpp": ENGINE, "detail/session_base.hpp": ENGINE, "detail/shard.hpp": ENGINE,
    "detail/timer.hpp": ENGINE,
    "impl/descriptor_stream.ipp": ENGINE, "impl/poller.ipp": ENGINE, "impl/session_base.ipp": ENGINE,
    "impl/shard.ipp": ENGINE, "impl/timer.ipp": ENGINE,

    "test/": KIT,
}

MAY_INCLUDE = {
    PROTOCOL: {PROTOCOL},
    ENGINE: {PROTOCOL, ENGINE},
    EDGE: {PROTOCOL, ENGINE, EDGE},
    KIT: {PROTOCOL, ENGINE, KIT},
}

# What of Boost, and of the system, the inner ring may know.
PROTOCOL_BOOST = ("boost/system/", "boost/beast/http/basic_parser.hpp", "boost/beast/http/status.hpp",
                  "boost/beast/zlib")
PROTOCOL_SYSTEM = {"sys/uio.h", "unistd.h"}  # iovec; getentropy

BANNED = {
    "boost/asio.hpp": "names all of Asio: include the parts that are used",
    "boost/beast.hpp": "names all of Beast: include the parts that are used",
    "boost/beast/websocket.hpp": "costs 5 s of compile time; the frames are crier's own",
    "boost/beast/websocket/stream.hpp": "costs 5 s of compile time; the frames are crier's own",
    "boost/asio/basic_waitable_timer.hpp": "brings Boost.DateTime with it; use detail/timer.hpp",
    "boost/asio/steady_timer.hpp": "brings Boost.DateTime with it; use detail/timer.hpp",
    "iostream": "costs every program its static initialisation",
    "regex": "costs seconds of compile time",
    "random": "costs a third of a second of compile time; keys come from getentropy",
}

INCLUDE = re.compile(r'\s*#\s*include\s*([<"])([^>"]+)[>"]')


def ring_of(name):
    """The ring of a file, named relative to include/crier, or None."""
    matches = [key for key in RING_OF if name == key or (key.endswith("/") and name.startswith(key))]
    return RING_OF[max(matches, key=len)] if matches else None


def guard_of(name):
    return "CRIER_" + re.sub(r"[^A-Za-z0-9]", "_", name).upper()


def judge_include(name, ring, quote, included):
    """Why `name` may not include `included`, or None."""
    if included in BANNED and ring != KIT:
        return f"<{included}> {BANNED[included]}"
    if quote == '"':
        return f'write <{included}> with angle brackets and its full path'
    if included.startswith("crier/"):
        target = ring_of(included.removeprefix("crier/"))
        if target is None:
            return f"<{included}> is in no ring: add it to RING_OF in tests/checks/check_rings.py"
        if target not in MAY_INCLUDE[ring]:
            return f"the {ring} ring may not include <{included}> of the {target} ring"
    elif ring == PROTOCOL:
        if included.startswith("boost/") and not included.startswith(PROTOCOL_BOOST):
            return f"the protocol ring may not include <{included}>"
        if included.endswith(".h") and included not in PROTOCOL_SYSTEM:
            return f"the protocol ring makes no system calls: <{included}>"
    elif ring == ENGINE and included.startswith("openssl/"):
        return "what adds a library to link belongs to the edge ring"
    return None


def offences_in(root):
    base = root / "include" / "crier"
    files = sorted([*base.rglob("*.hpp"), *base.rglob("*.ipp")])
    if not files:
        yield f"{base}: no headers found"
    for path in files:
        name = path.relative_to(base).as_posix()
        where = path.relative_to(root).as_posix()
        ring = ring_of(name)
        if ring is None:
            yield f"{where}:1: in no ring: add it to RING_OF in tests/checks/check_rings.py"
            continue
        lines = path.read_text().splitlines()
        if lines[:2] != [f"#ifndef {guard_of(name)}", f"#define {guard_of(name)}"]:
            yield f"{where}:1: the include guard is not {guard_of(name)}"
        if len(lines) > 400:
            yield f"{where}:400: {len(lines)} lines; take it apart"
        for number, line in enumerate(lines, 1):
            if match := INCLUDE.match(line):
                if why := judge_include(name, ring, *match.groups()):
                    yield f"{where}:{number}: {why}"


def main(argv):
    root = pathlib.Path(argv[1] if len(argv) > 1 else pathlib.Path(__file__).parents[2]).resolve()
    offences = list(offences_in(root))
    for offence in offences:
        print(offence)
    if not offences:
        count = sum(1 for _ in (root / "include" / "crier").rglob("*.[hi]pp"))
        print(f"{count} headers, each in its ring")
    return 1 if offences else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
