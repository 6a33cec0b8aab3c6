"""The client's side of permessage-deflate (RFC 7692), with Python's zlib: offers, payloads, and the
server's frames read strictly."""

import zlib

import wire
from peer import KEY, Peer, request
from script import Case, Server

OFFER = b"permessage-deflate"
MARKER = b"\x00\x00\xff\xff"
RSV1 = 4  # as wire.frame() takes it


# ---- What a client sends -------------------------------------------------------------------------

def deflated(data, level=6, bits=15, memory=8, strategy=zlib.Z_DEFAULT_STRATEGY, flush=zlib.Z_SYNC_FLUSH):
    """A message's payload as RFC 7692 section 7.2.1 has it. Python has no window of 2^8: it takes 2^9."""
    stream = zlib.compressobj(level, zlib.DEFLATED, -max(bits, 9), memory, strategy)
    payload = stream.compress(data) + stream.flush(flush)
    assert payload.endswith(MARKER)
    return payload[:-4]


def final(data, level=6):
    """A payload whose block has BFINAL set (section 7.2.3.4)."""
    stream = zlib.compressobj(level, zlib.DEFLATED, -15)
    return stream.compress(data) + stream.flush(zlib.Z_FINISH) + b"\x00"


def in_blocks(data, size, flush=zlib.Z_SYNC_FLUSH):
    """A payload of many blocks, with an empty one after each (section 7.2.3.5)."""
    stream = zlib.compressobj(6, zlib.DEFLATED, -15)
    payload = b"".join(stream.compress(data[at:at + size]) + stream.flush(flush)
                       for at in range(0, len(data), size)) + stream.flush(zlib.Z_SYNC_FLUSH)
    if not payload.endswith(MARKER):
        payload += b"\x00" + MARKER
    return payload[:-4]


def stored(data):
    """A payload of one block without compression, and the beginning of the empty one behind it."""
    size = len(data).to_bytes(2, "little")
    return b"\x00" + size + bytes(255 - byte for byte in size) + data + b"\x00"


def text(payload, **how):
    return wire.text(payload, rsv=RSV1, **how)


def binary(payload, **how):
    return wire.binary(payload, rsv=RSV1, **how)


def fragments(opcode, payload, sizes):
    """The frames of a compressed message: RSV1 is on the first one alone."""
    frames = wire.fragments(opcode, payload, sizes)
    return [bytes([frames[0][0] | 0x40]) + frames[0][1:], *frames[1:]]


# ---- What the server sends -----------------------------------------------------------------------

class Frames(wire.ServerFrames):
    """The server's frames after an agreement: each message stands for itself, and refers back no
    further than the agreed window."""

    def __init__(self, window_bits):
        super().__init__()
        self.window_bits = window_bits
        self.compressed = 0  # messages, so far
        self.plain = 0

    def take(self, buffer):
        reserved = buffer[0] & 0x40 if buffer else 0
        found = wire.parse_server_frame(buffer, 0x40)
        if found is None:
            return None
        fin, opcode, payload, size = found
        if opcode in (wire.TEXT, wire.BINARY):
            if not fin:
                raise wire.Violation("this server sends whole messages")
            buffer[0] &= ~0x40
            if reserved:
                del buffer[:size]
                self.compressed += 1
                return self._message(opcode, payload)
            self.plain += 1
        elif reserved:
            raise wire.Violation("the server set RSV1 on a control frame or a continuation")
        return super().take(buffer)

    def _message(self, kind, payload):
        stream = zlib.decompressobj(-self.window_bits)
        try:
            data = stream.decompress(payload + MARKER)
        except zlib.error as error:
            raise wire.Violation(f"a compressed message cannot be inflated: {error}") from None
        if stream.eof or stream.unused_data or stream.unconsumed_tail:
            raise wire.Violation("a compressed message has something behind its end")
        if kind == wire.TEXT:
            self._utf8(data, "a text message")
        return wire.Message(kind, data)


# ---- Cases ---------------------------------------------------------------------------------------

def head(*offers):
    """An opening request with these as fields Sec-WebSocket-Extensions."""
    return request(*[b"Sec-WebSocket-Extensions: " + offer for offer in offers])


def parameters(response):
    """What the server has agreed to: {name: value}, or None."""
    fields = response.all("sec-websocket-extensions")
    if not fields:
        return None
    name, *given = [part.strip() for part in ",".join(fields).split(";")]
    found = dict((one.split("=") + [""])[:2] for one in given)
    if name != "permessage-deflate" or len(found) != len(given):
        return {"malformed": ",".join(fields)}
    return found


def agree(peer, *offers, more=b""):
    """Opens with offers; from then on the peer understands what they have led to."""
    peer.send(head(*offers or [OFFER]) + more)
    return agreed(peer)


def agreed(peer):
    response = peer.expect_accepted(extensions=("permessage-deflate",))
    found = parameters(response)
    if found is not None:
        peer.frames = Frames(int(found.get("server_max_window_bits") or 15))
    return found


def case(name, *steps, offers=(OFFER,), **options):
    """One conversation after an agreement. It is closed in order, unless a step has seen its end."""
    def run(server: Server):
        with server.connect() as peer:
            if agree(peer, *offers) is None:
                peer.fail("the server did not agree to permessage-deflate")
            for step in steps:
                step(peer)
            peer.say_goodbye()
    return Case(name, run, **options)


def came_compressed(peer):
    """All messages that have come so far were compressed."""
    if peer.frames.plain or not peer.frames.compressed:
        peer.fail(f"{peer.frames.plain} messages came uncompressed")


def came_plain(peer):
    if peer.frames.compressed or not peer.frames.plain:
        peer.fail(f"{peer.frames.compressed} messages came compressed")


class OfferingPeer(Peer):
    """A peer that offers the extension whenever a case does not say how it opens."""

    def open(self, head_bytes=None, key=KEY):
        if head_bytes is not None:
            return super().open(head_bytes, key)
        self.send(head(OFFER))
        return agreed(self)


class OfferingServer(Server):
    def connect(self, **options):
        return OfferingPeer(self.address, **options)


def with_the_extension(case):
    """A case of RFC 6455, which holds after an agreement too."""
    def run(server):
        case.run(OfferingServer(server.address, server.limit, server.pid))
    return Case(f"RFC 6455/{case.name}", run, case.limit, case.heavy)
