"""A WebSocket client over a plain socket: it reads only when told to, and says what nobody should."""

import base64
import os
import socket
import struct

from support import PATIENCE_SECONDS

TEXT, CLOSE, PING, PONG = 1, 8, 9, 10

# More than the system buffers for a peer that does not read.
MUCH_BYTES = 24 * 1024 * 1024


def much_for(uid):
    """Lines of so many bytes in all."""
    return [f'{{"uid":"{uid}","n":{n},"x":"{"x" * 60_000}"}}' for n in range(MUCH_BYTES // 60_000)]


class RawClient:
    def __init__(self, port, receive_buffer_bytes=None):
        self.socket = socket.socket()
        self.socket.settimeout(PATIENCE_SECONDS)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if receive_buffer_bytes:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer_bytes)
        try:
            self.socket.connect(("127.0.0.1", port))
        except OSError:
            self.socket.close()
            raise
        self.input = self.socket.makefile("rb")

    def close(self):
        self.input.close()
        self.socket.close()

    def open(self, uid=None):
        """The opening handshake; with a uid, returns when the server has read that."""
        key = base64.b64encode(os.urandom(16)).decode()
        self.socket.sendall(("GET / HTTP/1.1\r\nHost: test\r\nUpgrade: websocket\r\n"
                             "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                             f"Sec-WebSocket-Key: {key}\r\n\r\n").encode())
        status = self.input.readline()
        if not status.startswith(b"HTTP/1.1 101 "):
            raise AssertionError(f"no upgrade: {status}")
        while self.input.readline() not in (b"\r\n", b""):
            pass
        if uid is not None:
            self.send(TEXT, uid.encode())
            self.send(PING, b"")
            if self.frame() != (PONG, b""):
                raise AssertionError("expected a pong after the uid")
        return self

    def send(self, opcode, payload):
        """One masked frame; a mask of zeros leaves the payload as it is."""
        size = (bytes([0x80 | len(payload)]) if len(payload) < 126
                else b"\xfe" + struct.pack("!H", len(payload)))
        self.socket.sendall(bytes([0x80 | opcode]) + size + bytes(4) + payload)

    def frame(self):
        """The next frame, as opcode and payload."""
        first, size = self._exactly(2)
        if size == 126:
            size, = struct.unpack("!H", self._exactly(2))
        elif size == 127:
            size, = struct.unpack("!Q", self._exactly(8))
        return first & 0x0F, self._exactly(size)

    def close_code(self):
        """The code of the close frame, which is the next one; answers it."""
        opcode, payload = self.frame()
        if opcode != CLOSE:
            raise AssertionError(f"expected a close frame, got opcode {opcode}")
        self.send(CLOSE, payload[:2])
        return struct.unpack("!H", payload[:2])[0]

    def _exactly(self, count):
        data = self.input.read(count)
        if len(data) < count:
            raise AssertionError("the connection ended within a frame, or without one")
        return data
