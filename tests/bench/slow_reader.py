#!/usr/bin/env python3
"""slow_reader.py CRIER_SLOW_READER [options]: clients that stop reading, under each overflow policy.

A back end pushes lines of 1 KiB at an even pace, in rounds: one to everybody, one to each client that reads, several
to each that does not. When all is pushed, and those that read have everything, the others read on. Prints a table.

Exits with 1 if a promise is broken: the counters add up, the outboxes keep their bound, each client gets what its
policy promises, and those that read everything, in order. Times are told, not judged.
"""

import argparse
import gc
import itertools
import json
import os
import selectors
import signal
import socket
import statistics
import subprocess
import sys
import time

POLICIES = ["close_slow", "drop_oldest", "drop_newest", "conflate"]
PAYLOAD = 1024
HEADER = b"\x81\x7e" + PAYLOAD.to_bytes(2, "big")
FRAME = len(HEADER) + PAYLOAD
GOODBYE = len(b"\x88\x0f\x03\xf5slow consumer")
JOBS = 10


class Broken(Exception):
    """A promise, or what the bench needs to judge it."""


def promise(kept, words):
    if not kept:
        raise Broken(words)


def client_frame(opcode, payload):
    return bytes([0x80 | opcode, 0x80 | len(payload), 0, 0, 0, 0]) + payload  # masked with zeros


def messages_in(sizes, goodbye=0):
    """Of so many bytes each; the first of each may be half written."""
    return sum(-(-(size - goodbye) // FRAME) for size in sizes)


class Line:
    def __init__(self, number, uid, job):
        to = f'"uid":"{uid}"' if uid else '"broadcast":true'
        head = f'{{{to},"n":{number},"job":"{job}","text":"'
        self.number, self.uid, self.job = number, uid, job
        self.bytes = (head + "x" * (PAYLOAD - len(head) - 2) + '"}').encode()
        self.sent_at = 0.0
        self.reply = None


class Client:
    def __init__(self, port, uid, slow):
        self.uid, self.slow = uid, slow
        self.buffer = bytearray()
        self.received = []  # numbers of lines
        self.closed_with = None
        self.ended = False
        self.offered = []  # lines
        self.socket = socket.socket()
        if slow:  # so that what the system buffers is little
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, 1000)
        self.socket.settimeout(30)
        self.socket.connect(("127.0.0.1", port))
        self.socket.sendall(b"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                            b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
                            + client_frame(1, uid.encode()))
        answer = b""
        while not answer.endswith(b"\r\n\r\n"):
            some = self.socket.recv(4096)
            promise(some, f"{uid} is refused")
            answer += some
        promise(answer.startswith(b"HTTP/1.1 101 "), f"{uid} is refused: {answer}")
        self.socket.setblocking(False)

    def lacks_the_last(self):
        return not self.received or self.received[-1] != self.offered[-1].number

    def read(self, lines, now, latencies):
        try:
            some = self.socket.recv(1 << 18)
        except BlockingIOError:
            return
        except ConnectionResetError:
            raise Broken(f"{self.uid}: reset") from None
        self.ended = not some
        self.buffer += some
        at = 0
        while self.closed_with is None and len(self.buffer) - at >= 2:
            if self.buffer[at] == 0x88:
                size = 2 + self.buffer[at + 1]
                if len(self.buffer) - at < size:
                    break
                self.closed_with = int.from_bytes(self.buffer[at + 2:at + 4], "big")
                self.socket.send(client_frame(8, self.buffer[at + 2:at + 4]))
                at += size
                continue
            if len(self.buffer) - at < FRAME:
                break
            promise(self.buffer.startswith(HEADER, at), f"{self.uid}: a frame begins {self.buffer[at:at + 4]!r}")
            payload = self.buffer[at + len(HEADER):at + FRAME]
            at += FRAME
            number = int(payload[payload.index(b'"n":') + 4:payload.index(b',"job"')])
            promise(payload == lines[number].bytes, f"{self.uid}: {payload[:60]!r} was never pushed")
            self.received.append(number)
            if not self.slow:
                latencies.append(now - lines[number].sent_at)
        del self.buffer[:at]


class Server:
    def __init__(self, program, bound):
        self.process = subprocess.Popen([program, str(bound)], stdout=subprocess.PIPE, text=True)
        self.ports = self.line()

    def line(self):
        text = self.process.stdout.readline()
        promise(text, "the server has ended")
        return json.loads(text)

    def counters(self):
        self.process.send_signal(signal.SIGUSR1)
        return self.line()

    def memory(self):
        """Anonymous memory, in bytes: the program file's pages are of no interest."""
        with open(f"/proc/{self.process.pid}/status", encoding="ascii") as status:
            return next(int(text.split()[1]) for text in status if text.startswith("RssAnon:")) * 1024


class Run:
    """One policy, with slow readers or without."""

    def __init__(self, options, policy, with_slow=True, served_by=None):
        self.options, self.policy, self.with_slow = options, policy, with_slow
        self.lines, self.latencies = [], []
        self.selector = selectors.DefaultSelector()
        self.clients, self.backend = [], socket.socket()
        self.server = Server(options.server, options.bound)
        self.port = self.server.ports[served_by or policy]
        try:
            self.connect()
            self.push()
            self.judge_stalled()
            self.read_on()
            self.vanish()
            self.end()
            self.judge_clients()
        finally:
            self.server.process.kill()
            self.server.process.wait()
            self.server.process.stdout.close()
            self.selector.close()
            for each in self.clients:
                each.socket.close()
            self.backend.close()

    def connect(self):
        self.backend.connect(("127.0.0.1", self.server.ports["backend"]))
        self.backend.setblocking(False)
        reading = [Client(self.port, f"r{i}", False) for i in range(self.options.clients - self.options.slow)]
        self.slow = [Client(self.port, f"s{i}", True) for i in range(self.options.slow)] if self.with_slow else []
        self.clients = reading + self.slow
        while self.server.counters()["registered"] != len(self.clients):
            pass
        by_uid = {each.uid: each for each in self.clients}
        for uid in self.receivers_of_lines([each.uid for each in reading]):
            line = Line(len(self.lines), uid, self.job_of(len(self.lines), uid))
            self.lines.append(line)
            for each in ([by_uid[uid]] if uid in by_uid else [] if uid else self.clients):
                each.offered.append(line)
        for each in reading:
            self.selector.register(each.socket, selectors.EVENT_READ, each)
        self.selector.register(self.backend, selectors.EVENT_READ, None)

    @staticmethod
    def job_of(number, uid):
        """Those that read have a job in each line, so that nothing takes the place of what is theirs alone."""
        return "all" if not uid else str(number % JOBS) if uid.startswith("s") else str(number)

    def receivers_of_lines(self, reading):
        """Uids, and None for everybody. Also of the slow ones that are not there: the load is the same."""
        slow = [f"s{i}" for i in range(self.options.slow)]
        parts = self.options.factor
        for _ in range(self.options.rounds):
            yield None
            for part in range(parts):
                yield from slow
                yield from reading[part::parts]

    def push(self):
        """At an even pace, until all is answered and those that read have everything."""
        self.before = self.peak = self.server.memory()
        replies, unsent = b"", memoryview(b"")
        pushed = answered = 0
        begin = time.monotonic()
        reading = [each for each in self.clients if not each.slow]
        looked_at_memory = begin
        while answered < len(self.lines) or any(each.lacks_the_last() for each in reading):
            now = time.monotonic()
            due = min(len(self.lines), int((now - begin) / self.options.seconds * len(self.lines)))
            if pushed < due and not unsent:
                for line in self.lines[pushed:due]:
                    line.sent_at = now
                unsent = memoryview(b"".join(line.bytes + b"\n" for line in self.lines[pushed:due]))
                pushed = due
            if unsent:
                try:
                    unsent = unsent[self.backend.send(unsent):]
                except BlockingIOError:
                    pass
            for key, _ in self.selector.select(0.001):
                if key.data:
                    key.data.read(self.lines, time.monotonic(), self.latencies)
                    promise(not key.data.ended and key.data.closed_with is None, f"{key.data.uid} is closed")
                    continue
                replies += self.backend.recv(1 << 18)
                *whole, replies = replies.split(b"\n")
                for text in whole:
                    self.lines[answered].reply = json.loads(text)
                    answered += 1
            if now - looked_at_memory > 0.02:
                looked_at_memory = now
                self.peak = max(self.peak, self.server.memory())
        self.seconds = time.monotonic() - begin
        self.peak = max(self.peak, self.server.memory())

    def judge_stalled(self):
        """What the server says while the slow ones do not read."""
        self.stalled = now = self.server.counters()
        goodbye = GOODBYE if self.policy == "close_slow" else 0
        self.waiting = waiting = messages_in(now["waiting_bytes"], goodbye)
        replied = {key: sum(line.reply[key] for line in self.lines) for key in ("matched", "queued", "dropped")}
        promise(now["queued"] == now["sent"] + now["evicted"] + now["dropped"] + waiting,
                f"{waiting} wait, and the counters say {now}")
        promise(now["queued"] == replied["queued"], f"the replies say {replied}, the counters {now}")
        if self.policy == "close_slow":  # a connection that is closing refuses, and then is gone
            promise(now["refused"] >= len(self.slow), f"{len(self.slow)} are slow, the counters say {now}")
        else:
            promise(now["queued"] + now["refused"] == sum(len(each.offered) for each in self.clients),
                    f"not all that was offered is queued or refused: {now}")
            promise(now["refused"] == replied["dropped"], f"the replies say {replied}, the counters {now}")
        promise(len(now["waiting_bytes"]) <= len(self.slow), f"one that reads is kept waiting: {now}")
        if self.policy == "conflate":  # one of each job, one for everybody, and one half written
            promise(waiting <= len(self.slow) * (JOBS + 2), f"{waiting} messages wait, older ones among them")
        most = max(now["waiting_bytes"], default=0)
        promise(most <= self.options.bound + goodbye, f"{most} bytes wait for one connection")
        if self.options.judge_memory:
            allowed = len(self.slow) * self.options.bound * 5 // 4 + (4 << 20)
            promise(self.peak - self.before <= allowed, f"memory has grown by {self.peak - self.before} bytes")

    def read_until(self, done, words):
        deadline = time.monotonic() + 30
        while not done():
            promise(time.monotonic() < deadline, words())
            for key, _ in self.selector.select(0.1):
                each = key.data
                each.read(self.lines, 0.0, self.latencies)
                if each.ended:
                    self.selector.unregister(each.socket)
                    each.socket.close()  # the server waits for that

    def read_on(self):
        self.selector.unregister(self.backend)
        for each in self.slow:
            self.selector.register(each.socket, selectors.EVENT_READ, each)
        read_by_others = sum(len(each.received) for each in self.clients if not each.slow)
        owed = self.stalled["queued"] - self.stalled["evicted"] - read_by_others
        self.read_until(lambda: sum(len(each.received) for each in self.slow) >= owed,
                        lambda: f"{owed} messages are owed, {sum(len(each.received) for each in self.slow)} came")
        if self.policy == "close_slow":
            self.read_until(lambda: all(each.ended for each in self.slow), lambda: "slow ones are not closed")
        now = self.server.counters()
        promise(not now["waiting_bytes"] and not now["dropped"] and now["queued"] == now["sent"] + now["evicted"],
                f"all is delivered, and the counters say {now}")
        promise(sum(len(each.received) for each in self.clients) == now["sent"],
                f"{sum(len(each.received) for each in self.clients)} have arrived, the counters say {now}")
        self.after = self.server.memory()

    def vanish(self):
        """One more that does not read, and goes: what waits for it is dropped."""
        gone = Client(self.port, "gone", True)
        try:
            while (now := self.server.counters())["registered"] != 1 + self.registered():
                pass
            self.backend.setblocking(True)
            with self.backend.makefile("rb") as replies:
                for number in range(10_000):
                    self.backend.sendall(Line(number, gone.uid, str(number % JOBS)).bytes + b"\n")
                    reply = json.loads(replies.readline())
                    promise(reply["queued"] == 1, f"{reply} for the one that will go")
                    now = self.server.counters()
                    if messages_in(now["waiting_bytes"]) >= 5:
                        break
        finally:
            gone.socket.close()
        waiting = messages_in(now["waiting_bytes"])
        while (now := self.server.counters())["registered"] != self.registered():
            pass
        promise(0 < now["dropped"] <= waiting and now["queued"] == now["sent"] + now["evicted"] + now["dropped"],
                f"one has gone for whom {waiting} waited, and the counters say {now}")
        self.sent = now["sent"]

    def registered(self):
        return sum(not each.ended for each in self.clients)

    def end(self):
        self.backend.close()
        self.server.process.terminate()
        self.read_until(lambda: all(each.ended for each in self.clients), lambda: "not all are closed")
        last = self.server.line()
        promise(self.server.process.wait(30) == 0, "the server ended badly")
        promise(last["sent"] == self.sent and not last["waiting_bytes"], f"at the end: {last}")

    def judge_clients(self):
        fits = self.options.bound // FRAME - 1  # the oldest may be half written
        for each in self.clients:
            offered = [line.number for line in each.offered]
            got, closed = each.received, each.closed_with
            right = {1001} if not each.slow or self.policy != "close_slow" else {1013}
            promise(closed in right and not each.buffer, f"{each.uid} was closed with {closed}")
            promise(all(a < b for a, b in itertools.pairwise(got)), f"{each.uid} got {got}")
            if not each.slow:
                if self.policy == "conflate":  # two broadcasts in one turn: it gets the newer one, though it reads
                    offered = [number for number in offered if self.lines[number].uid or number in set(got)]
                promise(got == offered, f"{each.uid} reads, and has got {len(got)} of {len(offered)}")
                continue
            promise(len(got) < len(offered), f"{each.uid} was not slow enough for this bench")
            taken = [line.number for line in each.offered if line.uid and line.reply["queued"]]
            of_its_own = [number for number in got if self.lines[number].uid]
            if self.policy == "close_slow":
                promise(got == offered[:len(got)] and len(got) >= fits, f"{each.uid} got no beginning")
                promise(of_its_own == taken, f"{each.uid} got {of_its_own}, and the replies say {taken}")
            elif self.policy == "drop_newest":
                promise(got[:fits] == offered[:fits], f"{each.uid} did not get the first ones: {got}")
                promise(of_its_own == taken, f"{each.uid} got {of_its_own}, and the replies say {taken}")
            else:
                promise(taken == [line.number for line in each.offered if line.uid],
                        f"{each.uid}: one was not queued")
                if self.policy == "drop_oldest":
                    promise(got[-fits:] == offered[-fits:], f"{each.uid} did not get the last ones: {got}")
                else:
                    newest = {line.job: line.number for line in each.offered}
                    promise(set(newest.values()) <= set(got), f"{each.uid} did not get the newest of each job: {got}")


def percentile(values, percent):
    return statistics.quantiles(values, n=100, method="inclusive")[percent - 1]


def kib(size):
    return f"{size / 1024:,.0f}".replace(",", " ")


def row(policy, run, alone):
    share = "-"
    if run.slow:
        got, offered = (sum(map(len, (getattr(each, what) for each in run.slow))) for what in ("received", "offered"))
        share = f"{100 * got / offered:.0f} %"
    times = [f"{1e3 * percentile(each.latencies, p):.1f}" if each else "" for p in (50, 99) for each in (run, alone)]
    held = kib(sum(run.stalled["waiting_bytes"]))
    most = kib(max(run.stalled["waiting_bytes"], default=0))
    counts = run.stalled
    return [policy, share, held, most, kib(run.before), kib(run.peak), kib(run.after), *map(str, (
        counts["queued"], counts["sent"], counts["evicted"], run.waiting, counts["refused"])), *times]


HEAD = ["policy", "slow got", "KiB queued", "most for one", "KiB before", "peak", "after", "queued", "sent", "evicted",
        "wait", "refused", "p50 ms", "without", "p99 ms", "without"]


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("server")
    parser.add_argument("--clients", type=int, default=200)
    parser.add_argument("--slow", type=int, default=20, help="of these, stop reading (%(default)s)")
    parser.add_argument("--rounds", type=int, default=120)
    parser.add_argument("--factor", type=int, default=8, help="lines for each slow one in a round (%(default)s)")
    parser.add_argument("--seconds", type=float, default=3.0, help="that pushing takes (%(default)s)")
    parser.add_argument("--bound", type=int, default=64 * 1024, help="limits::max_outbox_bytes (%(default)s)")
    parser.add_argument("--policies", default=",".join(POLICIES))
    parser.add_argument("--crosswise", action="store_true",
                        help="instead: let each policy be served by another one, which must break a promise")
    parser.add_argument("--brief", action="store_true", help="no runs without slow ones, and memory is not judged")
    options = parser.parse_args()
    options.judge_memory = not options.brief
    return options


def crosswise(options):
    """The pairs of policies that nobody told apart."""
    unnoticed = 0
    for promised, served_by in itertools.permutations(options.policies.split(","), 2):
        signal.alarm(120)
        try:
            Run(options, promised, served_by=served_by)
            unnoticed += 1
            print(f"{served_by} keeps the promises of {promised}", file=sys.stderr)
        except Broken as words:
            print(f"{served_by} for {promised}: {str(words)[:90]}")
    return unnoticed


def main():
    def too_long(*_):
        raise Broken("it takes too long")

    options = arguments()
    signal.signal(signal.SIGALRM, too_long)
    gc.disable()  # its pauses would pass for the server's
    if options.crosswise:
        return 1 if crosswise(options) else 0
    print("| " + " | ".join(HEAD) + " |\n|---|" + (len(HEAD) - 1) * "---:|", flush=True)
    signal.alarm(120)
    if not options.brief:  # the first one is slower: that is the interpreter's doing
        Run(options, POLICIES[0], with_slow=False)
    broken = 0
    for policy in options.policies.split(","):
        signal.alarm(120)
        try:
            alone = None if options.brief else Run(options, policy, with_slow=False)
            print("| " + " | ".join(row(policy, Run(options, policy), alone)) + " |", flush=True)
        except Broken as words:
            broken += 1
            print(f"{policy}: {str(words)[:2000]}", file=sys.stderr)
    signal.alarm(0)
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
