#!/usr/bin/env python3
"""notices_faults.py CRIER_LOAD: for each mistake that a server can make, crier_load says what it was, in each mode.

And a server that stands still is charged for each line that was due meanwhile.
"""

import concurrent.futures
import json
import pathlib
import subprocess
import sys

SERVER = pathlib.Path(__file__).parent / "servers" / "faulty.py"

CLOSED_LOOP = ["--backends", "2", "--in-flight", "16", "--pushes", "1500"]
FAULTS = ["none", "lost", "duplicated", "reordered", "altered", "misrouted", "framing", "handshake", "reply", "closed",
          "unregistered"]
FOR_ALL = [fault for fault in FAULTS if fault != "misrouted"]  # what is for all cannot go astray
MODES = {
    "unicast": (CLOSED_LOOP, FAULTS),
    "nchan": ([*CLOSED_LOOP, "--protocol", "nchan"], FAULTS),
    "broadcast": (["--mode", "broadcast", "--backends", "2", "--in-flight", "4", "--pushes", "700"], FOR_ALL),
    "broadcast, nchan": (["--mode", "broadcast", "--in-flight", "4", "--pushes", "400", "--protocol", "nchan"],
                         ["none", "lost", "unregistered"]),
    "latency beside a flood": (["--mode", "latency", "--rate", "1000", "--pushes", "400", "--flood", "16"],
                               ["none", "lost", "duplicated", "reordered", "reply"]),
    "new connection per push": (["--mode", "new-connection-per-push", "--pushes", "400"],
                                ["none", "lost", "reply", "closed"]),
    "the same by the clock": (["--mode", "new-connection-per-push", "--pace", "1000", "--pushes", "400"],
                              ["none", "lost", "reply"]),
    "connect rate": (["--mode", "connect-rate"], ["none", "handshake", "unregistered"]),
    "idle memory": (["--mode", "idle-memory"], ["none", "handshake", "unregistered"]),
}
# 1000 lines, one each millisecond; the server stands still for half a second of them.
STALL = ["--mode", "latency", "--rate", "1000", "--pushes", "1000", "--warm-up", "0"]


def load_on(program, fault, options):
    """Its exit code, what it tells, and what it says about itself."""
    with subprocess.Popen([sys.executable, SERVER, fault], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                          text=True) as server:
        try:
            clients, backend = server.stdout.readline().split()
            done = subprocess.run(
                [program, "--json", "--clients", f"127.0.0.1:{clients}", "--backend", f"127.0.0.1:{backend}",
                 "--connections", "20", "--patience", "20" if fault in ("none", "stall") else "1.5", *options],
                capture_output=True, text=True, check=False)
        finally:
            server.kill()
    return done.returncode, json.loads(done.stdout) if done.stdout else None, done.stderr


def judge(program, mode, fault):
    """Nothing, or what is wrong with the load generator."""
    code, told, words = load_on(program, fault, MODES[mode][0])
    if not told:
        return f"{mode}, {fault}: {words}"
    noticed = {name for name, count in told["faults"].items() if count}
    if fault == "none":
        right = told["verified"] and not noticed and code == 0
    else:
        right = fault in noticed and not told["verified"] and code == 1
    return None if right else f"{mode}: {fault}, but told: {noticed or 'nothing'}, exit code {code}"


def judge_stall(program):
    """Half of the lines were due while the server stood still: a tenth of all had to wait for 0.4 s and more."""
    code, told, words = load_on(program, "stall", STALL)
    p90 = told["delay_us"]["p90"] if told and told["verified"] and code == 0 else None
    return None if p90 and p90 >= 300_000 else f"a stall, but told: p90 {p90} us, exit code {code} {words}"


with concurrent.futures.ThreadPoolExecutor(8) as pool:
    runs = [pool.submit(judge, sys.argv[1], mode, fault) for mode, (_, faults) in MODES.items() for fault in faults]
    runs.append(pool.submit(judge_stall, sys.argv[1]))
    wrong = [words for run in runs if (words := run.result())]
sys.exit("\n".join(wrong) if wrong else 0)
