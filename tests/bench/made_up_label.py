#!/usr/bin/python3
"""In the place of the real sealer's `label`: label BYTES LAYERS DIR. Takes two buffers as it does, and labels nothing.

OTHER_LABELS: the variable that makes it compute other labels where it's set.
"""

import ctypes
import mmap
import os
import sys
import time

size, folder = int(sys.argv[1]), sys.argv[3]
libc = ctypes.CDLL(None)
libc.calloc.restype = ctypes.c_void_p
libc.calloc.argtypes = [ctypes.c_size_t, ctypes.c_size_t]


def address() -> int:
    if os.environ["FIL_PROOFS_USE_MULTICORE_SDR"] == "0":
        return libc.calloc(size, 1)
    mapped.append(mmap.mmap(-1, size, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS))
    return ctypes.addressof(ctypes.c_char.from_buffer(mapped[-1]))


mapped: list[mmap.mmap] = []
for _ in range(2):
    ctypes.memset(address(), 1, size)
for new in (folder, os.environ["FIL_PROOFS_PARENT_CACHE"]):
    os.makedirs(new, exist_ok=True)
    open(f"{new}/sc-02-data-layer-1.dat", "w").close()
time.sleep(0.2)
digit = "1" if os.environ.get("OTHER_LABELS", "-") in os.environ else "0"
print(f"layer 1 0.1 {64 * digit}\nlayer 2 0.2 {64 * digit}\ntotal 0.3")
