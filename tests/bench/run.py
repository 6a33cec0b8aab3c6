#!/usr/bin/env python3
"""Puts the same load on several push servers in turn and prints tables.

run.py [TABLE...] [--quick] [--rounds N] [--only PART]... [--servers NAME,...] [--with NAME=COMMAND]... [--write]

Tables: costs (crier beside the floor, each load, twenty minutes), contestants (all servers that can run here, some
loads, ten minutes), latency (all servers, an open loop, ten minutes), compression (those that do
permessage-deflate, five minutes), threads (crier::threads, six minutes).

A row is one server under one load. Its cost is the CPU time, user and system, of the server's processes; the medians
of all rounds are shown. Servers take turns within each round, so that a noisy machine is noisy for all: what counts is
the ratio to the floor, a bare epoll server without JSON.

Columns of costs:
  in flight    (in a load's name) lines that all back ends together have sent and not yet read the answer of
  user         share of the server's CPU time that it spends outside the kernel
  / floor      the cost divided by the floor's; the median of the rounds' ratios. Empty if the floor is not among
               --servers, and for memory
  low - high   the lowest and the highest of these ratios
  target       the ratio, or the bytes, that crier is to stay below; "missed" if it does not
  load idle    share of its time that the load generator slept. Near 0 %, "per second" is what the generator can do

In the table of latencies lines are due at a fixed rate, whatever became of those before, and a delay counts from when
the line was due to when the client has read it: a server that stands still is not spared. It is what the load
generator sees, whose own turn is in it.

Every delivery of every run is verified. Exits with 1 if one was lost, reordered, altered or duplicated, with 2 if
the bench itself could not run.

Needs two cores, g++, CMake and Boost, and 10 100 descriptors for the larger loads. A server that needs what is not
installed is left out, and which packages bring it is said (contestants.py).
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

import results
from contestants import ALL, COMPRESSING, CONTESTANTS, THREADED, USUAL, YARDSTICK, Contestant

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]


class Load:
    """What crier_load is asked to do, and which of its figures is the cost."""

    def __init__(self, name, cost, unit, speed, target=None, most=None, quick=False, all_servers=False, **options):
        self.name, self.cost, self.unit, self.speed = name, cost, unit, speed
        self.target = target  # of the ratio to the floor
        self.most = most  # of the cost itself, or of the median delay in microseconds
        self.quick = quick
        self.all_servers = all_servers  # is in the table of contestants
        self.options = []
        for key, value in options.items():
            self.options += [f"--{key.replace('_', '-')}"] + ([] if value is True else [str(value)])


def unicast(connections, in_flight, payload, pushes, backends=1, **more):
    target = 1.10 if connections >= 1000 else 2.0 if in_flight >= 1024 else None
    beside = "" if backends == 1 else f", {backends} back ends"
    return Load(f"unicast, {connections} clients{beside}, {in_flight} in flight, {payload} bytes", "cpu_us_per_push",
                "us/push", "lines_per_second", target, mode="unicast", connections=connections,
                in_flight=in_flight, payload=payload, pushes=pushes, backends=backends, **more)


def broadcast(connections, in_flight, pushes, payload=64, **more):
    return Load(f"broadcast, {connections} clients, {in_flight} in flight, {payload} bytes", "cpu_us_per_delivery",
                "us/delivery", "deliveries_per_second", 1.05, mode="broadcast", connections=connections,
                in_flight=in_flight, payload=payload, pushes=pushes, **more)


def memory(name, figure, **more):
    return Load(name, figure, "bytes/client", "opens_per_second", mode="idle-memory", connections=10_000, **more)


def latency(connections, rate, seconds, payload=64, **more):
    return Load(f"{connections} clients, {rate} lines/s of {payload} bytes", "cpu_us_per_push", "us/push",
                "lines_per_second", mode="latency", connections=connections, rate=rate, payload=payload,
                pushes=rate * seconds, **more)


def fairness(connections, seconds=5):
    load = latency(connections, 200, seconds, most=5000, quick=True, flood=1024, flood_payload=1024)
    load.name += ", beside a back end with 1024 lines of 1024 bytes in flight"
    return load


LOADS = [
    unicast(100, 1, 64, 30_000, all_servers=True),
    unicast(100, 1, 1024, 30_000),
    unicast(100, 64, 64, 200_000),
    unicast(100, 64, 1024, 150_000),
    unicast(100, 1024, 64, 500_000, quick=True, all_servers=True),
    unicast(100, 1024, 1024, 250_000),
    unicast(1000, 1, 64, 30_000),
    unicast(1000, 1, 1024, 30_000),
    unicast(1000, 64, 64, 200_000, quick=True, all_servers=True),
    unicast(1000, 64, 1024, 150_000),
    unicast(1000, 1024, 64, 300_000),
    unicast(1000, 1024, 1024, 200_000, all_servers=True),
    unicast(10_000, 1, 64, 30_000),
    unicast(10_000, 1, 1024, 30_000),
    unicast(10_000, 64, 64, 150_000),
    unicast(10_000, 64, 1024, 150_000),
    unicast(10_000, 1024, 64, 200_000, all_servers=True),
    unicast(10_000, 1024, 1024, 200_000),
    unicast(10_000, 1024, 64, 400_000, backends=4, quick=True),
    broadcast(1000, 1, 500, all_servers=True),
    broadcast(10_000, 1, 60),
    broadcast(10_000, 16, 300, quick=True, all_servers=True),
    Load("a new back-end connection for each push, 1000 clients", "cpu_us_per_push", "us/push", "lines_per_second",
         all_servers=True, mode="new-connection-per-push", connections=1000, pushes=20_000),
    Load("connect, 5000 clients", "cpu_us_per_open", "us/client", "opens_per_second", all_servers=True,
         mode="connect-rate", connections=5000),
    memory("idle, 10000 clients", "memory_bytes_per_idle_connection", most=512, quick=True, all_servers=True),
    memory("idle after one push to each, 10000 clients", "memory_bytes_per_connection_after_push", most=512,
           all_servers=True),
]

LATENCIES = [
    latency(100, 1000, 5),
    latency(1000, 20_000, 5, quick=True),
    latency(10_000, 20_000, 5),
    fairness(100),
    fairness(1000),
]

THREADS = [
    unicast(100, 1, 64, 30_000),
    unicast(1000, 1024, 64, 300_000, quick=True),
    unicast(1000, 1024, 64, 300_000, backends=4),
    unicast(10_000, 1024, 64, 400_000, backends=4, quick=True),
    broadcast(10_000, 16, 300),
]

COMPRESSED = [
    broadcast(1000, 1, 60, 1024, quick=True, deflate=True),
    broadcast(1000, 16, 60, 1024, deflate=True),
    unicast(1000, 64, 1024, 20_000, quick=True, deflate=True),
    Load("idle, 1000 clients, each of which was sent one message", "memory_bytes_per_connection_after_push",
         "bytes/client", "opens_per_second", mode="idle-memory", connections=1000, payload=1024, deflate=True),
]

# One of each kind, for --verify.
SMALL = [
    unicast(200, 64, 64, 10_000),
    unicast(50, 256, 1024, 10_000, backends=3),
    unicast(100, 64, 64, 5000, uids=30),
    broadcast(200, 8, 100),
    Load("a new back-end connection for each push", "cpu_us_per_push", "us/push", "lines_per_second",
         mode="new-connection-per-push", connections=50, pushes=500),
    fairness(50, 1),
]
SMALL_COMPRESSED = [unicast(50, 64, 1024, 2000, deflate=True)]


class BenchError(Exception):
    """The bench itself could not run."""


class Bench:
    def __init__(self, options):
        self.build = options.build.absolute()
        self.clients, self.backend = options.ports
        self.cpus, self.load_cpu = options.cpus[:-1], options.cpus[-1]
        self.contestants = CONTESTANTS | {name: Contestant(name, command, judged=name.startswith("crier"))
                                          for name, command in options.extra}
        self.wrong = []

    def build_programs(self, names):
        targets = {"crier_load", *(self.contestants[name].target for name in names)} - {""}
        for command in (["cmake", "-S", HERE, "-B", self.build, "-DCMAKE_BUILD_TYPE=Release"],
                        ["cmake", "--build", self.build, "-j2", "--target", *sorted(targets)]):
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode:
                raise BenchError(done.stdout + done.stderr)

    def cpus_for(self, contestant):
        """Those that it may use: as many as it wants, the load's own only if there are no others."""
        return (self.cpus + [self.load_cpu])[:contestant.cores]

    def start(self, contestant):
        for port in (self.clients, self.backend):
            if accepts(port):
                raise BenchError(f"port {port} is in use; --ports takes two others")
        filled = [part.format(build=self.build, here=HERE, clients=self.clients, backend=self.backend)
                  for part in shlex.split(contestant.command)]
        cpus = ",".join(map(str, self.cpus_for(contestant)))
        try:
            process = subprocess.Popen(["taskset", "-c", cpus, *filled])
        except OSError as wrong:
            raise BenchError(f"{contestant.name}: {wrong}") from wrong
        deadline = time.monotonic() + 15
        while not (accepts(self.clients) and accepts(self.backend)):
            if process.poll() is not None or time.monotonic() > deadline:
                stop(process)
                raise BenchError(f"{contestant.name} does not listen on ports {self.clients} and {self.backend}")
            time.sleep(0.02)
        return process

    def run(self, name, load):
        """The figures of one run, or None if it was not all right."""
        contestant = self.contestants[name]
        process = self.start(contestant)
        try:
            done = subprocess.run(
                [self.build / "crier_load", "--json", "--cpu", str(self.load_cpu), "--server-pid", str(process.pid),
                 "--clients", f"127.0.0.1:{self.clients}", "--backend", f"127.0.0.1:{self.backend}", "--protocol",
                 contestant.protocol, "--patience", "30", "--timeout", "300", *load.options],
                capture_output=True, text=True, check=False)
        finally:
            stop(process)
        if done.returncode == 0:
            return json.loads(done.stdout)
        if done.returncode == 2:
            raise BenchError(done.stderr.strip())
        self.wrong.append(f"{name}: {done.stderr.strip()}")
        return None

    def rounds(self, names, load, count):
        """Of each server its figures, or None, in each round."""
        found = {name: [] for name in names}
        for i in range(count):
            for name in names if i % 2 == 0 else reversed(names):
                found[name].append(self.run(name, load))
        return found


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


def median(rounds, *keys):
    values = []
    for figures in filter(None, rounds):
        value = figures
        for key in keys:
            value = value.get(key) if value else None
        if value is not None:
            values.append(value)
    return statistics.median(values) if values else None


def percent(value):
    return "" if value is None else f"{100 * value:.0f} %"


def missed(value, limit, words):
    return f"{words} missed" if round(value, 2) > limit else words


class Costs:
    """What a push costs the server."""

    HEAD = ["load", "server", "cost", "unit", "user", "/ floor", "low - high", "target", "per second", "load idle"]
    WIDTHS = [62, 11, 8, 12, 5, 7, 13, 11, 11, 9]
    RIGHT = [False, False, True, False, *[True] * 6]

    @staticmethod
    def cells(load, contestant, found, floor):
        cost = median(found, load.cost)
        pairs = [mine[load.cost] / other[load.cost]
                 for mine, other in zip(found, floor) if mine and other and other[load.cost] > 0]
        ratio, spread, target = "", "", ""
        if contestant.name != YARDSTICK:
            if pairs and not load.most:
                ratio = f"{statistics.median(pairs):.2f}"
                spread = f"{min(pairs):.2f} - {max(pairs):.2f}"
            if contestant.judged and load.most:
                target = missed(cost, load.most, f"{load.most}")
            elif contestant.judged and load.target and pairs:
                target = missed(statistics.median(pairs), load.target, f"{load.target:.2f}")
        return [f"{cost:.0f}" if load.most else f"{cost:.3f}", load.unit, percent(median(found, "server_user_share")),
                ratio, spread, target, f"{median(found, load.speed):,.0f}".replace(",", " "),
                percent(median(found, "generator_idle"))]


class Latencies:
    """How long a line takes, from when it was due."""

    HEAD = ["load", "server", "p50 ms", "p90", "p99", "p99.9", "max", "target p50", "cost us/push", "load idle"]
    WIDTHS = [100, 11, 7, 7, 7, 7, 7, 10, 12, 9]
    RIGHT = [False, False, *[True] * 8]

    @staticmethod
    def cells(load, contestant, found, _):
        delays = {key: median(found, "delay_us", key) for key in ("p50", "p90", "p99", "p99.9", "max")}
        target = missed(delays["p50"], load.most, f"{load.most / 1000:.0f}") if load.most and contestant.judged else ""
        return [*(f"{delay / 1000:.2f}" for delay in delays.values()), target,
                f"{median(found, load.cost):.2f}", percent(median(found, "generator_idle"))]


class Table:
    """Prints its rows as they come, and keeps them."""

    def __init__(self, kind, contestants, markdown):
        self.kind, self.contestants, self.markdown = kind, contestants, markdown
        self.kept = []
        if markdown:
            print("\n".join(results.markdown(kind.HEAD, kind.RIGHT, [])), flush=True)
        else:
            print("\n".join(results.plain(kind.HEAD, kind.RIGHT, [], kind.WIDTHS)), flush=True)

    def rows(self, load, rounds):
        rows = []
        for name, found in rounds.items():
            if any(found):
                cells = self.kind.cells(load, self.contestants[name], found, rounds.get(YARDSTICK, []))
            else:
                cells = ["wrong"] + [""] * (len(self.kind.HEAD) - 3)
            rows.append([load.name, name, *cells])
        self.kept += rows
        if self.markdown:
            lines = results.markdown(self.kind.HEAD, self.kind.RIGHT, rows)[2:]
        else:
            lines = results.plain(None, self.kind.RIGHT, [[row[0] if i == 0 else "", *row[1:]]
                                                          for i, row in enumerate(rows)], self.kind.WIDTHS)
        print("\n".join(lines), flush=True)


# Name: its kind, its loads, its servers (none: all that can run), and rounds.
TABLES = {
    "costs": (Costs, LOADS, USUAL, 5),
    "contestants": (Costs, [load for load in LOADS if load.all_servers], None, 3),
    "latency": (Latencies, LATENCIES, None, 3),
    "threads": (Costs, THREADS, THREADED, 5),
    "compression": (Costs, COMPRESSED, COMPRESSING, 3),
}


def arguments():
    def extra(text):
        name, separator, command = text.partition("=")
        if not (name and separator and command):
            raise argparse.ArgumentTypeError("NAME=COMMAND")
        return name, command

    def at_least_one(text):
        if int(text) < 1:
            raise argparse.ArgumentTypeError("at least 1")
        return int(text)

    def numbers(text):
        return [int(number) for number in text.split(",")]

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tables", nargs="*", metavar="TABLE", help=f"of {', '.join(TABLES)} (costs)")
    parser.add_argument("--quick", action="store_true", help="few loads, three rounds: about two minutes for costs")
    parser.add_argument("--rounds", type=at_least_one, help="rounds of each load (5, of contestants and latency 3)")
    parser.add_argument("--only", action="append", default=[], metavar="PART",
                        help="only loads whose name has this in it; may be repeated")
    parser.add_argument("--servers", metavar="NAME,...", help=f"of {', '.join(CONTESTANTS)}, or all")
    parser.add_argument("--with", dest="extra", type=extra, action="append", default=[], metavar="NAME=COMMAND",
                        help="one more server; contestants.py says what a command looks like")
    parser.add_argument("--markdown", action="store_true", help="tables as in RESULTS.md")
    parser.add_argument("--write", action="store_true", help="whole tables: put them into RESULTS.md, too")
    parser.add_argument("--verify", action="store_true",
                        help="no table: each server once under a small load of each kind")
    parser.add_argument("--list", action="store_true", help="names the loads of the TABLEs given, and measures nothing")
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build" / "bench", help="(%(default)s)")
    parser.add_argument("--ports", type=numbers, default=[21234, 25678], metavar="CLIENTS,BACKEND")
    parser.add_argument("--cpus", type=numbers, default=[1, 0], metavar="SERVER,...,LOAD",
                        help="cores of the server, and the one of the load (1,0)")
    options = parser.parse_args()
    options.tables = options.tables or ["costs"]
    if unknown := set(options.tables) - set(TABLES):
        parser.error(f"there is no table {', '.join(unknown)}")
    if options.write and (options.only or options.quick or options.servers or options.extra or options.verify):
        parser.error("--write is for whole tables")
    return options


def chosen_servers(options, usual, contestants):
    """The names of those that take part; who is left out is said."""
    asked = options.servers.split(",") if options.servers else usual or ALL
    if asked == ["all"]:
        asked = ALL
    names = []
    for name in asked + [name for name, _ in options.extra if name not in asked]:
        if name not in contestants:
            raise BenchError(f"{name} is none of {', '.join(contestants)}")
        if packages := contestants[name].missing():
            print(f"{name} is left out; it needs: apt-get install {packages}", file=sys.stderr)
        else:
            names.append(name)
    return names


def main():
    options = arguments()
    tables = [(name, kind, [load for load in loads if (load.quick or not options.quick)
                            and (not options.only or any(part in load.name for part in options.only))], usual, rounds)
              for name, (kind, loads, usual, rounds) in TABLES.items() if name in options.tables]
    for part in options.only:
        if not any(part in load.name for _, _, loads, _, _ in tables for load in loads):
            few = " with --quick" if options.quick else ""
            raise BenchError(f"no load of {', '.join(options.tables)}{few} has {part} in its name; --list names them")
    if options.list:
        for name, _, loads, _, _ in tables:
            print("\n".join(f"{name}: {load.name}" for load in loads))
        return 0
    if not set(options.cpus) <= os.sched_getaffinity(0) or len(set(options.cpus)) < 2:
        raise BenchError("the server and the load need a core each; --cpus says which")
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))

    bench = Bench(options)
    if options.verify:
        both = ((SMALL, ALL + THREADED[2:]), (SMALL_COMPRESSED, COMPRESSING))
        for loads, usual in both[:1] if options.servers else both:
            names = chosen_servers(options, usual, bench.contestants)
            bench.build_programs(names)
            for load in loads:
                bench.rounds(names, load, 1)
            print(f"{len(loads)} loads on {', '.join(names)}")
    for part, kind, loads, usual, rounds in [] if options.verify else tables:
        names = chosen_servers(options, usual, bench.contestants)
        bench.build_programs(names)
        table = Table(kind, bench.contestants, options.markdown)
        for load in loads:
            count = options.rounds or (3 if options.quick else rounds)
            table.rows(load, bench.rounds(names, load, count))
        if options.write:
            results.write(part, results.markdown(kind.HEAD, kind.RIGHT, table.kept))
        print(flush=True)
    for words in bench.wrong:
        print(words, file=sys.stderr)
    print(f"{len(bench.wrong)} runs were wrong" if bench.wrong else "Every delivery of every run verified.")
    return 1 if bench.wrong else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (BenchError, results.NoSuchPart) as failure:
        print(f"run.py: {failure}", file=sys.stderr)
        sys.exit(2)
