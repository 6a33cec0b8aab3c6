#!/usr/bin/env python3
"""User instructions that crier spends on each push, exactly: instructions.cpp under callgrind.

instructions.py                    prints what is counted beside what instructions.json says (20 seconds)
instructions.py --check            and exits with 1 if a count is off by more than the tolerance
instructions.py --update           and writes instructions.json
instructions.py --sockets          counts the whole server process instead, on real sockets, for reading

In memory there is no clock, no system call and no random number, so two runs count the same to the instruction, on any
x86-64 machine with the same compiler: the C library is told to use the functions that all of them have. On sockets
each count is the difference of two runs of which one is longer, so that the start is in neither. What comes in one
read varies there: the counts of pushes and deliveries by 0.3 %, those of new connections by 10 %.

Another compiler than that of instructions.json counts otherwise: then --check says that it is skipped, and passes. Less
than recorded is a failure too: the file would not notice when the gain is lost again.

Needs g++, Boost and valgrind.
"""

import argparse
import os
import pathlib
import re
import socket
import subprocess
import sys
import tempfile
import time

import budget

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
FLAGS = ["-std=c++20", "-O2", "-DNDEBUG", "-pthread", "-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wshadow",
         "-Wno-restrict", "-Werror", "-I", ROOT / "include"]
TOLERANCE = 0.03
# So that the C library takes the same functions on each processor.
PLAIN = ("glibc.cpu.hwcaps=-AVX,-AVX2,-AVX512F,-AVX512VL,-AVX512BW,-ERMS,-FSRM,-BMI1,-BMI2,-RTM,-MOVBE,-LZCNT,-SSSE3,"
         "-SSE4_1,-SSE4_2,-AVX_Fast_Unaligned_Load:glibc.cpu.x86_non_temporal_threshold=0x10000000")


class CountError(Exception):
    """It could not be counted."""


def run(command, **options):
    done = subprocess.run(command, capture_output=True, text=True, check=False, **options)
    if done.returncode:
        raise CountError(f"{' '.join(map(str, command))}\n{done.stdout}{done.stderr}")
    return done.stdout


def build(compiler, source, program, *libraries):
    run([compiler, *FLAGS, HERE / source, "-o", program, *libraries], env=dict(os.environ, CCACHE_DISABLE="1"))
    return program


def callgrind(out, *options):
    return ["valgrind", "--tool=callgrind", f"--callgrind-out-file={out}", *options]


def counted(path):
    """What a file of callgrind is about, and how many instructions it tells of."""
    text = path.read_text(encoding="utf-8")
    about = re.search(r"^desc: Trigger: Client Request: (.*)$", text, re.M)
    return about and about[1], int(re.search(r"^(?:summary|totals): (\d+)$", text, re.M)[1])


def rounded(count):
    return round(count, 1 if count >= 100 else 2)


def in_memory(compiler, directory):
    program = build(compiler, "instructions.cpp", directory / "crier_instructions")
    out = directory / "callgrind.out"
    units = run([*callgrind(out, "--collect-atstart=no"), program], env=dict(os.environ, GLIBC_TUNABLES=PLAIN))
    names = {name: int(count) for count, name in (line.split("\t") for line in units.splitlines())}
    totals = dict(counted(path) for path in directory.glob("callgrind.out.*"))
    if not names or not set(names) <= set(totals) or not all(totals[name] for name in names):
        raise CountError("callgrind has not counted each load")
    return {name: rounded(totals[name] / count) for name, count in names.items()}


def unicast(clients, in_flight, payload):
    return (f"push, {clients} clients, {in_flight} in flight, {payload} bytes", 20_000,
            ["--connections", clients, "--in-flight", in_flight, "--payload", payload], "--pushes", 1)


SOCKET_LOADS = [
    *[unicast(clients, in_flight, payload)
      for clients in (100, 1000) for in_flight in (64, 1024) for payload in (64, 1024)],
    *[(f"broadcast delivery, 1000 clients, {in_flight} in flight, 64 bytes", 20 * in_flight,
       ["--mode", "broadcast", "--connections", 1000, "--in-flight", in_flight], "--pushes", 1000)
      for in_flight in (1, 16)],
    ("connect and register", 500, ["--mode", "connect-rate"], "--connections", 1),
    ("push by a new back-end connection, 64 bytes", 500,
     ["--mode", "new-connection-per-push", "--connections", 100], "--pushes", 1),
]


def free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()


def wait_for(port, process):
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        try:
            return socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
    raise CountError("the server does not listen")


def whole_process(load, server, directory, options):
    """Instructions of a server's whole life with this load."""
    clients, backend = free_ports(2)
    out = directory / "callgrind.sockets"
    process = subprocess.Popen([*callgrind(out), server, str(clients), str(backend)], stderr=subprocess.DEVNULL,
                               env=dict(os.environ, GLIBC_TUNABLES=PLAIN))
    try:
        wait_for(clients, process)
        wait_for(backend, process)
        run([load, "--clients", f"127.0.0.1:{clients}", "--backend", f"127.0.0.1:{backend}", "--fail-every", "0",
             "--warm-up", "0", "--patience", "60", "--timeout", "300", *map(str, options)])
        process.terminate()
        process.wait(60)
    finally:
        process.kill()
        process.wait()
    return counted(out)[1]


def on_sockets(compiler, directory, only):
    load = build(compiler, "load.cpp", directory / "crier_load", "-lz")
    server = build(compiler, "servers/crier.cpp", directory / "crier_server")
    counts = {}
    for name, length, options, what, units in SOCKET_LOADS:
        if only not in name:
            continue
        first, second = (whole_process(load, server, directory, [*options, what, length * n]) for n in (1, 3))
        counts[name] = rounded((second - first) / (2 * length * units))
    if not counts:
        names = "\n".join(name for name, *_ in SOCKET_LOADS)
        raise CountError(f"no load has {only} in its name; there are\n{names}")
    return counts


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--check", action="store_true", help="exit with 1 if a count is off by more than the tolerance")
    what.add_argument("--update", action="store_true", help="write what is counted into the file of --recorded")
    what.add_argument("--sockets", action="store_true", help="count the whole server process, on real sockets")
    parser.add_argument("--only", default="", metavar="TEXT", help="with --sockets: only loads with TEXT in their name")
    parser.add_argument("--compiler", default="g++", help="builds what is counted (%(default)s)")
    parser.add_argument("--recorded", type=pathlib.Path, default=HERE / "instructions.json", metavar="FILE",
                        help="what the counts are compared with (%(default)s)")
    parser.add_argument("--counted", type=pathlib.Path, metavar="FILE",
                        help="take what is counted from such a file, and count nothing")
    parser.add_argument("--keep", type=pathlib.Path, metavar="DIRECTORY",
                        help="keep the program and callgrind's files there; callgrind_annotate --threshold=100 FILE says "
                             "where it is spent (its first rows, main and what is below, are the sum)")
    return parser.parse_args()


def count(options, directory):
    if options.counted:
        return budget.read(options.counted)["figures"]
    if options.sockets:
        return on_sockets(options.compiler, directory, options.only)
    return in_memory(options.compiler, directory)


def main():
    options = arguments()
    compiler = budget.compiler_of(options.compiler)
    recorded = {"figures": {}} if options.update and not options.recorded.exists() else budget.read(options.recorded)
    if options.check and budget.skipped("instructions.py", compiler, recorded):
        return 0
    with tempfile.TemporaryDirectory() as temporary:
        directory = options.keep or pathlib.Path(temporary)
        directory.mkdir(parents=True, exist_ok=True)
        for old in directory.glob("callgrind.out.*"):
            old.unlink()
        counts = count(options, directory)
    print(budget.table("instructions for each", counts, recorded["figures"]), flush=True)
    if options.update:
        budget.write(options.recorded, compiler, TOLERANCE, counts)
    return budget.check("instructions.py", options.recorded, counts, recorded) if options.check else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (CountError, OSError) as failure:
        sys.exit(f"instructions.py: {failure}")
