#!/usr/bin/env python3
"""A strict conformance suite for WebSocket servers (RFC 6455), spoken over plain sockets.

Usage: rfc6455.py --server PATH_TO_websocket_echo
       rfc6455.py --connect HOST:PORT [--max-message-bytes N]
       rfc6455.py --list

The server must send every message back as it came, text or binary. With --server the suite starts
it by itself, several times where cases want another message limit. With --connect those cases are
left out, and the running server must take messages of up to --max-message-bytes.

  --case PATTERN   only cases whose name contains this, or matches it as *, ? and [] say; repeatable
  --jobs N         conversations at a time
  --list           the names of the cases, and how many each category has

Strict means: the very close code that the RFC names, nothing after a close frame, then EOF and not
RST, before the client does anything; and no violation noticed later than its first byte allows.

Where things are: wire.py frames; peer.py the client's end of a conversation; script.py cases as
tables; the cases in opening.py, framing.py, pings.py, fragments.py, utf8.py, closing.py, limits.py
and chopped.py. Exits with 1 if a case failed.
"""

import argparse
import collections
import concurrent.futures
import fnmatch
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import traceback

sys.dont_write_bytecode = True

import chopped
import closing
import fragments
import framing
import limits
import opening
import pings
import utf8
from peer import Failure
from script import Server

MODULES = (opening, framing, pings, fragments, utf8, closing, limits, chopped)
CASES = [case for module in MODULES for case in module.CASES]

MAIN_LIMIT = 64 * 1024 * 1024
START_SECONDS = 30
STOP_SECONDS = 15


class OwnServer:
    """The program under test as our child, on a free port of the loopback address."""

    def __init__(self, program, limit, more=()):
        with socket.create_server(("127.0.0.1", 0)) as probe:
            address = probe.getsockname()
        self.log = tempfile.TemporaryFile(prefix="conformance-")
        self.process = subprocess.Popen(
            [program, "--listen", f"{address[0]}:{address[1]}", "--max-message-bytes", str(limit), *more],
            stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)
        self.server = Server(address, limit, self.process.pid)
        deadline = time.monotonic() + START_SECONDS
        while not self._accepts(address):
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.process.kill()
                sys.exit(f"{program} does not listen on port {address[1]}\n{self.logged()}")
            time.sleep(0.02)

    @staticmethod
    def _accepts(address):
        try:
            with socket.create_connection(address, timeout=1) as connection:
                # A socket can connect to itself when its own port is drawn to be the one asked for.
                return connection.getsockname() != connection.getpeername()
        except OSError:
            return False

    def stop(self):
        """Why the server did not end well, or None."""
        if self.process.poll() is not None:
            return f"the server ended by itself with {self.process.returncode}\n{self.logged()}"
        self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            return f"the server did not end within {STOP_SECONDS} s of SIGTERM\n{self.logged()}"
        if code not in (0, -signal.SIGTERM):  # a sanitizer's report, for one
            return f"the server ended with {code} after SIGTERM\n{self.logged()}"
        return None

    def logged(self):
        self.log.seek(0)
        return self.log.read()[-4000:].decode(errors="replace")


def chosen(cases, patterns):
    if not patterns:
        return cases
    return [case for case in cases
            if any(pattern in case.name or fnmatch.fnmatchcase(case.name, pattern) for pattern in patterns)]


def list_cases(cases):
    for case in cases:
        print(case.name)
    for category, count in collections.Counter(case.category for case in cases).items():
        print(f"{count:5} {category}")
    print(f"{len(cases):5} in all")


class Run:
    """Runs cases by several threads and prints the failures as they come."""

    def __init__(self, servers, jobs):
        self.servers = servers  # by limit; None is the main one
        self.jobs = jobs
        self.heavy = threading.Semaphore(2)
        self.results = collections.defaultdict(lambda: [0, 0])  # category -> [passed, failed]
        self.lock = threading.Lock()

    def one(self, case):
        why = None
        started = time.monotonic()
        try:
            if case.heavy:
                with self.heavy:
                    started = time.monotonic()
                    case.run(self.servers[case.limit])
            else:
                case.run(self.servers[case.limit])
        except Failure as failure:
            why = str(failure)
        except Exception:  # a fault of the suite is a failure too, not a pass
            why = traceback.format_exc()
        self.note(case, why, time.monotonic() - started)

    def note(self, case, why, seconds=0.0):
        with self.lock:
            self.results[case.category][why is not None] += 1
            if why is not None:
                print(f"FAILED {case.name} ({seconds:.1f} s)\n  {why}\n", flush=True)

    def all(self, cases):
        # The heavy ones first, and in one place, so that they do not hold up the rest.
        light = [case for case in cases if not case.heavy]
        heavy = [case for case in cases if case.heavy]
        with concurrent.futures.ThreadPoolExecutor(2) as few, \
                concurrent.futures.ThreadPoolExecutor(self.jobs) as many:
            for future in [*[few.submit(self.one, case) for case in heavy],
                           *[many.submit(self.one, case) for case in light]]:
                future.result()

    def summary(self):
        for category, (passed, failed) in self.results.items():
            print(f"{category:15}{passed:5} passed" + (f", {failed} failed" if failed else ""))
        passed, failed = (sum(column) for column in zip(*self.results.values()))
        print(f"{passed} passed, {failed} failed")
        return failed


def main(description="A strict conformance suite for WebSocket servers (RFC 6455).", all_cases=CASES, arguments=()):
    """Runs a suite; `arguments` are for the servers that it starts."""
    parser = argparse.ArgumentParser(description=description)
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--server", metavar="PATH", help="an echo server to start, websocket_echo")
    where.add_argument("--connect", metavar="HOST:PORT", help="an echo server that runs")
    where.add_argument("--list", action="store_true", help="list the cases")
    parser.add_argument("--case", metavar="PATTERN", action="append", help="only these; repeatable")
    parser.add_argument("--jobs", metavar="N", type=int, default=12, help="conversations at a time (default: 12)")
    parser.add_argument("--max-message-bytes", metavar="N", type=int, default=MAIN_LIMIT,
                        help="the greatest message of the main server (default: 64 MiB)")
    options = parser.parse_args()

    cases = chosen(all_cases, options.case)
    if not cases:
        sys.exit("no case has such a name")
    if options.list:
        return list_cases(cases)

    own = []
    if options.connect:
        host, _, port = options.connect.rpartition(":")
        servers = {None: Server((host.strip("[]"), int(port)), options.max_message_bytes)}
        left_out = [case for case in cases if case.limit is not None]
        cases = [case for case in cases if case.limit is None]
        if left_out:
            print(f"{len(left_out)} cases are left out: they need --server, to start one with another limit")
        if not cases:
            sys.exit("no case is left")
    else:
        if not os.access(options.server, os.X_OK):
            sys.exit(f"{options.server} is not an executable")
        servers = {}
        for limit in sorted({case.limit for case in cases} | {None}, key=lambda limit: limit or 0):
            own.append(OwnServer(os.path.abspath(options.server), limit or options.max_message_bytes, arguments))
            servers[limit] = own[-1].server

    started = time.monotonic()
    run = Run(servers, options.jobs)
    problems = []
    try:
        run.all(cases)
    finally:
        problems = [why for why in [one.stop() for one in own] if why]
    for why in problems:
        print(f"FAILED the server itself\n  {why}\n")
    print(f"in {time.monotonic() - started:.0f} s:")
    failed = run.summary()
    return 1 if failed or problems else 0


if __name__ == "__main__":
    sys.exit(main())
