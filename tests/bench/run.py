#!/usr/bin/env python3
"""Puts the same load on several push servers in turn and prints one table.

run.py [--quick] [--rounds N] [--only PART]... [--servers NAME,...] [--with NAME=COMMAND]... [--markdown]

A row is one server under one load. Its cost is the CPU time, user and system, of the server's process; the
medians of all rounds are shown. Servers take turns within each round, so that a noisy machine is noisy for
all: what counts is the ratio to the floor, a bare epoll server without JSON. The ratio is the median of the
rounds' ratios, with the lowest and the highest behind it.

Every delivery of every run is verified. Exits with 1 if one was lost, reordered, altered or duplicated, with 2 if
the bench itself could not run.

Needs two cores, g++, CMake and Boost, and 10 100 descriptors for the larger loads.
"""

import argparse
import json
import os
import pathlib
import resource
import shlex
import socket
import statistics
import subprocess
import sys
import time

from contestants import CONTESTANTS, OURS, USUAL, YARDSTICK

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]


class Load:
    """What crier_load is asked to do, and which of its figures is the cost."""

    def __init__(self, name, cost, unit, rate, target=None, most=None, quick=False, **options):
        self.name, self.cost, self.unit, self.rate = name, cost, unit, rate
        self.target = target  # of the ratio to the floor
        self.most = most  # of the cost itself
        self.quick = quick
        self.options = [text for key, value in options.items() for text in (f"--{key.replace('_', '-')}", str(value))]


def unicast(connections, in_flight, payload, pushes, backends=1, quick=False):
    target = 1.10 if connections >= 1000 else 2.0 if in_flight >= 1024 else None
    beside = "" if backends == 1 else f", {backends} back ends"
    return Load(f"unicast, {connections} clients{beside}, {in_flight} in flight, {payload} bytes", "cpu_us_per_push",
                "us/push", "lines_per_second", target, quick=quick, mode="unicast", connections=connections,
                in_flight=in_flight, payload=payload, pushes=pushes, backends=backends)


def broadcast(connections, in_flight, pushes, target=None, quick=False):
    return Load(f"broadcast, {connections} clients, {in_flight} in flight, 64 bytes", "cpu_us_per_delivery",
                "us/delivery", "deliveries_per_second", target, quick=quick, mode="broadcast",
                connections=connections, in_flight=in_flight, pushes=pushes)


LOADS = [
    unicast(100, 1, 64, 30_000),
    unicast(100, 1, 1024, 30_000),
    unicast(100, 64, 64, 200_000),
    unicast(100, 64, 1024, 150_000),
    unicast(100, 1024, 64, 500_000, quick=True),
    unicast(100, 1024, 1024, 250_000),
    unicast(1000, 1, 64, 30_000),
    unicast(1000, 1, 1024, 30_000),
    unicast(1000, 64, 64, 200_000, quick=True),
    unicast(1000, 64, 1024, 150_000),
    unicast(1000, 1024, 64, 300_000),
    unicast(1000, 1024, 1024, 200_000),
    unicast(10_000, 1, 64, 30_000),
    unicast(10_000, 1, 1024, 30_000),
    unicast(10_000, 64, 64, 150_000),
    unicast(10_000, 64, 1024, 150_000),
    unicast(10_000, 1024, 64, 200_000),
    unicast(10_000, 1024, 1024, 200_000),
    unicast(10_000, 1024, 64, 400_000, backends=4, quick=True),
    broadcast(1000, 1, 500, target=1.05),
    broadcast(10_000, 1, 60, target=1.05),
    broadcast(10_000, 16, 300, target=1.05, quick=True),
    Load("a new back-end connection for each push, 1000 clients", "cpu_us_per_push", "us/push", "lines_per_second",
         mode="new-connection-per-push", connections=1000, pushes=20_000),
    Load("connect, 5000 clients", "cpu_us_per_open", "us/client", "opens_per_second", mode="connect-rate",
         connections=5000),
    Load("idle, 10000 clients", "memory_bytes_per_idle_connection", "bytes/client", "opens_per_second", most=512,
         quick=True, mode="idle-memory", connections=10_000),
]


class BenchError(Exception):
    """The bench itself could not run."""


class Bench:
    def __init__(self, options):
        self.build = options.build
        self.clients, self.backend = options.ports
        self.server_cpu, self.load_cpu = options.cpus
        self.commands = dict(CONTESTANTS) | dict(options.extra)
        self.wrong = []

    def build_programs(self):
        for command in (["cmake", "-S", HERE, "-B", self.build, "-DCMAKE_BUILD_TYPE=Release"],
                        ["cmake", "--build", self.build, "-j2"]):
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode:
                raise BenchError(done.stdout + done.stderr)

    def start(self, name):
        for port in (self.clients, self.backend):
            if accepts(port):
                raise BenchError(f"port {port} is in use; --ports takes two others")
        filled = [part.format(build=self.build, here=HERE, clients=self.clients, backend=self.backend)
                  for part in shlex.split(self.commands[name])]
        try:
            process = subprocess.Popen(["taskset", "-c", str(self.server_cpu), *filled])
        except OSError as wrong:
            raise BenchError(f"{name}: {wrong}") from wrong
        deadline = time.monotonic() + 15
        while not (accepts(self.clients) and accepts(self.backend)):
            if process.poll() is not None or time.monotonic() > deadline:
                stop(process)
                raise BenchError(f"{name} does not listen on ports {self.clients} and {self.backend}")
            time.sleep(0.02)
        return process

    def run(self, name, load):
        """The figures of one run, or None if it was not all right."""
        process = self.start(name)
        try:
            done = subprocess.run(
                [self.build / "crier_load", "--json", "--cpu", str(self.load_cpu), "--server-pid", str(process.pid),
                 "--clients", f"127.0.0.1:{self.clients}", "--backend", f"127.0.0.1:{self.backend}",
                 "--patience", "30", "--timeout", "300", *load.options], capture_output=True, text=True, check=False)
        finally:
            stop(process)
        if done.returncode == 0:
            return json.loads(done.stdout)
        if done.returncode == 2:
            raise BenchError(done.stderr.strip())
        self.wrong.append(f"{name}: {done.stderr.strip()}")
        return None


def accepts(port):
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
        return True
    except OSError:
        return False


def stop(process):
    process.terminate()
    try:
        process.wait(30)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


class Table:
    HEAD = ["load", "server", "cost", "unit", "user", "/ floor", "low - high", "target", "per second", "load idle"]
    WIDTHS = [62, 8, 8, 12, 5, 7, 11, 11, 11, 9]

    def __init__(self, markdown):
        self.markdown = markdown
        self.row(self.HEAD)
        if markdown:
            print("|---|---|" + "---:|---|" + 6 * "---:|")

    def row(self, texts):
        if self.markdown:
            print("| " + " | ".join(texts) + " |", flush=True)
        else:
            left = (0, 1, 3)
            print("  ".join(text.ljust(width) if i in left else text.rjust(width)
                            for i, (text, width) in enumerate(zip(texts, self.WIDTHS))).rstrip(), flush=True)

    def rows(self, load, rounds):
        """rounds: of each server, its figures or None in each round."""
        for first, (name, found) in zip([True] + [False] * len(rounds), rounds.items()):
            good = [figures for figures in found if figures]
            if not good:
                self.row([load.name if first else "", name, "wrong"] + [""] * 7)
                continue

            def median(key, good=good):
                values = [figures[key] for figures in good if figures.get(key) is not None]
                return statistics.median(values) if values else None

            def percent(key):
                value = median(key)
                return "" if value is None else f"{100 * value:.0f} %"

            pairs = [mine[load.cost] / floor[load.cost]
                     for mine, floor in zip(found, rounds.get(YARDSTICK, [])) if mine and floor and floor[load.cost] > 0]
            cost = median(load.cost)
            ratio, spread, target = "", "", ""
            if name != YARDSTICK:
                if pairs and not load.most:
                    ratio = f"{statistics.median(pairs):.2f}"
                    spread = f"{min(pairs):.2f} - {max(pairs):.2f}"
                limit, value = (load.most, cost) if load.most else (load.target, pairs and statistics.median(pairs))
                if limit and value and name.startswith(OURS):
                    target = f"{limit}" if load.most else f"{limit:.2f}"
                    target += " missed" if round(value, 2) > limit else ""
            self.row([load.name if first or self.markdown else "", name,
                      f"{cost:.0f}" if load.most else f"{cost:.3f}", load.unit, percent("server_user_share"), ratio, spread,
                      target, f"{median(load.rate):,.0f}".replace(",", " "), percent("generator_idle")])


def arguments():
    def extra(text):
        name, separator, command = text.partition("=")
        if not (name and separator and command):
            raise argparse.ArgumentTypeError("NAME=COMMAND")
        return name, command

    def pair(text):
        first, second = text.split(",")
        return int(first), int(second)

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="five loads, three rounds: about two minutes")
    parser.add_argument("--rounds", type=int, help="rounds of each load (5)")
    parser.add_argument("--only", action="append", default=[], metavar="PART",
                        help="only loads whose name has this in it; may be repeated")
    parser.add_argument("--servers", default=",".join(USUAL), metavar="NAME,...",
                        help=f"of {', '.join(CONTESTANTS)} (%(default)s)")
    parser.add_argument("--with", dest="extra", type=extra, action="append", default=[], metavar="NAME=COMMAND",
                        help="one more server; contestants.py says what a command looks like")
    parser.add_argument("--markdown", action="store_true", help="the table as in RESULTS.md")
    parser.add_argument("--list", action="store_true", help="names the loads")
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build" / "bench", help="(%(default)s)")
    parser.add_argument("--ports", type=pair, default=(21234, 25678), metavar="CLIENTS,BACKEND")
    parser.add_argument("--cpus", type=pair, default=(1, 0), metavar="SERVER,LOAD", help="a core for each (1,0)")
    return parser.parse_args()


def main():
    options = arguments()
    loads = [load for load in LOADS if (load.quick or not options.quick)
             and (not options.only or any(part in load.name for part in options.only))]
    if options.list:
        print("\n".join(load.name for load in loads))
        return 0
    if not set(options.cpus) <= os.sched_getaffinity(0) or len(set(options.cpus)) < 2:
        raise BenchError("the server and the load need a core each; --cpus says which")
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))

    bench = Bench(options)
    names = options.servers.split(",") + [name for name, _ in options.extra]
    for name in names:
        if name not in bench.commands:
            raise BenchError(f"{name} is none of {', '.join(bench.commands)}")
    bench.build_programs()
    table = Table(options.markdown)
    for load in loads:
        rounds = {name: [] for name in names}
        for i in range(options.rounds or (3 if options.quick else 5)):
            for name in names if i % 2 == 0 else reversed(names):
                rounds[name].append(bench.run(name, load))
        table.rows(load, rounds)
    for words in bench.wrong:
        print(words, file=sys.stderr)
    print(f"\n{len(bench.wrong)} runs were wrong" if bench.wrong else "\nEvery delivery of every run verified.")
    return 1 if bench.wrong else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except BenchError as wrong:
        print(f"run.py: {wrong}", file=sys.stderr)
        sys.exit(2)
