"""Messages that a server must understand, and what it makes of them (RFC 7692 sections 6 and 7.2). Sizes and
settings are those of Autobahn's cases 12 and 13, and what lies at their borders."""

import random
import zlib

import deflate
import wire
from deflate import OFFER, came_compressed, came_plain, case, deflated
from framing import letters, noise
from script import (Case, Conversation, alive, quiet, random_sizes, receive_binary, receive_pong, receive_text,
                    send)


def json_like(size, seed=1):
    """Text as pushes have it, of many bytes."""
    numbers = random.Random(seed)
    parts, length = [], 0
    while length < size:
        parts.append('{"id":%d,"name":"user-%x","état":"prêt","percent":"%d%%"},' % (
            numbers.randrange(1 << 30), numbers.randrange(1 << 16), numbers.randrange(100)))
        length += len(parts[-1])
    data = "".join(parts).encode()[:size]
    return data.decode(errors="ignore").encode().ljust(size, b" ")


def far_apart(size, distance):
    """Noise that repeats itself at a distance: who looks further back than allowed is found out."""
    block = noise(distance, distance)
    return (block * (size // distance + 1))[:size]


def echo(data, kind=wire.TEXT, payload=None, sizes=None):
    """Sends a message compressed, perhaps in fragments, and expects it back."""
    def step(peer):
        compressed = deflated(data) if payload is None else payload
        peer.send(b"".join(deflate.fragments(kind, compressed, sizes or [len(compressed) + 1])))
        peer.expect_silently(wire.Message(kind, data))
    return step


SIZES = (0, 1, 16, 64, 125, 126, 127, 255, 256, 257, 1024, 4096, 8192, 16384, 32767, 32768, 32769, 65534, 65535,
         65536, 65537, 131072)

SETTINGS = [
    *[(f"level {level}", {"level": level}) for level in (0, 1, 9)],
    *[(f"a window of 2^{bits}", {"bits": bits}) for bits in range(9, 16)],
    ("the least memory", {"memory": 1}), ("the most memory", {"memory": 9}),
    ("Huffman codes only", {"strategy": zlib.Z_HUFFMAN_ONLY}), ("run lengths", {"strategy": zlib.Z_RLE}),
    ("the fixed code", {"strategy": zlib.Z_FIXED}), ("a full flush", {"flush": zlib.Z_FULL_FLUSH}),
]

HELLO = bytes.fromhex("f248cdc9c90700")  # section 7.2.3.1

BLOCKS = [
    ("the RFC's one block", HELLO, b"Hello"),
    ("the RFC's block without compression", bytes.fromhex("000500faff48656c6c6f00"), b"Hello"),
    ("the RFC's block with BFINAL", bytes.fromhex("f348cdc9c9070000"), b"Hello"),
    ("the RFC's two blocks", bytes.fromhex("f248050000 00ffffcac9c90700".replace(" ", "")), b"Hello"),
    ("the RFC's empty message", b"\x00", b""),
    ("no byte at all", b"", b""),
    ("an empty fixed block", b"\x02\x00", b""),
    ("two empty blocks without compression", b"\x00" + deflate.MARKER + b"\x00", b""),
    ("a thousand empty blocks", (b"\x00" + deflate.MARKER) * 1000 + b"\x00", b""),
    ("a marker that was not cut off", HELLO + deflate.MARKER, b"Hello"),
    ("an empty last block in what was cut off", HELLO + deflate.MARKER + b"\x01", b"Hello"),
    ("BFINAL and nothing behind it", deflate.final(b"Hello")[:-1], b"Hello"),
    ("a block without compression of 65535 bytes", deflate.stored(letters(65535)), letters(65535)),
    ("a block behind one with BFINAL", deflate.final(b"Hello, ")[:-1] + deflated(b"world"), b"Hello, world"),
    ("two blocks with BFINAL", deflate.final(b"Hello, ")[:-1] + deflate.final(b"world"), b"Hello, world"),
    ("BFINAL on a long message", deflate.final(json_like(100_000)), json_like(100_000)),
    ("a block for each byte", deflate.in_blocks(json_like(1000), 1), json_like(1000)),
    ("a block for each 100 bytes", deflate.in_blocks(json_like(20_000), 100), json_like(20_000)),
    ("partial flushes", deflate.in_blocks(json_like(5000), 50, zlib.Z_PARTIAL_FLUSH), json_like(5000)),
    ("full flushes", deflate.in_blocks(json_like(5000), 500, zlib.Z_FULL_FLUSH), json_like(5000)),
    ("a mixture of blocks", deflate.in_blocks(json_like(3000) + noise(3000) + bytes(3000), 700),
     json_like(3000) + noise(3000) + bytes(3000)),
]

CUTS = [
    ("of 1 byte", [1]), ("of 2 bytes", [2]), ("of 7 bytes", [7]), ("of 0 and 3 bytes", [0, 3]),
    ("with an empty first one", [0, 1 << 20]), ("of 100 and 1 bytes", [100, 1]), ("of 125 to 127 bytes", [125, 126, 127]),
    ("of 256 bytes", [256]),
]

TEXT = json_like(2000)


def one_by_one(data, kind, count=20):
    """A message many times over: that nothing of one is left for the next."""
    payload = deflated(data)
    return [echo(data, kind, payload)] * count


def window_case(bits, size, distance):
    data = far_apart(size, distance)
    kept = distance <= (1 << bits) - 262
    return case(f"windows/the server's of 2^{bits}: {size} bytes that repeat after {distance}",
                echo(data, wire.BINARY), *[came_compressed] * kept,
                offers=[b"%s; server_max_window_bits=%d" % (OFFER, bits)])


def interrupted(name, control, *answers):
    first, second, third = deflate.fragments(wire.TEXT, deflated(TEXT), [100, 200, 1 << 20])
    yield case(f"fragments/{name} between the frames of a compressed message",
               send(first, control, second, control, third), *answers, *answers, receive_text(TEXT))
    yield case(f"fragments/{name} between them, answered before the message ends",
               send(first), send(control), *answers, quiet, send(second, third), receive_text(TEXT))


MIXED = (deflate.text(deflated(TEXT)) + wire.text("plain") + wire.ping("p")
         + b"".join(deflate.fragments(wire.BINARY, deflated(noise(300)), [100])) + wire.text(b"a", fin=False)
         + wire.ping("q") + wire.more(b"b") + deflate.binary(HELLO) + wire.pong() + wire.binary(b"") + deflate.text(b"\x00"))
MIXED_EVENTS = (
    wire.Message(wire.TEXT, TEXT), wire.Message(wire.TEXT, b"plain"), wire.Control(wire.PONG, b"p"),
    wire.Message(wire.BINARY, noise(300)), wire.Control(wire.PONG, b"q"), wire.Message(wire.TEXT, b"ab"),
    wire.Message(wire.BINARY, b"Hello"), wire.Message(wire.BINARY, b""), wire.Message(wire.TEXT, b""))


class Agreed(Conversation):
    def hear(self, peer, offset=0):
        deflate.agreed(peer)
        for event in self.events:
            peer.expect_silently(event)
        peer.expect_close(self.code)


CONVERSATION = Agreed("all kinds of messages", MIXED + wire.close(1000), MIXED_EVENTS, head=deflate.head(OFFER))


def chopped(name, sizes, delay=0.0):
    return Case(f"chopped/{name}", lambda server: CONVERSATION.run(server, sizes, delay))


CASES = [
    *[case(f"sizes/{size} bytes of {what}", *[echo(data, kind)] * 10)
      for size in SIZES
      for what, kind, data in (("JSON", wire.TEXT, json_like(size)), ("one letter", wire.BINARY, b"a" * size),
                               ("noise", wire.BINARY, noise(size)))],
    *[case(f"settings/{name}, {size} bytes", echo(json_like(size), wire.TEXT, deflated(json_like(size), **how)),
           echo(far_apart(size, 300), wire.BINARY, deflated(far_apart(size, 300), **how)))
      for name, how in SETTINGS for size in (1000, 65536, 100_000)],
    *[case(f"blocks/{name}", *[echo(data, wire.BINARY, payload)] * 3, alive) for name, payload, data in BLOCKS],
    *[case(f"blocks/{name}, in frames of 1 byte", echo(data, wire.BINARY, payload, [1]))
      for name, payload, data in BLOCKS if len(payload) < 2000],
    *[case(f"fragments/{size} bytes in frames {name}", *[echo(json_like(size), wire.TEXT, sizes=sizes)] * 2)
      for size in (1000, 20_000) for name, sizes in CUTS if len(sizes) > 1 or sizes[0] > 2 or size < 5000],
    *[case(f"fragments/noise in frames {name}", echo(noise(1000), wire.BINARY, sizes=sizes)) for name, sizes in CUTS],
    *interrupted("a ping", wire.ping("p"), receive_pong(b"p")),
    *interrupted("a pong", wire.pong("p")),
    *interrupted("a ping of 125 bytes", wire.ping(letters(125)), receive_pong(letters(125))),
    case("fragments/a long message in few frames", echo(json_like(500_000), sizes=[30_000])),
    *[window_case(bits, size, distance) for bits in range(9, 16)
      for size, distance in ((1 << bits, 250), (4 << bits, (1 << bits) - 262), (4 << bits, (1 << bits) - 200),
                             (4 << bits, (1 << bits) + 1), (70_000, 250))],
    *[case(f"windows/the client's of 2^{bits}", echo(far_apart(50_000, (1 << bits) // 2 - 5), wire.BINARY,
                                                   deflated(far_apart(50_000, (1 << bits) // 2 - 5), bits=bits)),
           offers=[b"%s; client_max_window_bits=%d" % (OFFER, bits)]) for bits in range(8, 16)],
    case("windows/a client that refers back by 32500 bytes", echo(far_apart(33_000, 32_500), wire.BINARY)),
    case("takeover/20 times the same text", *one_by_one(TEXT, wire.TEXT), came_compressed),
    case("takeover/text, noise and zeros in turn",
         *[step for _ in range(5) for step in (echo(TEXT), echo(noise(500), wire.BINARY), echo(bytes(5000), wire.BINARY))]),
    case("mixed/what is not compressed is understood too", send(wire.text(TEXT)), receive_text(TEXT),
         send(deflate.text(deflated(TEXT))), receive_text(TEXT), came_compressed),
    case("mixed/fragments that are not compressed, with RSV1 on none", send(wire.fragmented(wire.TEXT, TEXT, [300])),
         receive_text(TEXT)),
    case("mixed/noise comes back as it is", echo(noise(3000), wire.BINARY), came_plain),
    case("mixed/below 256 bytes it comes back as it is", echo(b"a" * 255), came_plain),
    case("mixed/from 256 bytes on it comes compressed", echo(b"a" * 256), came_compressed),
    case("mixed/100 compressed messages in one segment", send(deflate.text(HELLO) * 100), *[receive_text("Hello")] * 100),
    case("mixed/100 in turn compressed and not, in one segment", send((deflate.binary(HELLO) + wire.binary(b"x")) * 50),
         *[receive_binary(b"Hello"), receive_binary(b"x")] * 50),
    case("mixed/masks of zeros", send(deflate.text(deflated(TEXT), mask=bytes(4))), receive_text(TEXT)),
    case("mixed/all in one segment", send(MIXED), lambda peer: [peer.expect(event) for event in MIXED_EVENTS]),
    chopped("byte by byte", [1]),
    *[chopped(f"pieces of {size} bytes", [size]) for size in (2, 3, 5, 7, 11, 64, 200, 333)],
    *[chopped(f"random pieces {seed}", random_sizes(seed, 60)) for seed in range(20)],
    chopped("pieces with a pause in between", [97, 31], 0.001),
]
