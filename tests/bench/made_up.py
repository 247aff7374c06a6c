"""A machine that isn't there and results that nobody has measured, for the tests; and where the suite is."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "bench"))

from suite.context import Context  # noqa: E402
from suite.machine import Machine  # noqa: E402
from suite.result import Fact, LeftOut, Result, Row  # noqa: E402

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
STEPS = ["peers", "compare", "sealer", "requests", "memory", "creating", "start"]


def context(build: Path = Path("/build"), scratch: Path = Path("/scratch"), seconds: float = 60, buffer: int = 32 * GIB, **other) -> Context:
    """On that machine, with other properties."""
    return Context(build, scratch, seconds, Machine(**{**MACHINE, **other}), buffer)


def result(*rows: Row, **other) -> Result:
    found = Result("2026-01-02T03:04:05Z", "0123456789ab", "0.1.0", "scripts/bench.sh", dict(MACHINE), 32 * GIB, 590, list(STEPS))
    found.rows = list(rows)
    for name, value in other.items():
        setattr(found, name, value)
    return found


def usable(peer: str, values: list[float], size: int = 32 * GIB) -> Row:
    return Row("peers", peer, "s", values, {"what": "usable", "bytes": size})


def reaches(peer: str, mmap: str, calloc: str) -> list[Fact]:
    return [Fact("peers", peer, "reaches mmap", mmap), Fact("peers", peer, "reaches calloc", calloc)]


def full_result() -> Result:
    """With a row of every group."""
    size = {"bytes": 32 * GIB}
    rows = [usable("plain", [25.0, 26.0]), usable("mlock", [10.0, 10.2]), usable("shim", [0.33, 0.34])]
    rows += [usable("shim, ZERO=never", [0.012, 0.013])]
    rows += [Row("peers", peer, "s", [each, each], {"what": "release", **size}) for peer, each in (("plain", 1.3), ("shim", 0.005))]
    for pages, each in (("4 KiB", 44e-9), ("2 MiB", 25e-9)):
        rows.append(Row("reads", "random", "s", [each, each], {"pages": pages, **size}))
    for threads in (1, 16):
        for subject, rate in (("shim", 9e9), ("bandwidth", 9.5e9)):
            rows.append(Row("zeroing", subject, "B/s", [rate, 1.1 * rate], {"threads": threads, "pages": "2 MiB", **size}))
    for subject, each, threads in (("hugepage-file-init", 0.8, 16), ("fallocate", 5.5, 1)):
        rows.append(Row("creating", subject, "s", [each, each], {"pages": "2 MiB", "threads": threads, **size}))
    for files in (1, 1000):
        parameters = {"files": files, "leased": files - 1, "zero": "never"}
        rows.append(Row("lease", "take", "s", [4e-7 * files, 5e-7 * files], parameters))
    rows += [Row("contention", "take and give back", "s", [each * 1e-4] * 2, {"processes": each}) for each in (1, 64)]
    rows += [Row("start", "no library", "s", [5.4e-4, 5.5e-4])]
    for group, layer in (("compare", {}), ("sealer", {"layer": 2})):
        for memory, each in (("plain", 1.8e-6), ("shim 2 MiB", 1.1e-6)):
            rows.append(Row(group, memory, "s", [each, 1.1 * each], {"path": "single-core", "sector": 512 * MIB, **layer}))
    facts = [Fact("peers", row.subject, "page size", "2 MiB") for row in rows[:4]]
    left_out = [LeftOut("reads", "random", "asked for 64 huge pages of 1 GiB on node 0, got 2")]
    return result(*rows, facts=facts, left_out=left_out)
