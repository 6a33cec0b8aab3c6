#!/usr/bin/env python3
"""Attacks push_server while correct pages and back ends talk to it, and judges what these see.

Under each attack every push must be answered rightly and every message must arrive once, in order, whole, at the right
pages; afterwards the server must have let go of all descriptors, be idle, have counters that add up, and end when told
to. How the p99 of push to receipt compares with that of the same run before the attack is reported.

    run.py --server build/release/examples/push_server/push_server [NAME ...]
"""

import argparse
import contextlib
import multiprocessing
import os
import pathlib
import pickle
import signal
import subprocess
import sys
import time
import traceback
from concurrent.futures import ThreadPoolExecutor

import machine  # noqa: F401  (more attacks)
import self_test
from arena import ROOT, Broken, Load, Server, Window, cpu_seconds, judge_counters, must, p99
from attacks import ATTACKS
from machine import CannotRun
from support import eventually
import time_slice

FORK = multiprocessing.get_context("fork")


class Place:
    """What an attack may know."""

    def __init__(self, server, scene, options):
        self.clients, self.backend, self.pid = server.clients, server.backend, server.pid
        self.read_log, self.log_file = server.all_logged, server.log_file
        self.asked_for, self.ended = server.asked_for, server.ended
        self.scene = scene
        self.load = lambda clients, backend, how: Load(options.load, clients, backend, how)
        self.deadline = time.monotonic() + options.seconds


def carry_out(part, arguments, answer):
    os.nice(10)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    try:
        part(*arguments)
        answer.send("")
    except AssertionError as words:
        answer.send(f"{words}")
    except CannotRun as words:
        answer.send(words)
    except BaseException:  # noqa: BLE001  (an attacker that could not do its part is a failure, too)
        answer.send(traceback.format_exc())


class Process:
    """A part of the attack in a process of its own, with less priority than the server and correct peers."""

    def __init__(self, part, *arguments):
        self.receives, sends = FORK.Pipe(duplex=False)
        self.child = FORK.Process(target=carry_out, args=(part, arguments, sends))
        self.child.start()
        sends.close()

    def is_over(self, seconds=0.0):
        return self.receives.poll(seconds)

    def judge(self):
        try:
            words = self.receives.recv()
        except EOFError:
            words = "the attacker died"
        if isinstance(words, CannotRun):
            raise words
        must(not words, f"what is due to the attacker: {words}")

    def end(self):
        self.child.kill()  # its connections end here
        self.child.join()
        self.receives.close()


class Beside:
    """What goes on before the attack already, so that the quiet figure has it, too."""

    def __init__(self, part, place):
        ready, self.over = FORK.Event(), FORK.Event()
        self.process = Process(part, place, ready, self.over)
        eventually("what goes on beside has begun", lambda: ready.is_set() or self.process.is_over(), 20)

    def judge(self):
        """While it goes on: it ends before it is told to if something is wrong."""
        if self.process.is_over():
            self.process.judge()

    def finish(self):
        self.over.set()
        must(self.process.is_over(60), "what goes on beside does not end")
        self.process.judge()


def press(attack, server, loads, beside, place, seconds):
    """Lets the attacker do its part, and watches over it."""
    process = Process(attack, place)
    try:
        patience = time.monotonic() + seconds + 60
        while not process.is_over(0.05):
            must(server.process.poll() is None, f"the server ended: {server.logged()}")
            for load in loads:
                if not load.running():
                    load.end()  # says what was wrong
                    raise Broken("correct peers ended")
            if beside:
                beside.judge()
            must(time.monotonic() < patience, "the attacker is stuck")
        process.judge()
    finally:
        process.end()


class Row:
    """What there is to tell of an attack."""

    def __init__(self, name):
        self.name = name
        self.error = None
        self.skipped = None
        self.figures = []
        self.more = ""

    def ratios(self):
        return [under / quiet for quiet, under in self.figures]

    def better_of(self, other):
        """What a machine does beside only adds to times."""
        self.figures = [(min(a[0], b[0]), min(a[1], b[1])) for a, b in zip(self.figures, other.figures)]
        return self

    def __str__(self):
        cells = [f"{1e3 * quiet:.2f} -> {1e3 * under:.2f}" for quiet, under in self.figures]
        ratios = [f"{ratio:.1f}" for ratio in self.ratios()]
        cells += [""] * (2 - len(cells))
        ratios += [""] * (2 - len(ratios))
        errors = "ERROR" if self.error else "skipped" if self.skipped else "0"
        return f"| {' | '.join([self.name, errors, cells[0], ratios[0], cells[1], ratios[1], self.more])} |"


HEAD = """| attack | errors | p99 ms, back ends that stay | ratio | p99 ms, one connection a push | ratio | peak MB |
|---|---|---|---|---|---|---|"""


def settle(server, descriptors):
    """All have left: so must everything that was held for them."""
    eventually(f"{descriptors} descriptors again, not {server.descriptors()}",
               lambda: server.descriptors() <= descriptors, 20)
    before = cpu_seconds(server.pid)
    time.sleep(0.5)
    used = cpu_seconds(server.pid) - before
    must(used <= 0.05, f"it used {used} s of CPU in half a second without peers")
    judge_counters(server.count(), settled=True)


def watched(attack, scene, row, options):
    """The attack, with correct peers before, meanwhile and afterwards."""
    server = Server((*attack.arguments, *scene.get("arguments", ())), attack.prefix,
                    scene.get("environment"), scene.get("log_file"))
    # They stand for those on other machines, whom nothing holds up that goes on here.
    prompt = ()
    if options.realtime:
        prompt = ("chrt", "-r", "1")
    elif time_slice.of():
        prompt = (sys.executable, ROOT / "tests" / "e2e" / "time_slice.py", "100")
    loads = []
    beside = None
    try:
        server.start()
        eventually("who asked whether it listens is gone", lambda: server.count()["connections"] == 0)
        descriptors = server.descriptors()
        loads = [Load(options.load, server.clients, server.backend, Load.WAYS[way], prompt)
                 for way in attack.loads]
        if attack.beside:
            beside = Beside(attack.beside, Place(server, scene, options))
        for load in loads:
            load.wait_until_it_pushes()
        with Window() as quiet:
            time.sleep(options.quiet)
        with Window() as under:
            press(attack, server, loads, beside, Place(server, scene, options), options.seconds)
        if beside:
            beside.finish()
            beside.process.end()
        time.sleep(0.2)
        for load in loads:
            load.end()
        for load in loads:
            before, during = p99(load.delays(quiet.begin, quiet.end)), p99(load.delays(under.begin, under.end))
            if before and during and not attack.stops_the_server and not options.brief:
                row.figures.append((before, during))
        settle(server, descriptors)
        peak = server.peak_bytes() / 1e6
        row.more = f"{peak:.0f}"
        must(peak <= attack.most_megabytes, f"it used {peak:.0f} MB at its peak, above {attack.most_megabytes}")
        server.stop()
    finally:
        if beside:
            beside.process.end()
        for load in loads:
            load.kill()
        if server.process is not None:
            server.kill()
        server.log.close()


def in_namespace(name, options):
    """Runs it again in a network of its own."""
    done = subprocess.run(["unshare", "--net", sys.executable, __file__, "--server", options.server,
                           "--load", options.load, "--seconds", str(options.seconds),
                           "--quiet", str(options.quiet), "--within", name,
                           *(["--realtime"] if options.realtime else []), *(["--brief"] if options.brief else [])],
                          capture_output=True, text=True)
    if done.returncode or not done.stdout:
        raise CannotRun(f"no namespace: {done.stderr.strip()[-300:]}")
    return pickle.loads(bytes.fromhex(done.stdout))


def run_attack(name, options):
    attack = ATTACKS[name]
    row = Row(name)
    try:
        if attack.in_namespace and not options.within:
            row = in_namespace(name, options)
        elif attack.alone:
            attack(options)
        else:
            with attack.scene() if attack.scene else contextlib.nullcontext({}) as scene:
                watched(attack, scene, row, options)
    except AssertionError as words:
        row.error = str(words)
    except CannotRun as words:
        row.skipped = str(words)
    return row


def run_rounds(name, options):
    row = run_attack(name, options)
    for _ in range(options.rounds - 1):
        if row.error or row.skipped:
            break
        row = run_attack(name, options).better_of(row)
    if options.latency and not row.error and any(ratio > options.ratio for ratio in row.ratios()):
        row.error = "p99 rose too far"
    return row


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help="attacks; all unless one says")
    parser.add_argument("--server", type=pathlib.Path, required=True, help="push_server")
    parser.add_argument("--load", type=pathlib.Path, default=ROOT / "build/bench/crier_load", help="(%(default)s)")
    parser.add_argument("--list", action="store_true", help="say which there are")
    parser.add_argument("--brief", action="store_true", help="a second for each, three at a time; no word about times")
    parser.add_argument("--seconds", type=float, default=4, help="that an attack goes on (%(default)s)")
    parser.add_argument("--quiet", type=float, default=3, help="seconds before it (%(default)s)")
    parser.add_argument("--self-test", action="store_true", help="instead: do the checks notice mistakes?")
    parser.add_argument("--all-must-run", action="store_true", help="an attack that cannot run here is an error")
    parser.add_argument("--within", help=argparse.SUPPRESS)
    parser.add_argument("--latency", action="store_true", help="fail if p99 rises above the ratio")
    parser.add_argument("--realtime", action="store_true",
                        help="the correct peers before all others, as if they were elsewhere (root)")
    parser.add_argument("--rounds", type=int, default=1,
                        help="each attack so often; of their p99s, before and meanwhile, the lowest (%(default)s)")
    parser.add_argument("--ratio", type=float, default=3, help="(%(default)s)")
    options = parser.parse_args()
    if options.brief:
        options.seconds, options.quiet = 1, 0.2
    return options


def main():
    options = arguments()
    if options.list:
        for name, attack in ATTACKS.items():
            print(f"{name}: {attack.must}")
        return 0
    unknown = set(options.names) - set(ATTACKS)
    if unknown:
        sys.exit(f"run.py: no such attack: {', '.join(sorted(unknown))}")
    for program, how in ((options.server, "cmake --build --preset release"),
                         (options.load, "tests/faults/README.md says how to build it")):
        if not os.access(program, os.X_OK):
            sys.exit(f"run.py: {program} is missing: {how}")
    os.environ["CRIER_PUSH_SERVER"] = str(options.server.absolute())
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    if options.within:
        print(pickle.dumps(run_attack(options.within, options)).hex())
        return 0
    if options.self_test:
        wrong = self_test.run(options.load)
        print("\n".join(wrong) or "each mistake is noticed")
        return 1 if wrong else 0
    names = options.names or list(ATTACKS)
    failed = skipped = 0
    print(HEAD, flush=True)
    with ThreadPoolExecutor(3 if options.brief else 1) as pool:
        for row in pool.map(lambda name: run_rounds(name, options), names):
            print(row, flush=True)
            if row.skipped:
                skipped += 1
                print(f"{row.name}: cannot run here: {row.skipped}", file=sys.stderr, flush=True)
            if row.error:
                failed += 1
                print(f"{row.name}: {row.error}", file=sys.stderr, flush=True)
    print(f"{len(names)} attacks, {failed} with errors, {skipped} skipped", file=sys.stderr)
    return 1 if failed or skipped and options.all_must_run else 0


if __name__ == "__main__":
    sys.exit(main())
