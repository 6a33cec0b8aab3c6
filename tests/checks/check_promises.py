#!/usr/bin/env python3
"""Looks whether the tests that promises.md and delivery.md in include/crier name are there, and whether the
first names each limit. And whether push_server has an option for each limit in that table.

    python3 tests/checks/check_promises.py

A test stands there as `FOLDER/FILE` or `FOLDER/FILE: NAME`, below tests/. A limit is a member of crier::limits or
crier::admission, or one that a codec or transport has and that is called max_..._bytes or keep_alive. Its option is called as its row is, with dashes, unless OTHER_OPTIONS says otherwise.

Prints one line with the counts, or one line for each offence and exit code 1.
"""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TEST = re.compile(r"`([a-z0-9_]+(?:/[a-z0-9_]+)+\.(?:cpp|py))(?:: (\w+))?`")
MEMBER = re.compile(r"^    (?:crier::)?(?:std::\w+(?:::\w+)?) (\w+)\s*(?:=|\{)", re.MULTILINE)
LIMITED = ("limits.hpp", "admission.hpp")
OPTIONS = ("codec/websocket.hpp", "codec/text_line.hpp", "codec/length_prefixed.hpp", "transport/tcp.hpp")
OPTION = re.compile(r"max_\w+_bytes|keep_alive")
ROW = re.compile(r"^\| `(\w+)` \|", re.MULTILINE)
COMMAND_LINE = Path("examples/push_server/command_line.cpp")
ADDED = re.compile(r'\badd_\w+\(\s*(?:app,\s*)?"--([a-z-]+)"')

# The options that are not called as their row is. All for the same reason: times say their unit.
OTHER_OPTIONS = {
    "handshake_timeout": "handshake-seconds",
    "uid_timeout": "uid-seconds",
    "message_timeout": "message-seconds",
    "write_stall_timeout": "write-stall-seconds",
    "ping_interval": "ping-seconds",
    "keep_alive": "keep-alive-seconds",
    "close_timeout": "close-seconds",
}


def defines(source, name):
    """True if the source defines a test, an attack or a function of that name."""
    return re.search(rf"(?:BOOST_AUTO_TEST_CASE\(|BOOST_DATA_TEST_CASE\(|def ){name}\b", source) is not None


def without_option(page, command_line):
    """The limits in the page's table that command_line gives no option for."""
    options = set(ADDED.findall(command_line))
    return [name for name in ROW.findall(page)
            if OTHER_OPTIONS.get(name, name.replace("_", "-")) not in options]


def check(root=ROOT):
    """Returns the offences, and how many tests and limits were looked at."""
    include = root / "include" / "crier"
    page = (include / "promises.md").read_text(encoding="utf-8")
    offences = []
    delivery = include / "delivery.md"
    tests = TEST.findall(page + (delivery.read_text(encoding="utf-8") if delivery.is_file() else ""))
    for path, name in tests:
        file = root / "tests" / path
        if not file.is_file():
            offences.append(f"there is no tests/{path}")
        elif name and not defines(file.read_text(encoding="utf-8"), name):
            offences.append(f"there is no {name} in tests/{path}")
    limits = set()
    for header in LIMITED:
        limits.update(MEMBER.findall((include / header).read_text(encoding="utf-8")))
    for header in OPTIONS:
        members = MEMBER.findall((include / header).read_text(encoding="utf-8"))
        limits.update(name for name in members if OPTION.fullmatch(name))
    for name in sorted(limits):
        if f"| `{name}` |" not in page:
            offences.append(f"the limit {name} has no row in the table")
    for name in without_option(page, (root / COMMAND_LINE).read_text(encoding="utf-8")):
        offences.append(f"push_server has no option for the limit {name}")
    if not tests or not limits:
        offences.append("found nothing to look at")
    return offences, len(tests), len(limits)


def main():
    offences, tests, limits = check()
    for offence in offences:
        print(f"include/crier/promises.md or delivery.md: {offence}")
    if offences:
        return 1
    print(f"promises: {tests} tests, {limits} limits")
    return 0


if __name__ == "__main__":
    sys.exit(main())
