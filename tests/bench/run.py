#!/usr/bin/env python3
"""Puts the same load on several push servers in turn and prints one table.

Usage: run.py [--quick] [--rounds N] [--only PATTERN]... [--servers NAME,...] [--build DIR]
       run.py --list

  --quick      fewer cells, fewer rounds: about a minute
  --rounds     rounds of each cell; a figure is their median (5)
  --only       only cells whose name contains this; repeatable
  --servers    which servers, of crier, floor and node-ws (crier,floor)
  --build      where to build (build/bench)
  --markdown   the table for RESULTS.md

Needs two cores, one for the server and one for the load, g++, cmake and Boost; node-ws for node-ws.
CPU is user and system time of the server's process. Servers take turns within each round, so that a
noisy machine is noisy for all; what counts is the ratio to the floor, a bare epoll server without
JSON. Every delivery is verified; exits with 1 if one was lost, reordered, altered or duplicated.
"""

import argparse
import json
import os
import pathlib
import shutil
import socket
import statistics
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
CLIENTS_PORT, BACKEND_PORT = 21234, 25678
SERVER_CPU, LOAD_CPU = 1, 0


class Cell:
    """One kind of load, and which of crier_load's figures is told."""

    def __init__(self, name, figure, unit, target=None, quick=False, **options):
        self.name, self.figure, self.unit = name, figure, unit
        self.target, self.quick, self.options = target, quick, options


def unicast(connections, in_flight, payload, pushes, backends=1, target=1.10, quick=False):
    many = f", {backends} back ends" if backends > 1 else ""
    return Cell(f"unicast, {connections} clients{many}, {in_flight} in flight, {payload} bytes",
                "cpu_us_per_push", "us/push", target, quick, mode="unicast", connections=connections,
                in_flight=in_flight, payload=payload, pushes=pushes, backends=backends)


CELLS = [
    unicast(100, 1, 64, 30_000, target=None),
    unicast(100, 64, 64, 200_000, target=None),
    unicast(100, 1024, 64, 400_000, target=2.0, quick=True),
    unicast(100, 1024, 1024, 200_000, target=2.0),
    unicast(1000, 1, 64, 30_000),
    unicast(1000, 64, 64, 200_000, quick=True),
    unicast(1000, 1024, 64, 300_000),
    unicast(1000, 1024, 1024, 200_000),
    unicast(10_000, 64, 64, 150_000),
    unicast(10_000, 1024, 64, 200_000),
    unicast(10_000, 1024, 64, 400_000, backends=4, quick=True),
    unicast(10_000, 1024, 1024, 200_000),
    Cell("broadcast, 10000 clients, 16 in flight, 64 bytes", "cpu_us_per_delivery", "us/delivery", 1.05,
         True, mode="broadcast", connections=10_000, in_flight=16, payload=64, pushes=300),
    Cell("broadcast, 1000 clients, 1 in flight, 64 bytes", "cpu_us_per_delivery", "us/delivery", 1.05,
         mode="broadcast", connections=1000, in_flight=1, payload=64, pushes=300),
    Cell("a new back-end connection for each push, 1000 clients", "cpu_us_per_push", "us/push",
         mode="new-connection-per-push", connections=1000, payload=64, pushes=20_000),
    Cell("connect, 5000 clients", "cpu_us_per_open", "us/client", mode="connect-rate", connections=5000),
    Cell("idle memory, 10000 clients", "memory_bytes_per_idle_connection", "bytes/client", quick=True,
         mode="idle-memory", connections=10_000),
]


class Server:
    def __init__(self, name, command):
        self.name, self.command = name, command

    def start(self):
        process = subprocess.Popen(["taskset", "-c", str(SERVER_CPU), *self.command])
        for port in (CLIENTS_PORT, BACKEND_PORT):
            deadline = time.monotonic() + 10
            while True:
                try:
                    socket.create_connection(("127.0.0.1", port), timeout=1).close()
                    break
                except OSError:
                    if process.poll() is not None or time.monotonic() > deadline:
                        process.kill()
                        sys.exit(f"run.py: {self.name} does not listen on port {port}")
                    time.sleep(0.02)
        return process


def servers_in(build, names):
    ports = [str(CLIENTS_PORT), str(BACKEND_PORT)]
    known = {
        "crier": [f"{build}/crier_server", *ports],
        "floor": [f"{build}/crier_floor", "--clients", f"127.0.0.1:{ports[0]}",
                  "--backend", f"127.0.0.1:{ports[1]}"],
        "node-ws": ["env", "NODE_PATH=/usr/share/nodejs", shutil.which("nodejs") or "node",
                    str(HERE / "servers" / "node_ws.cjs"), *ports],
    }
    for name in names:
        if name not in known:
            sys.exit(f"run.py: {name} is none of {', '.join(known)}")
    return [Server(name, known[name]) for name in names]


def build_programs(build):
    for command in (["cmake", "-S", HERE, "-B", build, "-DCMAKE_BUILD_TYPE=Release"],
                    ["cmake", "--build", build, "-j2"]):
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            sys.exit(done.stdout + done.stderr)


def run_once(build, server, cell):
    """The figures of one run, as crier_load tells them; None if a delivery was wrong."""
    process = server.start()
    try:
        options = [f"--{name.replace('_', '-')}={value}" for name, value in cell.options.items()]
        options = [part for option in options for part in option.split("=", 1)]
        load = subprocess.run(
            [f"{build}/crier_load", "--json", "--cpu", str(LOAD_CPU), "--server-pid", str(process.pid),
             "--clients", f"127.0.0.1:{CLIENTS_PORT}", "--backend", f"127.0.0.1:{BACKEND_PORT}", *options],
            capture_output=True, text=True, check=False)
        if load.returncode:
            print(f"run.py: {server.name}: {load.stderr.strip()}", file=sys.stderr)
            return None
        return json.loads(load.stdout)
    finally:
        process.kill()
        process.wait()


def row(columns, widths, markdown):
    if markdown:
        return "| " + " | ".join(columns) + " |"
    return "  ".join(text.ljust(width) if i == 0 else text.rjust(width)
                     for i, (text, width) in enumerate(zip(columns, widths)))


def main():
    parser = argparse.ArgumentParser(usage=__doc__, add_help=False)
    parser.add_argument("-h", "--help", action="store_true")
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--markdown", action="store_true")
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--only", action="append", default=[])
    parser.add_argument("--servers", default="crier,floor")
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build" / "bench")
    options = parser.parse_args()
    if options.help:
        print(__doc__)
        return 0
    cells = [cell for cell in CELLS if (cell.quick or not options.quick)
             and (not options.only or any(part in cell.name for part in options.only))]
    if options.list:
        print("\n".join(cell.name for cell in cells))
        return 0
    if os.cpu_count() < 2:
        sys.exit("run.py: one core is not enough: the server and the load need one each")
    rounds = options.rounds or (3 if options.quick else 5)
    build_programs(options.build)
    servers = servers_in(options.build, options.servers.split(","))

    head = ["load", *[server.name for server in servers], "unit", "crier/floor", "target", "generator idle"]
    widths = [62, *[9 for _ in servers], 12, 12, 7, 15]
    print(row(head, widths, options.markdown))
    if options.markdown:
        print("|" + "---|" * len(head))
    wrong = 0
    for cell in cells:
        figures = {server.name: [] for server in servers}
        idle = []
        for _ in range(rounds):
            for server in servers:
                found = run_once(options.build, server, cell)
                if found is None:
                    wrong += 1
                    continue
                figures[server.name].append(found[cell.figure])
                if server.name == "crier":
                    idle.append(found.get("generator_idle", 0))
        medians = {name: statistics.median(values) if values else float("nan")
                   for name, values in figures.items()}
        digits = 0 if cell.unit == "bytes/client" else 3
        ratio = ""
        if medians.get("floor") and "crier" in medians and cell.unit != "bytes/client":
            ratio = f"{medians['crier'] / medians['floor']:.2f}"
        target = "512" if cell.unit == "bytes/client" else f"{cell.target:.2f}" if cell.target else ""
        print(row([cell.name, *[f"{medians[server.name]:.{digits}f}" for server in servers], cell.unit, ratio,
                   target, f"{100 * statistics.median(idle or [0]):.0f} %"], widths, options.markdown), flush=True)
    print(f"{wrong} runs with a wrong delivery" if wrong else "every delivery of every run verified")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
