"""Results that no machine has measured, for the tests: every group with some rows. Random, but the same for the same seed."""

import random
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "bench"))

from suite.result import Result  # noqa: E402
from suite.rows import Fact, LeftOut, Row  # noqa: E402

GIB = 1 << 30
MIB = 1 << 20

MACHINE = {
    "cpu_model": "Example CPU 9000",
    "kernel": "6.18.0",
    "system": "Debian GNU/Linux 12 (bookworm)",
    "architecture": "x86_64",
    "is_virtual": True,
    "is_root": True,
    "cpus": 16,
    "cpus_in_all": 16,
    "node": 0,
    "nodes": [0],
    "memory_bytes": 128 * GIB,
    "memory_free_bytes": 120 * GIB,
    "page_sizes": [2 * MIB, GIB],
    "thp": "madvise",
}

# Seconds until 32 GiB are usable, to give them back, and of a random read.
PEERS = {
    "plain": (25.0, 1.3, 44e-9),
    "mlock": (10.1, 1.3, 44e-9),
    "MADV_HUGEPAGE": (6.9, 0.006, 26e-9),
    "THP always": (6.9, 0.006, 26e-9),
    "MAP_HUGETLB": (5.1, 0.005, 25e-9),
    "libhugetlbfs": (25.1, 1.3, 44e-9),
    "hugectl": (25.0, 1.3, 44e-9),
    "mimalloc": (25.2, 1.3, 44e-9),
    "glibc tunable": (24.9, 1.3, 44e-9),
    "shim": (0.33, 0.005, 25e-9),
    "shim, ZERO=never": (0.012, 0.005, 25e-9),
}
PAGES = {"4 KiB": (44e-9, 344e-9), "THP": (26e-9, 205e-9), "2 MiB": (25e-9, 198e-9), "1 GiB": (23e-9, 180e-9)}
CALLS = {"mmap": 610e-9, "munmap": 540e-9, "mremap": 480e-9, "madvise": 210e-9, "mprotect": 350e-9, "mlock": 300e-9}


class Maker:
    def __init__(self, seed: int, noise: float, rounds: int) -> None:
        self.draw = random.Random(seed)
        self.noise = noise
        self.rounds = rounds
        self.rows: list[Row] = []

    def row(self, group: str, subject: str, typical: float, unit: str = "s", **parameters: int | float | str) -> None:
        values = [typical * self.draw.lognormvariate(0, self.noise) for _ in range(self.rounds)]
        self.rows.append(Row(group, subject, unit, values, parameters))


def made_up_result(seed: int = 1, noise: float = 0.02, rounds: int = 6) -> Result:
    make = Maker(seed, noise, rounds)
    peers(make)
    memory(make)
    requests(make)
    pc1(make)
    result = Result("2026-01-02T03:04:05Z", "0123456789ab", "0.1.0", 10, dict(MACHINE), 32 * GIB, seconds=590)
    result.steps = ["peers", "requests", "memory", "creating", "pc1", "calls"]
    result.rows = make.rows
    result.facts = facts()
    result.left_out = [LeftOut("reads", "random", "asked for 64 huge pages of 1 GiB on node 0, got 2")]
    return result


def peers(make: Maker) -> None:
    for peer, (usable, release, read) in PEERS.items():
        make.row("peers", peer, usable, what="usable", bytes=32 * GIB)
        make.row("peers", peer, release, what="release", bytes=32 * GIB)
        make.row("peers", peer, read, what="random read", bytes=32 * GIB)
        make.row("peers", peer, 8 * read, what="dependent read", bytes=32 * GIB)


def memory(make: Maker) -> None:
    for threads in (1, 2, 4, 8, 16):
        highest = 130e9 * (1 - 0.87**threads)
        for subject, part in (("shim", 0.95), ("memset", 0.6), ("streaming stores", 0.97), ("bandwidth", 1.0)):
            make.row("zeroing", subject, part * highest, "B/s", threads=threads, bytes=32 * GIB, pages="2 MiB")
    for pages, (chance, chain) in PAGES.items():
        make.row("reads", "random", chance, pages=pages, bytes=32 * GIB)
        make.row("reads", "dependent", chain, pages=pages, bytes=32 * GIB)
    for way, cost in (("touch", 6.0), ("MADV_POPULATE_WRITE", 5.0), ("mlock", 5.5), ("MAP_POPULATE", 5.1)):
        for pages, part in (("4 KiB", 1.0), ("THP", 0.4), ("2 MiB", 0.3)):
            make.row("populate", way, part * cost, pages=pages, bytes=32 * GIB, threads=1)
    for subject, cost in (("hugepage-file-init", 0.8), ("fallocate", 5.5), ("dd", 21.0)):
        make.row("creating", subject, cost, bytes=32 * GIB, pages="2 MiB", threads=16 if subject.startswith("huge") else 1)


def requests(make: Maker) -> None:
    for call, cost in CALLS.items():
        make.row("passing", call, cost * 1.004, through="shim")
        make.row("passing", call, cost, through="libc")
        make.row("null", call, cost, through="libc")
        make.row("null", call, cost, through="libc again")
    for preload, cost in (("none", 40e-9), ("shim", 40e-9), ("heap", 42e-9)):
        make.row("passing", "malloc", cost, preload=preload)
    for files in (1, 10, 100, 1000):
        for leased in sorted({0, files - 1}):
            cost = 40e-6 + leased * 0.4e-6
            make.row("lease", "take", cost, files=files, leased=leased, bytes=2 * MIB, zero="never")
            make.row("lease", "give back", 20e-6, files=files, leased=leased, bytes=2 * MIB, zero="never")
    for processes in (1, 2, 4, 8, 16):
        make.row("contention", "take and give back", 60e-6 * (1 + 0.4 * processes), processes=processes)
    for mappings in (10, 1000, 10000):
        make.row("mappings", "take", 41e-6, mappings=mappings)
        make.row("mappings", "mmap passed on", 610e-9, mappings=mappings)


def pc1(make: Maker) -> None:
    for path, least in (("single-core", 1000e-9), ("multicore", 690e-9)):
        for sealers in (1, 2, 4):
            for subject, part in (("plain", 1.5), ("THP", 1.12), ("shim 2 MiB", 1.1), ("shim 1 GiB", 1.05)):
                each = least * (1 + (part - 1) * (1 if path == "single-core" else 0.2)) * (1 + 0.02 * sealers)
                make.row("pc1", subject, each, path=path, sector=512 * MIB, sealers=sealers, threads=1)


def facts() -> list[Fact]:
    found = []
    for peer in PEERS:
        huge = peer in ("MADV_HUGEPAGE", "THP always", "MAP_HUGETLB", "shim", "shim, ZERO=never")
        reaches = "yes" if peer.startswith(("shim", "THP")) else "no"
        found.append(Fact("peers", peer, "reaches mmap", reaches))
        found.append(Fact("peers", peer, "reaches calloc", "no" if peer == "mimalloc" else reaches))
        found.append(Fact("peers", peer, "right node", "yes"))
        found.append(Fact("peers", peer, "page size", "2 MiB" if huge else "4 KiB"))
    return found
