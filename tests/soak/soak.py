#!/usr/bin/env python3
"""An hour of everything at once: 10 000 pages that come and go, two tabs to a uid, while a back end pushes, some pages
stop reading, others misbehave, the log is opened again and the daemon is restarted. Proves at the end of each life of
the daemon that every counter is what was seen from outside, and at the end of all that memory and descriptors are back.

    soak.py --server build/release/examples/push_server/push_server [--minutes 60] [--pages 10000]

The descriptor limit (ulimit -n) must be above the number of pages, by some hundreds.
"""

import argparse
import collections
import json
import os
import pathlib
import random
import resource
import select
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time

sys.path.append(str(pathlib.Path(__file__).resolve().parent.parent / "faults"))

from arena import Broken, Server, cpu_seconds, judge_counters, must  # noqa: E402
from peer import request  # noqa: E402
from support import eventually  # noqa: E402
import wire  # noqa: E402

REQUEST = request()
WINDOW = 64  # lines of the back end under way
LARGE = "x" * 60_000


class Page:
    """Connects, says its uid, and judges every message: per uid they are numbered, and none may be missing."""

    def __init__(self, world, uid, address, reads=True):
        self.world, self.uid, self.reads = world, uid, reads
        self.socket = socket.socket()
        self.socket.setblocking(False)
        if not reads:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        world.serial += 1
        self.socket.setsockopt(socket.IPPROTO_IP, 24, 1)  # IP_BIND_ADDRESS_NO_PORT
        self.socket.bind((f"127.0.0.{1 + world.serial // 5000 % 250}", 0))
        self.socket.connect_ex(address)
        self.state = "connecting"
        self.inbox = bytearray()
        self.last = None  # the number of the last message
        self.from_here = None  # it must hear all above this number
        self.code = None
        world.by_number[self.socket.fileno()] = self
        world.epoll.register(self.socket, select.EPOLLOUT)

    def on_event(self, events):
        if self.state == "connecting":
            must(not self.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR), f"{self.uid} could not connect")
            self.world.connected += 1
            self.socket.send(REQUEST)
            self.state = "upgrading"
            self.world.epoll.modify(self.socket, select.EPOLLIN)
            return
        try:
            more = self.socket.recv(1 << 18)
        except BlockingIOError:
            return
        except OSError as error:
            raise Broken(f"{self.uid} has lost its connection: {error}") from None
        if not more:
            return self.on_end()
        self.inbox += more
        if self.state == "upgrading":
            end = self.inbox.find(b"\r\n\r\n")
            if end < 0:
                return
            must(self.inbox.startswith(b"HTTP/1.1 101 "), f"no upgrade: {bytes(self.inbox[:end])}")
            del self.inbox[:end + 4]
            self.socket.send(wire.text(self.uid) + wire.ping(b"?"))
            self.state = "confirming"
        while (frame := wire.parse_server_frame(self.inbox)) is not None:
            _, opcode, payload, size = frame
            payload = bytes(payload)
            del self.inbox[:size]
            self.on_frame(opcode, payload)

    def on_frame(self, opcode, payload):
        if opcode == wire.TEXT:
            self.on_message(json.loads(payload))
        elif opcode == wire.PONG:
            self.state = "open"
            self.from_here = self.world.sent[self.uid]
            self.world.opening.discard(self)
            if not self.reads:
                self.world.epoll.modify(self.socket, 0)  # from now on
        elif opcode == wire.PING:
            self.send(wire.pong(payload))
        elif opcode == wire.CLOSE:
            self.code = struct.unpack("!H", payload[:2])[0]
            if self.state != "leaving":
                self.send(wire.close(self.code))
        else:
            raise Broken(f"{self.uid} got opcode {opcode}")

    def send(self, frame):
        try:
            self.socket.send(frame)
        except BrokenPipeError:
            pass  # the server has had its goodbye

    def on_message(self, told):
        self.world.received += 1
        must(told["uid"] == self.uid, f"{self.uid} got what is for {told['uid']}")
        n = told["n"]
        if self.last is None:
            must(self.from_here is None or n <= self.from_here + 1, f"{self.uid} has missed messages before {n}")
        else:
            must(n == self.last + 1, f"{self.uid} got {n} after {self.last}")
        self.last = n

    def resume(self):
        self.reads = True
        self.world.epoll.modify(self.socket, select.EPOLLIN)

    def leave(self):
        if self.state == "open":
            self.state = "leaving"
            self.send(wire.close(1000))

    def on_end(self):
        must(self.state in ("open", "leaving"), f"{self.uid} was ended while {self.state}")
        # Who does not read for long enough is ended before it can hear why.
        must(self.code or self.uid.startswith("s"), f"{self.uid} was ended without a close frame")
        self.world.ended[self.code] += 1
        may = self.state == "leaving" or self.code in self.world.expected_codes or not self.code
        must(may, f"{self.uid} was closed with {self.code}")
        self.state = "ended"
        self.world.forget(self)

    def is_complete(self):
        heard = self.last if self.last is not None else self.from_here
        return heard == self.world.sent[self.uid]


class BackEnd:
    """One connection that pipelines; it knows what it was promised."""

    def __init__(self, world, address):
        self.world = world
        self.socket = socket.create_connection(address)
        self.socket.setblocking(False)
        self.waiting = collections.deque()
        self.out = bytearray()
        self.inbox = b""
        world.connected += 1
        world.by_number[self.socket.fileno()] = self
        world.epoll.register(self.socket, select.EPOLLIN)

    def push(self, uid, padding=""):
        self.world.sent[uid] += 1
        self.out += b'{"uid":"%s","n":%d,"x":"%s"}\n' % (uid.encode(), self.world.sent[uid], padding.encode())
        self.waiting.append(uid)

    def say(self, line):
        self.out += line + b"\n"
        self.waiting.append(None)

    def flush(self):
        if self.out:
            try:
                del self.out[:self.socket.send(self.out)]
            except BlockingIOError:
                pass
        self.world.epoll.modify(self.socket, select.EPOLLIN | (select.EPOLLOUT if self.out else 0))

    def on_event(self, events):
        if events & select.EPOLLIN:
            data = self.socket.recv(1 << 16)
            must(data, "the server has ended the back end")
            *replies, self.inbox = (self.inbox + data).split(b"\n")
            for reply in replies:
                uid = self.waiting.popleft()
                must(reply in (b"ok", b"fail"), f"a back end was answered {reply}")
                self.world.answered[reply] += 1
                must(reply == b"fail" or uid is not None, "a line for nobody was ok")
                if reply == b"fail" and uid is not None:
                    # Nobody was there to hear it; else it was a page that may lose some.
                    self.world.failed[uid] += 1
                    must(uid.startswith("s") or uid not in self.world.must_hear, f"a line for {uid} failed")
        self.flush()

    def close(self):
        self.world.forget(self)


class World:
    """All peers, one epoll set, and what they have counted in this life of the daemon."""

    def __init__(self, server):
        self.server = server
        self.epoll = select.epoll()
        self.by_number = {}
        self.serial = 0
        self.begin_life()

    def begin_life(self):
        self.sent = collections.Counter()  # by uid
        self.failed = collections.Counter()
        self.answered = collections.Counter()
        self.ended = collections.Counter()  # by close code
        self.must_hear = set()  # uids of which a page is there to stay
        self.expected_codes = set()
        self.opening = set()
        self.connected = self.received = 0

    def forget(self, peer):
        self.epoll.unregister(peer.socket)
        del self.by_number[peer.socket.fileno()]
        peer.socket.close()

    def pages(self):
        return [peer for peer in self.by_number.values() if isinstance(peer, Page)]

    def page(self, uid, **how):
        page = Page(self, uid, self.server.clients, **how)
        self.opening.add(page)
        return page

    def turn(self, seconds=0.05):
        for number, events in self.epoll.poll(seconds, 512):
            peer = self.by_number.get(number)
            if peer is not None:
                peer.on_event(events)

    def until(self, what, condition, seconds=60):
        deadline = time.monotonic() + seconds
        while not condition():
            self.turn()
            must(time.monotonic() < deadline, f"after {seconds} s still not: {what}")


class Soak:
    def __init__(self, options, where):
        self.options = options
        self.where = pathlib.Path(where)
        self.log = self.where / "log"
        self.server = Server(log_file=self.log)
        self.world = World(self.server)
        self.uids = [f"u{i}" for i in range(options.pages // 2)]
        self.tabs = {}  # by uid
        self.lives = []
        self.stopped = []
        self.next_churn = 0.0

    # ---- the daemon

    def words(self, *words):
        return [self.options.server.absolute(), *words, "--pid-file", self.where / "pid", "--log-file", self.log,
                "--clients", "%s:%d" % self.server.clients, "--backend", "%s:%d" % self.server.backend,
                "--max-accepts-per-second", "0"]

    def tell(self, *words):
        done = subprocess.run(self.words(*words), stdin=subprocess.DEVNULL, capture_output=True, text=True)
        must(done.returncode == 0, f"{words}: {done.stderr}")

    def find(self):
        """The process that runs now: it stays the daemon's child of nobody."""
        self.pid = int((self.where / "pid").read_text())
        self.server.process = self  # for what asks it for its pid, to signal it, and whether it runs

    def poll(self):
        return None if os.path.exists(f"/proc/{self.pid}") else 0

    def send_signal(self, number):
        os.kill(self.pid, number)

    def memory(self):
        rollup = pathlib.Path(f"/proc/{self.pid}/smaps_rollup").read_text()
        sizes = {line.split(":")[0]: int(line.split()[1]) for line in rollup.splitlines()[1:]}
        return sizes["Rss"], sizes["Anonymous"]

    # ---- one life

    def live(self, seconds, last):
        world = self.world
        self.find()
        start = time.monotonic()
        begin = {"descriptors": self.server.descriptors(), "memory": self.memory()}
        self.back_end = BackEnd(world, self.server.backend)
        self.fill()
        next_bad = next_reload = next_stop = next_told = start + 2
        carry, moment = 0.0, time.monotonic()
        while time.monotonic() < start + seconds:
            now = time.monotonic()
            carry, moment = carry + (now - moment) * self.options.rate, now
            while carry >= 1:
                carry -= 1
                if len(self.back_end.waiting) < WINDOW:
                    self.back_end.push(random.choice(self.uids), "y" * random.randrange(400))
            self.back_end.flush()
            self.churn(now)
            if now >= next_bad:
                next_bad = now + 0.5
                self.misbehave()
            if now >= next_stop:
                next_stop = now + self.options.stop_seconds
                self.overflow()
            if now >= next_reload:
                next_reload = now + self.options.reload_seconds
                self.reload()
            if now >= next_told:
                next_told = now + 30
                print(f"  {now - start:.0f} s: {len(world.by_number)} connections, {world.connected} came, "
                      f"{world.received} messages heard, closed {dict(world.ended)}, RSS {self.memory()[0]} KiB, "
                      f"{cpu_seconds(self.pid):.0f} s CPU", flush=True)
            world.turn(0.01)
        self.settle()
        peak = self.memory()
        self.judge()
        self.lives.append(f"{world.connected} connections, {world.answered.total()} lines, {world.received} messages")
        if last:
            self.all_leave(begin, peak)
        else:
            self.restart()

    def fill(self):
        for uid in self.uids:
            self.tabs[uid] = [self.world.page(uid) for _ in range(2)]
            while len(self.world.opening) > 200:
                self.world.turn()
        self.world.until("all pages are there", lambda: not self.world.opening)
        self.world.must_hear = set(self.uids)

    def churn(self, now):
        """Of some uids one tab leaves and another one comes: the other tab stays, so that no line fails."""
        if now < self.next_churn or len(self.world.opening) >= 100:
            return
        self.next_churn = now + 0.05
        for uid in random.choices(self.uids, k=max(1, int(self.options.churn / 20))):
            tabs = self.tabs[uid]
            if all(tab.state == "open" for tab in tabs):
                tabs.pop(random.randrange(2)).leave()
                tabs.append(self.world.page(uid))

    def overflow(self):
        """Pages that stop reading; each reads again when the next ones come, and must hear that it was too slow."""
        self.world.expected_codes.add(1013)
        for page in self.stopped:
            if page.state == "open":
                page.resume()
        self.stopped = [self.world.page(f"s{self.world.serial}", reads=False) for _ in range(3)]
        self.world.until("stopped pages are there", lambda: not self.world.opening)
        for page in self.stopped:
            for _ in range(100):
                self.back_end.push(page.uid, LARGE)

    def misbehave(self):
        """Connections that are wrong in one way or another; the server counts them, too."""
        for words in (b"GET / HTTP/1.1\r\n", b"\x00" * 100, REQUEST + wire.text(b"", mask=None),
                      REQUEST + wire.text(b"\xff"), REQUEST[:random.randrange(len(REQUEST))],
                      REQUEST + wire.header(wire.TEXT, 1 << 40)):
            with socket.create_connection(self.server.clients) as peer:
                self.world.connected += 1
                peer.send(words)
                if random.random() < 0.5:
                    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        for line in (b'{"uid":["x"]}', b"[" * 5000, b'{"uid":"nobody"}', b"x" * 100_000, b'{"uid":"\xff"}', b"{}"):
            self.back_end.say(line)

    def reload(self):
        had = self.log.read_text()
        self.log.rename(self.where / "log.1")
        self.send_signal(signal.SIGHUP)
        eventually("a new log", self.log.exists)
        must(" error " not in had, f"errors in the log: {had[-2000:]}")

    def settle(self):
        """Until nothing is under way."""
        for page in self.stopped:
            if page.state == "open":
                page.resume()
        self.stopped = []
        world = self.world
        world.until("all lines are answered", lambda: not self.back_end.waiting and not self.back_end.out)
        world.until("all pages are there or gone", lambda: not world.opening and
                    all(page.state == "open" and page.uid[0] == "u" for page in world.pages()), 90)
        world.until("all pages have heard all", lambda: all(page.is_complete() for page in world.pages()))

    def judge(self):
        world, mine = self.world, len(self.world.by_number)
        eventually("as many connections as there are", lambda: self.server.count()["connections"] == mine, 20)
        counted = self.server.count()
        judge_counters(counted, settled=False)
        expected = {"registered": mine - 1, "accepted": world.connected, "accept_errors": 0, "turned_away": 0,
                    "lines_ok": world.answered[b"ok"], "lines_failed": world.answered[b"fail"],
                    "messages_sent": world.received}
        for name, number in expected.items():
            must(counted[name] == number, f"{name} is {counted[name]}, and {number} seen from outside: {counted}")
        waiting = counted["messages_queued"] - sum(counted[f"messages_{how}"] for how in ("sent", "evicted", "dropped"))
        must(waiting == 0, f"{waiting} messages wait, and nobody does not read: {counted}")
        print(f"  adds up: {counted}", flush=True)

    def restart(self):
        """With all there, and lines under way."""
        world = self.world
        world.expected_codes.add(1001)
        for uid in random.choices(self.uids, k=1000):
            self.back_end.push(uid)
        self.back_end.flush()
        world.until("these are answered", lambda: not self.back_end.waiting)
        with subprocess.Popen(self.words("restart", "-d", "-g"), stdin=subprocess.DEVNULL) as restarting:
            self.back_end.close()
            world.until("all pages are told to go", lambda: not world.pages())
            must(restarting.wait(60) == 0, "restart failed")
        told = [line for line in self.log.read_text().splitlines() if " drained in " in line]
        must("all messages delivered" in told[-1], f"the log says {told[-1]}")
        world.begin_life()

    def all_leave(self, begin, peak):
        self.back_end.close()
        self.leave()
        self.memory_returns(begin)
        first = self.memory()[1]
        self.fill()
        self.leave()
        self.memory_returns(begin)
        eventually("descriptors are back", lambda: self.server.descriptors() <= begin["descriptors"], 30)
        judge_counters(self.server.count(), settled=True)
        end = self.memory()
        rss, anonymous = (" -> ".join(str(at[i]) for at in (begin["memory"], peak, end)) for i in (0, 1))
        figures = (f"descriptors {begin['descriptors']} -> {self.server.descriptors()}; RSS {rss} KiB, "
                   f"anonymous {anonymous} KiB")
        print(f"  all have left: {figures}", flush=True)
        must(end[1] <= first + 512, f"anonymous memory: {first} KiB when all had left, {end[1]} when they had again")
        self.tell("stop", "-g")

    def memory_returns(self, begin):
        """Not at once: the daemon looks every ten seconds who is left."""
        most = begin["memory"][1] + self.options.margin
        eventually(f"{most} KiB of anonymous memory at most, not {self.memory()[1]}",
                   lambda: self.memory()[1] <= most, 25)

    def leave(self):
        for page in self.world.pages():
            page.leave()
        self.world.until("all have left", lambda: not self.world.pages())
        eventually("the server knows", lambda: self.server.count()["connections"] == 0, 20)
        time.sleep(1)

    def run(self):
        self.tell("start", "-d")
        try:
            end = time.monotonic() + self.options.minutes * 60
            number = 0
            while (left := end - time.monotonic()) > 0:
                number += 1
                last = left < 1.5 * self.options.life_minutes * 60
                print(f"life {number}", flush=True)
                self.live(left if last else self.options.life_minutes * 60, last)
                if last:
                    break
        finally:
            pid = self.where / "pid"
            if pid.exists():
                try:
                    os.kill(int(pid.read_text()), signal.SIGKILL)
                except (OSError, ValueError):
                    pass


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--server", type=pathlib.Path, required=True)
    parser.add_argument("--minutes", type=float, default=60, help="(%(default)s)")
    parser.add_argument("--life-minutes", type=float, default=10,
                        help="until the daemon is restarted (%(default)s)")
    parser.add_argument("--reload-seconds", type=float, default=20,
                        help="until the log is opened again (%(default)s)")
    parser.add_argument("--stop-seconds", type=float, default=15,
                        help="until three more pages stop reading (%(default)s)")
    parser.add_argument("--pages", type=int, default=10_000, help="(%(default)s)")
    parser.add_argument("--rate", type=float, default=500, help="lines per second (%(default)s)")
    parser.add_argument("--churn", type=int, default=200, help="pages that leave and come in a second (%(default)s)")
    parser.add_argument("--margin", type=int, default=1024, help="KiB that may stay (%(default)s)")
    options = parser.parse_args()
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    if hard < options.pages + 300:
        sys.exit(f"soak.py: {options.pages} pages need more descriptors than {hard}")
    os.environ["CRIER_PUSH_SERVER"] = str(options.server.absolute())
    with tempfile.TemporaryDirectory(prefix="soak-") as where:
        soak = Soak(options, where)
        try:
            soak.run()
        except AssertionError as words:
            print(f"soak.py: {words}\n--- the log:\n{soak.server.logged()[-3000:]}", file=sys.stderr)
            return 1
    print("all adds up:", *soak.lives, sep="\n  ")
    return 0


if __name__ == "__main__":
    sys.exit(main())
