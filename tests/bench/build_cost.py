#!/usr/bin/env python3
"""What the README's server costs to build: examples/1_minimal.cpp at -O2 in one translation unit.

build_cost.py [--compiler g++] [--rounds 3]

Prints the time to compile and link (wall clock and CPU, the quickest round), the peak memory of the compiler's
largest process, and the size of the program, stripped. Nothing passes or fails here. Needs Boost.
"""

import argparse
import os
import pathlib
import resource
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
TARGETS = {"seconds": 12, "MB at the peak": 600, "KB stripped": 700}


def build(compiler, program):
    """Seconds, CPU seconds and peak bytes of one build; never out of a cache."""
    command = [compiler, "-std=c++20", "-O2", "-I", ROOT / "include", ROOT / "examples" / "1_minimal.cpp",
               "-o", program, "-pthread"]
    begin = time.monotonic()
    child = os.fork()  # so that the peak is this build's alone
    if child == 0:
        done = subprocess.run(command, env=dict(os.environ, CCACHE_DISABLE="1"), check=False).returncode
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        program.with_suffix(".figures").write_text(f"{used.ru_utime + used.ru_stime} {used.ru_maxrss * 1024}")
        os._exit(done)
    if os.waitpid(child, 0)[1]:
        sys.exit("build_cost.py: it does not compile")
    seconds = time.monotonic() - begin
    cpu, peak = program.with_suffix(".figures").read_text().split()
    return seconds, float(cpu), int(peak)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--compiler", default="g++")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    version = subprocess.run([options.compiler, "--version"], capture_output=True, text=True, check=True)
    with tempfile.TemporaryDirectory() as directory:
        program = pathlib.Path(directory) / "minimal"
        seconds, cpu, peak = (min(figure) for figure in
                              zip(*[build(options.compiler, program) for _ in range(options.rounds)]))
        subprocess.run(["strip", program], check=True)
        stripped = program.stat().st_size
    print(version.stdout.splitlines()[0])
    for what, value, unit in (("seconds", seconds, f"{seconds:.1f} s (CPU {cpu:.1f} s)"),
                              ("MB at the peak", peak / 1e6, f"{peak / 1e6:.0f} MB"),
                              ("KB stripped", stripped / 1e3, f"{stripped / 1e3:.0f} KB")):
        print(f"{what:15} {unit:22} target {TARGETS[what]}{'' if value <= TARGETS[what] else ', missed'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
