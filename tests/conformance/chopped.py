"""Whole conversations, opening request included, in every cut: what is heard never depends on how the
bytes arrived."""

import random

import wire
from framing import letters, noise
from script import Case, Conversation, random_sizes


def text(payload):
    return wire.Message(wire.TEXT, payload.encode() if isinstance(payload, str) else payload)


def binary(payload):
    return wire.Message(wire.BINARY, payload)


def pong(payload=b""):
    return wire.Control(wire.PONG, payload)


WORDS = "κόσμε \U0001f600".encode()

CONVERSATIONS = [
    Conversation(
        "messages", wire.text("Hello") + wire.binary(b"\0\xff\xfe") + wire.text() + wire.text(WORDS, mask=b"abcd")
        + wire.binary(letters(130)) + wire.close(1000, "done"),
        (text("Hello"), binary(b"\0\xff\xfe"), text(""), text(WORDS), binary(letters(130)))),
    Conversation(
        "fragments and pings",
        wire.text(WORDS[:3], fin=False) + wire.ping("one") + wire.more(WORDS[3:11], fin=False) + wire.more(fin=False)
        + wire.pong("unasked") + wire.ping() + wire.more(WORDS[11:], mask=b"\xff\0\xff\0") + wire.ping(b"\xff" * 60)
        + wire.binary(b"\xe2", fin=False) + wire.more(b"\x82") + wire.close(),
        (pong(b"one"), pong(), text(WORDS), pong(b"\xff" * 60), binary(b"\xe2\x82")), code=None),
    Conversation(
        "a reserved bit after an echo", wire.text("fine") + wire.ping("p") + wire.text("bad", rsv=1)
        + wire.text("never"), (text("fine"), pong(b"p")), code=1002),
    Conversation(
        "text that is not UTF-8", wire.text(WORDS) + wire.text(b"\xce\xba", fin=False) + wire.ping("p")
        + wire.more(b"\xed\xa0\x80 and more", fin=False) + wire.more("never"),
        (text(WORDS), pong(b"p")), code=1007),
    Conversation(
        "a close code that is none", wire.binary(letters(126)) + wire.close(1005, "reason") + wire.ping("never"),
        (binary(letters(126)),), code=1002),
    Conversation(
        "frames behind the close", wire.text("last") + wire.close(4001, WORDS[:11]) + wire.text("never")
        + wire.close(1000), (text("last"),), code=4001),
    Conversation(
        "a length that is not minimal", wire.text("fine") + wire.text("bad", length_bytes=8) + wire.text("never"),
        (text("fine"),), code=1002),
    Conversation(
        "an announced length with its high bit set", wire.ping() + wire.header(wire.BINARY, 1 << 63) + b"never",
        (pong(),), code=1002),
]

LONG = Conversation(
    "all forms of length", wire.binary(noise(125)) + wire.binary(noise(126)) + wire.binary(noise(65535))
    + wire.ping("p") + wire.binary(noise(65536)) + wire.text(letters(70000)) + wire.close(1000),
    (binary(noise(125)), binary(noise(126)), binary(noise(65535)), pong(b"p"), binary(noise(65536)),
     text(letters(70000))))


def at_every_cut(conversation, cuts=None):
    def run(server):
        size = len(conversation.head + conversation.frames)
        for cut in cuts or range(1, size):
            conversation.run(server, [cut, size - cut], 0.002)
    return run


def long_cuts():
    """Around each frame's header, and in between."""
    at = len(LONG.head)
    for size, header in ((125, 6), (126, 8), (65535, 8), (1, 6), (65536, 14), (70000, 14), (2, 6)):
        yield from range(at, at + header + 2)
        yield at + header + size // 2
        at += header + size


def in_random_pieces(conversation, seed, delay):
    return lambda server: conversation.run(server, random_sizes(seed, 60), delay)


def random_conversation(seed):
    """Messages whole and in fragments, with pings in between, and one of many ends."""
    numbers = random.Random(seed)

    def mask():
        return numbers.randbytes(4)

    frames, events = b"", []
    for _ in range(numbers.randint(5, 40)):
        kind = numbers.choice((wire.TEXT, wire.BINARY))
        size = numbers.choice((0, 1, numbers.randint(0, 125), numbers.randint(0, 300), numbers.randint(0, 3000)))
        data = numbers.randbytes(size) if kind == wire.BINARY else \
            "".join(chr(numbers.choice((65, 0x7F, 0x80, 0x7FF, 0x800, 0xFFFF, 0x10000, 0x10FFFF)))
                    for _ in range(size)).encode()
        cuts = sorted(numbers.randint(0, len(data)) for _ in range(numbers.choice((0, 0, 1, 2, 5))))
        bounds = [0, *cuts, len(data)]
        for i, (start, end) in enumerate(zip(bounds, bounds[1:])):
            last = i == len(bounds) - 2
            frames += wire.frame(kind if i == 0 else wire.CONTINUATION, data[start:end], fin=last, mask=mask())
            if last:
                events.append(wire.Message(kind, data))
            if numbers.random() < 0.3:
                payload = numbers.randbytes(numbers.randint(0, 125))
                frames += wire.ping(payload, mask=mask())
                events.append(pong(payload))
            if numbers.random() < 0.1:
                frames += wire.pong(numbers.randbytes(5), mask=mask())
    code, end = numbers.choice((
        (1000, wire.close(1000, "bye")), (None, wire.close()), (3999, wire.close(3999)),
        (1002, wire.frame(0xB, "x")), (1002, wire.more("x")), (1002, wire.text("x", mask=None)),
        (1002, wire.close(1006)), (1007, wire.text(b"ab\xff")), (1007, wire.close(1000, b"\xff"))))
    return Conversation(f"random conversation {seed}", frames + end + wire.text("never"), tuple(events), code)


def random_in_pieces(seed):
    def run(server):
        conversation = random_conversation(seed)
        conversation.run(server, [1 << 30])
        for i in range(4):
            conversation.run(server, random_sizes(seed * 10 + i, 1500))
        conversation.run(server, random_sizes(seed * 10 + 5, 4000), 0.001)
    return run


CASES = [
    *[Case(f"chopped/{one.name}, {how}", run)
      for one in CONVERSATIONS
      for how, run in (
          ("in one segment", lambda server, one=one: one.run(server, [1 << 30])),
          ("cut at every byte", at_every_cut(one)),
          ("byte by byte", lambda server, one=one: one.run(server, [1])),
          ("byte by byte, 1 ms apart", lambda server, one=one: one.run(server, [1], 0.001)),
          *[(f"in pieces of {size} bytes", lambda server, one=one, size=size: one.run(server, [size], 0.0005))
            for size in (2, 3, 5, 7, 13, 64)],
          *[(f"in random pieces {seed}", in_random_pieces(one, seed, 0.001 * (seed % 2))) for seed in range(4)])],
    Case(f"chopped/{LONG.name}, cut around every header", at_every_cut(LONG, list(long_cuts()))),
    *[Case(f"chopped/{LONG.name}, in pieces of {size} bytes", lambda server, size=size: LONG.run(server, [size]))
      for size in (61, 1021, 4096, 16384, 65536)],
    *[Case(f"chopped/random conversation {seed}", random_in_pieces(seed)) for seed in range(40)],
]
