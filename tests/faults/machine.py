"""Attacks by the machine: no descriptors, no disk, no link, another time, a process that is killed or told to end."""

import contextlib
import os
import pathlib
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import peers
import wire
from arena import Server, cpu_seconds, must
from attacks import SMALL_OUTBOXES, attack, going_on, line_for, so_many_were_slow, until_all_fail, until_the_end
from support import eventually, free_port

HERE = pathlib.Path(__file__).resolve().parent
DESCRIPTORS = 200


class CannotRun(Exception):
    """This machine does not allow the attack."""


# ---- Descriptors

def hold_all(address):
    """As many connections as it takes; most of them are of those whom it cannot accept."""
    return [peers.connect(address) for _ in range(DESCRIPTORS + 100)]


def does_not_spin(place):
    before = cpu_seconds(place.pid)
    time.sleep(1)
    used = cpu_seconds(place.pid) - before
    must(used < 0.5, f"with all descriptors taken it uses {used:.2f} s of CPU in a second")


LOW_LIMIT = ("prlimit", f"--nofile={DESCRIPTORS}:{DESCRIPTORS}")


@attack("who is there stays, back ends still come, it does not spin, and pages come again when there is room",
        prefix=LOW_LIMIT)
def storm_of_pages(place):
    first = True
    while first or going_on(place):
        held = hold_all(place.clients)
        does_not_spin(place)
        turned_away = sum(map(peers.has_ended, held))
        must(turned_away >= 100, f"it took all but {turned_away}: its descriptors are not at an end")
        back_end = peers.connect(place.backend)
        must(peers.ask(back_end, [b'{"uid":"nobody"}']) == ["fail"], "a new back end is not answered")
        for peer in held:
            peers.reset(peer)
        peers.page(place.clients, "late").close()
        first = False


@attack("who is there stays, it does not spin, and all come again when there is room", prefix=LOW_LIMIT,
        loads=("staying",))
def storm_of_back_ends(place):
    first = True
    while first or going_on(place):
        held = hold_all(place.backend)
        does_not_spin(place)
        for peer in held:
            peers.reset(peer)
        peers.page(place.clients, "late").close()
        must(peers.ask(peers.connect(place.backend), [b'{"uid":"nobody"}']) == ["fail"], "a back end is not answered")
        first = False


# ---- The disk and the clock

@contextlib.contextmanager
def tiny_disk():
    """A log file on a disk of 64 KiB."""
    with tempfile.TemporaryDirectory(prefix="tiny-") as where:
        if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", where], capture_output=True).returncode:
            raise CannotRun("no permission to mount")
        try:
            yield {"log_file": pathlib.Path(where, "log"), "arguments": ("-v", "--log-file", f"{where}/log")}
        finally:
            subprocess.run(["umount", "-l", where], check=True)


@attack("a log that cannot be written stops nobody, and goes on when there is room", scene=tiny_disk)
def full_disk(place):
    filler = place.log_file.parent / "filler"
    with contextlib.suppress(OSError), filler.open("wb", buffering=0) as full:
        while True:
            full.write(bytes(4096))
    must(os.statvfs(filler.parent).f_bavail == 0, "the disk is not full")
    while going_on(place):
        for address in (place.clients, place.backend):
            peers.connect(address).close()
        os.kill(place.pid, random.choice((signal.SIGUSR1, signal.SIGHUP)))
        time.sleep(0.005)
    filler.unlink()
    place.log_file.write_bytes(b"")


@contextlib.contextmanager
def faked_time():
    library = next(iter(pathlib.Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1")), None)
    if library is None:
        raise CannotRun("libfaketime is missing: apt-get install faketime")
    with tempfile.NamedTemporaryFile("w", prefix="time-") as told:
        told.write("+0")
        told.flush()
        yield {"told": told.name,
               "environment": {**os.environ, "LD_PRELOAD": str(library), "FAKETIME_TIMESTAMP_FILE": told.name,
                               "FAKETIME_NO_CACHE": "1", "FAKETIME_DONT_FAKE_MONOTONIC": "1",
                               "DONT_FAKE_MONOTONIC": "1"}}


@attack("the wall clock goes where it likes: times that run out are of another clock", "--ping-seconds", "5",
        scene=faked_time)
def clock_jumps(place):
    while going_on(place):
        for time_told in ("+300d", "-300d", "+1h", "-1h", "+0"):
            # As a whole: libfaketime may be reading it.
            written = pathlib.Path(place.scene["told"] + ".new")
            written.write_text(time_told)
            written.rename(place.scene["told"])
            os.kill(place.pid, signal.SIGUSR1)
            time.sleep(0.1)
    years = {line[:4] for line in place.read_log().splitlines() if " counters: " in line}
    must(len(years) > 1, f"the clock has not jumped: {years}")


# ---- Killed, and told to end

class Chatter:
    """Back ends that pipeline to pages that all read, until the server ends them: who was promised what, and got it?"""

    def __init__(self, server, pages=10, back_ends=2):
        self.pages = [peers.page(server.clients, f"page{i}") for i in range(pages)]
        self.got = [[] for _ in self.pages]
        self.ok = [[] for _ in range(back_ends)]
        self.back_ends = [peers.connect(server.backend) for _ in range(back_ends)]
        self.threads = [*[threading.Thread(target=self.listen, args=(i,)) for i in range(pages)],
                        *[threading.Thread(target=self.talk, args=(i,)) for i in range(back_ends)]]
        for thread in self.threads:
            thread.start()

    def listen(self, i):
        frames, inbox = wire.ServerFrames(), bytearray()
        peer = self.pages[i]
        with contextlib.suppress(OSError), peer:
            while more := peer.recv(1 << 16):
                inbox += more
                while (found := frames.take(inbox)) is not None:
                    if isinstance(found, wire.Message):
                        self.got[i].append(found.payload)
                    elif isinstance(found, wire.Close):
                        peers.send_some(peer, wire.close(found.code))

    def talk(self, b):
        with contextlib.suppress(OSError), self.back_ends[b]:
            for start in range(0, 10_000_000, 50):
                lines = [b'{"uid":"page%d","b":%d,"n":%d}' % (n % len(self.pages), b, n)
                         for n in range(start, start + 50)]
                self.back_ends[b].sendall(b"\n".join(lines) + b"\n")
                answers, got = b"", 0
                while got < 50:
                    if not (answers := self.back_ends[b].recv(1 << 16)):
                        return
                    for answer in answers.decode().split():
                        if answer == "ok":
                            self.ok[b].append(lines[got])
                        got += 1

    def judge(self, most_missing):
        for thread in self.threads:
            thread.join(30)
            must(not thread.is_alive(), "somebody has not seen the end")
        got = [line for lines in self.got for line in lines]
        must(len(got) == len(set(got)), "a message came twice")
        for i, lines in enumerate(self.got):
            must(all(line.startswith(b'{"uid":"page%d"' % i) for line in lines), f"page{i} got another one's message")
            for b in range(len(self.ok)):
                numbers = [int(line.split(b":")[-1][:-1]) for line in lines if b'"b":%d' % b in line]
                must(numbers == sorted(numbers), f"page{i} got messages out of order")
        promised = {line for lines in self.ok for line in lines}
        must(len(promised) > 100, f"only {len(promised)} lines were ok: no load at all")
        missing = len(promised - set(got))
        must(missing <= most_missing, f"{missing} messages of {len(promised)} that were ok never came, "
                                      f"and the log tells of {most_missing}")
        return len(promised)


class Files:
    """A server with a pid file, a log file and a local socket, in the foreground."""

    def __init__(self, where, *arguments):
        self.where = pathlib.Path(where)
        self.log = self.where / "log"
        self.socket = self.where / "socket"
        self.server = Server(("--pid-file", self.where / "pid", "--log-file", self.log, "--backend",
                              f"unix:{self.socket}", *arguments), log_file=self.log)

    def tell(self, *words):
        return subprocess.run([os.environ["CRIER_PUSH_SERVER"], *words, "--pid-file", str(self.where / "pid"),
                               "--log-file", str(self.log), "--clients", f"127.0.0.1:{self.server.clients_port}",
                               "--backend", f"127.0.0.1:{self.server.backend_port}",
                               "--backend", f"unix:{self.socket}"],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)


@attack("pages and back ends see the end, and a new server takes ports, pid file and local socket at once", alone=True)
def killed_server(options):
    with tempfile.TemporaryDirectory(prefix="killed-") as where:
        files = Files(where)
        try:
            for _ in range(3):
                files.server.start()
                chatter = Chatter(files.server)
                time.sleep(options.seconds / 4)
                files.server.kill()
                chatter.judge(most_missing=1 << 40)  # whose process is gone cannot deliver
            files.server.start()
            must(peers.ask(peers.connect(files.server.backend), [b'{"uid":"x"}']) == ["fail"], "not answered")
            must(peers.ask(peers.connect_local(files.socket), [b'{"uid":"x"}']) == ["fail"], "no answer on its socket")
            files.server.stop()
        finally:
            if files.server.process:
                files.server.kill()


def not_delivered(log):
    """What the last line of the log says."""
    last = log.read_text().splitlines()[-1]
    if "all messages delivered" in last:
        return 0
    must(" not delivered" in last, f"the log ends with {last}")
    return int(last.split(" message")[0].split()[-1])


@attack("what was ok before the stop is delivered, or counted in the log's last line", alone=True)
def stop_under_load(options):
    for _ in range(max(1, int(options.seconds))):
        for arguments in ((), ("--threads", "3")):
            with tempfile.TemporaryDirectory(prefix="stop-") as where:
                files = Files(where, *arguments)
                files.server.start()
                try:
                    chatter = Chatter(files.server)
                    time.sleep(0.3)
                    done = files.tell("stop", "-g")
                    must(done.returncode == 0, f"stop -g: {done}")
                    must(files.server.process.wait(10) == 0, "it ended badly")
                    files.server.process = None
                    chatter.judge(not_delivered(files.log))
                finally:
                    if files.server.process:
                        files.server.kill()


@attack("the same for restart: and the new one serves", alone=True)
def restart_under_load(options):
    with tempfile.TemporaryDirectory(prefix="restart-") as where:
        files = Files(where)
        try:
            done = files.tell("start", "-d")
            must(done.returncode == 0, f"start: {done}")
            for _ in range(max(2, int(options.seconds))):
                chatter = Chatter(files.server)
                time.sleep(0.2)
                done = files.tell("restart", "-d", "-g")
                must(done.returncode == 0, f"restart: {done}")
                lines = files.log.read_text().splitlines()
                ends = [line for line in lines if " drained in " in line]
                missing = 0 if "all messages" in ends[-1] else int(ends[-1].split(" message")[0].split()[-1])
                chatter.judge(missing)
        finally:
            files.tell("stop")


# ---- Others in between

def load_through_relay(place, how):
    """Correct peers see nothing of it."""
    with subprocess.Popen([sys.executable, HERE / "relay.py", str(place.clients[1]), str(place.backend[1]), how],
                          stdout=subprocess.PIPE, text=True) as relay:
        try:
            clients, backend = map(int, relay.stdout.readline().split())
            load = place.load(("127.0.0.1", clients), ("127.0.0.1", backend),
                              ("--mode", "latency", "--connections", "6", "--uids", "3", "--backends", "2",
                               "--rate", "60", "--uid-prefix", "r"))
            try:
                load.wait_until_it_pushes()
                time.sleep(max(0, place.deadline - time.monotonic()))
                load.end()
            finally:
                load.kill()
        finally:
            relay.kill()


@attack("every byte of every peer comes in a piece of its own")
def chopped(place):
    load_through_relay(place, "chop")


@attack("what goes at once comes in any order")
def delayed(place):
    load_through_relay(place, "delay")


# ---- The network: each in a namespace of its own, with a link to another one

NEAR, FAR = "10.213.7.1", "10.213.7.2"


def told(*words, may_fail=False):
    done = subprocess.run(words, capture_output=True, text=True)
    must(may_fail or done.returncode == 0, f"{' '.join(words)}: {done.stderr}")
    return done


@contextlib.contextmanager
def network():
    """This process is alone in its namespace (run.py sees to that): gives it a link to another one."""
    told("ip", "link", "set", "lo", "up")
    with subprocess.Popen(["unshare", "--net", "sleep", "1000"]) as far:
        try:
            own = os.readlink("/proc/self/ns/net")
            eventually("the other namespace", lambda: os.readlink(f"/proc/{far.pid}/ns/net") != own)
            told("ip", "link", "add", "near", "type", "veth", "peer", "name", "far", "netns", str(far.pid))
            told("ip", "address", "add", f"{NEAR}/30", "dev", "near")
            told("ip", "link", "set", "near", "up")
            there = ("nsenter", "-t", str(far.pid), "-n")
            told(*there, "ip", "link", "set", "lo", "up")
            told(*there, "ip", "address", "add", f"{FAR}/30", "dev", "far")
            told(*there, "ip", "link", "set", "far", "up")
            port = free_port()
            yield {"far": far.pid, "there": there, "address": (NEAR, port),
                   "arguments": ("--clients", f"{NEAR}:{port}")}
        finally:
            far.kill()


@attack("a dead peer is found within twice the time between pings, and all may come again", "--ping-seconds", "1",
        "--close-seconds", "1", scene=network, in_namespace=True)
def link_down(place):
    back_end = peers.connect(place.backend)
    first = True
    while first or going_on(place):
        names = [f"far{i}" for i in range(20)]
        pages = [peers.page_in(place.scene, name) for name in names]
        lines = [line_for(name, 100) for name in names]
        must(set(peers.ask(back_end, lines)) == {"ok"}, "pages behind the link are not there")
        told(*place.scene["there"], "ip", "link", "set", "far", "down")
        peers.ask(back_end, lines)
        down = time.monotonic()
        while set(peers.ask(back_end, lines)) != {"fail"}:
            must(time.monotonic() < down + 4.5, "4.5 s after the link went down pages behind it are still there")
            time.sleep(0.05)
        told(*place.scene["there"], "ip", "link", "set", "far", "up")
        del pages
        first = False


@contextlib.contextmanager
def network_of_back_ends():
    with network() as scene:
        port = free_port()
        yield scene | {"back_ends": (NEAR, port),
                       "arguments": (*scene["arguments"], "--backend", f"{NEAR}:{port}", "--open-backend")}


@attack("a dead back end, whom nobody pings, is found within --keep-alive-seconds, and all may come again",
        "--keep-alive-seconds", "1", scene=network_of_back_ends, in_namespace=True)
def half_open_back_ends(place):
    lost = lambda: place.asked_for("counters")["lost"]
    first = True
    while first or going_on(place):
        before = lost()
        with peers.far_away(place.scene):
            back_ends = [peers.connect(place.scene["back_ends"]) for _ in range(20)]
        for i, back_end in enumerate(back_ends):
            if i % 2:  # the others have never said a word
                must(peers.ask(back_end, [b'{"uid":"nobody"}']) == ["fail"], "not answered")
        told(*place.scene["there"], "ip", "link", "set", "far", "down")
        eventually("back ends behind a link that is down are lost", lambda: lost() >= before + 20, 6)  # 1 + 3 times 1
        must(lost() == before + 20, "another one is lost, too")
        told(*place.scene["there"], "ip", "link", "set", "far", "up")
        for back_end in back_ends:
            back_end.close()
        first = False


@contextlib.contextmanager
def rule(line, end="near", there=()):
    """Of nftables, for what comes over the link to this end of it. Gives a function: how many packets it was for."""
    program = shutil.which("nft", path=os.environ["PATH"] + ":/usr/sbin")
    if not program:
        raise CannotRun("nft is missing: apt-get install nftables")
    nft = (*there, program)
    told(*nft, "add", "table", "ip", "faults")
    told(*nft, "add", "chain", "ip", "faults", "come", "{ type filter hook input priority 0; }")
    told(*nft, "add", "rule", "ip", "faults", "come", "iifname", f'"{end}"', *line.split())
    try:
        yield lambda: int(re.search(r"counter packets (\d+)", told(*nft, "list", "table", "ip", "faults").stdout)[1])
    finally:
        told(*nft, "delete", "table", "ip", "faults")


@attack("TCP makes up for it: pages behind the link get everything, the others notice nothing", scene=network,
        in_namespace=True)
def lost_packets(place):
    losing = "numgen random mod 100 < 15 counter drop"
    with rule(losing) as lost_here, rule(losing, "far", place.scene["there"]) as lost_there:
        page = peers.page_in(place.scene, "far")
        line = line_for("far", 500)
        back_end = peers.connect(place.backend)
        sent = 0
        patience = time.monotonic() + 30
        while going_on(place) or not (lost_here() and lost_there()):  # to connect may take all the time
            must(peers.ask(back_end, [line]) == ["ok"], "not ok")
            must(time.monotonic() < patience, f"lost from the pages: {lost_here()} packets, to them: {lost_there()}")
            sent += 1
            time.sleep(0.01)
        expected = sent * (len(line) + 4)
        got = 0
        patience = time.monotonic() + 30
        while got < expected and time.monotonic() < patience:
            got += len(page.recv(1 << 16))
        must(got == expected, f"{got} of {expected} bytes came over a link that loses 15 % of packets")


@attack("who is reset is gone, at whatever packet it hits; the server hears nothing of it, and asks",
        "--ping-seconds", "1", "--close-seconds", "1", "--handshake-seconds", "3", "--uid-seconds", "3",
        scene=network, in_namespace=True)
def rejected_packets(place):
    names = [f"far{i}" for i in range(10)]
    registered = resets = 0
    there = lambda: place.asked_for("counters")["registered"]
    others = there()
    with rule("tcp flags & syn == 0 numgen random mod 100 < 20 counter reject with tcp reset") as rejected:
        first = True
        while first or going_on(place):
            for i, name in enumerate(names):
                try:
                    with peers.page_in(place.scene, name, patience=1) as peer:
                        registered += 1
                        for _ in range(5):
                            if i % 2:
                                time.sleep(0.06)  # all is acknowledged: nothing is sent again, and finds it out
                            peer.sendall(wire.text(b"x" * 500) + wire.ping(b"x"))
                            peer.recv(100)
                except ConnectionResetError:
                    resets += 1
                except OSError:
                    pass  # lost in another way, as by a packet to a connection that is no more
            first = False
        must(rejected() > 0, "no packet was rejected")
    must(resets > 0 and registered > 0, f"{registered} pages were registered, {resets} were reset")
    # Without a push, which would be answered RST.
    eventually("pages that were reset are gone", lambda: there() == others, 4.5)


@attack("pages behind a link of 256 kbit/s are closed for their full outboxes, and have what fitted", *SMALL_OUTBOXES,
        scene=network, in_namespace=True)
def slow_link(place):
    back_end = peers.connect(place.backend)
    names = [f"far{i}" for i in range(10)]
    rounds = 0
    while not rounds or going_on(place):
        rounds += 1
        pages = [peers.page_in(place.scene, name) for name in names]
        with ThreadPoolExecutor(len(pages)) as pool:
            heard = pool.map(until_the_end, pages)
            queueing = "root tbf rate 256kbit burst 10kb latency 100ms"
            if told("tc", "qdisc", "add", "dev", "near", *queueing.split(), may_fail=True).returncode:
                raise CannotRun("no tbf in this kernel")
            fine = until_all_fail(back_end, names, 10_000)
            so_many_were_slow(place, rounds * len(names))
            told("tc", "qdisc", "delete", "dev", "near", "root")  # what the system has taken is on its way
            for name, (messages, end) in zip(names, heard):
                must(0 < messages <= fine[name], f"{name} heard {messages} messages, and {fine[name]} were ok")
                must(end != 1013 or messages == fine[name], f"{name} heard 1013, but {messages} of {fine[name]}")


@attack("a connection that the system takes away is gone, and only that", scene=network, in_namespace=True)
def killed_sockets(place):
    while going_on(place):
        victims = [peers.page(place.clients, f"victim{i}") for i in range(10)]
        others = [peers.page(place.clients, f"other{i}") for i in range(10)]
        back_end = peers.connect(place.backend)
        for victim in victims:
            port = victim.getsockname()[1]
            done = told("ss", "-K", "-n", "state", "established", f"sport = :{place.clients[1]} and dport = :{port}",
                        may_fail=True)
            if str(port) not in done.stdout:
                raise CannotRun(f"ss -K does nothing here: {done.stderr}")
        to_victims = [line_for(f"victim{i}", 9) for i in range(10)]
        eventually("they are gone", lambda: set(peers.ask(back_end, to_victims)) == {"fail"}, 5)
        to_others = [line_for(f"other{i}", 9) for i in range(10)]
        must(set(peers.ask(back_end, to_others)) == {"ok"}, "another one is gone, too")
        must(not any(map(peers.has_ended, others)), "another one was closed")
