#!/usr/bin/env python3
"""Writes the inputs that the fuzz targets start from, and that the tests replay.

Usage: seeds.py FOLDER

FOLDER/TARGET/ gets, for each target: what clients say in the cases of tests/conformance; lines, requests
and tickets of this file; what long runs have found of use (corpus/TARGET.txt, an input in base64 a line);
and what once broke something (crashes/TARGET/, a file each). The same files in every run.
"""

import base64
import hashlib
import hmac
import itertools
import random
import shutil
import sys
from pathlib import Path

sys.dont_write_bytecode = True
HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "conformance"))

import deflate_faults
import deflate_messages
import deflate_offers
import fragments
import framing
import limits
import opening
import pings
import closing
import utf8
import wire

TARGETS = ("framings", "websocket_opening", "websocket_frames", "websocket_deflate", "command", "utf8",
           "ticket", "server")
MOST_BYTES = 3000  # of one input: the longer ones only cost time


# ---- What the cases of the conformance suites send -------------------------------------------------

class Recorder:
    """Stands where a case has its connection: it writes down what is sent, and agrees to all else."""

    def __init__(self):
        self.sent = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        return False

    def send(self, data, *_, **__):
        self.sent.append(bytes(data))

    def send_pieces(self, pieces, *_, **__):
        self.sent += [bytes(piece) for piece in pieces]

    def __getattr__(self, _):
        return lambda *_, **__: None


class Recording:
    """Stands where a case has its server."""

    def __init__(self, limit):
        self.limit, self.pid, self.peers = limit, None, []

    def connect(self, *_, **__):
        self.peers.append(Recorder())
        return self.peers[-1]


def conversations(*modules):
    """What each case of these modules sends; cases that look at what they hear say a part of it."""
    for case in itertools.chain.from_iterable(module.CASES for module in modules):
        if case.heavy:
            continue
        server = Recording(case.limit or 1 << 20)
        try:
            case.run(server)
        except Exception:
            pass
        for peer in server.peers:
            data = b"".join(peer.sent)
            if 0 < len(data) <= MOST_BYTES:
                yield data


# ---- Inputs of our own ---------------------------------------------------------------------------

def setup(*numbers):
    """The bytes at an input's end: a target takes them from behind."""
    return bytes(reversed(numbers))


WHOLE = (0, 0, 0)
CUTS = (WHOLE, (1, 1, 1), (2, 3, 7))


def framings():
    lines = [b"one\n", b"\n", b"two\r\n\r\r\n", b"a\rb\n", b"x" * 100 + b"\r\n" + b"y" * 101 + b"\nz\n", b"no end",
             b"\xff\0\n\n\r\n"]
    for limit, sizes in itertools.product((0, 1, 5), CUTS):
        yield b"".join(lines) + setup(4, limit, *sizes)
    for which, (width, order) in enumerate(((1, "big"), (2, "little"), (4, "big"), (8, "little"))):
        for limit, sizes in itertools.product((0, 4), CUTS):
            data = b"".join(len(m).to_bytes(width, order) + m for m in (b"", b"one", b"x" * 16, b"y" * 17))
            yield data + setup(which, limit, *sizes)
        yield b"\xff" * 12 + setup(which, 0, *WHOLE)


def websocket_opening():
    modules = (opening, deflate_offers)
    for number, data in enumerate(conversations(*modules)):
        yield data + setup(number % 3, 0, number % 2, *CUTS[number % 3])
    requests = [opening.request(b"Sec-WebSocket-Protocol: chat, other"), b"\x16\x03\x01\x02\0\x01", b"GET / HTTP/1.1\r\n"]
    for data, limit in itertools.product(requests, range(3)):
        yield data + setup(1, limit, 0, *WHOLE)
    for offer in ("permessage-deflate", "permessage-deflate; client_max_window_bits; server_max_window_bits=10",
                  "x, permessage-deflate; server_max_window_bits=8, permessage-deflate; server_max_window_bits=\"9\"",
                  "permessage-deflate; server_no_context_takeover; client_no_context_takeover",
                  "permessage-deflate; server_max_window_bits=16", "permessage-deflate; unknown=1"):
        yield opening.request(f"Sec-WebSocket-Extensions: {offer}".encode()) + setup(0, 0, 1, *WHOLE)


def websocket_frames():
    for number, data in enumerate(conversations(framing, fragments, pings, closing, utf8, limits)):
        yield data + setup(number % 8 if number % 5 == 0 else 0, *CUTS[number % 3])
    zero = bytes(4)  # as a mask: what is mutated then is what is read
    for data in (wire.text("hello", mask=zero), wire.binary(b"\0\xff" * 70, mask=zero),
                 wire.text("a", fin=False, mask=zero) + wire.ping("p", mask=zero) + wire.more("b", mask=zero),
                 wire.close(1000, "bye", mask=zero), wire.close(1005, mask=zero), wire.close(mask=zero),
                 wire.close(1000, b"\xff", mask=zero), wire.text("\u00e9\U0001f600", mask=zero)):
        for limit in range(8):
            yield data + setup(limit, *CUTS[limit % 3])


def websocket_deflate():
    modules = (deflate_messages, deflate_faults)
    for number, data in enumerate(conversations(*modules)):
        yield data + setup(0, number % 8, *CUTS[number % 3])
    zero = bytes(4)
    for name, payload, _ in deflate_messages.BLOCKS:
        if len(payload) > MOST_BYTES:
            continue
        for limit in (0, 3):
            yield wire.text(payload, rsv=4, mask=zero) + setup(limit, 1, *WHOLE)
            yield (wire.text(payload[:2], rsv=4, fin=False, mask=zero) + wire.ping("p", mask=zero)
                   + wire.more(payload[2:], mask=zero) + setup(limit, 2, *CUTS[1]))
    deflated = deflate_messages.deflated
    begun = wire.text(deflated(b"hello")[:3], rsv=4, fin=False, mask=zero)
    for data in (wire.ping("x", rsv=4, mask=zero), wire.close(1000, rsv=4, mask=zero), begun + wire.more("b", rsv=4, mask=zero),
                 begun + wire.text("x", mask=zero), begun + wire.text("x", rsv=4, mask=zero), wire.more("b", mask=zero),
                 wire.text(deflated(b"\xff" * 50), rsv=4, mask=zero), wire.text("x", rsv=2, mask=zero) + wire.text("y", mask=zero),
                 wire.text("\u00e9".encode()[:1], fin=False, mask=zero) + wire.more(b"\xff", mask=zero),
                 wire.text(b"\xf3\x48\xcd\xc9\xc9\x07", rsv=4, mask=zero), wire.text(b"\x07\x00", rsv=4, mask=zero)):
        yield data + setup(0, 1, *WHOLE)
        yield data + setup(0, 1, *CUTS[1])
    bomb = deflate_messages.deflated(b"a" * 2_000_000)
    for limit in range(8):
        yield wire.binary(bomb, rsv=4, mask=zero) + setup(limit, 3, *WHOLE)
        yield (wire.text("plain", mask=zero) + wire.text("a", fin=False, mask=zero)
               + wire.more("b", mask=zero) + wire.close(1000, mask=zero) + setup(limit, 7, *CUTS[limit % 3]))


LINES = [
    '{"uid":"1234","percent":"88%"}', '{"uid":1234}', '{"uid":-17,"x":[1,2.5,-3e4,{"uid":"no"},"\\u00e9"]}',
    '{"uid":["ann","bob",7,"ann"]}', '{"uid":[]}', '{"uid":["a",null]}', '{"uid":[["a"]]}', '{"uid":null}', '{"uid":"x"',
    '{"broadcast":true,"text":"to all \\ud83d\\ude00"}', '{"broadcast":true,"except":["ann",7]}', '{"broadcast":1}',
    '{"topic":"news","except":"ann"}', '{"topic":["news"]}', '{"topic":12345678901234567890123}',
    '{"join":"news","members":["ann","bob"]}', '{"leave":"news","members":"ann"}', '{"join":"n"}',
    '{"\\u0075id":"\\"\\\\\\/\\b\\f\\n\\r\\t"}', ' { "a" : [ ] , "uid" : "x" } ', '[{"uid":"a"}]', '{}', '{"uid":"a"}x',
    '{"uid":"a text of forty-one bytes, just as they go"}', '{"uid":"a","uid":"b"}', '{"a":"\\ud83d"}', '{"a":01}',
    '{"a":1.}', '{"a":1e}', '{"a":-}', '{"a":"\u00e9\u20ac\U0001f600 and a text of more than thirty-two bytes"}',
    '{"a":tru}', '{"a":{"b":{"c":[[[{}]]]}},"uid":-0}', '{"uid":1e999999999999}', '{"x":"' + "y" * 70 + '","uid":"a"}',
    '{"uid":"\\u00e9\\u20AC\\ud83d\\ude00\\u0041"}', '{"uid":["\\u20ac","\\u0061"],"\\u00E9":false}', '{"uid":"\\ud83dx"}',
    '{"uid":"\\ude00"}', '{"uid":"\\u12G4"}', '{"uid":"\\x"}', '{"uid":["a",]}', '{"uid":["a" "b"]}', '{"uid":["a",tru]}', '{"uid"',
    '{"uid":"a",}', '{"uid":"a" "x":1}', '{"except":[1.5],"broadcast":true}', '{"topic":"","except":"a"}', '{"members":{},"join":"n"}',
    '{"a":[1,2,3}', '{"a":{"b":1]}', '{"a":{"b"}}', '{"a":{1:2}}', '{"a":[1 2]}', '{"a":-0.0e-1,"uid":2}', '"uid"', '{"uid":fals}',
    '{"uid":"a","x":' + "[" * 511 + "]" * 511 + "}", '{"uid":"a","x":' + "[" * 512 + "]" * 512 + "}",
]


def command():
    for line in LINES:
        yield line.encode()
    yield b'{"uid":"\xff"}'
    yield b'{"a":"\xed\xa0\x80","uid":"a"}'
    yield b'{"a\x00":1}'


def utf8_texts():
    texts = [("k\u03cc\u03c3\u03bc\u03b5 \u20ac \U0001f600" + "plain " * 12).encode()]
    for _, good, bad in utf8.IMPOSSIBLE:
        texts.append(bytes.fromhex(good) + bytes.fromhex(bad))
    texts += [bytes.fromhex(text) for text in utf8.UNFINISHED]
    texts += [text.encode() for _, text in utf8.GOOD]
    for number, text in enumerate(texts):
        yield text + setup(number % 64, number % 8, *CUTS[number % 3])


def ticket():
    def signed(body, secret=b"a secret of 32 bytes, or of more"):
        digest = hmac.new(secret, body, hashlib.sha256).digest()
        return body + b"." + base64.urlsafe_b64encode(digest).rstrip(b"=")

    bodies = [b"k1.2000000000.YW5u", b"k1.1000000000.YW5u", b"k1.2000000000.", b"k1.2000000000.YW5", b"k1..YW5u",
              b"k1.-1.YW5u", b"k1.99999999999999999999.YW5u", b"k2.2000000000.YW5u", b"old.2000000000.YW5u",
              b".2000000000.YW5u", b"k1.2000000000", b"k1", b"", b"k1.2000000000.YW5u.YW5u", b"k1.2000000000.Y=",
              b"k1.2000000000.YR", b"k1.+2000000000.YW5u", b"k1.02000000000.YW5u"]
    for body in bodies:
        yield body + setup(1)
        yield signed(body) + setup(0)
    yield signed(b"old.2000000000.YW5u", b"") + setup(0)
    yield signed(bodies[0])[:-1] + b"." + setup(0)


# What happens in the target `server` (support/server_input.hpp).
CONNECT, OPEN, BYTES, FRAME, LINE, READ, FINISH, RESET, TIME, PUSH, STOP, START, CAPACITY, FAILURE = range(14)
PAGE, PROGRAM, BACK_END = range(3)


def op(what, which=0, number=0, data=None, settles=True):
    first = bytes([what | which << 4 | (0 if settles else 0x80)])
    if what == BYTES:
        return first + bytes([len(data)]) + data
    return first + bytes([number]) + (bytes([len(data)]) + data if what == FRAME else b"")


def server():
    two_pages = op(OPEN, 0, 2) + op(OPEN, 1, 0x82) + op(OPEN, 2, 5) + op(CONNECT, 3, BACK_END)
    lines = b"".join(op(LINE, 3, 8 + kind) for kind in (0, 1, 2, 5, 3, 4, 6, 7, 0x80))
    some_lines = b"".join(op(FRAME, 3, 0, line.encode()) for line in LINES if len(line) < 200)
    reads = b"".join(op(READ, which) for which in range(4))
    plays = [
        two_pages + lines + reads, two_pages + some_lines + reads,
        op(CONNECT, 0, PAGE) + op(BYTES, 0, data=opening.request(line=b"GET /no HTTP/1.1")[:255]) + op(READ, 0),
        op(CONNECT, 0, PAGE) + op(BYTES, 0, data=b"GET / HTTP/1.1\r\nHost: a\r\n\r\n") + op(READ, 0) + op(FINISH, 0),
        op(CONNECT, 0, PAGE) + op(BYTES, 0, data=opening.request(line=b"GET /throw HTTP/1.1")[:255]) + op(READ, 0),
        two_pages + op(CAPACITY, 1, 0) + lines * 3 + op(TIME, 0, 3) + reads + op(CAPACITY, 1, 255) + reads,
        two_pages + op(CAPACITY, 0, 0) + b"".join(op(LINE, 3, 16) + op(LINE, 3, 9) for _ in range(6)) + reads
        + op(CAPACITY, 0, 255) + op(LINE, 3, 16) + reads,
        two_pages + op(STOP, 0, 3) + lines + reads + op(FINISH, 0) + op(TIME, 0, 1) + op(START) + two_pages + lines,
        two_pages + b"".join(op(FRAME, 0, 0x81, text) for text in (b"all", b"u1", b"t0", b"hello", b"throw", b"u2"))
        + op(FRAME, 1, 0x81, b"bye") + op(FRAME, 2, 0, b"all") + reads,
        two_pages + op(FRAME, 0, 0x89, b"ping") + op(FRAME, 0, 0x01, b"a") + op(FRAME, 0, 0x80, b"b")
        + op(FRAME, 0, 0x88, b"\x03\xe8") + op(FRAME, 1, 0xF1, b"x") + reads + op(FINISH, 0) + op(RESET, 2) + lines,
        two_pages + b"".join(op(PUSH, 0, number, settles=number % 2 == 0) for number in range(8, 24)) + reads,
        two_pages + op(TIME, 0, 2) + reads + op(TIME, 0, 2) + op(TIME, 0, 2) + reads,
        b"".join(op(OPEN, which, 2, settles=False) for which in range(5)) + op(CONNECT, 5, BACK_END) + op(LINE, 5, 8)
        + op(LINE, 5, 9) + reads,
        # The uid in a message of its own, so that the target does not know it.
        b"".join(op(CONNECT, which, PAGE) + op(BYTES, which, data=opening.request(*offer)) + op(FRAME, which, 0x81, uid)
                 for which, (offer, uid) in enumerate((((), b"u1"), ((), b"u2"), ((), b"u3"))))
        + op(CONNECT, 3, BACK_END) + lines + some_lines + reads + op(FRAME, 0, 0x82, b"x" * 130) + reads,
        two_pages + b"".join(op(FRAME, 0, 0x89, b"%d" % n) + op(FRAME, 1, 0x01 if n == 0 else 0x00, b"x") for n in range(8)) + reads,
        op(OPEN, 0, 6) + op(CONNECT, 1, PAGE) + op(BYTES, 1, data=opening.request(line=b"GET /close HTTP/1.1")[:255]) + op(LINE, 1, 3),
        op(CONNECT, 0, PROGRAM) + op(FRAME, 0, 0, b"") + op(CONNECT, 1, PROGRAM) + op(FRAME, 1, 0, b"x" * 255) + op(FRAME, 1, 0, b"y" * 2),
        op(CONNECT, 0, PAGE) + op(BYTES, 0, data=opening.request()[:50]) + op(TIME, 0, 3) + op(OPEN, 1, 2) + op(FRAME, 1, 0x01, b"a")
        + op(TIME, 0, 3) + op(TIME, 0, 2) + op(CONNECT, 2, PAGE) + op(BYTES, 2, data=opening.request()) + op(TIME, 0, 3),
        op(CONNECT, 3, BACK_END) + op(BYTES, 3, data=b"GET / HTTP/1.1\r\n\r\n") + op(READ, 3),
        op(CONNECT, 3, BACK_END) + op(BYTES, 3, data=b'{"uid":"u1"') + op(TIME, 0, 3) + op(BYTES, 3, data=b"}\n"),
        b"".join(op(FAILURE, network, number) + two_pages + lines for network in range(3) for number in (0, 5)),
    ]
    plain = (0,) * 9
    small = [plain, (1, 1, 0, 0, 2, 2, 2, 2, 1), (2, 2, 1, 1, 0, 1, 0, 3, 0), (3, 3, 2, 2, 1, 1, 1, 1, 2),
             (0, 0, 0, 0, 0, 0, 3, 1, 1)]
    for play in plays:
        for numbers in small:
            yield play + setup(*numbers)


SEEDS = {"framings": framings, "websocket_opening": websocket_opening, "websocket_frames": websocket_frames,
         "websocket_deflate": websocket_deflate, "command": command, "utf8": utf8_texts, "ticket": ticket,
         "server": server}


def inputs(target):
    """(name, bytes) of all of a target's inputs; the same bytes once."""
    seen = set()
    for number, data in enumerate(SEEDS[target]()):
        if data not in seen:
            seen.add(data)
            yield f"seed_{number:04}", data
    found = HERE / "corpus" / f"{target}.txt"
    if found.exists():
        for number, line in enumerate(found.read_text().split()):
            yield f"found_{number:04}", base64.b64decode(line)
    for path in sorted((HERE / "crashes" / target).glob("*")):
        yield f"crash_{path.name}", path.read_bytes()


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    random.seed(1)
    for target in TARGETS:
        folder = Path(sys.argv[1]) / target
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        count = size = 0
        for name, data in inputs(target):
            (folder / name).write_bytes(data)
            count, size = count + 1, size + len(data)
        print(f"{target}: {count} inputs, {size} bytes")


if __name__ == "__main__":
    main()
