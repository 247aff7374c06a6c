"""Requests that the shim serves: from small and large pools, beside other mappings, and by many processes at once.

A program with the shim preloaded takes a memory file and gives it back, with a rest between: in quick succession the kernel has
less to do for each, and leases are rare.
"""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

from suite import programs, words
from suite.context import Context
from suite.files import FILE_INIT, LIBRARIES, leased, make_files
from suite.mapped import pages_of
from suite.result import Found, LeftOut, NotMeasured, Row, in_rounds

TITLE = "Leases"
WEIGHT = 2
LEASE = "bench/lease"
PAGE = 2 << 20  # the size of a file
POOLS = (1, 10, 100, 1000)
MAPPINGS = (0, 1000, 10_000)
PROCESSES = (1, 2, 4, 8, 16, 32, 64)
SECONDS, REST = 0.1, 0.002  # of leases, and between two


def measure(context: Context) -> Iterator[Found]:
    missing = programs.not_built(context, LEASE, FILE_INIT, *LIBRARIES)
    if missing:
        yield LeftOut("lease", "all", missing)
        return
    pools: dict[int, Path] = {}  # each of its own pages
    with ExitStack() as held:
        for files in POOLS:
            try:
                folder = held.enter_context(context.huge_pages(PAGE, files * PAGE)) / "files"
                make_files(context, folder, PAGE, files)
                pools[files] = folder
            except NotMeasured as reason:
                yield LeftOut("lease", f"a pool of {words.count(files, 'file')}", str(reason))
        if not pools:
            return
        runs: dict[tuple, Callable[[], Mapping[tuple, float]]] = {}
        for files, folder in pools.items():
            for zero in ("always", "never"):
                runs["lease", files, zero] = lambda folder=folder, files=files, zero=zero: crowded(context, folder, files, zero)
        for mappings in MAPPINGS:
            runs["mappings", mappings] = lambda mappings=mappings: among(context, pools[min(pools)], mappings)
        most = max(pools)
        for processes in PROCESSES:
            if processes <= most:
                folder = part_of(pools[most], processes)
                runs["contention", processes] = lambda folder=folder, processes=processes: at_once(context, folder, processes)
        found, failures = in_rounds(runs, context.seconds)
        yield from (LeftOut(group, ", ".join(map(str, rest)), why) for (group, *rest), why in failures.items())
        for values_of in found.values():
            for (group, subject, *parameters), values in values_of.items():
                yield Row(group, subject, "s", values, dict(parameters))


def part_of(pool: Path, files: int) -> Path:
    """A pool of so many of its files: each process has one, and no more files to look through."""
    part = pool.with_name(f"part-{files}")
    for file in sorted(pool.glob("numa_*/*"))[:files]:
        link = part / file.relative_to(pool)
        link.parent.mkdir(parents=True, exist_ok=True)
        link.hardlink_to(file)
    return part


def command(context: Context, *more: object) -> list[str]:
    return [str(context.build / LEASE), "--bytes", str(PAGE), "--seconds", str(SECONDS), *map(str, more)]


def variables(context: Context, folder: Path, zero: str) -> dict[str, str]:
    library = str(context.build / LIBRARIES[0])
    return {"LD_PRELOAD": library, "HUGEPAGE_FILES_PATH": str(folder), "HUGEPAGE_ZERO": zero, "HUGEPAGE_LOG": "error"}


def parse(text: str) -> dict[str, float]:
    said = json.loads(text)
    if pages_of(said["pages"]).of_size.keys() != {PAGE}:
        raise RuntimeError("the shim did not serve the program that leases")
    return said


def crowded(context: Context, folder: Path, files: int, zero: str) -> dict[tuple, float]:
    """From a pool whose files are all leased but one."""
    with leased(folder, but=1):
        said = parse(programs.ended(command(context, "--rest", REST), variables(context, folder, zero)))
    parameters = ("files", files), ("leased", files - 1), ("bytes", PAGE), ("zero", zero)
    return {("lease", "take", *parameters): said["take_seconds"], ("lease", "give back", *parameters): said["give_back_seconds"]}


def among(context: Context, folder: Path, mappings: int) -> dict[tuple, float]:
    said = parse(programs.ended(command(context, "--mappings", mappings), variables(context, folder, "always")))
    return {("mappings", "take", ("mappings", mappings)): said["take_seconds"]}


def at_once(context: Context, folder: Path, processes: int) -> dict[tuple, float]:
    """What a lease takes each of so many processes. Without zeroing: the question is how they disturb each other, not the memory's speed."""
    begin = time.monotonic() + 0.1 + 0.02 * processes  # when all of them have started
    environment = variables(context, folder, "never")
    with ExitStack() as stack:
        all_of_them = (programs.running(command(context, "--not-before", begin), environment) for _ in range(processes))
        started = [stack.enter_context(each) for each in all_of_them]
        pairs = [parse(programs.output(each))["pair_seconds"] for each in started]
    return {("contention", "take and give back", ("processes", processes)): sum(pairs) / len(pairs)}
