"""Frame headers: lengths, masks, reserved bits, opcodes (RFC 6455 sections 5.1 to 5.3, 5.5)."""

import random

import wire
from script import (Case, alive, case, closed, quiet, receive, receive_binary, receive_pong,
                    receive_text, send)

LENGTHS = (0, 1, 2, 3, 4, 5, 7, 8, 9, 124, 125, 126, 127, 128, 129, 255, 256, 257, 1000, 4095, 4096,
           16384, 65533, 65534, 65535, 65536, 65537, 65540, 100000)


def letters(size):
    return (b"abcdefghijklmnopqrstuvwxyz" * (size // 26 + 1))[:size]


def noise(size, seed=1):
    return random.Random(seed).randbytes(size)


# ---- Lengths and masks ---------------------------------------------------------------------------

def echoes(server, messages):
    """One after the other, each awaited before the next."""
    with server.connect() as peer:
        peer.open()
        for kind, payload, how in messages:
            peer.send(wire.frame(kind, payload, **how))
            peer.expect(wire.Message(kind, payload))
        peer.say_goodbye()


def every_length(server):
    echoes(server, [(wire.BINARY, noise(size, size), {"mask": noise(4, size)}) for size in range(600)])


def every_mask_byte(server):
    echoes(server, [(wire.BINARY, noise(37, byte), {"mask": bytes([byte, 0, 255 - byte, 1])})
                    for byte in range(256)])


NOT_MINIMAL = [(2, size) for size in (0, 1, 5, 124, 125)] + \
              [(8, size) for size in (0, 1, 5, 125, 126, 127, 1000, 65535)]

LENGTH_CASES = [
    *[case(f"framing/text of {size} bytes", send(wire.text(letters(size))), receive_text(letters(size)))
      for size in LENGTHS],
    *[case(f"framing/binary of {size} bytes", send(wire.binary(noise(size))), receive_binary(noise(size)))
      for size in LENGTHS],
    Case("framing/binary of every length below 600, each with its own mask", every_length),
    Case("framing/every value of a mask's byte", every_mask_byte),
    *[case(f"framing/mask {mask}", send(wire.text("Hello, mask!", mask=bytes.fromhex(mask))),
           receive_text("Hello, mask!"))
      for mask in ("00000000", "ffffffff", "00000001", "80000000", "48656c6c", "0d0a0d0a")],
    case("framing/a mask that makes the masked payload zeros",
         send(wire.text("abcdabcd", mask=b"abcd")), receive_text("abcdabcd")),
    *[case(f"framing/{size} bytes with a length of {length_bytes} bytes are not minimal",
           send(wire.binary(noise(size), length_bytes=length_bytes)), closed(1002))
      for length_bytes, size in NOT_MINIMAL],
    case("framing/a continuation whose length is not minimal",
         send(wire.text("a", fin=False), wire.more("b", length_bytes=2)), closed(1002)),
    *[case(f"framing/64-bit length {size:#x} with its high bit set",
           send(wire.header(wire.BINARY, size)), closed(1002))
      for size in (1 << 63, (1 << 63) + 1, (1 << 64) - 1)],
    case("framing/64-bit length with its high bit set, and a payload",
         send(wire.header(wire.BINARY, 1 << 63), noise(1000)), closed(1002)),
    *[case(f"framing/{name} without a mask", send(data), closed(1002))
      for name, data in (
          ("text", wire.text("hello", mask=None)),
          ("empty text", wire.text(mask=None)),
          ("binary", wire.binary(noise(200), mask=None)),
          ("binary of 70000 bytes", wire.binary(noise(70000), mask=None)),
          ("ping", wire.ping("hello", mask=None)),
          ("pong", wire.pong("hello", mask=None)),
          ("close", wire.close(1000, mask=None)))],
    case("framing/a continuation without a mask",
         send(wire.text("a", fin=False), wire.more("b", mask=None)), closed(1002)),
    case("framing/a header without a mask, its payload withheld",
         send(wire.header(wire.TEXT, 5, mask=None)), closed(1002)),
    *[case(f"framing/a frame withheld after {size} bytes waits for the rest",
           send(wire.text(letters(200))[:size]), quiet, send(wire.text(letters(200))[size:]),
           receive_text(letters(200)))
      for size in (1, 2, 3, 4, 5, 7, 8, 9, 207)],
    case("framing/a message is echoed while the next header is not all there",
         send(wire.text("one"), wire.text("two")[:1]), receive_text("one"), quiet,
         send(wire.text("two")[1:]), receive_text("two")),
    case("framing/a message is echoed while the next payload is not all there",
         send(wire.text("one"), wire.text("two")[:-1]), receive_text("one"), quiet,
         send(wire.text("two")[-1:]), receive_text("two")),
    case("framing/text and binary by turns in one segment",
         send(*[wire.text("t") + wire.binary(b"\xff") for _ in range(20)]),
         *[receive(wire.Message(wire.TEXT, b"t"), wire.Message(wire.BINARY, b"\xff"))] * 20),
    case("framing/binary that looks like frames",
         send(wire.binary(wire.close(1000) + wire.ping("x"), mask=b"\0\0\0\0")),
         receive_binary(wire.close(1000) + wire.ping("x")), alive),
    case("framing/500 empty messages in one segment",
         send(wire.text() * 500), receive(*[wire.Message(wire.TEXT, b"")] * 500)),
]

# ---- Reserved bits and opcodes -------------------------------------------------------------------

KINDS = [("text", wire.TEXT), ("binary", wire.BINARY), ("close", wire.CLOSE), ("ping", wire.PING),
         ("pong", wire.PONG)]


def spoils(name, bad, header_only=None):
    """The same violation alone, behind and before messages, inside a fragmented one, and without its
    payload if that is known to come."""
    yield case(f"{name}", send(bad), closed(1002))
    yield case(f"{name}, behind a message in the segment",
               send(wire.text("before"), bad), receive_text("before"), closed(1002))
    yield case(f"{name}, before a message and a ping in the segment",
               send(bad, wire.text("after"), wire.ping("after")), closed(1002))
    yield case(f"{name}, inside a fragmented message",
               send(wire.text("a", fin=False), bad, wire.more("b")), closed(1002))
    if header_only is not None:
        yield case(f"{name}, payload withheld", send(header_only), closed(1002))


RESERVED_CASES = [
    *[case(f"reserved bits/{name} with RSV {rsv:03b}", send(wire.frame(opcode, payload, rsv=rsv)), closed(1002))
      for rsv in range(1, 8) for name, opcode in KINDS
      for payload in (b"\x03\xe8" if opcode == wire.CLOSE else b"hello",)],
    *[case(f"reserved bits/continuation with RSV {rsv:03b}",
           send(wire.text("a", fin=False), wire.more("b", rsv=rsv)), closed(1002))
      for rsv in range(1, 8)],
    *[case(f"reserved bits/first fragment with RSV {rsv:03b}",
           send(wire.text("a", fin=False, rsv=rsv), wire.more("b")), closed(1002))
      for rsv in (1, 2, 4)],
    *[case(f"reserved bits/empty {name} with RSV 100", send(wire.frame(opcode, rsv=4)), closed(1002))
      for name, opcode in KINDS],
    *spoils("reserved bits/text with RSV 001", wire.text("hello", rsv=1), wire.header(wire.TEXT, 5, rsv=1)),
    *spoils("reserved bits/ping with RSV 100", wire.ping("hello", rsv=4), wire.header(wire.PING, 5, rsv=4)),
    case("reserved bits/pings are answered before the violation",
         send(wire.ping("1"), wire.ping("2"), wire.text("x", rsv=2)),
         receive_pong(b"1"), receive_pong(b"2"), closed(1002)),
    case("reserved bits/100 KiB behind the violation, and still EOF",
         send(wire.text("x", rsv=2), noise(100 * 1024)), closed(1002)),
]

UNKNOWN = (0x3, 0x4, 0x5, 0x6, 0x7, 0xB, 0xC, 0xD, 0xE, 0xF)

OPCODE_CASES = [
    *[test for opcode in UNKNOWN
      for test in spoils(f"opcodes/{opcode:#x}", wire.frame(opcode, "hello"), wire.header(opcode, 5))],
    *[case(f"opcodes/{opcode:#x} without payload", send(wire.frame(opcode)), closed(1002))
      for opcode in UNKNOWN],
    *[case(f"opcodes/{opcode:#x} without FIN", send(wire.frame(opcode, "hello", fin=False)), closed(1002))
      for opcode in UNKNOWN],
]

CASES = LENGTH_CASES + RESERVED_CASES + OPCODE_CASES
