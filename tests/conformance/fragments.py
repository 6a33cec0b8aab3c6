"""Fragmented messages and the control frames between their frames (RFC 6455 section 5.4)."""

import wire
from framing import letters, noise
from script import (alive, case, closed, quiet, receive_binary, receive_pong, receive_text, send)

TEXT = "Fragments: κόσμε, 文字, \U0001f600, and plain letters to the end.".encode()


def pieces(*frames):
    """Each frame in a segment of its own."""
    return lambda peer: peer.send_pieces(frames, 0.002)


def begin(payload=b"a", **how):
    return wire.text(payload, fin=False, **how)


def go_on(payload=b"b", **how):
    return wire.more(payload, fin=False, **how)


SPLITS = [
    ("2 frames", [40, 100]), ("3 frames", [10, 30, 100]), ("frames of 1 byte", [1]), ("frames of 2 bytes", [2]),
    ("frames of 3 bytes", [3]), ("frames of 5 and 0 bytes", [5, 0]), ("an empty first frame", [0, 100]),
    ("three empty first frames", [0, 0, 0, 100]), ("one byte and the rest", [1, 100]),
]

VIOLATIONS = [
    ("continuation with nothing to continue", wire.more("x"), ()),
    ("continuation without FIN with nothing to continue", go_on("x"), ()),
    ("empty continuation with nothing to continue", wire.more(), ()),
    ("continuation after a whole message", wire.text("whole") + wire.more("x"), ("whole",)),
    ("continuation after a whole fragmented message", begin("a") + wire.more("b") + wire.more("x"), ("ab",)),
    ("continuation without FIN after a whole message", wire.text("whole") + go_on("x") + wire.more("y"), ("whole",)),
    ("text inside a fragmented text", begin() + wire.text("x"), ()),
    ("text without FIN inside a fragmented text", begin() + begin() + wire.more("x"), ()),
    ("binary inside a fragmented text", begin() + wire.binary("x"), ()),
    ("text inside a fragmented binary", wire.binary("a", fin=False) + wire.text("x"), ()),
    ("binary inside a fragmented binary", wire.binary("a", fin=False) + wire.binary("x"), ()),
    ("empty text inside a fragmented text", begin() + wire.text(), ()),
    ("text inside an empty fragmented text", begin(b"") + wire.text("x"), ()),
    ("text after two fragments", begin() + go_on() + wire.text("x"), ()),
    ("ping without FIN inside a fragmented text", begin() + wire.ping("x", fin=False) + wire.more("b"), ()),
    ("close without FIN inside a fragmented text", begin() + wire.close(1000, fin=False), ()),
    ("close without FIN", wire.close(1000, fin=False), ()),
    ("close without FIN and its continuation", wire.close(1000, fin=False) + wire.more("x"), ()),
    ("a second continuation with FIN in one segment", begin() + wire.more("b") + wire.more("c"), ("ab",)),
]


def interrupted(name, *between):
    """A fragmented text with these frames between its fragments, at once and one by one."""
    control = b"".join(frame for frame, _ in between)
    answers = [receive_pong(answer) for _, answer in between if answer is not None]
    yield case(f"fragments/{name} between two fragments, in one segment",
               send(wire.text(TEXT[:20], fin=False), control, wire.more(TEXT[20:])), *answers, receive_text(TEXT))
    yield case(f"fragments/{name} between two fragments, answered before the message ends",
               send(wire.text(TEXT[:20], fin=False)), send(control), *answers, quiet,
               send(wire.more(TEXT[20:])), receive_text(TEXT))
    yield case(f"fragments/{name} in a frame's segment, answered before the message ends",
               send(wire.text(TEXT[:20], fin=False) + control), *answers, send(wire.more(TEXT[20:])), receive_text(TEXT))


def ping_after_every_byte(peer):
    frames = [wire.text(TEXT[:1], fin=False)] + [go_on(TEXT[i:i + 1]) for i in range(1, len(TEXT))]
    for i, one in enumerate(frames):
        peer.send(one + wire.ping(b"%d" % i))
        peer.expect(wire.Control(wire.PONG, b"%d" % i))
    peer.send(wire.more())
    peer.expect(wire.Message(wire.TEXT, TEXT))


CASES = [
    *[case(f"fragments/text in {name}", send(wire.fragmented(wire.TEXT, TEXT, sizes)), receive_text(TEXT))
      for name, sizes in SPLITS],
    *[case(f"fragments/binary in {name}",
           send(wire.fragmented(wire.BINARY, noise(len(TEXT)), sizes)), receive_binary(noise(len(TEXT))))
      for name, sizes in SPLITS],
    *[case(f"fragments/text in {name}, a segment each",
           pieces(*wire.fragments(wire.TEXT, TEXT, sizes)), receive_text(TEXT))
      for name, sizes in SPLITS],
    case("fragments/each fragment with a mask of its own",
         send(*[wire.frame(wire.TEXT if i == 0 else wire.CONTINUATION, TEXT[i:i + 1], fin=i == len(TEXT) - 1,
                           mask=noise(4, i)) for i in range(len(TEXT))]), receive_text(TEXT)),
    case("fragments/an empty text in two frames", send(begin(b""), wire.more()), receive_text(b"")),
    case("fragments/an empty text in 100 frames", send(begin(b""), go_on(b"") * 98, wire.more()), receive_text(b"")),
    case("fragments/an empty binary in three frames",
         send(wire.binary(fin=False), go_on(b""), wire.more()), receive_binary(b"")),
    case("fragments/an empty last frame", send(begin(b"abc"), wire.more()), receive_text(b"abc")),
    case("fragments/an empty middle frame", send(begin(b"abc"), go_on(b""), wire.more(b"def")), receive_text(b"abcdef")),
    case("fragments/an empty first frame, payload in the last",
         send(begin(b""), go_on(b""), wire.more(b"x")), receive_text(b"x")),
    case("fragments/1000 frames of 100 bytes",
         send(wire.fragmented(wire.BINARY, noise(100_000), [100])), receive_binary(noise(100_000))),
    case("fragments/frames of all forms of length",
         send(wire.fragmented(wire.BINARY, noise(200_000), [0, 1, 125, 126, 65535, 65536])), receive_binary(noise(200_000))),
    case("fragments/nothing is echoed before the last frame", send(begin(), go_on()), quiet, send(wire.more("c")),
         receive_text("abc")),
    case("fragments/fragmented, whole, fragmented in one segment",
         send(begin(), wire.more("b"), wire.text("whole"), wire.binary("c", fin=False), wire.more("d")),
         receive_text("ab"), receive_text("whole"), receive_binary(b"cd")),
    case("fragments/50 fragmented messages in one segment",
         send((begin() + go_on() + wire.more("c")) * 50), *[receive_text("abc")] * 50),

    *interrupted("a ping", (wire.ping("p"), b"p")),
    *interrupted("an empty ping", (wire.ping(), b"")),
    *interrupted("a ping of 125 bytes", (wire.ping(letters(125)), letters(125))),
    *interrupted("a ping of bytes that are not UTF-8", (wire.ping(b"\xff\xce"), b"\xff\xce")),
    *interrupted("a pong", (wire.pong("unasked"), None)),
    *interrupted("ping, pong, ping", (wire.ping("1"), b"1"), (wire.pong("2"), None), (wire.ping("3"), b"3")),
    case("fragments/a ping after every byte of a text", ping_after_every_byte),
    case("fragments/pings between empty fragments",
         send(begin(b""), wire.ping("1"), go_on(b""), wire.ping("2"), wire.more()),
         receive_pong(b"1"), receive_pong(b"2"), receive_text(b"")),
    case("fragments/a ping between fragments, byte by byte",
         lambda peer: peer.send_pieces(bytes([b]) for b in begin() + wire.ping("now") + wire.more("b")),
         receive_pong(b"now"), receive_text("ab")),
    case("fragments/a close between fragments is answered, the message is gone",
         send(begin(), wire.close(1000)), closed(1000)),
    case("fragments/a close between fragments, and the last fragment behind it",
         send(begin(), wire.close(1001, "bye"), wire.more("b")), closed(1001)),
    case("fragments/an empty close between fragments", send(begin(), go_on()), send(wire.close()), closed(None)),

    *[case(f"fragments/{name}", send(data), *[receive_text(m) for m in messages], closed(1002))
      for name, data, messages in VIOLATIONS],
    *[case(f"fragments/{name}, then more frames", send(data, wire.text("late"), wire.ping("late"), wire.close(1000)),
           *[receive_text(m) for m in messages], closed(1002))
      for name, data, messages in VIOLATIONS],
    case("fragments/text inside a fragmented text, its payload withheld",
         send(begin()), alive, send(wire.header(wire.TEXT, 5)), closed(1002)),
    case("fragments/continuation with nothing to continue, its payload withheld",
         send(wire.header(wire.CONTINUATION, 5)), closed(1002)),
    case("fragments/a ping is answered before the violation behind it",
         send(begin(), wire.ping("p"), wire.text("x")), receive_pong(b"p"), closed(1002)),
]
