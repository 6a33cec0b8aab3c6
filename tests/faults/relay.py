#!/usr/bin/env python3
"""relay.py CLIENTS BACKEND HOW: stands between a push server and its peers, on two ports of its own, which it prints.

CLIENTS and BACKEND are the server's ports. HOW is
  none       passes everything on
  chop       in pieces of 1 to 7 bytes
  delay      each read up to 20 ms later, so that what went in two connections at once comes out in another order
or a mistake, made once, which it tells:
  lost, duplicated, swapped, misrouted   with a message to a page
  forgotten                              a back end's line is answered ok and thrown away
"""

import asyncio
import functools
import random
import sys

FAULTY_MESSAGE = 60  # and line


class Relay:
    def __init__(self, how):
        self.how = how
        self.count = 0
        self.pages = []
        self.held = None

    async def serve(self, ports):
        listeners = [await asyncio.start_server(lambda r, w, port=port, page=page: self.pair(r, w, port, page),
                                                "127.0.0.1", 0, limit=1 << 20)
                     for port, page in zip(ports, (True, False))]
        print(*[listener.sockets[0].getsockname()[1] for listener in listeners], flush=True)
        await asyncio.gather(*[listener.serve_forever() for listener in listeners])

    async def pair(self, reader, writer, port, page):
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 20)
        to_server, to_peer = self.passed_on, self.passed_on
        if page and self.how in ("lost", "duplicated", "swapped", "misrouted"):
            to_peer = self.messages
        if not page and self.how == "forgotten":
            to_server = functools.partial(self.lines, back=writer)
        await asyncio.gather(to_server(reader, far_writer), to_peer(far_reader, writer), return_exceptions=True)
        for each in (writer, far_writer):
            each.close()

    async def passed_on(self, reader, writer):
        while data := await reader.read(1 << 16):
            if self.how == "delay":
                await asyncio.sleep(random.uniform(0, 0.02))
            while self.how == "chop" and data:
                size = random.randint(1, 7)
                writer.write(data[:size])
                await writer.drain()
                await asyncio.sleep(0)  # a system call of its own for each piece
                data = data[size:]
            writer.write(data)
            await writer.drain()
        writer.write_eof()

    async def messages(self, reader, writer):
        writer.write(await reader.readuntil(b"\r\n\r\n"))
        self.pages.append(writer)
        while True:
            head = await reader.readexactly(2)
            size = head[1]
            if size == 126:
                head += await reader.readexactly(2)
                size = int.from_bytes(head[2:4], "big")
            frame = head + await reader.readexactly(size)
            self.count += 1
            if self.held and self.held[0] is writer:
                frame, self.held = frame + self.held[1], None
                self.made()
            elif self.count == FAULTY_MESSAGE and self.how == "swapped":
                self.held = writer, frame
                continue
            elif self.count == FAULTY_MESSAGE and self.how == "duplicated":
                frame += frame
                self.made()
            elif self.count == FAULTY_MESSAGE and self.how in ("lost", "misrouted"):
                if self.how == "misrouted":
                    self.pages[self.pages.index(writer) - 1].write(frame)
                self.made()
                continue
            writer.write(frame)

    def made(self):
        print("made", flush=True)

    async def lines(self, reader, writer, back):
        while line := await reader.readline():
            if b'"uid":"-"' not in line:
                self.count += 1
            if self.how == "forgotten" and self.count == FAULTY_MESSAGE:
                self.count += 1
                back.write(b"ok\n")
                self.made()
                continue
            writer.write(line)
        writer.write_eof()


if __name__ == "__main__":
    asyncio.run(Relay(sys.argv[3]).serve(map(int, sys.argv[1:3])))
