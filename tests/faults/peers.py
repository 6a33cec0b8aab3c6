"""Those who attack: connections at every stage, correct so far, and ways to leave them."""

import contextlib
import ctypes
import os
import random
import select
import socket
import struct
import time

import arena  # noqa: F401  (it says where the helpers of other tests are)
import wire
from peer import request

REQUEST = request()
WORKS_FOR = 20.0


def connect(address, receive_buffer_bytes=None, patience=WORKS_FOR):
    peer = socket.socket()
    peer.settimeout(patience)
    peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if receive_buffer_bytes:
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer_bytes)
    peer.connect(address)
    return peer


def upgraded(address, asking=REQUEST, **how):
    peer = connect(address, **how)
    peer.sendall(asking)
    head = b""
    while b"\r\n\r\n" not in head:
        more = peer.recv(1024)
        if not more:
            raise ConnectionError(f"no upgrade: {head}")
        head += more
    if not head.startswith(b"HTTP/1.1 101 "):
        raise ConnectionError(f"no upgrade: {head}")
    return peer


def page(address, uid, **how):
    """Registered: the server answers a ping that came after the uid."""
    peer = upgraded(address, **how)
    peer.sendall(wire.text(uid) + wire.ping(b"?"))
    pong = b""
    while b"\x8a\x01?" not in pong:
        more = peer.recv(1 << 16)
        if not more:
            raise ConnectionError(f"the uid was not taken: {pong}")
        pong += more
    return peer


def connect_local(path):
    peer = socket.socket(socket.AF_UNIX)
    peer.settimeout(WORKS_FOR)
    peer.connect(str(path))
    return peer


@contextlib.contextmanager
def far_away(scene):
    """At the other end of the link. A socket stays in the namespace in which it was made."""
    setns = ctypes.CDLL(None, use_errno=True).setns
    with open("/proc/self/ns/net") as here, open(f"/proc/{scene['far']}/ns/net") as there:
        if setns(there.fileno(), 0):
            raise OSError(ctypes.get_errno(), "setns")
        try:
            yield
        finally:
            setns(here.fileno(), 0)


def page_in(scene, uid, **how):
    with far_away(scene):
        return page(scene["address"], uid, **how)


def reset(peer):
    """RST."""
    try:
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    except OSError:
        pass
    peer.close()


def send_some(peer, data):
    """How many bytes went without waiting; None if the server has ended it."""
    try:
        return os.write(peer.fileno(), data)  # a socket of Python's with a timeout would wait first
    except BlockingIOError:
        return 0
    except OSError:
        return None


def has_ended(peer):
    """The server has closed it; what else it said is thrown away."""
    try:
        while os.read(peer.fileno(), 1 << 16):
            pass
        return True
    except BlockingIOError:
        return False
    except OSError:
        return True


def wait_for_the_end(peers, seconds):
    """How many of them the server has not ended by then."""
    left = list(peers)
    deadline = time.monotonic() + seconds
    while left and time.monotonic() < deadline:
        left = [peer for peer in left if not has_ended(peer)]
        time.sleep(0.02)
    return len(left)


def ask(peer, lines):
    """The replies to lines, of one back end that waits for them."""
    peer.sendall(b"".join(line + b"\n" for line in lines))
    return replies(peer, len(lines))


def replies(peer, count):
    got = b""
    while got.count(b"\n") < count:
        more = peer.recv(1 << 16)
        if not more:
            raise ConnectionError(f"{got.count(bytes([10]))} replies of {count}, then the end")
        got += more
    return got.decode().split("\n")[:-1]


def trickle(peers, script, deadline, pause):
    """Each says its script byte by byte, one byte a pause, over and over; those that were closed stop."""
    at = dict.fromkeys(peers, 0)
    while at and time.monotonic() < deadline:
        for peer in list(at):
            if send_some(peer, script[at[peer] % len(script):][:1]) is None:
                del at[peer]
            else:
                at[peer] += 1
        time.sleep(pause)


def flood(peers, data, deadline, reading=False, another=None, leave=None):
    """All write as fast as the server takes it, and read or not. Those whose end came drop out, or another comes.
    How many bytes it took."""
    poller = select.poll()
    by_number = {}

    def take_part(peer):
        by_number[peer.fileno()] = [peer, memoryview(data)]
        poller.register(peer.fileno(), select.POLLOUT | (select.POLLIN if reading else 0))

    def drop(number):
        poller.unregister(number)
        peer, _ = by_number.pop(number)
        if another is not None:
            peer.close()
            take_part(another())

    for peer in peers:
        take_part(peer)
    total = 0
    while by_number and time.monotonic() < deadline:
        for number, happened in poller.poll(50):
            peer, left = by_number[number]
            if happened & select.POLLIN and has_ended(peer) or happened & (select.POLLHUP | select.POLLERR):
                drop(number)
            elif happened & select.POLLOUT:
                sent = send_some(peer, left)
                if sent is None:
                    drop(number)
                else:
                    total += sent
                    by_number[number][1] = left[sent:] or memoryview(data)
    if leave:
        for peer, _ in by_number.values():
            leave(peer)
    return total


def shuffled(values):
    values = list(values)
    random.shuffle(values)
    return values
