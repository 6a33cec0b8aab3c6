#!/usr/bin/env python3
"""notices_faults.py CRIER_LOAD: for each mistake that a server can make, crier_load says what it was."""

import concurrent.futures
import json
import pathlib
import subprocess
import sys

FAULTS = ["none", "lost", "duplicated", "reordered", "altered", "misrouted", "framing", "handshake", "reply", "closed",
          "unregistered"]
SERVER = pathlib.Path(__file__).parent / "servers" / "faulty.py"


def judge(load, fault):
    """Nothing, or what is wrong with the load generator."""
    with subprocess.Popen([sys.executable, SERVER, fault], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                          text=True) as server:
        try:
            clients, backend = server.stdout.readline().split()
            done = subprocess.run(
                [load, "--json", "--clients", f"127.0.0.1:{clients}", "--backend", f"127.0.0.1:{backend}",
                 "--connections", "20", "--backends", "2", "--in-flight", "16", "--pushes", "1500", "--patience",
                 "20" if fault == "none" else "1"], capture_output=True, text=True, check=False)
        finally:
            server.kill()
    if not done.stdout:
        return f"{fault}: {done.stderr}"
    told = json.loads(done.stdout)
    noticed = {name for name, count in told["faults"].items() if count}
    if fault == "none":
        return None if told["verified"] and not noticed and done.returncode == 0 else f"none, but told: {noticed}"
    right = fault in noticed and not told["verified"] and done.returncode == 1
    return None if right else f"{fault}, but told: {noticed or 'nothing'}, exit code {done.returncode}"


with concurrent.futures.ThreadPoolExecutor(4) as pool:
    wrong = list(filter(None, pool.map(lambda fault: judge(sys.argv[1], fault), FAULTS)))
sys.exit("\n".join(wrong) if wrong else 0)
