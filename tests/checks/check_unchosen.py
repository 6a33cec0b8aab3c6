#!/usr/bin/env python3
"""What a server has not chosen is not in its program.

    python3 tests/checks/check_unchosen.py PROGRAM

PROGRAM is the README's server, built and not stripped. No symbol in it may name a policy of
include/crier (authenticator/, codec/, overflow/, registry/, reply/, transport/) other than those that
the server consists of. Needs nm, of binutils.

Prints one line, or one line for each name that is there, with its bytes, and exit code 1.
"""

import re
import subprocess
import sys
from pathlib import Path

INCLUDE = Path(__file__).resolve().parents[2] / "include" / "crier"
FOLDERS = ["authenticator", "codec", "overflow", "registry", "reply", "transport"]

# The README's server, with the defaults of its listeners.
CHOSEN = {
    "tcp", "websocket", "text_line", "uid_registry",
    "first_message", "anyone", "close_slow", "ok_fail",
}

SYMBOL = re.compile(r"([0-9a-f]+) ([0-9a-f]+) \S (.*)")
NAME = re.compile(r"\bcrier::(\w+)")


def policies():
    return {header.stem for folder in FOLDERS for header in (INCLUDE / folder).glob("*.hpp")}


def bytes_by_policy(listing):
    """Of what `nm -C --print-size` says, the bytes that each policy is named in."""
    known, sizes, seen = policies(), {}, set()
    for line in listing.splitlines():
        match = SYMBOL.match(line)
        if not match or match[1] in seen:  # constructors and destructors have several names
            continue
        seen.add(match[1])
        for name in known.intersection(NAME.findall(match[3])):
            sizes[name] = sizes.get(name, 0) + int(match[2], 16)
    return sizes


def main():
    if len(sys.argv) != 2:
        print(__doc__)
        return 2
    listing = subprocess.run(
        ["nm", "-C", "--print-size", sys.argv[1]], capture_output=True, text=True, check=True
    ).stdout
    sizes = bytes_by_policy(listing)
    if missing := {"websocket", "tcp"} - sizes.keys():
        print(f"{sys.argv[1]}: no symbol names {' or '.join(sorted(missing))}: is it stripped?")
        return 1
    unchosen = sorted(sizes.keys() - CHOSEN)
    for name in unchosen:
        print(f"{sys.argv[1]}: {sizes[name]} bytes of symbols that name crier::{name}")
    if not unchosen:
        print(f"check_unchosen: {len(sizes)} of {len(policies())} policies, all of them chosen")
    return bool(unchosen)


if __name__ == "__main__":
    sys.exit(main())
