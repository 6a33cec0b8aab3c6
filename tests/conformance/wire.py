"""Frames on the wire: what a client sends, well-formed or not, and what a server may send."""

import struct
from typing import NamedTuple

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0x0, 0x1, 0x2, 0x8, 0x9, 0xA
NAMES = {CONTINUATION: "continuation", TEXT: "text", BINARY: "binary",
         CLOSE: "close", PING: "ping", PONG: "pong"}

MASK = bytes.fromhex("37fa213d")  # any key would do; a fixed one makes runs repeatable


class Violation(Exception):
    """The server's bytes break RFC 6455."""


# ---- What a client sends -------------------------------------------------------------------------

def masked(payload, key):
    """The payload xored with the key; twice is nothing."""
    size = len(payload)
    pattern = (key * (size // 4 + 1))[:size]
    return (int.from_bytes(payload, "little") ^ int.from_bytes(pattern, "little")
            ).to_bytes(size, "little")


def header(opcode, size, fin=True, rsv=0, mask=MASK, length_bytes=None):
    """A frame's header. `length_bytes` of 0, 2 or 8 forces a form of the length; without a mask the
    mask bit is off too."""
    if length_bytes is None:
        length_bytes = 0 if size < 126 else 2 if size < 65536 else 8
    first = (0x80 if fin else 0) | rsv << 4 | opcode
    second = 0x80 if mask is not None else 0
    if length_bytes == 0:
        length = bytes([second | size])
    elif length_bytes == 2:
        length = bytes([second | 126]) + struct.pack("!H", size)
    else:
        length = bytes([second | 127]) + struct.pack("!Q", size)
    return bytes([first]) + length + (mask or b"")


def frame(opcode, payload=b"", fin=True, rsv=0, mask=MASK, length_bytes=None):
    if isinstance(payload, str):
        payload = payload.encode()
    return (header(opcode, len(payload), fin, rsv, mask, length_bytes)
            + (payload if mask is None else masked(payload, mask)))


def text(payload=b"", **how):
    return frame(TEXT, payload, **how)


def binary(payload=b"", **how):
    return frame(BINARY, payload, **how)


def more(payload=b"", **how):
    """A continuation frame; the last one of its message unless fin=False."""
    return frame(CONTINUATION, payload, **how)


def ping(payload=b"", **how):
    return frame(PING, payload, **how)


def pong(payload=b"", **how):
    return frame(PONG, payload, **how)


def close(code=None, reason=b"", **how):
    if isinstance(reason, str):
        reason = reason.encode()
    return frame(CLOSE, b"" if code is None else struct.pack("!H", code) + reason, **how)


def fragments(opcode, payload, sizes, **how):
    """A message's frames: the given sizes in turn, over and over until nothing is left."""
    frames, at, turn = [], 0, 0
    while True:
        size = sizes[turn % len(sizes)]
        turn += 1
        last = at + size >= len(payload)
        frames.append(frame(opcode if turn == 1 else CONTINUATION, payload[at:at + size],
                            fin=last, **how))
        at += size
        if last:
            return frames


def fragmented(opcode, payload, sizes, **how):
    return b"".join(fragments(opcode, payload, sizes, **how))


# ---- What a server sends -------------------------------------------------------------------------

class Message(NamedTuple):
    kind: int  # TEXT or BINARY
    payload: bytes

    def __str__(self):
        return f"{NAMES[self.kind]} {quoted(self.payload)}"


class Control(NamedTuple):
    kind: int  # PING or PONG
    payload: bytes

    def __str__(self):
        return f"{NAMES[self.kind]} {quoted(self.payload)}"


class Close(NamedTuple):
    code: int | None
    reason: str = ""

    def __str__(self):
        if self.code is None:
            return "close without a code"
        return f"close {self.code}" + (f" ({self.reason})" if self.reason else "")


def parse_server_frame(buffer, reserved_bits=0):
    """(fin, opcode, payload, whole size) of the first frame, or None if it is not all there.
    Strict: a server has no more freedom than a client. `reserved_bits` are those that an extension
    has given a meaning."""
    if len(buffer) < 2:
        return None
    first, second = buffer[0], buffer[1]
    fin, opcode = bool(first & 0x80), first & 0x0F
    if first & 0x70 & ~reserved_bits:
        raise Violation(f"the server set reserved bits: first byte {first:#04x}")
    if opcode not in NAMES:
        raise Violation(f"the server used opcode {opcode:#x}")
    if second & 0x80:
        raise Violation("the server masked a frame")
    size, start = second & 0x7F, 2
    if opcode >= CLOSE and (size > 125 or not fin):
        raise Violation("the server sent a control frame that is fragmented or above 125 bytes")
    if size >= 126:
        start = 4 if size == 126 else 10
        if len(buffer) < start:
            return None
        size = int.from_bytes(buffer[2:start], "big")
        if size < (126 if start == 4 else 65536):
            raise Violation(f"the server's length of {size} is not encoded minimally")
    if len(buffer) < start + size:
        return None
    return fin, opcode, bytes(buffer[start:start + size]), start + size


class ServerFrames:
    """Puts a server's messages together and checks every rule that binds a server."""

    def __init__(self):
        self.kind = None
        self.pieces = []

    def take(self, buffer):
        """Takes one message or control frame from the buffer's front, or returns None."""
        while (found := parse_server_frame(buffer)) is not None:
            fin, opcode, payload, size = found
            del buffer[:size]
            if opcode == CLOSE:
                return self._close(payload)
            if opcode >= CLOSE:
                return Control(opcode, payload)
            if (opcode == CONTINUATION) != (self.kind is not None):
                raise Violation(f"the server sent a {NAMES[opcode]} frame out of turn")
            if opcode != CONTINUATION:
                self.kind = opcode
            self.pieces.append(payload)
            if not fin:
                continue
            message = Message(self.kind, b"".join(self.pieces))
            self.kind, self.pieces = None, []
            if message.kind == TEXT:
                self._utf8(message.payload, "a text message")
            return message
        return None

    def _close(self, payload):
        if not payload:
            return Close(None)
        if len(payload) == 1:
            raise Violation("the server sent a close frame of one byte")
        return Close(int.from_bytes(payload[:2], "big"), self._utf8(payload[2:], "a close reason"))

    @staticmethod
    def _utf8(payload, what):
        try:
            return payload.decode()
        except UnicodeDecodeError as error:
            raise Violation(f"the server sent {what} that is not UTF-8: {error}") from None


# ---- For people ----------------------------------------------------------------------------------

SHOWN = 64


def quoted(payload):
    """A payload as Python would write it, cut if long."""
    shown = repr(bytes(payload[:SHOWN]))[1:]
    return shown if len(payload) <= SHOWN else f"{shown}... ({len(payload)} bytes)"


def describe(data):
    """What the frames in these bytes are, as far as they can be told; for either direction."""
    parts, at = [], 0
    while at + 2 <= len(data) and len(parts) < 8:
        first, second = data[at], data[at + 1]
        size, start = second & 0x7F, at + 2
        if size >= 126:
            end = start + (2 if size == 126 else 8)
            size, start = int.from_bytes(data[start:end], "big"), end
        key = None
        if second & 0x80:
            key, start = data[start:start + 4], start + 4
        payload = bytes(data[start:start + size])
        name = NAMES.get(first & 0x0F, f"opcode {first & 0x0F:#x}")
        words = [name, quoted(masked(payload, key) if key and len(key) == 4 else payload)]
        if not first & 0x80:
            words.append("(no FIN)")
        if first & 0x70:
            words.append(f"(RSV {first >> 4 & 7:03b})")
        if len(payload) < size:
            words.append(f"({len(payload)} of {size} announced)")
        parts.append(" ".join(words))
        at = start + size
    return ", ".join(parts) + (", ..." if at < len(data) else "")
