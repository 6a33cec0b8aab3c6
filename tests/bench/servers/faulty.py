#!/usr/bin/env python3
"""faulty.py FAULT: a push server that makes one mistake, or none.

Speaks the wire contract, and nchan's HTTP if it is spoken to so. Prints its two ports. FAULT is one of those that
crier_load tells apart, or stall (it stands still for a while and then makes up for it), or none.
"""

import asyncio
import base64
import hashlib
import json
import sys
import time

FAULT = sys.argv[1]
FAULTY_LINE = 300  # of back end 0

STALL_SECONDS = 0.5
EVERYBODY = "all"  # the name of nchan's channel, too

connections = {}  # uid, or channel -> writers
held_back = {}  # (uid, back end) -> frame


def frame(payload, first=0x81):
    assert len(payload) < 65536
    size = bytes([len(payload)]) if len(payload) < 126 else b"\x7e" + len(payload).to_bytes(2, "big")
    return bytes([first]) + size + payload


async def on_client(reader, writer):
    header = await reader.readuntil(b"\r\n\r\n")
    key = next(line.split(b":")[1].strip() for line in header.split(b"\r\n")
               if line.lower().startswith(b"sec-websocket-key:"))
    if FAULT == "handshake":
        key = key[::-1]
    accept = base64.b64encode(hashlib.sha1(key + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest())
    writer.write(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                 b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n")
    if header.startswith(b"GET /sub/"):
        uid = header.split()[1][len("/sub/"):].decode()
    else:
        size = (await reader.readexactly(2))[1] & 0x7f
        mask = await reader.readexactly(4)
        uid = bytes(c ^ mask[i % 4] for i, c in enumerate(await reader.readexactly(size))).decode()
    if FAULT != "unregistered" or connections:
        connections.setdefault(uid, []).append(writer)
    await reader.read()
    writer.close()


def deliver(line):
    """True for ok."""
    told = json.loads(line)
    uid, backend = told.get("uid", EVERYBODY), told["b"]
    writers = connections.get(uid, [])
    if uid == EVERYBODY and not writers:
        writers = [writer for all_of_one in connections.values() for writer in all_of_one]
    faulty = FAULT if (told["n"], backend) == (FAULTY_LINE, 0) else "none"
    message = frame(line)
    if faulty == "stall":
        time.sleep(STALL_SECONDS)
    if faulty == "lost":
        return True
    if faulty == "reordered":
        held_back[uid, backend] = message
        return True
    if faulty == "misrouted":
        writers = next(others for name, others in connections.items() if name != uid)
    if faulty == "altered":
        message = frame(line[:-3] + b"~" + line[-2:])
    if faulty == "framing":
        message = frame(line, 0xC1)
    if faulty == "duplicated":
        message += message
    for writer in writers:
        writer.write(message + held_back.get((uid, backend), b""))
        if faulty == "closed":
            writer.close()
    held_back.pop((uid, backend), None)
    return bool(writers) != (faulty == "reply")


async def on_backend(reader, writer):
    while line := await reader.readline():
        if line.startswith(b"POST /pub/"):
            fields = await reader.readuntil(b"\r\n\r\n")
            size = next(int(field.split(b":")[1]) for field in fields.lower().split(b"\r\n")
                        if field.startswith(b"content-length:"))
            took = deliver(await reader.readexactly(size))
            writer.write(b"HTTP/1.1 " + (b"201 Created" if took else b"202 Accepted") +
                         b"\r\nContent-Length: 7\r\n\r\nqueued\n")
        else:
            writer.write(b"ok\n" if deliver(line.rstrip(b"\r\n")) else b"fail\n")
    writer.close()


async def main():
    servers = [await asyncio.start_server(handler, "127.0.0.1", 0) for handler in (on_client, on_backend)]
    print(*[server.sockets[0].getsockname()[1] for server in servers], flush=True)
    await asyncio.gather(*[server.serve_forever() for server in servers])


asyncio.run(main())
