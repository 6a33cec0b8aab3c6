"""The close handshake, its codes and reasons, and the end of the TCP stream (RFC 6455 sections 5.5.1
and 7)."""

import wire
from framing import noise
from script import (Case, case, closed, finish_sending, quiet, receive, receive_pong, receive_text,
                    send)

GOOD_CODES = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014,
              3000, 3001, 3500, 3999, 4000, 4001, 4500, 4998, 4999]
BAD_CODES = [0, 1, 2, 100, 500, 998, 999, 1004, 1005, 1006, 1015, 1016, 1017, 1100, 1999, 2000, 2001,
             2500, 2998, 2999, 5000, 5001, 9999, 32767, 32768, 65534, 65535]

REASONS = [
    ("no reason", ""), ("one letter", "x"), ("words", "Going to have lunch"), ("123 bytes", "r" * 123),
    ("122 bytes", "r" * 122), ("many scripts", "κόσμε 文字 \U0001f600"), ("123 bytes of three-byte letters", "€" * 41),
    ("a NUL", "a\0b"), ("U+10FFFF", "\U0010ffff"),
]

BAD_REASONS = [
    ("a lone continuation byte", b"\x80"), ("an overlong slash", b"\xc0\xaf"), ("a surrogate", b"\xed\xa0\x80"),
    ("U+110000", b"\xf4\x90\x80\x80"), ("FF", b"good until\xff"), ("an unfinished sequence", b"good until \xe2\x82"),
    ("123 bytes, the last one bad", b"r" * 122 + b"\xc3"), ("a bad byte in its middle", b"\xce\xba\xe1\xbd\xb9\xcf\xed\xa0\x80edited"),
]

BEHIND = [
    ("a text", wire.text("late")), ("a ping", wire.ping("late")), ("another close", wire.close(1001)),
    ("the same close", wire.close(1000)), ("an empty close", wire.close()), ("a pong", wire.pong("late")),
    ("a fragment", wire.text("late", fin=False)), ("a frame without a mask", wire.text("late", mask=None)),
    ("an unknown opcode", wire.frame(0x3, "late")), ("text that is not UTF-8", wire.text(b"\xff")),
    ("half a header", b"\x81"), ("noise", noise(1000)), ("zeros", b"\0" * 1000),
    ("100 KiB of messages", wire.text("x" * 1000) * 100), ("1 MiB of noise", noise(1 << 20)),
]


def every_code(codes, good):
    def run(server):
        for code in codes:
            with server.connect() as peer:
                peer.open()
                peer.send(wire.close(code))
                peer.expect_close(code if good else 1002)
    return run


def late_segments(peer):
    """A client that keeps talking after its close, in segments of their own."""
    peer.send(wire.close(1000))
    for _ in range(20):
        peer.send(wire.text("late") + wire.ping("late"))
    peer.expect_close(1000)


def says_close_too(peer):
    """The client answers the server's close, as it should; the server says nothing more."""
    peer.send(wire.text("x", rsv=1))
    got = peer.next()
    if not isinstance(got, wire.Close) or got.code != 1002:
        peer.fail(f"expected close 1002, got {got}")
    peer.send(wire.close(1002))
    peer.expect_eof()


def resets(data):
    """The client is gone without a goodbye; others are served as before."""
    def run(server):
        for _ in range(20):
            with server.connect() as peer:
                peer.open()
                peer.send(data)
                peer.reset()
        with server.connect() as peer:
            peer.open()
            peer.send(wire.text("still here"))
            peer.expect(wire.Message(wire.TEXT, b"still here"))
            peer.say_goodbye()
    return run


def vanishes(name, data, *steps):
    """The server ends the stream too; a close frame before that is welcome, not owed."""
    return case(f"closing/the client ends the stream {name}", send(data), *steps, finish_sending,
                lambda peer: peer.expect_eof(after_anything=True))


CASES = [
    case("closing/a close without a code is answered by one", send(wire.close()), closed(None)),
    *[case(f"closing/code {code} comes back", send(wire.close(code)), closed(code)) for code in GOOD_CODES],
    *[case(f"closing/code {code} with a reason comes back", send(wire.close(code, "the reason")), closed(code))
      for code in GOOD_CODES],
    *[case(f"closing/code {code} is refused", send(wire.close(code)), closed(1002)) for code in BAD_CODES],
    *[case(f"closing/code {code} with a reason is refused", send(wire.close(code, "the reason")), closed(1002))
      for code in BAD_CODES],
    Case("closing/every 7th code from 1016 to 2999 is refused", every_code(range(1016, 3000, 7), False)),
    Case("closing/every 311th code above 4999 is refused", every_code(range(5000, 65536, 311), False)),
    Case("closing/every 11th code from 3000 to 4999 comes back", every_code(range(3000, 5000, 11), True)),
    *[case(f"closing/a reason of {name}", send(wire.close(1000, reason)), closed(1000)) for name, reason in REASONS],
    *[case(f"closing/a reason with {name} is refused", send(wire.close(1000, reason)), closed(1007))
      for name, reason in BAD_REASONS],
    *[case(f"closing/a payload of one byte, {byte:02X}", send(wire.frame(wire.CLOSE, bytes([byte]))), closed(1002))
      for byte in (0x00, 0x03, 0xFF)],
    *[case(f"closing/a payload of {size} bytes is too long",
           send(wire.frame(wire.CLOSE, (b"\x03\xe8" + b"r" * size)[:size])), closed(1002))
      for size in (126, 127, 200, 65536)],
    case("closing/126 bytes announced, payload withheld", send(wire.header(wire.CLOSE, 126)), closed(1002)),
    case("closing/a length that is not minimal", send(wire.close(1000, length_bytes=2)), closed(1002)),
    case("closing/an empty close whose length is not minimal", send(wire.close(length_bytes=8)), closed(1002)),

    case("closing/nothing is answered before the close frame's last byte", send(wire.close(1000, "later")[:-1]),
         quiet, send(wire.close(1000, "later")[-1:]), closed(1000)),
    case("closing/byte by byte", lambda peer: peer.send_pieces([bytes([b]) for b in wire.close(1000, "bye")], 0.002),
         closed(1000)),
    case("closing/messages before the close are echoed",
         send(*[wire.text(f"m{i}") for i in range(10)], wire.close(1000)),
         receive(*[wire.Message(wire.TEXT, b"m%d" % i) for i in range(10)]), closed(1000)),
    case("closing/pings before the close are answered", send(wire.ping("1"), wire.ping("2"), wire.close(4000)),
         receive_pong(b"1"), receive_pong(b"2"), closed(4000)),
    case("closing/a long message before the close is echoed whole",
         send(lambda: wire.binary(noise(4 << 20)), wire.close(1000)),
         receive(wire.Message(wire.BINARY, noise(4 << 20))), closed(1000), heavy=True),
    *[case(f"closing/{name} behind the close is ignored", send(wire.close(1000), data), closed(1000))
      for name, data in BEHIND],
    *[case(f"closing/{name} behind a violation is ignored", send(wire.text("x", rsv=1), data), closed(1002))
      for name, data in BEHIND],
    case("closing/frames behind the close in segments of their own", late_segments),
    case("closing/the client answers the server's close", says_close_too),
    case("closing/a close with FIN of TCP behind it", send(wire.close(1000)), finish_sending, closed(1000)),
    case("closing/a message, a close and FIN of TCP", send(wire.text("x"), wire.close(1000)), finish_sending,
         receive_text("x"), closed(1000)),
    case("closing/a violation with FIN of TCP behind it", send(wire.text("x", rsv=1)), finish_sending, closed(1002)),

    vanishes("without a close frame", b""),
    vanishes("after a message", wire.text("x"), receive_text("x")),
    vanishes("within a header", wire.text("x")[:1]),
    vanishes("within a payload", wire.text("hello")[:-2]),
    vanishes("within a fragmented message", wire.text("hello", fin=False)),
    vanishes("within a close frame", wire.close(1000)[:-1]),
    Case("closing/clients that reset while idle harm nobody", resets(b"")),
    Case("closing/clients that reset within a frame harm nobody", resets(wire.text("hello")[:-2])),
    Case("closing/clients that reset while they are sent to harm nobody", resets(wire.binary(noise(300_000)))),
]
