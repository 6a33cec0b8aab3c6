"""Cases as tables: a name and the steps of one conversation."""

import random
from dataclasses import dataclass
from typing import Callable

import wire
from peer import Failure, Peer, request


class Server:
    """Where a case finds the server it talks to."""

    def __init__(self, address, limit, pid=None):
        self.address = address
        self.limit = limit  # the server's greatest message
        self.pid = pid      # if it runs on this machine as our child

    def connect(self, **options):
        return Peer(self.address, **options)


@dataclass(frozen=True)
class Case:
    name: str  # "category/what is shown"
    run: Callable[[Server], None]
    limit: int | None = None  # wants a server with this limit of its own
    heavy: bool = False       # moves many megabytes: few of these at a time

    @property
    def category(self):
        return self.name.split("/")[0]


def case(name, *steps, opened=True, **options):
    """One conversation. After the steps it is closed in order, unless a step has seen its end."""
    def run(server):
        with server.connect() as peer:
            if opened:
                peer.open()
            for step in steps:
                step(peer)
            peer.say_goodbye()
    return Case(name, run, **options)


# ---- Steps ---------------------------------------------------------------------------------------

def send(*parts):
    """One write. A part may be a function that makes the bytes: large ones are made when needed."""
    return lambda peer: peer.send(b"".join(part() if callable(part) else part for part in parts))


def receive(*events):
    def step(peer):
        for event in events:
            peer.expect(event)
    return step


def receive_text(payload):
    return receive(wire.Message(wire.TEXT, payload.encode() if isinstance(payload, str) else payload))


def receive_binary(payload):
    return receive(wire.Message(wire.BINARY, payload))


def receive_pong(payload=b""):
    return receive(wire.Control(wire.PONG, payload))


def closed(code):
    return lambda peer: peer.expect_close(code)


def quiet(peer):
    peer.expect_quiet()


def finish_sending(peer):
    peer.finish_sending()


def alive(peer):
    """The connection still works, and nothing else was waiting to be read."""
    peer.send(wire.ping(b"alive?"))
    peer.expect(wire.Control(wire.PONG, b"alive?"))


# ---- A conversation in other cuts ----------------------------------------------------------------

@dataclass(frozen=True)
class Conversation:
    """All that the client says, the opening request first, and all that it must hear."""
    name: str
    frames: bytes
    events: tuple
    code: int | None = 1000  # of the close frame that ends it
    head: bytes = request()

    def hear(self, peer, offset=0):
        peer.expect_accepted()
        for event in self.events:
            peer.expect(event)
        peer.expect_close(self.code)

    def run(self, server, sizes, delay=0.0):
        """Sends pieces of these sizes in turn and expects to hear the same as ever."""
        data = self.head + self.frames
        with server.connect() as peer:
            at, turn = 0, 0
            while at < len(data):
                size = sizes[turn % len(sizes)]
                peer.send_pieces([data[at:at + size]], delay)
                at, turn = at + size, turn + 1
            try:
                self.hear(peer)
            except Failure as failure:
                shown = ", ".join(map(str, sizes[:12])) + (", ..." if len(sizes) > 12 else "")
                raise Failure(f"cut into pieces of {shown}: {failure}") from None


def random_sizes(seed, most):
    numbers = random.Random(seed)
    return [numbers.randint(1, numbers.choice([2, 9, most])) for _ in range(64)]
