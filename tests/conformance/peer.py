"""The client's end of one conversation, with a record of it for whoever has to read a failure."""

import base64
import hashlib
import os
import re
import select
import socket
import struct
import time

import wire

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
KEY = b"dGhlIHNhbXBsZSBub25jZQ=="  # the RFC's own example

# For what must come; a loaded machine, or a sanitizer, must not fail a case.
PATIENCE_SECONDS = float(os.environ.get("CRIER_PATIENCE_SECONDS", "15"))
EOF_SECONDS = 2.0        # for the end of the TCP stream after the last frame
QUIET_SECONDS = 0.1      # for what must not come; a slow machine can only miss a failure here


class Failure(Exception):
    pass


def accept_of(key):
    return base64.b64encode(hashlib.sha1(key + GUID).digest()).decode()


def request(*more, line=b"GET /chat HTTP/1.1", host=b"Host: 127.0.0.1", upgrade=b"Upgrade: websocket",
            connection=b"Connection: Upgrade", key=b"Sec-WebSocket-Key: " + KEY,
            version=b"Sec-WebSocket-Version: 13", line_end=b"\r\n"):
    """An opening request. Each part may be another line, or None to leave it out."""
    lines = [part for part in (line, host, upgrade, connection, key, version) if part is not None]
    return line_end.join([*lines, *more, b"", b""])


class Response:
    """An HTTP response's header, strictly read."""

    def __init__(self, block):
        lines = block.decode("latin-1").split("\r\n")
        status = re.fullmatch(r"HTTP/1\.1 (\d{3}) [\t\x20-\x7e\x80-\xff]*", lines[0])
        if not status:
            raise Failure(f"malformed status line {lines[0]!r}")
        self.status = int(status[1])
        self.fields = []
        for line in lines[1:]:
            field = re.fullmatch(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([\t\x20-\x7e\x80-\xff]*?)[ \t]*",
                                 line)
            if not field:
                raise Failure(f"malformed header line {line!r} in the response")
            self.fields.append((field[1].lower(), field[2]))

    def all(self, name):
        return [value for field, value in self.fields if field == name]

    def one(self, name):
        values = self.all(name)
        if len(values) != 1:
            raise Failure(f"the response has {len(values)} fields {name}, expected one")
        return values[0]

    def tokens(self, name):
        return [token.strip().lower() for token in ",".join(self.all(name)).split(",")]


class Record:
    """What went over the wire; of long runs only the front is kept."""

    KEPT = 512

    def __init__(self):
        self.entries = []  # [word, front of the bytes, size, writes or reads] or a note

    def bytes(self, word, data):
        last = self.entries[-1] if self.entries else None
        if not isinstance(last, list) or last[0] != word:
            last = [word, bytearray(), 0, 0]
            self.entries.append(last)
        last[1] += data[:max(0, self.KEPT - len(last[1]))]
        last[2] += len(data)
        last[3] += 1

    def note(self, text):
        self.entries.append(text)

    def __str__(self):
        lines = []
        for entry in self.entries:
            if not isinstance(entry, list):
                lines.append(f"    {entry}")
                continue
            word, front, size, pieces = entry
            lines.append(f"    {word} {size} bytes" + (f" in {pieces} pieces" if pieces > 1 else ""))
            http = re.match(rb"[A-Z]+ .*? HTTP/|HTTP/1", front, re.S)
            if http:
                end = front.find(b"\r\n\r\n") + 4
                end = end if end > 3 else len(front)
                lines += [f"        {bytes(line)!r}" for line in front[:end].splitlines(True)]
                front = front[end:]
            if front:
                shown = front[:wire.SHOWN].hex(" ")
                lines.append(f"        {shown}" + (" ..." if len(front) > wire.SHOWN else ""))
                lines.append(f"        = {wire.describe(front)}" if size == len(front) or http
                             else f"        = {wire.describe(front)} ...")
        return "\n".join(lines)


class Peer:
    def __init__(self, address, patience=PATIENCE_SECONDS):
        self.patience = patience
        self.record = Record()
        self.inbox = bytearray()
        self.ended = None  # how the server ended the stream: "EOF" or "RST"
        self.settled = False  # nothing more may be asked of this conversation
        self.frames = wire.ServerFrames()
        try:
            self.socket = socket.create_connection(address, timeout=patience)
        except OSError as error:
            raise Failure(f"could not connect to {address[0]}:{address[1]}: {error}") from None
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.setblocking(False)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    # ---- bytes

    def _receive(self, seconds):
        """Waits for bytes or the end of the stream. False if neither came."""
        if self.ended:
            return True
        poller = select.poll()
        poller.register(self.socket, select.POLLIN)
        if not poller.poll(max(0.0, seconds) * 1000):
            return False
        try:
            data = self.socket.recv(1 << 18)
        except BlockingIOError:
            return False
        except ConnectionResetError:
            self.ended = "RST"
            self.record.note("received RST")
            return True
        if data:
            self.inbox += data
            self.record.bytes("received", data)
        else:
            self.ended = "EOF"
            self.record.note("received EOF")
        return True

    def send(self, data):
        """Writes all, and reads what comes meanwhile: a server that is not read from may stop
        reading. A server that has closed is no failure here; what it said before decides."""
        self.record.bytes("sent", data)
        deadline = time.monotonic() + self.patience
        left = memoryview(data)
        poller = select.poll()
        while left:
            try:
                left = left[self.socket.send(left[:1 << 18]):]
            except BlockingIOError:
                if time.monotonic() > deadline:
                    self.fail(f"the server stopped reading with {len(left)} bytes to go")
                poller.register(self.socket,
                                select.POLLOUT | (0 if self.ended else select.POLLIN))
                if any(what & select.POLLIN for _, what in poller.poll(100)):
                    self._receive(0)
            except BrokenPipeError:
                self.record.note(f"could not send the last {len(left)} bytes: closed by the server")
                return
            except ConnectionResetError:
                # The system tells this once; a read after it would look like EOF.
                while not self.ended:
                    self._receive(0)
                self.ended = "RST"
                self.record.note(f"could not send the last {len(left)} bytes: RST by the server")
                return

    def send_pieces(self, pieces, delay=0.0):
        for piece in pieces:
            self.send(piece)
            if delay:
                time.sleep(delay)

    def finish_sending(self):
        """FIN: the client says nothing more, but listens."""
        self.record.note("sent FIN")
        try:
            self.socket.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def reset(self):
        """RST: the client is gone."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    # ---- what must come

    def fail(self, why):
        raise Failure(f"{why}\n{self.record}")

    def open(self, head=None, key=KEY):
        self.send(request() if head is None else head)
        return self.expect_accepted(key)

    def _response_block(self):
        deadline = time.monotonic() + self.patience
        while (end := self.inbox.find(b"\r\n\r\n")) < 0:
            if self.ended:
                self.fail(f"{self.ended} instead of a whole response header")
            if not self._receive(deadline - time.monotonic()):
                self.fail("no whole response header came")
        block = bytes(self.inbox[:end])
        del self.inbox[:end + 4]
        return block

    def expect_accepted(self, key=KEY, extensions=()):
        """101 as RFC 6455 section 4.2.2 wants it, with no subprotocol and no other extension."""
        self.record.note("expected: 101 Switching Protocols")
        try:
            response = Response(self._response_block())
            if response.status != 101:
                raise Failure(f"status {response.status} instead of 101")
            if response.one("upgrade").lower() != "websocket":
                raise Failure("the response's Upgrade is not websocket")
            if "upgrade" not in response.tokens("connection"):
                raise Failure("the response's Connection has no Upgrade")
            if response.one("sec-websocket-accept") != accept_of(key):
                raise Failure(f"Sec-WebSocket-Accept should be {accept_of(key)}")
            for name in ("content-length", "transfer-encoding", "sec-websocket-protocol"):
                if response.all(name):
                    raise Failure(f"the response has a field {name}")
            for extension in filter(None, response.tokens("sec-websocket-extensions")):
                if extension.split(";")[0].strip() not in extensions:
                    raise Failure(f"the response has an extension that was not offered: {extension}")
        except Failure as failure:
            self.fail_with(failure)
        return response

    def fail_with(self, failure):
        if "\n    " in str(failure):
            raise failure
        self.fail(str(failure))

    def expect_refused(self, statuses, method=b"GET"):
        """One HTTP response of these statuses that ends the connection, and then EOF."""
        self.record.note("expected: status " + " or ".join(map(str, sorted(statuses)))
                         + " with Connection: close")
        try:
            response = Response(self._response_block())
            if response.status not in statuses:
                raise Failure(f"status {response.status}")
            self.expect_eof(after_anything=True)
            self.settled = True
            if "close" not in response.tokens("connection"):
                raise Failure("the response has no Connection: close")
            if response.all("sec-websocket-accept"):
                raise Failure("a refusal with Sec-WebSocket-Accept")
            if response.all("transfer-encoding"):
                raise Failure("a refusal with Transfer-Encoding")
            if method == b"HEAD":
                if self.inbox:
                    raise Failure(f"a body of {len(self.inbox)} bytes in the answer to HEAD")
            elif int(response.one("content-length")) != len(self.inbox):
                raise Failure(f"Content-Length is {response.one('content-length')}, "
                              f"but {len(self.inbox)} bytes came")
            if response.status == 405 and "get" not in response.tokens("allow"):
                raise Failure("405 without Allow: GET")
            if response.status == 426 and "websocket" not in response.tokens("upgrade"):
                raise Failure("426 without Upgrade: websocket")
        except Failure as failure:
            self.fail_with(failure)
        return response

    def next(self, seconds=None):
        """The next message or control frame, "EOF", "RST", or None after some time."""
        deadline = time.monotonic() + (self.patience if seconds is None else seconds)
        while True:
            try:
                found = self.frames.take(self.inbox)
            except wire.Violation as violation:
                self.fail(str(violation))
            if found is not None:
                return found
            if self.ended:
                return self.ended
            if not self._receive(deadline - time.monotonic()):
                return None

    def expect(self, event):
        """The next thing that comes must be this."""
        self.record.note(f"expected: {event}")
        self.expect_silently(event)

    def expect_silently(self, event):
        """The same, for those who expect a thousand of one kind."""
        got = self.next()
        if got != event:
            self.fail(f"expected {event}, got {'nothing' if got is None else got}")

    def expect_close(self, code):
        """A close frame with this code, nothing after it, and EOF, all without the client's help."""
        self.record.note(f"expected: {wire.Close(code)}")
        got = self.next()
        if not isinstance(got, wire.Close):
            self.fail(f"expected {wire.Close(code)}, got {'nothing' if got is None else got}")
        if got.code != code:
            self.fail(f"expected {wire.Close(code)}, got {got}")
        self.expect_eof()

    def expect_eof(self, after_anything=False):
        """The server ends the stream, in order and soon; after no other byte, unless told so."""
        self.record.note("expected: EOF")
        deadline = time.monotonic() + EOF_SECONDS
        while not self.ended and (after_anything or not self.inbox):
            if not self._receive(deadline - time.monotonic()):
                self.fail(f"the server has not ended the TCP stream within {EOF_SECONDS:g} s")
        if self.inbox and not after_anything:
            self.fail(f"{len(self.inbox)} bytes came where the stream had to end")
        if self.ended == "RST":
            self.fail("RST instead of EOF")
        self.settled = True

    def expect_quiet(self, seconds=QUIET_SECONDS):
        """Nothing comes for now, and the connection stays."""
        self.record.note(f"expected: nothing for {seconds:g} s")
        if not self.inbox and not self._receive(seconds):
            return
        self.fail(f"expected nothing yet, got {self.ended or 'bytes'}")

    def say_goodbye(self):
        """The end of a conversation that is still open: nothing is left over, and it closes well."""
        if not self.settled:
            self.send(wire.close(1000))
            self.expect_close(1000)
