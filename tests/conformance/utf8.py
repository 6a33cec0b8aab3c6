"""Text must be UTF-8, and what is not fails at its first impossible byte (RFC 6455 section 8.1, RFC
3629 section 4).

Here "the earliest byte" means: while all that came may still become UTF-8, nothing happens; with the
first byte that rules it out, the connection fails, however much of the frame is yet to come.
"""

import wire
from script import (Case, alive, case, closed, quiet, receive_binary, receive_pong, receive_text, send)

# Name, bytes that are still possible, the byte that is not.
IMPOSSIBLE = [
    ("a lone continuation byte 80", "", "80"),
    ("a lone continuation byte BF", "", "bf"),
    ("one continuation byte too many after two bytes", "c3a9", "80"),
    ("one continuation byte too many after three bytes", "e282ac", "80"),
    ("one continuation byte too many after four bytes", "f09f9880", "80"),
    ("overlong slash C0 AF", "", "c0"),
    ("overlong slash E0 80 AF", "e0", "80"),
    ("overlong slash F0 80 80 AF", "f0", "80"),
    ("overlong slash F8 80 80 80 AF", "", "f8"),
    ("overlong slash FC 80 80 80 80 AF", "", "fc"),
    ("overlong NUL C0 80", "", "c0"),
    ("overlong U+007F C1 BF", "", "c1"),
    ("overlong U+07FF E0 9F BF", "e0", "9f"),
    ("overlong U+FFFF F0 8F BF BF", "f0", "8f"),
    ("first surrogate U+D800", "ed", "a0"),
    ("last high surrogate U+DBFF", "ed", "af"),
    ("first low surrogate U+DC00", "ed", "b0"),
    ("last surrogate U+DFFF", "ed", "bf"),
    ("surrogate pair", "f09f9880 ed", "a0"),
    ("U+110000", "f4", "90"),
    ("U+13FFFF", "f4", "bf"),
    ("F5, above Unicode", "", "f5"),
    ("FE", "", "fe"),
    ("FF", "", "ff"),
    ("ASCII after the first of two bytes", "c3", "41"),
    ("ASCII after the first of three bytes", "e2", "41"),
    ("ASCII after the second of three bytes", "e282", "41"),
    ("ASCII after the first of four bytes", "f0", "41"),
    ("ASCII after the second of four bytes", "f09f", "41"),
    ("ASCII after the third of four bytes", "f09f98", "41"),
    ("NUL after the first of two bytes", "c3", "00"),
    ("a first byte after the first of two bytes", "c3", "c3"),
    ("a first byte after the second of three bytes", "e282", "e2"),
    ("a first byte after the third of four bytes", "f09f98", "f0"),
    ("FF within a sequence", "f09f98", "ff"),
    ("a bad byte deep in good text", b"\xce\xba\xe1\xbd\xb9".hex() * 40 + "f09f", "c0"),
]

# The range of second bytes is narrower after some first bytes: (first, lowest, highest).
SECOND = [(0xC2, 0x80, 0xBF), (0xDF, 0x80, 0xBF), (0xE0, 0xA0, 0xBF), (0xE1, 0x80, 0xBF),
          (0xEC, 0x80, 0xBF), (0xED, 0x80, 0x9F), (0xEE, 0x80, 0xBF), (0xEF, 0x80, 0xBF),
          (0xF0, 0x90, 0xBF), (0xF1, 0x80, 0xBF), (0xF3, 0x80, 0xBF), (0xF4, 0x80, 0x8F)]

# What is good as far as it goes, but not whole.
UNFINISHED = ["c3", "df", "e2", "e282", "e0a0", "ed9f", "efbf", "f0", "f09f", "f09f98", "f48f", "f48fbf"]

GOOD = [
    ("Greek", "κόσμε"), ("many scripts", "Hello-µ@ßöäüàá-UTF-8!! Привет, 世界, שלום, مرحبا, नमस्ते, 안녕"),
    ("emoji with joiners", "\U0001f468\u200d\U0001f469\u200d\U0001f467 \U0001f1e9\U0001f1ea"),
    ("combining marks", "e\u0301 a\u0308 \u0915\u094d\u0937"), ("byte order mark", "\ufeffabc"),
    ("control characters", "".join(map(chr, range(32))) + "\x7f"), ("NUL", "\0"), ("four NULs", "\0" * 4),
    *[(f"U+{point:04X}", chr(point)) for point in (
        0x7F, 0x80, 0x7FF, 0x800, 0xFFF, 0x1000, 0xCFFF, 0xD000, 0xD7FF, 0xE000, 0xFDD0, 0xFEFF,
        0xFFFD, 0xFFFE, 0xFFFF, 0x10000, 0x1FFFE, 0x1FFFF, 0x3FFFF, 0x40000, 0x7FFFE, 0xFFFFF,
        0x100000, 0x10FFFE, 0x10FFFF)],
]

BEFORE, AFTER = b"before ", b" after"


def whole_message(name, bad):
    """All at once: in one frame, in one frame behind a message, in fragments."""
    yield case(f"utf8/{name}, in one frame", send(wire.text(bad)), closed(1007))
    yield case(f"utf8/{name}, in one segment with good text before and after",
               send(wire.text(BEFORE), wire.text(bad), wire.text(AFTER), wire.ping("late")),
               receive_text(BEFORE), closed(1007))
    yield case(f"utf8/{name}, in fragments of one byte", send(wire.fragmented(wire.TEXT, bad, [1])), closed(1007))
    yield case(f"utf8/{name}, in a binary message", send(wire.binary(bad)), receive_binary(bad))


def earliest_in_frame(name, possible, bad, announced):
    """The frame's first byte after which it cannot become UTF-8 is the last one sent."""
    frame = wire.text(possible + bad + b"x" * (announced - len(possible) - len(bad)))
    start = len(frame) - announced
    known = start + len(possible)
    return case(f"utf8/{name}, fails at the byte and not before, {announced} announced",
                send(frame[:known]), quiet, send(frame[known:known + len(bad)]), closed(1007))


def earliest_in_fragments(name, possible, bad):
    """A ping after each fragment shows that the connection still lives."""
    steps = [send(wire.text(BEFORE, fin=False)), alive]
    for byte in possible:
        steps += [send(wire.more(bytes([byte]), fin=False)), alive]
    return case(f"utf8/{name}, fails in its fragment and not before",
                *steps, send(wire.more(bad, fin=False)), closed(1007))


def impossible():
    for name, possible, bad in IMPOSSIBLE:
        possible, bad = bytes.fromhex(possible), bytes.fromhex(bad)
        yield from whole_message(name, BEFORE + possible + bad + AFTER)
        yield earliest_in_frame(name, possible, bad, 300)
        if len(possible) < 10:
            yield earliest_in_fragments(name, possible, bad)


def first_bytes():
    for byte in [*range(0x80, 0xC2), *range(0xF5, 0x100)]:
        yield earliest_in_frame(f"{byte:02X} as a first byte", BEFORE, bytes([byte]), 70000)


def second_bytes():
    for first, lowest, highest in SECOND:
        rest = b"\x80" * (0 if first < 0xE0 else 1 if first < 0xF0 else 2)
        for second in (0x00, 0x7F, lowest - 1, highest + 1, 0xFF):
            yield earliest_in_frame(f"{first:02X} {second:02X}", BEFORE + bytes([first]), bytes([second]), 1000)
        for second in (lowest, highest):
            good = bytes([first, second]) + rest
            yield case(f"utf8/{good.hex(' ').upper()} is good", send(wire.text(good)), receive_text(good))


def later_bytes():
    for start in ("e282", "f09f", "f09f98"):
        for bad in (0x00, 0x7F, 0xC0, 0xFF):
            yield earliest_in_frame(f"{bytes.fromhex(start).hex(' ').upper()} {bad:02X}",
                                    BEFORE + bytes.fromhex(start), bytes([bad]), 125)


def unfinished():
    for hexes in UNFINISHED:
        start = bytes.fromhex(hexes)
        shown = start.hex(" ").upper()
        yield case(f"utf8/a message that ends within {shown}", send(wire.text(BEFORE + start)), closed(1007))
        yield case(f"utf8/a message that ends within {shown}, the last byte withheld",
                   send(wire.text(BEFORE + start)[:-1]), quiet, send(wire.text(BEFORE + start)[-1:]), closed(1007))
        yield case(f"utf8/a fragment that ends within {shown} is no violation, an empty last one is",
                   send(wire.text(BEFORE + start, fin=False)), alive, send(wire.more()), closed(1007))
        yield case(f"utf8/a fragment that ends within {shown}, empty ones, ASCII",
                   send(wire.text(start, fin=False), wire.more(fin=False)), alive,
                   send(wire.more("A", fin=False)), closed(1007))


def good():
    for name, words in GOOD:
        data = words.encode()
        yield case(f"utf8/{name} is good", send(wire.text(data)), receive_text(data))
        if len(data) > 1:
            yield case(f"utf8/{name} is good in fragments of one byte with pings between",
                       *[send(wire.frame(wire.TEXT if i == 0 else wire.CONTINUATION, data[i:i + 1], fin=False),
                              wire.ping(b"\xff")) for i in range(len(data))],
                       *[receive_pong(b"\xff")] * len(data), send(wire.more()), receive_text(data))


def good_in_every_two_fragments(server):
    data = GOOD[1][1].encode()
    with server.connect() as peer:
        peer.open()
        for cut in range(len(data) + 1):
            peer.send(wire.text(data[:cut], fin=False) + wire.ping() + wire.more(data[cut:]))
            peer.expect(wire.Control(wire.PONG, b""))
            peer.expect(wire.Message(wire.TEXT, data))
        peer.say_goodbye()


def every_code_point():
    return "".join(map(chr, [*range(0xD800), *range(0xE000, 0x110000)])).encode()


def every_code_point_echoed(sizes):
    def converse(peer):
        data = every_code_point()
        peer.send(wire.fragmented(wire.TEXT, data, sizes))
        peer.expect(wire.Message(wire.TEXT, data))
    return converse


CASES = [
    *good(),
    Case("utf8/good text in two fragments, cut at every byte, a ping between", good_in_every_two_fragments),
    case("utf8/every code point in one message", every_code_point_echoed([1 << 30]), heavy=True),
    case("utf8/every code point in fragments of 1021 bytes", every_code_point_echoed([1021]), heavy=True),
    *impossible(), *first_bytes(), *second_bytes(), *later_bytes(), *unfinished(),

    case("utf8/a sequence is not carried over to the next message",
         send(wire.text("a"), wire.text(b"\x80")), receive_text("a"), closed(1007)),
    case("utf8/fragmented binary that is not UTF-8",
         send(wire.fragmented(wire.BINARY, b"\xff\xfe\xed\xa0", [1])), receive_binary(b"\xff\xfe\xed\xa0")),
    case("utf8/text after binary that ended within a sequence",
         send(wire.binary(b"\xf0\x9f"), wire.text("a")), receive_binary(b"\xf0\x9f"), receive_text("a")),
    case("utf8/a ping of bytes that are not UTF-8 within a sequence",
         send(wire.text(b"\xe2", fin=False), wire.ping(b"\xff"), wire.more(b"\x82\xac")),
         receive_pong(b"\xff"), receive_text(b"\xe2\x82\xac")),
    case("utf8/a bad byte and 1 MiB of the frame behind it, and still EOF",
         send(lambda: wire.text(b"\xff" + b"x" * (1 << 20))), closed(1007)),
    case("utf8/a bad byte at the end of 1 MiB, the frame's last byte withheld",
         send(lambda: wire.text(b"x" * (1 << 20) + b"\xc0x")[:-1]), closed(1007)),
]
