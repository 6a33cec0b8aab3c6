#!/usr/bin/env python3
"""Counts the work that strangers can make the server do, in instructions: work.cpp under callgrind.

work.py PROGRAM     exits with 1 if twice as many bytes cost more than a bit over twice as much, or if the work of
                    refusing a guess tells how much of it was right (10 seconds)

Needs valgrind. Instructions, not time: they count the same in each run.
"""

import os
import pathlib
import re
import subprocess
import sys
import tempfile

# Twice the bytes, and some allocations that grow in steps.
MOST_FOR_TWICE = 2.3
# So that the C library takes the same functions on each processor.
PLAIN = "glibc.cpu.hwcaps=-AVX,-AVX2,-AVX512F,-AVX512VL,-AVX512BW,-ERMS,-FSRM,-BMI1,-BMI2,-RTM,-MOVBE,-LZCNT"


def counts(program):
    """Name to instructions."""
    with tempfile.TemporaryDirectory(prefix="work-") as directory:
        out = pathlib.Path(directory) / "callgrind.out"
        done = subprocess.run(
            ["valgrind", "--tool=callgrind", f"--callgrind-out-file={out}", "--collect-atstart=no", program],
            capture_output=True, text=True, check=False, env=dict(os.environ, GLIBC_TUNABLES=PLAIN))
        if done.returncode:
            sys.exit(f"work.py: {program} failed\n{done.stdout}{done.stderr}")
        found = {}
        for path in out.parent.glob("callgrind.out.*"):
            text = path.read_text(encoding="utf-8")
            about = re.search(r"^desc: Trigger: Client Request: (.*)$", text, re.M)
            if about:
                found[about[1]] = int(re.search(r"^(?:summary|totals): (\d+)$", text, re.M)[1])
        missing = [name for name in done.stdout.splitlines() if not found.get(name)]
        if missing or not found:
            sys.exit(f"work.py: not counted: {missing}")
        return found


def main():
    found = counts(sys.argv[1])
    bad = []
    sizes = {}
    alike = {}
    for name, count in found.items():
        kind, what = name.split(": ", 1)
        if kind == "linear":
            what, size = what.rsplit(" ", 1)
            sizes.setdefault(what, {})[int(size)] = count
        else:
            alike.setdefault(kind, {})[what] = count
    for what, by_size in sorted(sizes.items()):
        small, large = (by_size[size] for size in sorted(by_size))
        ratio = large / small
        print(f"{what}: {small} and {large}, {ratio:.2f} times")
        if ratio > MOST_FOR_TWICE:
            bad.append(f"{what}: twice the bytes cost {ratio:.2f} times as much")
    for kind, by_name in sorted(alike.items()):
        for what, count in sorted(by_name.items()):
            print(f"{what}: {count}")
        if len(set(by_name.values())) != 1:
            bad.append(f"{kind}: {by_name} differ")
    if len(sizes) < 20 or len(alike) != 2:
        bad.append("less was counted than there is")
    for line in bad:
        print(f"work.py: {line}", file=sys.stderr)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
