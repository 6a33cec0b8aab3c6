"""The place of one attack: the server under test, correct pages and back ends that watch it, and what must hold."""

import contextlib
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
for folder in ("e2e", "conformance"):
    sys.path.append(str(ROOT / "tests" / folder))

import support  # noqa: E402
from support import eventually, free_port  # noqa: E402

# Correct pages are told to look away when an attacker broadcasts.
NOISE = '{"broadcast":true,"attack":'

TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


class Broken(AssertionError):
    """What must hold under an attack does not."""


def must(holds, words):
    if not holds:
        raise Broken(words)


def cpu_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_PER_SECOND


class Server(support.PushServer):
    """push_server in the foreground, perhaps behind another program that starts it."""

    def __init__(self, arguments=(), prefix=(), environment=None, log_file=None):
        super().__init__(free_port(), free_port(), arguments)
        self.log_file = log_file
        self.prefix = prefix
        self.environment = environment
        self.clients = ("127.0.0.1", self.clients_port)
        self.backend = ("127.0.0.1", self.backend_port)

    @property
    def pid(self):
        return self.process.pid

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    def resident_bytes(self):
        return self._memory("VmRSS")

    def peak_bytes(self):
        return self._memory("VmHWM")

    def _memory(self, what):
        status = pathlib.Path(f"/proc/{self.pid}/status").read_text()
        return int(re.search(rf"{what}:\s+(\d+) kB", status)[1]) * 1024

    def all_logged(self):
        if self.log_file is not None:
            with contextlib.suppress(FileNotFoundError):  # an attack may have it renamed
                return self.log_file.read_text(errors="replace")
            return ""
        # Not seek and read: the place in this file is the server's, too, which may be writing.
        log = self.log.fileno()
        return os.pread(log, os.fstat(log).st_size, 0).decode(errors="replace")

    def logged(self):
        return self.all_logged()[-4000:]

    def count(self):
        """The counters as they are now."""
        had = self.all_logged().count(" counters: ")
        self.process.send_signal(signal.SIGUSR1)
        eventually("the counters are logged",
                   lambda: self.process.poll() is not None or self.all_logged().count(" counters: ") > had, 10)
        must(self.process.poll() is None, f"the server ended: {self.logged()}")
        return self.counters()

    def asked_for(self, what):
        """The numbers of a line that it logs when asked, as they are now. An attacker, in a process of its own, may
        ask, too."""
        lines = lambda: re.findall(rf" {what}:(.*)\n", self.all_logged())  # whole ones
        had = len(lines())
        os.kill(self.pid, signal.SIGUSR1)
        eventually(f"{what} is logged", lambda: len(lines()) > had, 10)
        pairs = lines()[-1].split()
        return {name: int(number) for name, number in (pair.split("=") for pair in pairs)}

    def ended(self):
        """Why connections have ended until now, and how many each."""
        return self.asked_for("ended")


def judge_counters(counters, settled):
    """What was accepted is somewhere, and so is what was queued."""
    ended = sum(counters[name] for name in ("closed", "lost", "handshakes_failed", "protocol_violations",
                                            "limits_exceeded", "timed_out", "rejected"))
    must(counters["accepted"] == ended + counters["connections"], f"connections do not add up: {counters}")
    gone = counters["messages_sent"] + counters["messages_evicted"] + counters["messages_dropped"]
    must(counters["messages_queued"] >= gone, f"more messages left than came: {counters}")
    if settled:
        must(counters["connections"] == counters["registered"] == 0, f"somebody is left: {counters}")
        must(counters["messages_queued"] == gone, f"messages do not add up: {counters}")


class Load:
    """crier_load: it pushes at a fixed rate until told to end, and verifies every reply and every delivery."""

    COMMON = ("--until-terminated", "--pushes", "500000", "--warm-up", "20", "--fail-every", "50", "--timeout", "900",
              "--patience", "15", "--payload", "200", "--json", "--ignore", NOISE)
    # Two tabs of each uid; three back ends that stay.
    WAYS = {}
    WAYS["staying"] = ("--mode", "latency", "--connections", "24", "--uids", "12", "--backends", "3", "--rate", "400")
    # Back ends that come with one line and leave.
    WAYS["coming"] = ("--mode", "new-connection-per-push", "--connections", "8", "--backends", "10", "--pace", "100",
              "--uid-prefix", "s")

    def __init__(self, program, clients, backend, how, prefix=()):
        self.delays_file = tempfile.NamedTemporaryFile(prefix="delays-")
        self.words = tempfile.TemporaryFile(mode="w+")
        self.process = subprocess.Popen(
            [*prefix, program, "--clients", "%s:%d" % clients, "--backend", "%s:%d" % backend,
             "--delays", self.delays_file.name, *self.COMMON, *how],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=self.words, text=True)

    def said(self):
        self.words.seek(0)
        return self.words.read()

    def wait_until_it_pushes(self):
        eventually("the load pushes", lambda: "pushing" in self.said() or self.process.poll() is not None)
        must(self.process.poll() is None, f"correct peers failed before the attack: {self.said()}")

    def running(self):
        return self.process.poll() is None

    def told(self):
        """Its figures, at its end."""
        if self.running():
            self.process.send_signal(signal.SIGTERM)
        return json.loads(self.process.communicate(timeout=60)[0])

    def end(self):
        """Nothing may have been wrong."""
        told = self.told()
        must(told["verified"] and self.process.returncode == 0, f"correct peers had errors: {self.said().strip()}")

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()
        self.words.close()
        self.delays_file.close()

    def delays(self, begin, end):
        """Of what arrived between two times of time.monotonic(), in seconds, sorted."""
        self.delays_file.seek(0)
        pairs = (map(int, line.split()) for line in self.delays_file)
        return sorted(delay / 1e9 for arrived, delay in pairs if begin * 1e9 <= arrived < end * 1e9)


def p99(delays):
    return delays[int(len(delays) * 0.99)] if delays else None


class Window:
    """A stretch of time on the monotonic clock."""

    def __enter__(self):
        self.begin = time.monotonic()
        return self

    def __exit__(self, *_):
        self.end = time.monotonic()
