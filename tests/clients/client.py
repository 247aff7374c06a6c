# A Python program that asks for one large buffer in the ways that Python has, uses it, gives it back, and asks again.
#
#   client.py WAY BYTES
#
# stdout: what it computed. stderr: how many files of the pool it has mapped, after each step.
import ctypes
import hashlib
import mmap
import os
import sys

WAYS = {
    "shared": lambda size: mmap.mmap(-1, size),
    "private": lambda size: mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS),
    "bytearray": lambda size: bytearray(size - 1),  # which keeps a byte more than it shows
    "whole_bytearray": lambda size: bytearray(size),
    "ctypes": lambda size: ctypes.create_string_buffer(size),
}


def tell(step):
    with open("/proc/self/maps") as maps:
        print(step, sum("/numa_0/" in line for line in maps), file=sys.stderr)


def digest(buffer):
    return hashlib.sha256(buffer).hexdigest()


way, size = sys.argv[1], int(sys.argv[2])
for _ in range(2):
    buffer = WAYS[way](size)
    tell("taken")
    print("fresh", digest(buffer))
    view = memoryview(buffer).cast("B")
    for begin in range(0, len(view), 1 << 20):
        part = view[begin : begin + (1 << 20)]
        part[:] = hashlib.shake_128(begin.to_bytes(8, "little")).digest(len(part))
        part.release()
    print("filled", digest(view))
    print("slice", buffer[4097:4129].hex(), "reversed", digest(view[:100000][::-1].tobytes()))
    if way == "shared":
        if os.fork() == 0:
            buffer[0:5] = b"child"
            os._exit(0)
        os.wait()
        print("written by the child", bytes(buffer[0:5]))
    view.release()
    if isinstance(buffer, mmap.mmap):
        buffer.close()
    del buffer
    tell("released")
