#!/usr/bin/env python3
"""smoke.py CRIER_LOAD CRIER_SERVER [OPTION...]: small loads of each kind, with these options too, every delivery
verified."""

import socket
import subprocess
import sys
import time

RUNS = [
    ["--connections", "300", "--backends", "4", "--in-flight", "256", "--pushes", "40000"],
    ["--connections", "300", "--uids", "100", "--backends", "2", "--pushes", "10000"],
    ["--connections", "50", "--payload", "20000", "--backends", "2", "--pushes", "2000"],
    ["--mode", "broadcast", "--connections", "300", "--in-flight", "16", "--pushes", "200"],
    ["--mode", "new-connection-per-push", "--connections", "50", "--pushes", "1000"],
    ["--mode", "latency", "--connections", "50", "--rate", "5000", "--pushes", "2000"],
    ["--mode", "latency", "--connections", "50", "--rate", "1000", "--pushes", "500", "--flood", "256"],
    ["--mode", "connect-rate", "--connections", "300"],
    ["--mode", "idle-memory", "--connections", "300"],
]


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_for(port, process):
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and process.poll() is None:
        try:
            return socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.02)
    sys.exit(f"smoke.py: the server does not listen on port {port}")


load, server, *more = sys.argv[1:]
for options in RUNS:
    ports = free_port(), free_port()
    process = subprocess.Popen([server, *map(str, ports)])
    try:
        for port in ports:
            wait_for(port, process)
        done = subprocess.run([load, "--clients", f"127.0.0.1:{ports[0]}", "--backend", f"127.0.0.1:{ports[1]}",
                               "--patience", "60", "--timeout", "300", *options, *more],
                              check=False)
        process.terminate()
        ended = process.wait(30)
        if done.returncode or ended:
            sys.exit(f"smoke.py: {' '.join(options)}: load {done.returncode}, server {ended}")
    finally:
        process.kill()
        process.wait()
