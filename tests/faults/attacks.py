"""The attacks on a server's own ports. Each runs in a process of its own while correct pages and back ends talk, and
fails where the server did not do what is due to the attacker: an answer, a close code, an end.

An attack is a function of its place: the addresses `clients` and `backend`, the server's `pid`, and `deadline`, until
when it should go on. `@attack` says what else the server is started with, and how much memory it may use."""

import contextlib
import itertools
import os
import pathlib
import random
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
import zlib

import peers
import wire
from arena import NOISE, must
from peer import request
from support import eventually

ATTACKS = {}
USUAL_MEGABYTES = 128


def attack(what_must_hold, *arguments, most_megabytes=USUAL_MEGABYTES, **more):
    def add(function):
        function.must = what_must_hold
        function.arguments = arguments
        function.most_megabytes = most_megabytes
        function.prefix = more.pop("prefix", ())  # what starts the server
        function.scene = more.pop("scene", None)  # a context: gives more arguments, and what the attack wants to know
        function.in_namespace = more.pop("in_namespace", False)  # of the network, its own
        function.loads = more.pop("loads", ("staying", "coming"))
        function.beside = more.pop("beside", None)  # (place, ready, over): what goes on before it already
        function.alone = more.pop("alone", False)  # without correct peers: it has its own server and judges all itself
        function.stops_the_server = more.pop("stops_the_server", False)  # then times mean nothing
        assert not more, more
        ATTACKS[function.__name__] = function
        return function
    return add


def going_on(place):
    return time.monotonic() < place.deadline


def line_for(uid, size=60_000):
    return b'{"uid":"%s","x":"%s"}' % (uid.encode(), b"x" * size)


# ---- Readers that do not read

def stopped_readers(place, count):
    """Each has a uid of its own; every third one is one more tab of a correct page."""
    return [peers.page(place.clients, f"u{i % 12}" if i % 3 == 0 else f"stopped{i}", receive_buffer_bytes=4096)
            for i in range(count)]


def until_all_fail(back_end, names, size):
    """Pushes to each until its outbox is full: how many lines to each were ok, and nobody listens any more as that
    uid."""
    line = {name: line_for(name, size) for name in names}
    fine = dict.fromkeys(names, 0)
    left = list(names)
    patience = time.monotonic() + 20
    while left:
        answers = peers.ask(back_end, [line[name] for name in left])
        for name, answer in zip(left, answers):
            fine[name] += answer == "ok"
        left = [name for name, answer in zip(left, answers) if answer == "ok"]
        must(time.monotonic() < patience, f"for 20 s more was pushed to {left}, and their outboxes are not full")
    must(all(fine.values()), f"how many lines were ok before the outbox was full: {fine}")
    must(set(peers.ask(back_end, [line_for(name, 0) for name in names])) == {"fail"}, "closed, and there again")
    return fine


def so_many_were_slow(place, count):
    """Closed for a full outbox: so many, and not one more."""
    patience = time.monotonic() + 10
    while (slow := place.ended().get("slow_consumer", 0)) < count:
        must(time.monotonic() < patience, f"after 10 s {slow} were closed for their full outboxes, not {count}")
        time.sleep(0.2)
    must(slow == count, f"{slow} were closed for a full outbox, not {count}")


SMALL_OUTBOXES = ("--max-outbox-bytes", "65536", "--close-seconds", "0.5")


@attack("who is pushed too much is closed for its full outbox, and no other one", *SMALL_OUTBOXES, most_megabytes=64)
def readers_that_stop(place):
    stopped = stopped_readers(place, 100)
    back_end = peers.connect(place.backend)
    numbers = range(1, 14, 3)  # so few that it is too much for them
    until_all_fail(back_end, [f"stopped{i}" for i in numbers], 60_000)
    to_others = [line_for(f"stopped{i}", 100) for i in range(14, 100) if i % 3]
    first = True
    while first or going_on(place):
        must(set(peers.ask(back_end, to_others)) == {"ok"}, "another one is gone, too")
        time.sleep(0.02)
        first = False
    so_many_were_slow(place, len(numbers))
    must(peers.wait_for_the_end([stopped[i] for i in numbers], 5) == 0, "who was closed does not hear the end")
    others = [peer for i, peer in enumerate(stopped) if i not in numbers]
    must(not any(map(peers.has_ended, others)), "another one was closed")


@attack("all are closed, though a window that is shut says nothing", "--write-stall-seconds", "1",
        "--close-seconds", "0.5", "--max-outbox-bytes", str(1 << 26), most_megabytes=128)
def zero_windows(place):
    names = [f"stopped{i}" for i in range(5)]
    stopped = [peers.page(place.clients, name, receive_buffer_bytes=2048) for name in names]
    back_end = peers.connect(place.backend)
    begin = time.monotonic()
    for _ in range(120):  # more than the system takes
        if set(peers.ask(back_end, [line_for(name) for name in names])) != {"ok"}:
            must(time.monotonic() - begin > 1, "not ok, before the time to write can be over")
            break
    time.sleep(max(3.0, place.deadline - time.monotonic()))
    must(set(peers.ask(back_end, [line_for(name, 0) for name in names])) == {"fail"},
         "a page that has not read for 3 s is still registered")
    del stopped


# Has pages that do not read; told to, it reads of the first ones how many messages came before which end.
HOLDS_PAGES = """
import sys
sys.path.append(%r)
import attacks, peers
held = [peers.page(%r, f"process{i}", receive_buffer_bytes=8192) for i in range(50)]
print("there", flush=True)
for peer in held[:int(input())]:
    print(*attacks.until_the_end(peer), flush=True)
print(sum(map(peers.has_ended, held[10:])), flush=True)
input()
"""


@attack("woken up, its pages hear all that was ok, and 1013 whose outbox was full", "--max-outbox-bytes", "65536",
        "--close-seconds", "60", most_megabytes=64)
def stopped_process(place):
    program = HOLDS_PAGES % (os.path.dirname(__file__), place.clients)
    with subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          text=True) as process:
        try:
            must(process.stdout.readline() == "there\n", "the process did not get its pages")
            process.send_signal(signal.SIGSTOP)
            back_end = peers.connect(place.backend)
            fine = until_all_fail(back_end, [f"process{i}" for i in range(10)], 20_000)
            others = [line_for(f"process{i}", 100) for i in range(10, 50)]
            first = True
            while first or going_on(place):
                must(set(peers.ask(back_end, others)) == {"ok"}, "another one is gone, too")
                time.sleep(0.02)
                first = False
            process.send_signal(signal.SIGCONT)
            print(len(fine), file=process.stdin, flush=True)
            for name, count in fine.items():
                heard = process.stdout.readline().strip()
                must(heard == f"{count} 1013", f"{name} heard {heard}, not {count} messages and 1013")
            must(process.stdout.readline() == "0\n", "another one was closed")
        finally:
            process.kill()
    so_many_were_slow(place, len(fine))


BROADCAST = NOISE.encode() + b'1,"x":"%s"}' % (b"x" * 2000)


def broadcasts_to_many(place, ready, over):
    """Fifty in a second. All of 495 pages hear all of them."""
    heard = {peers.page(place.clients, f"many{i}"): 0 for i in range(495)}
    back_end = peers.connect(place.backend)

    def listen():
        for peer in heard:
            with contextlib.suppress(BlockingIOError):
                heard[peer] += len(os.read(peer.fileno(), 1 << 20))

    sent = 0
    while not over.is_set():
        must(peers.ask(back_end, [BROADCAST]) == ["ok"], "a broadcast was not ok")
        sent += 1
        listen()
        ready.set()
        time.sleep(0.02)
    expected = sent * (len(BROADCAST) + 4)
    patience = time.monotonic() + 10
    while set(heard.values()) != {expected} and time.monotonic() < patience:
        listen()
    must(set(heard.values()) == {expected}, f"bytes heard: {set(heard.values())} instead of {expected}")


@attack("a broadcast to 500 of whom 1 % have stopped reaches the others; those are closed for their full outboxes",
        *SMALL_OUTBOXES, beside=broadcasts_to_many)
def one_percent_stopped(place):
    # What the system takes for one that has stopped would be too much for broadcasts: another one says how much it is.
    back_end = peers.connect(place.backend)
    another = peers.page(place.clients, "another", receive_buffer_bytes=4096)
    most = until_all_fail(back_end, ["another"], 10_000)["another"]
    count = 1
    while count == 1 or going_on(place):
        stopped = [peers.page(place.clients, f"stopped{i}", receive_buffer_bytes=4096) for i in range(5)]
        for i in range(5):
            answers = peers.ask(back_end, [line_for(f"stopped{i}", 10_000)] * (most - 8))
            must(set(answers) == {"ok"}, "its outbox is full before the broadcasts")
        count += len(stopped)
        so_many_were_slow(place, count)
        must(peers.wait_for_the_end(stopped, 5) == 0, "who was closed does not hear the end")


# ---- Writers that take their time

def all_closed_in_time(place, writers, script, seconds=None):
    peers.trickle(writers, script, place.deadline, 0.02)
    if seconds is not None:
        left = peers.wait_for_the_end(writers, seconds)
        must(left == 0, f"{left} of {len(writers)} writers of one byte at a time are still there")


@attack("the handshake has one time for all of it: 200 are closed", "--handshake-seconds", "1")
def slow_request(place):
    writers = [peers.connect(place.clients) for _ in range(200)]
    all_closed_in_time(place, writers, b"GET / HTTP/1.1\r\nX: " + b"y" * 4000, 3)


@attack("who has not said its uid in time is closed, however long it takes for it", "--uid-seconds", "1",
        "--close-seconds", "0.5")
def slow_uid(place):
    writers = [peers.upgraded(place.clients) for _ in range(150)]
    all_closed_in_time(place, writers, wire.text(b"u" * 200), 3)


@attack("they only keep their own place")
def slow_frame_header(place):
    writers = [peers.page(place.clients, f"slow{i}") for i in range(150)]
    all_closed_in_time(place, writers, wire.ping(b""))
    must(not any(map(peers.has_ended, writers)), "a page that is slow was closed")


@attack("they only keep their own place")
def slow_message(place):
    writers = [peers.page(place.clients, f"slow{i}") for i in range(150)]
    for writer in writers:
        peers.send_some(writer, wire.header(wire.TEXT, 60_000))
    all_closed_in_time(place, writers, b"x")


@attack("they only keep their own place")
def slow_line(place):
    writers = [peers.connect(place.backend) for _ in range(150)]
    all_closed_in_time(place, writers, b'{"uid":"' + b"x" * 60_000)


@attack("every line is answered fail, byte by byte too")
def slow_lines(place):
    line = b'{"uid":"nobody"}\n'
    writers = [peers.connect(place.backend) for _ in range(50)]
    rounds = 0
    while going_on(place):
        for i in range(len(line)):
            for writer in writers:
                writer.sendall(line[i:i + 1])
        rounds += 1
    for writer in writers:
        must(set(peers.replies(writer, rounds)) == {"fail"}, "a reply is not fail")


# ---- Floods

def page_flood(place, data, reading=False, count=10, leave=None, **how):
    """By so many pages; one that is thrown out comes back. Those who are there at the end stay until the attacker's
    process ends, or `leave`."""
    numbers = itertools.count()
    enter = lambda: peers.page(place.clients, f"flood{next(numbers)}", **how)
    sent = peers.flood([enter() for _ in range(count)], data, place.deadline, reading, another=enter, leave=leave)
    must(sent > 0, "it could not send anything")


@attack("who does not read the pongs is not read from")
def pings_without_reading(place):
    page_flood(place, wire.ping(b"x" * 125) * 400)


@attack("pings are answered, one beside the other")
def pings(place):
    page_flood(place, wire.ping(b"") * 400, reading=True)


@attack("pongs that nobody asked for are ignored")
def pongs(place):
    page_flood(place, wire.pong(b"x" * 125) * 400)


@attack("a message is bounded by its bytes, and by the rate of its pieces")
def tiny_fragments(place):
    page_flood(place, wire.text(b"x", fin=False) + wire.more(b"y", fin=False) * 2000 + wire.more(b"z"))


@attack("fragments of no bytes at all go nowhere")
def empty_fragments(place):
    page_flood(place, wire.text(b"", fin=False) + wire.more(b"", fin=False) * 5000 + wire.more(b""))


@attack("small messages of a page are read and ignored, however many")
def small_messages(place):
    page_flood(place, wire.text(b"x") * 400)


@attack("messages of a page are read and ignored")
def largest_messages(place):
    page_flood(place, wire.text(b"x" * 65_536))


DEFLATE = request(b"Sec-WebSocket-Extensions: permessage-deflate")


def deflated(data):
    """A message of these bytes, compressed (RFC 7692 section 7.2.1)."""
    deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
    payload = deflate.compress(data) + deflate.flush(zlib.Z_SYNC_FLUSH)
    return wire.text(payload[:-4], rsv=4)


@attack("a few bytes that inflate to the largest message count as what they are", "--deflate", "on")
def inflating_messages(place):
    message = deflated(b"x" * 65_536)
    must(len(message) < 200, f"{len(message)} bytes are not few")
    page_flood(place, message * 400, asking=DEFLATE, leave=peers.reset)  # else it is all read first: minutes


@attack("messages that inflate to more than the limit: 1009, and soon the next one comes", "--deflate", "on")
def bombs(place):
    bomb = deflated(b"x" * 50_000_000)
    while going_on(place):
        attackers = [peers.page(place.clients, f"bomb{i}", asking=DEFLATE) for i in range(5)]
        for attacker in attackers:
            attacker.sendall(bomb)
            expect_close(attacker, {1009})


@attack("above the limit: 1009, and soon the next one comes")
def too_large_messages(place):
    while going_on(place):
        attackers = [peers.page(place.clients, f"large{i}") for i in range(5)]
        for attacker in attackers:
            peers.send_some(attacker, wire.header(wire.TEXT, random.choice((65_537, 1 << 31, (1 << 63) - 1))))
            expect_close(attacker, {1009})


@attack("a back end that does not read its replies is paused, and a flood of broadcasts harms nobody")
def broadcasts_without_reading(place):
    line = NOISE.encode() + b'1,"x":"%s"}\n' % (b"x" * 200)
    attackers = [peers.connect(place.backend, receive_buffer_bytes=4096) for _ in range(2)]
    while going_on(place):  # as many as the correct pages, with a share of one CPU, can take
        for attacker in attackers:
            peers.send_some(attacker, line * 20)
        time.sleep(0.01)


@attack("a back end that does not read its replies is paused: its lines do not pile up", most_megabytes=64)
def lines_without_reading(place):
    attackers = [peers.connect(place.backend, receive_buffer_bytes=4096) for _ in range(5)]
    lines = b'{"uid":"nobody"}\n' * 2000
    peers.flood(attackers, lines, place.deadline)
    patience = time.monotonic() + 30
    while peers.flood(attackers, lines, time.monotonic() + 1):
        must(time.monotonic() < patience, "they can still write: where are their replies?")


@attack("thousands of pipelined lines are each answered, in order")
def pipelined_lines(place):
    attackers = [peers.page(place.clients, "pipe"), peers.connect(place.backend), peers.connect(place.backend)]
    while going_on(place):
        for back_end in attackers[1:]:
            back_end.sendall((b'{"uid":"nobody"}\n' * 3 + b'{"uid":"pipe"}\n') * 500)
        for back_end in attackers[1:]:
            must(peers.replies(back_end, 2000) == ["fail", "fail", "fail", "ok"] * 500, "replies are out of order")
        peers.has_ended(attackers[0])


@attack("an over-long line is one fail, and the next line counts again")
def over_long_lines(place):
    back_end = peers.connect(place.backend)
    while going_on(place):
        back_end.sendall(b"x" * 1_000_000 + b"\n" + line_for("nobody", 10) + b"\n")
        must(peers.replies(back_end, 2) == ["fail", "fail"], "not two replies of fail")


# ---- What is not right

def until_the_end(peer):
    """How many messages come, and the close code after them; None for an end without one."""
    frames, inbox, messages = wire.ServerFrames(), bytearray(), 0
    while True:
        while (found := frames.take(inbox)) is not None:
            if isinstance(found, wire.Close):
                return messages, found.code
            messages += isinstance(found, wire.Message)
        try:
            more = peer.recv(1 << 16)
        except ConnectionResetError:
            return messages, "RST"
        if not more:
            return messages, None
        inbox += more


def close_of(peer):
    return until_the_end(peer)[1]


def expect_close(peer, codes, why="it"):
    code = close_of(peer)
    must(code in codes, f"{why} was closed with {code}, not {codes}")
    peer.close()


BAD_FRAMES = {
    "reserved bit 1": (wire.text(b"x", rsv=4), {1002}),
    "reserved bit 3": (wire.text(b"x", rsv=1), {1002}),
    "all reserved bits": (wire.ping(b"x", rsv=7), {1002}),
    **{f"opcode {opcode}": (wire.frame(opcode, b"x"), {1002}) for opcode in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15)},
    "no mask": (wire.text(b"x", mask=None), {1002}),
    "ping without a mask": (wire.ping(b"x", mask=None), {1002}),
    "a ping in pieces": (wire.ping(b"x", fin=False), {1002}),
    "a close in pieces": (wire.close(1000, fin=False), {1002}),
    "a ping of 126 bytes": (wire.ping(b"x" * 126), {1002}),
    "a ping that says 2^62": (wire.header(wire.PING, 1 << 62), {1002}),
    "a length longer than needed, 2 bytes": (wire.text(b"x", length_bytes=2), {1002}),
    "a length longer than needed, 8 bytes": (wire.text(b"x", length_bytes=8), {1002}),
    "a length of 2^63": (wire.header(wire.TEXT, 1 << 63), {1002, 1009}),
    "a length of 2^64 - 1": (wire.header(wire.TEXT, (1 << 64) - 1), {1002, 1009}),
    "a length of 2^31": (wire.header(wire.TEXT, 1 << 31), {1009}),
    "a continuation of nothing": (wire.more(b"x"), {1002}),
    "a second beginning": (wire.text(b"x", fin=False) + wire.text(b"y"), {1002}),
    "not UTF-8": (wire.text(b"\xff\xfe"), {1007}),
    "half a character": (wire.text(b"\xe2\x82"), {1007}),
    "half a surrogate": (wire.text(b"\xed\xa0\x80"), {1007}),
    "UTF-8 that ends in another frame": (wire.text(b"\xe2", fin=False) + wire.more(b"x"), {1007}),
    "a close of one byte": (wire.frame(wire.CLOSE, b"\x03"), {1002}),
    **{f"close code {code}": (wire.close(code), {1002})
       for code in (0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000)},
    "a reason that is not UTF-8": (wire.frame(wire.CLOSE, struct.pack("!H", 1000) + b"\xff"), {1007}),
    "too many bytes in pieces": (b"".join([wire.text(b"x" * 40_000, fin=False), wire.more(b"x" * 40_000)]), {1009}),
}


@attack("each is closed with the code that RFC 6455 gives it")
def bad_frames(place):
    first = True
    while first or going_on(place):
        for what, (frame, codes) in BAD_FRAMES.items():
            bad = peers.page(place.clients, "bad")
            bad.sendall(frame)
            expect_close(bad, codes, what)
            if not going_on(place) and not first:
                break
        first = False


BAD_UIDS = {
    "empty": (wire.text(b""), {1008}),
    "too long": (wire.text(b"u" * 257), {1008}),
    "binary": (wire.binary(b"u1"), {1003, 1008}),
    "not UTF-8": (wire.text(b"\xff"), {1007}),
}


@attack("each is refused with its close code")
def bad_uids(place):
    while going_on(place):
        for what, (frame, codes) in BAD_UIDS.items():
            bad = peers.upgraded(place.clients)
            bad.sendall(frame)
            expect_close(bad, codes, what)


DEEP = 30_000
FAILING_LINES = [
    b"", b" ", b"\r", b"null", b"true", b"1", b'"x"', b"[]", b"{}", b"{", b"}", b"[", b'{"', b'{"uid"', b'{"uid":',
    b'{"uid":"x"', b'{"uid":["x"]}', b'{"uid":[]}', b'{"uid":{"x":1}}', b'{"uid":{}}', b'{"uid":null}',
    b'{"uid":true}', b'{"uid":false}', b'{"uid":1.5}', b'{"uid":1e3}', b'{"uid":-0.0}', b'{"uid":01}', b'{"uid":+1}',
    b'{"uid":0x10}', b'{"uid":NaN}', b'{"uid":Infinity}', b'{"uid":-}', b'{"uid":1e}', b'{"uid":' + b"9" * 400 + b"}",
    b'{"uid":' + b"9" * 60_000 + b"}", b'{"uid":"' + b"x" * 257 + b'"}', b'{"uid":""}', b'{"UID":"u1"}',
    b'{"uid ":"u1"}', b"{'uid':'u1'}", b'{uid:"u1"}', b'{"uid":"u1",}', b'{"uid":"u1"}}', b'{"uid":"u1"}{"uid":"u1"}',
    b'{"uid":"u1"} x', b'{"uid":"u1" "x":1}', b'{,}', b'[{"uid":"u1"}]', b'{"x":{"uid":"u1"}}',
    b'{"x":[{"uid":"u1"}]}', b'\xef\xbb\xbf{"uid":"u1"}', b'{"uid":"\xff"}', b'{"uid":"u1","x":"\xff"}',
    b'{"uid":"u1","x":"\xc0\x80"}', b'{"uid":"u1","x":"\xed\xa0\x80"}', b'{"uid":"u1","x":"\xf4\x90\x80\x80"}',
    b'{"uid":"u1\x00"}', b'{"uid":"u1"}\x00', b'\x00{"uid":"u1"}', b'{"uid":"u1","x":"\x00"}',
    b'{"uid":"u1","x":"\x1f"}', b'{"uid":"u1","x":"\\x"}', b'{"uid":"u1","x":"\\u12"}', b'{"uid":"\\ud800"}',
    b'{"uid":"u1","x":"\\ud800"}', b'{"uid":"u1","x":tru}', b'{"uid":"u1","x":nul}', b'{"uid":"u1","x":1.}',
    b'{"uid":"u1","x":.1}', b'{"uid":"u1","x":--1}', b'{"broadcast":1}', b'{"broadcast":"true"}',
    b'{"broadcast":false}', b'{"broadcast":null}', b'{"broadcast":[true]}', b'{"uid":"u1","x":' + b"[" * DEEP,
    b'{"uid":"u1","x":' + b'{"a":' * (DEEP // 4), b"[" * DEEP, b'{"x":' + b"[" * DEEP + b"]" * DEEP + b"}",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", bytes(range(128, 256)), b"\x81\x85abcd",
    b"*1", b"$4", b"EHLO x", b"<xml/>", b"uid=u1", b"x" * 100_000, b"{" * 65_000, b'"' * 65_000, b"\\" * 65_000,
]
# Not fail: the strangest that is still right, for uids that nobody has taken.
STRANGE_LINES = [
    b'{"uid":"strange"}', b' { "uid" : "strange" } \r', b'{"uid":"\\u0073trange"}', b'{"\\u0075id":"strange"}',
    b'{"uid":-7}', b'{"x":1e999999,"uid":"strange"}', b'{"x":' + b"9" * 5000 + b',"uid":"strange"}',
    b'{"x":[[[[[{}]]]]],"uid":"strange"}', b'{"uid":"strange","x":"\\u0000"}',
]


@attack("each line is answered, what is no JSON object with a uid with fail, and the next line counts")
def bad_json(place):
    held = [peers.page(place.clients, "strange"), peers.page(place.clients, "-7")]
    back_end = peers.connect(place.backend)
    first = True
    while first or going_on(place):
        for line in peers.shuffled(FAILING_LINES):
            got = peers.ask(back_end, [line])
            must(got == ["fail"], f"{line[:80]} was answered {got}")
        got = peers.ask(back_end, FAILING_LINES)
        must(got == ["fail"] * len(FAILING_LINES), "the same lines, pipelined, are not all answered fail")
        for line in STRANGE_LINES:
            got = peers.ask(back_end, [line])
            must(got == ["ok"], f"{line[:80]} was answered {got}")
        for line in FAILING_LINES[::3]:
            another = peers.connect(place.backend)
            must(peers.ask(another, [line]) == ["fail"], f"{line[:80]} on a new connection")
            another.close()
        for line in (b"GET / HTTP/1.1", b"POST /push HTTP/1.0", b"X / HTTP/1.1", b"Host: localhost"):  # what follows is a web page's
            another = peers.connect(place.backend)
            another.sendall(line + b'\r\n\r\n{"uid":"strange"}\n')
            must(another.recv(100) == b"fail\n", f"{line} is not answered fail")
            must(peers.wait_for_the_end([another], 5) == 0, f"who says {line} is still there")
        for peer in held:
            must(not peers.has_ended(peer), "a page was closed by a line")
        first = False


BAD_REQUESTS = [
    b"\r\n\r\n\r\n\r\n", b"GET\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(600),
    b'{"uid":"x"}\n\n\n\r\n\r\n', request(line=b"GET /chat HTTP/0.9"), request(line=b"POST /chat HTTP/1.1"),
    request(line=b"GET  / HTTP/1.1"), request(b"Content-Length: 5"), request(b"Transfer-Encoding: chunked"),
    request(b"Content-Length: 5", b"Transfer-Encoding: chunked"), request(b"X: \x00"), request(b" folded"),
    request(b": empty"), request(b"X " + b"y" * 20_000), request(host=None), request(key=None),
    request(key=b"Sec-WebSocket-Key: short"), request(version=b"Sec-WebSocket-Version: 12"), request(upgrade=None),
    request(connection=None), request(b"Host: other"), request(b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="),
    bytes(range(256)) * 40, *[request(*[b"X-%d: y" % i for i in range(count)]) for count in (300, 2000)],
]


@attack("each is refused or ended, and takes nobody along")
def bad_requests(place):
    while going_on(place):
        for bad in peers.shuffled(BAD_REQUESTS):
            peer = peers.connect(place.clients)
            with contextlib.suppress(OSError):
                peer.sendall(bad)
                peer.shutdown(socket.SHUT_WR)
            must(peers.wait_for_the_end([peer], 10) == 0, f"{bad[:60]} is neither refused nor ended")
            peer.close()


@attack("each gets the demo page and its end, and who does not read it is ended")
def web_requests(place):
    asking = b"GET /crier-client.js HTTP/1.1\r\nHost: x\r\n\r\n"
    while going_on(place):
        readers, others = [], []
        for i in range(40):
            peer = peers.connect(place.clients, receive_buffer_bytes=None if i % 2 else 1024)
            peer.sendall(asking)
            (readers if i % 2 else others).append(peer)
        for peer in readers:
            page = b""
            with contextlib.suppress(ConnectionError):
                while more := peer.recv(1 << 16):
                    page += more
            must(page.startswith(b"HTTP/1.1 200 ") and page.endswith(b"}\n"), f"it got {page[:80]} ... {page[-80:]}")
        for peer in (*readers, *others):
            peer.close()


# ---- Storms, and ways to leave

@attack("nobody stays")
def connect_and_leave(place):
    leave = (lambda peer: peer.close(), peers.reset)
    while going_on(place):
        for address in (place.clients, place.backend):
            for peer in [peers.connect(address) for _ in range(20)]:
                random.choice(leave)(peer)


CLIENT_SAYS = b"".join([peers.REQUEST, wire.text(b"u1"), wire.text(b"a message of some length"), wire.ping(b"x"),
                        wire.close(1000)])
BACK_END_SAYS = b'{"uid":"gone","x":"some line"}\n{"uid":"gone"}\n{"uid":'


@attack("RST at each byte of a conversation: the others keep theirs")
def resets(place):
    first = True
    while first or going_on(place):
        for address, words in ((place.clients, CLIENT_SAYS), (place.backend, BACK_END_SAYS)):
            for at in range(0, len(words) + 1, 1 if first else 7):
                peer = peers.connect(address)
                peers.send_some(peer, words[:at])
                if at % 2:
                    time.sleep(0.001)
                peers.reset(peer)
        first = False


@attack("RST while much is queued for it, and while it writes")
def resets_under_load(place):
    back_end = peers.connect(place.backend)
    while going_on(place):
        pages = [peers.page(place.clients, "gone", receive_buffer_bytes=4096) for _ in range(10)]
        must(peers.ask(back_end, [line_for("gone")] * 3) == ["ok"] * 3, "not ok")
        for peer in peers.shuffled(pages):
            peers.send_some(peer, wire.text(b"x" * 1000)[:random.randrange(1000)])
            peers.reset(peer)


@attack("FIN without an end: what was asked for is answered, then it ends", "--handshake-seconds", "1")
def half_closed(place):
    held = []
    while going_on(place):
        for words in (b"", b"GET / HT", peers.REQUEST, peers.REQUEST + wire.text(b"u1"),
                      peers.REQUEST + wire.text(b"u1")[:3]):
            peer = peers.connect(place.clients)
            peer.sendall(words)
            peer.shutdown(socket.SHUT_WR)
            held.append(peer)
        back_end = peers.connect(place.backend)
        back_end.sendall(b'{"uid":"nobody"}\n' * 100 + b'{"uid"')
        back_end.shutdown(socket.SHUT_WR)
        got = peers.replies(back_end, 100)
        must(got[:100] == ["fail"] * 100, "lines before a FIN are not answered")
        held.append(back_end)
        left = peers.wait_for_the_end(held[-6:], 10)
        must(left == 0, f"{left} of 6 that have sent FIN are still there")
        held = held[-60:]
        time.sleep(0.02)


@attack("kill -9 of a process with pages and back ends, at any moment")
def killed_processes(place):
    while going_on(place):
        child = os.fork()
        if child == 0:
            try:
                pages = [peers.page(place.clients, f"killed{i}") for i in range(5)]
                back_end = peers.connect(place.backend)
                while True:
                    peers.send_some(back_end, b'{"uid":"killed1","x":"%s"}\n' % (b"x" * random.randrange(3000)))
                    for peer in pages:
                        peers.send_some(peer, wire.text(b"x" * random.randrange(3000)))
                    peers.has_ended(pages[1])
                    time.sleep(0.0005)
            finally:
                os._exit(0)
        time.sleep(random.uniform(0.005, 0.1))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


# ---- The machine

@contextlib.contextmanager
def log_in_a_file():
    with tempfile.TemporaryDirectory(prefix="log-") as where:
        log = pathlib.Path(where, "log")
        yield {"log_file": log, "arguments": ("--log-file", log)}


@attack("it goes on and loses nothing; a log that was renamed is opened again", scene=log_in_a_file)
def signals(place):
    log, old = place.log_file, place.log_file.with_name("log.1")
    first = True
    while first or going_on(place):
        log.rename(old)  # as logrotate does
        os.kill(place.pid, signal.SIGHUP)
        eventually("a renamed log is opened again", lambda: "log file opened again" in place.read_log(), 10)
        size = old.stat().st_size
        for _ in range(200):
            os.kill(place.pid, random.choice((signal.SIGUSR1, signal.SIGHUP, signal.SIGPIPE, signal.SIGWINCH,
                                              signal.SIGCONT)))
            time.sleep(0.001)
        place.ended()  # logged, in the new file
        must(old.stat().st_size == size, "after the log was opened again lines went to the old one")
        first = False


@attack("a server that stands still for a while makes up for it", stops_the_server=True)
def stopped_server(place):
    while going_on(place):
        os.kill(place.pid, signal.SIGSTOP)
        time.sleep(0.2)
        os.kill(place.pid, signal.SIGCONT)
        time.sleep(0.2)
