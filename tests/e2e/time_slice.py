"""How long a program computes at a time (sched_setattr(2)), where Linux lets it choose: 6.12 or newer.

As a program, `time_slice.py MICROSECONDS PROGRAM [ARGUMENT ...]`, it starts another one with such slices."""

import ctypes
import os
import platform
import struct
import sys

ATTRIBUTES = struct.Struct("IIQiIQQQ")  # size policy flags nice priority runtime deadline period
SET, GET = {"x86_64": (314, 315), "aarch64": (274, 275)}[platform.machine()]
LIBRARY = ctypes.CDLL(None, use_errno=True)


def attributes(pid):
    room = ctypes.create_string_buffer(ATTRIBUTES.size)
    if LIBRARY.syscall(GET, pid, room, ATTRIBUTES.size, 0):
        raise OSError(ctypes.get_errno(), "sched_getattr")
    return list(ATTRIBUTES.unpack(room.raw))


def of(pid=0):
    """In nanoseconds; 0 where there is no choice."""
    return attributes(pid)[5]


def choose(nanoseconds):
    """For the calling thread, and what it starts."""
    wanted = attributes(0)
    wanted[5] = nanoseconds
    if LIBRARY.syscall(SET, 0, ctypes.create_string_buffer(ATTRIBUTES.pack(*wanted)), 0):
        raise OSError(ctypes.get_errno(), "sched_setattr")


if __name__ == "__main__":
    choose(int(sys.argv[1]) * 1000)
    os.execvp(sys.argv[2], sys.argv[2:])
