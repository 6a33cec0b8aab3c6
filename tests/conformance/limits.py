"""The limit of a message, and messages far below it: sizes, fragments, chops, many at once (RFC 6455
section 10.4)."""

import wire
from framing import letters, noise
from script import (Case, alive, case, closed, quiet, receive, receive_binary, receive_pong,
                    receive_text, send)

KIB, MIB = 1 << 10, 1 << 20

# ---- The limit -----------------------------------------------------------------------------------


def at_limit(limit):
    """What a server with this limit takes and what not; above is known from the announced length."""
    def limited(name, *steps):
        return case(f"limits/limit {limit}: {name}", *steps, limit=limit)

    whole = letters(limit)
    half = limit // 2
    yield limited("text of exactly the limit", send(wire.text(whole)), receive_text(whole), alive)
    yield limited("binary of exactly the limit", send(wire.binary(whole)), receive_binary(whole), alive)
    yield limited("one byte less", send(wire.text(whole[1:])), receive_text(whole[1:]))
    yield limited("three messages of the limit, each counts for itself",
                  send(wire.text(whole) * 3), *[receive_text(whole)] * 3)
    yield limited("text of one byte more", send(wire.text(whole + b"x")), closed(1009))
    yield limited("binary of one byte more", send(wire.binary(whole + b"x")), closed(1009))
    yield limited("twice the limit", send(wire.text(whole * 2)), closed(1009))
    yield limited("1 MiB, and still EOF", send(lambda: wire.text(b"x" * MIB)), closed(1009))
    for size in (limit + 1, limit * 2, 1 << 20, 1 << 31, 1 << 32, (1 << 63) - 1):
        yield limited(f"{size} bytes announced, payload withheld", send(wire.header(wire.BINARY, size)), closed(1009))
    yield limited("a message before the announcement is echoed",
                  send(wire.text("before"), wire.header(wire.TEXT, limit + 1)), receive_text("before"), closed(1009))
    yield limited("the announcement alone of a message of the limit", send(wire.header(wire.TEXT, limit)), quiet,
                  send(wire.masked(whole, wire.MASK)), receive_text(whole))
    yield limited("two fragments of the limit together",
                  send(wire.text(whole[:half], fin=False), wire.more(whole[half:])), receive_text(whole))
    yield limited("two fragments of one byte more, the second one's payload withheld",
                  send(wire.text(whole[:half], fin=False)), alive,
                  send(wire.header(wire.CONTINUATION, limit - half + 1)), closed(1009))
    yield limited("a fragment of the limit and an empty one",
                  send(wire.text(whole, fin=False), wire.more()), receive_text(whole))
    yield limited("a fragment of the limit and one byte announced",
                  send(wire.text(whole, fin=False)), alive, send(wire.header(wire.CONTINUATION, 1)), closed(1009))
    yield limited("fragments of one byte up to the limit",
                  send(wire.fragmented(wire.TEXT, whole, [1 if limit < 1000 else 97])), receive_text(whole))
    yield limited("fragments without end",
                  send(wire.text(b"x" * 10, fin=False), wire.more(b"x" * 10, fin=False) * (limit // 10 + 10)), closed(1009))
    yield limited("a fragment that announces 2^63-1 bytes",
                  send(wire.text("x", fin=False)), alive, send(wire.header(wire.CONTINUATION, (1 << 63) - 1)), closed(1009))
    yield limited("fragments of a message before do not count",
                  send(wire.text(whole[:half], fin=False), wire.more(whole[half:])), receive_text(whole),
                  send(wire.text(whole[:half], fin=False), wire.more(whole[half:])), receive_text(whole))
    yield limited("pings between fragments do not count",
                  send(wire.text(whole[:half], fin=False), wire.ping(letters(125)), wire.more(whole[half:])),
                  receive_pong(letters(125)), receive_text(whole))
    yield limited("a ping of 125 bytes", send(wire.ping(letters(125))), receive_pong(letters(125)))
    yield limited("a close with a reason of 123 bytes", send(wire.close(1000, "r" * 123)), closed(1000))
    yield limited("reserved bits of a frame above the limit are 1002",
                  send(wire.header(wire.TEXT, limit + 1, rsv=4)), closed(1002))
    yield limited("a frame above the limit without a mask is 1002",
                  send(wire.header(wire.TEXT, limit + 1, mask=None)), closed(1002))
    yield limited("a length with its high bit set is 1002", send(wire.header(wire.TEXT, 1 << 63)), closed(1002))
    yield limited("everything behind the announcement is ignored",
                  send(wire.header(wire.TEXT, limit + 1), wire.ping("late"), noise(MIB)), closed(1009))


def main_limit_message(server):
    with server.connect(patience=60) as peer:
        peer.open()
        data = noise(server.limit)
        peer.send(wire.binary(data))
        peer.expect(wire.Message(wire.BINARY, data))
        peer.say_goodbye()


def main_limit_exceeded(server):
    for announced in (server.limit + 1, 1 << 40, (1 << 63) - 1):
        with server.connect() as peer:
            peer.open()
            peer.send(wire.text("before") + wire.header(wire.TEXT, announced))
            peer.expect(wire.Message(wire.TEXT, b"before"))
            peer.expect_close(1009)


# A limit of its own gives this case a server of its own, whose memory nobody else moves.
ALONE = 64 * MIB - 1


def announcing_costs_nothing(server):
    def memory():
        with open(f"/proc/{server.pid}/status", encoding="ascii") as status:
            return next(int(line.split()[1]) * KIB for line in status if line.startswith("VmSize"))

    before = memory()
    peers = []
    try:
        for _ in range(100):
            peer = server.connect()
            peers.append(peer)
            peer.open()
            peer.send(wire.header(wire.BINARY, server.limit) + b"x" * 10)
        peers[-1].expect_quiet()
        grown = memory() - before
        if grown > server.limit:
            peers[-1].fail(f"100 announced lengths of {server.limit} bytes took {grown} bytes of address space")
    finally:
        for peer in peers:
            peer.socket.close()


# ---- Large messages ------------------------------------------------------------------------------

def large_text(size):
    """Letters of one to four bytes, so that no cut is always at a letter's end."""
    unit = "aé文\U0001f600 crier ".encode()
    return (unit * (size // len(unit)) + b"x" * (size % len(unit)))


def payload_of(kind, size):
    return large_text(size) if kind == wire.TEXT else noise(size)


def echoes_large(kind, size, sizes):
    def converse(peer):
        peer.patience = 60
        data = payload_of(kind, size)
        peer.send(wire.fragmented(kind, data, sizes))
        peer.expect(wire.Message(kind, data))
    return converse


def echoes_chopped(kind, size, chop):
    def converse(peer):
        peer.patience = 60
        data = payload_of(kind, size)
        frame = wire.frame(kind, data)
        peer.send_pieces(frame[at:at + chop] for at in range(0, len(frame), chop))
        peer.expect(wire.Message(kind, data))
    return converse


def one_by_one(kind, size, count):
    def converse(peer):
        data = payload_of(kind, size)
        frame, echo = wire.frame(kind, data), wire.Message(kind, data)
        for _ in range(count):
            peer.send(frame)
            peer.expect_silently(echo)
    return converse


def all_at_once(kind, size, count):
    def converse(peer):
        peer.patience = 60
        data = payload_of(kind, size)
        peer.send(wire.frame(kind, data) * count)
        for _ in range(count):
            peer.expect_silently(wire.Message(kind, data))
    return converse


def many_clients(server):
    """Each of 200 clients has a fragmented message under way while the others speak."""
    peers = []
    try:
        for i in range(200):
            peer = server.connect()
            peers.append(peer)
            peer.open()
            peer.send(wire.text(f"client {i}, ", fin=False))
        for i, peer in enumerate(peers):
            peer.send(wire.ping(b"%d" % i) + wire.more("one, ", fin=False))
        for i, peer in enumerate(peers):
            peer.expect(wire.Control(wire.PONG, b"%d" % i))
            peer.send(wire.more("two"))
        for i, peer in reversed(list(enumerate(peers))):
            peer.expect(wire.Message(wire.TEXT, b"client %d, one, two" % i))
            peer.say_goodbye()
    finally:
        for peer in peers:
            peer.socket.close()


def spelled(size):
    return f"{size // MIB} MiB" if size >= MIB else f"{size // KIB} KiB" if size >= KIB else f"{size} bytes"


KINDS = [("text", wire.TEXT), ("binary", wire.BINARY)]


def large(name, converse, heavy=True):
    return case(f"large/{name}", converse, heavy=heavy)


CASES = [
    *at_limit(100), *at_limit(65536),
    Case("limits/a message of exactly the main server's limit", main_limit_message, heavy=True),
    Case("limits/more than the main server's limit announced", main_limit_exceeded),
    Case("limits/100 announced lengths of 64 MiB cost no memory", announcing_costs_nothing, limit=ALONE),

    *[large(f"{name} of {spelled(size)}", echoes_large(kind, size, [size]))
      for name, kind in KINDS for size in (64 * KIB, 256 * KIB, MIB, 4 * MIB, 8 * MIB, 16 * MIB)],
    *[large(f"{name} of 4 MiB in frames of {spelled(size)}", echoes_large(kind, 4 * MIB, [size]))
      for name, kind in KINDS
      for size in (64, 256, KIB, 4 * KIB, 16 * KIB, 64 * KIB, 256 * KIB, MIB, 4 * MIB)],
    *[large(f"{name} of {spelled(size)} in frames of {fragment} bytes", echoes_large(kind, size, [fragment]), False)
      for name, kind in KINDS for size, fragment in ((64 * KIB, 1300), (64 * KIB, 1301), (1000, 7), (MIB, 65537))],
    *[large(f"{name} of 1 MiB in chops of {spelled(chop)}", echoes_chopped(kind, MIB, chop))
      for name, kind in KINDS for chop in (64, 128, 256, 512, KIB, 2 * KIB)],
    *[large(f"{name} of 256 KiB in chops of {chop} bytes", echoes_chopped(kind, 256 * KIB, chop), False)
      for name, kind in KINDS for chop in (61, 997, 4093, 65521)],
    *[large(f"1000 {name} messages of {spelled(size)} one by one", one_by_one(kind, size, 1000), size > 4000)
      for name, kind in KINDS for size in (0, 16, 64, 256, KIB, 4 * KIB, 16 * KIB, 64 * KIB)],
    *[large(f"{count} {name} messages of {spelled(size)} at once", all_at_once(kind, size, count))
      for name, kind in KINDS for size, count in ((0, 10000), (16, 10000), (125, 10000), (KIB, 2000), (64 * KIB, 100))],
    Case("large/200 clients with a message under way each", many_clients),
]
