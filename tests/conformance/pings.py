"""Pings and pongs (RFC 6455 sections 5.5.2 and 5.5.3)."""

import wire
from framing import letters, noise
from script import (Case, alive, case, closed, quiet, receive, receive_pong, receive_text, send)


def pong(payload=b""):
    return wire.Control(wire.PONG, payload)


def every_size(server):
    with server.connect() as peer:
        peer.open()
        for size in range(126):
            peer.send(wire.ping(noise(size, size), mask=noise(4, size)))
            peer.expect(pong(noise(size, size)))
        peer.say_goodbye()


PAYLOADS = [
    ("no payload", b""), ("text", b"Hello, world!"), ("bytes that are not UTF-8", bytes.fromhex("00fffefdfcfb00ff")),
    ("125 bytes", letters(125)), ("125 bytes of FE", b"\xfe" * 125), ("124 bytes", letters(124)), ("one byte", b"\0"),
]

TOO_LONG = (126, 127, 200, 65535, 65536)

CASES = [
    *[case(f"pings/ping with {name}", send(wire.ping(payload)), receive_pong(payload)) for name, payload in PAYLOADS],
    *[case(f"pings/ping with {name}, byte by byte",
           lambda peer, payload=payload: peer.send_pieces([bytes([b]) for b in wire.ping(payload)]),
           receive_pong(payload))
      for name, payload in PAYLOADS],
    Case("pings/ping of every size from 0 to 125", every_size),
    *[case(f"pings/{name} of {size} bytes is too long", send(wire.frame(opcode, noise(size))), closed(1002))
      for name, opcode in (("ping", wire.PING), ("pong", wire.PONG)) for size in TOO_LONG],
    *[case(f"pings/{name} announced with {size} bytes, payload withheld",
           send(wire.header(opcode, size)), closed(1002))
      for name, opcode in (("ping", wire.PING), ("pong", wire.PONG)) for size in (126, 65536, 1 << 62)],
    *[case(f"pings/ping of {size} bytes with a length of {length_bytes} bytes is not minimal",
           send(wire.ping(noise(size), length_bytes=length_bytes)), closed(1002))
      for size, length_bytes in ((0, 2), (5, 2), (125, 2), (0, 8), (5, 8), (125, 8))],
    case("pings/a ping that is too long, behind a ping", send(wire.ping("ok"), wire.ping(noise(126))),
         receive_pong(b"ok"), closed(1002)),
    case("pings/ping without FIN", send(wire.ping("x", fin=False)), closed(1002)),
    case("pings/pong without FIN", send(wire.pong("x", fin=False)), closed(1002)),
    case("pings/ping without FIN and its continuation", send(wire.ping("x", fin=False), wire.more("y")), closed(1002)),

    case("pings/an unasked pong gets no answer", send(wire.pong()), quiet, alive),
    case("pings/an unasked pong with payload gets no answer", send(wire.pong("unasked")), quiet, alive),
    case("pings/an unasked pong of 125 bytes gets no answer", send(wire.pong(noise(125))), quiet, alive),
    case("pings/100 unasked pongs and a ping", send(wire.pong("unasked") * 100, wire.ping("x")), receive_pong(b"x")),
    case("pings/pong, ping, pong, ping", send(wire.pong("a"), wire.ping("b"), wire.pong("c"), wire.ping("d")),
         receive_pong(b"b"), receive_pong(b"d")),

    case("pings/10 pings in one segment, answered in order",
         send(*[wire.ping(b"%d" % i) for i in range(10)]), receive(*[pong(b"%d" % i) for i in range(10)])),
    case("pings/10 pings byte by byte, answered in order",
         lambda peer: peer.send_pieces([bytes([b]) for i in range(10) for b in wire.ping(b"%d" % i)]),
         receive(*[pong(b"%d" % i) for i in range(10)])),
    case("pings/1000 pings of 125 bytes in one segment, answered in order",
         send(*[wire.ping(noise(125, i)) for i in range(1000)]),
         receive(*[pong(noise(125, i)) for i in range(1000)])),
    case("pings/messages and pings are answered in the order they came",
         send(*[wire.text(f"m{i}") + wire.ping(f"p{i}") for i in range(20)]),
         *[receive(wire.Message(wire.TEXT, b"m%d" % i), pong(b"p%d" % i)) for i in range(20)]),
    case("pings/a ping is not answered before its last byte", send(wire.ping("hello")[:-1]), quiet,
         send(wire.ping("hello")[-1:]), receive_pong(b"hello")),
    case("pings/a ping is answered while the next header is not all there",
         send(wire.ping("now"), wire.text("later")[:3]), receive_pong(b"now"), send(wire.text("later")[3:]),
         receive_text("later")),
    case("pings/a ping behind a close gets no answer", send(wire.close(1000), wire.ping("late")), closed(1000)),
]
