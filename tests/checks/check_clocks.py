#!/usr/bin/env python3
"""Looks whether include/crier asks the clock on the wall, which may jump, anywhere but where it must.

    python3 tests/checks/check_clocks.py

Prints one line with the count, or one line for each offence and exit code 1.
"""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
WALL = re.compile(r"\bsystem_clock\b|\bhigh_resolution_clock\b|\butc_clock\b|\bCLOCK_REALTIME|\bgettimeofday\b|"
                  r"(?<!\w)(?:std)?::time\s*\(|\bfile_clock\b")
MAY = {"authenticator/signed_ticket.hpp"}  # a ticket says until when by that clock


def check(include):
    """Returns the offences, and how many files were looked at."""
    offences, files = [], sorted(p for p in include.rglob("*") if p.suffix in (".hpp", ".ipp"))
    for path in files:
        name = path.relative_to(include).as_posix()
        if name in MAY:
            continue
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            if WALL.search(line):
                offences.append(f"{name}:{number}: {line.strip()}")
    return offences, len(files)


def main():
    for bad in ("std::chrono::system_clock::now()", "clock_gettime(CLOCK_REALTIME, &t)", "std::time(nullptr)"):
        assert WALL.search(bad), f"would not notice {bad}"
    assert not WALL.search("std::chrono::steady_clock::now()"), "steady_clock is no offence"
    offences, files = check(ROOT / "include" / "crier")
    for offence in offences:
        print(offence)
    if offences or files == 0:
        return 1
    print(f"clocks: {files} files, none but {', '.join(sorted(MAY))} looks at the clock on the wall")
    return 0


if __name__ == "__main__":
    sys.exit(main())
