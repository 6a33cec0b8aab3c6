"""What a client may not send, and what a server does not take (RFC 7692 sections 6.1 and 7.2.2, RFC 6455 section
5.2): reserved bits, damaged data, text that is no UTF-8, bombs."""

import random
import zlib

import deflate
import wire
from deflate import MARKER, RSV1, case, deflated
from deflate_messages import HELLO, TEXT, json_like
from framing import noise
from script import alive, closed, quiet, receive_text, send

BEGIN = deflate.text(deflated(TEXT)[:100], fin=False)

RESERVED = [
    ("RSV1 on a ping", wire.ping("x", rsv=RSV1)), ("RSV1 on an empty ping", wire.ping(rsv=RSV1)),
    ("RSV1 on a pong", wire.pong("x", rsv=RSV1)), ("RSV1 on a close", wire.close(1000, rsv=RSV1)),
    ("RSV1 on a continuation", BEGIN + wire.more(deflated(TEXT)[100:], rsv=RSV1)),
    ("RSV1 on a continuation without FIN", BEGIN + wire.more(deflated(TEXT)[100:], fin=False, rsv=RSV1)),
    ("RSV1 on an empty continuation", BEGIN + wire.more(rsv=RSV1)),
    ("RSV1 on the continuation of what is not compressed", wire.text("a", fin=False) + wire.more("b", rsv=RSV1)),
    ("RSV1 on a continuation with nothing to continue", wire.more("x", rsv=RSV1)),
    ("RSV1 on a ping between fragments", BEGIN + wire.ping(rsv=RSV1)),
    ("RSV1 on a ping between fragments that are not compressed", wire.text("a", fin=False) + wire.ping(rsv=RSV1)),
    *[(f"reserved bits {rsv:03b} on a {wire.NAMES[kind]}", wire.frame(kind, HELLO, rsv=rsv))
      for rsv in (1, 2, 3, 5, 6, 7) for kind in (wire.TEXT, wire.BINARY)],
    *[(f"reserved bits {rsv:03b} on a {wire.NAMES[kind]}", wire.frame(kind, b"", rsv=rsv))
      for rsv in (1, 2, 5, 7) for kind in (wire.PING, wire.PONG, wire.CLOSE)],
    ("RSV2 on the continuation of a compressed message", BEGIN + wire.more("x", rsv=2)),
    *[(f"opcode {kind:#x} with RSV1", wire.frame(kind, HELLO, rsv=RSV1)) for kind in (3, 7, 0xB, 0xF)],
    ("a compressed frame without a mask", deflate.text(HELLO, mask=None)),
    ("a compressed frame whose length is not minimal", deflate.text(HELLO, length_bytes=2)),
    ("a text inside a compressed message", BEGIN + wire.text("x")),
    ("a compressed text inside a compressed message", BEGIN + deflate.text(HELLO)),
    ("a compressed text inside a message that is not compressed", wire.text("a", fin=False) + deflate.text(HELLO)),
    ("a close without FIN inside a compressed message", BEGIN + wire.close(1000, fin=False)),
]

LONG = deflated(json_like(5000))

def taken_over():
    """The second of two messages that share a context, which the server has forbidden."""
    stream = zlib.compressobj(9, zlib.DEFLATED, -15)
    stream.compress(TEXT)
    stream.flush(zlib.Z_SYNC_FLUSH)
    return (stream.compress(TEXT) + stream.flush(zlib.Z_SYNC_FLUSH))[:-4]


CORRUPT = [
    ("a block of the reserved type", b"\x07"), ("the reserved type behind a good block", HELLO[:-1] + b"\x06" * 3),
    ("a length and a complement that do not match", b"\x00\x05\x00\xfa\xfeHello\x00"),
    ("a distance beyond the beginning", b"\x02\x03\x00"),
    ("noise", b"\xff" + noise(200)), ("text", b"this was never compressed"), ("zlib's header", b"\x78\x9c" + HELLO),
    ("gzip's header", b"\x1f\x8b\x08" + HELLO), ("only bytes 0xff", b"\xff" * 50),
    ("the end is missing", LONG[:-5]), ("half of it is missing", LONG[:len(LONG) // 2]),
    ("all but the first byte is missing", LONG[:1]), ("a beginning of a dynamic block", LONG[:20]),
    ("the middle is missing", LONG[:200] + LONG[-200:]), ("the last byte is missing", HELLO[:-1][:-1]),
    ("noise behind the end", HELLO + MARKER + b"\x07" + noise(20)),
    ("noise behind BFINAL", deflate.final(b"Hello")[:-1] + b"\x07\x07\x07"),
    ("a block without compression that is cut off", b"\x00\xff\x00\x00\xffabc"),
    ("too many codes", b"\xfc\xff\x00\x00\x00\x00"),
    ("a context that was not to be taken over", taken_over()),
]


NOT_UTF8 = [
    ("a byte 0xff", b"abc\xff"), ("an unfinished character", "é".encode()[:1]), ("a surrogate", b"\xed\xa0\x80"),
    ("an overlong form", b"\xc0\xaf"), ("a character above U+10FFFF", b"\xf4\x90\x80\x80"),
    ("a bad byte after 60000 good ones", b"a" * 60_000 + b"\x80"),
]

LIMIT = 1000


def limited(name, *steps):
    return case(f"limits/limit {LIMIT}: {name}", *steps, limit=LIMIT)


def bomb(size):
    """1032 bytes for each one that is sent."""
    return deflated(bytes(size), 9)


def noise_expanded(size):
    """Compressed it is larger by an eighth: bytes above 143 by the fixed code."""
    data = bytes(random.Random(1).randrange(144, 256) for _ in range(size))
    return data, deflated(data, 1, strategy=zlib.Z_FIXED)


EXPANDED, EXPANDED_PAYLOAD = noise_expanded(LIMIT)


def receive(data):
    return lambda peer: peer.expect(wire.Message(wire.BINARY, data))


CASES = [
    *[case(f"reserved bits/{name}", send(data), closed(1002)) for name, data in RESERVED],
    *[case(f"reserved bits/{name}, then more frames", send(data, wire.text("late"), deflate.text(HELLO)), closed(1002))
      for name, data in RESERVED],
    case("reserved bits/a continuation behind a whole compressed message", send(deflate.text(HELLO) + wire.more("x")),
         receive_text("Hello"), closed(1002)),
    case("reserved bits/RSV1 on a ping, its payload withheld", send(wire.header(wire.PING, 5, rsv=RSV1)), closed(1002)),
    case("reserved bits/RSV1 on a continuation, its payload withheld", send(BEGIN), alive,
         send(wire.header(wire.CONTINUATION, 5, rsv=RSV1)), closed(1002)),
    *[case(f"reserved bits/the first byte of a {name} is enough", send(bytes([byte])), closed(1002))
      for name, byte in (("ping with RSV1", 0xC9), ("text with RSV2", 0xA1), ("text with RSV1 and RSV3", 0xD1),
                         ("continuation with RSV1", 0xC0))],

    *[case(f"corrupt/{name}", send(deflate.binary(payload)), closed(1007)) for name, payload in CORRUPT],
    *[case(f"corrupt/{name}, in frames of 3 bytes", send(*deflate.fragments(wire.BINARY, payload, [3])), closed(1007))
      for name, payload in CORRUPT],
    *[case(f"corrupt/{name}, behind a good message, and more behind it",
           send(deflate.text(HELLO), deflate.text(payload), deflate.text(HELLO), wire.close(1000)),
           receive_text("Hello"), closed(1007)) for name, payload in CORRUPT],
    case("corrupt/nothing is said before the last frame", send(deflate.text(b"\x07" * 10, fin=False)), quiet,
         send(wire.more(b"\x07")), closed(1007)),

    *[case(f"utf-8/{name}", send(deflate.text(deflated(data))), closed(1007)) for name, data in NOT_UTF8],
    *[case(f"utf-8/{name}, in frames of 2 bytes", send(*deflate.fragments(wire.TEXT, deflated(data), [2])), closed(1007))
      for name, data in NOT_UTF8],
    *[case(f"utf-8/{name}: as binary it is welcome", send(deflate.binary(deflated(data))), receive(data))
      for name, data in NOT_UTF8],
    case("utf-8/compressed bytes need not be", send(deflate.text(deflated(TEXT))), receive_text(TEXT)),

    limited("exactly that many bytes", send(deflate.binary(bomb(LIMIT)) * 3), *[receive(bytes(LIMIT))] * 3),
    limited("one byte less", send(deflate.binary(bomb(LIMIT - 1))), receive(bytes(LIMIT - 1))),
    limited("one byte more", send(deflate.binary(bomb(LIMIT + 1))), closed(1009)),
    limited("one byte more, in fragments", send(*deflate.fragments(wire.BINARY, bomb(LIMIT + 1), [3])), closed(1009)),
    limited("exactly that many bytes, in fragments", send(*deflate.fragments(wire.BINARY, bomb(LIMIT), [3])),
            receive(bytes(LIMIT))),
    limited("exactly that many bytes, which compression has made more", send(deflate.binary(EXPANDED_PAYLOAD)),
            receive(EXPANDED)),
    limited("exactly that many bytes in a block without compression", send(deflate.binary(deflate.stored(noise(LIMIT)))),
            receive(noise(LIMIT))),
    limited("a mebibyte of zeros", send(deflate.binary(bomb(1 << 20))), closed(1009)),
    limited("a mebibyte of zeros, and more behind it", send(deflate.binary(bomb(1 << 20)), wire.text("late")), closed(1009)),
    limited("what is not compressed, of exactly that many bytes", send(wire.binary(noise(LIMIT))), receive(noise(LIMIT))),
    limited("what is not compressed, one byte more", send(wire.header(wire.BINARY, LIMIT + 1)), closed(1009)),
    *[limited(f"{size} compressed bytes announced, payload withheld", send(wire.header(wire.BINARY, size, rsv=RSV1)),
              closed(1009)) for size in (LIMIT + LIMIT // 8 + 65, 1 << 20, 1 << 32, (1 << 63) - 1)],
    limited("compressed fragments without end",
            send(deflate.binary(b"\x00" + MARKER, fin=False), (wire.more(b"\x00" + MARKER, fin=False)) * 400), closed(1009)),
    limited("empty blocks without end", send(deflate.binary((b"\x00" + MARKER) * 400)), closed(1009)),
    # On a server of their own: others would wait.
    case("limits/a gibibyte of zeros", send(lambda: deflate.binary(bomb(1 << 30))), closed(1009), limit=8 << 20, heavy=True),
    case("limits/8 MiB of zeros, which is the limit",
         send(lambda: deflate.binary(bomb(8 << 20))), receive(bytes(8 << 20)), limit=8 << 20, heavy=True),
]
