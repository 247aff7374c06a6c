"""Runs the programs that take two buffers as a sealer does, in the surroundings of what could be used instead of the shim."""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from suite import programs
from suite.context import Context
from suite.machine import PLAIN_PAGE
from suite.mapped import Pages, pages_of
from suite.pages import thp_for

GIB = 1 << 30
MIB = 1 << 20
BUFFERS = "bench/buffers"  # in the build folder
PC1_LABEL = "tools/pc1/pc1-label"
LOCKED = ("--way", "mmap", "--mlock")  # what a sealer's multicore path does
TOUCHED = ("--way", "mmap", "--threads", "1")  # a program that doesn't lock, or may not
CALLOC = ("--way", "calloc", "--threads", "1")  # what its single-core path does: the thread that labels touches first


@dataclass(frozen=True)
class Taken:
    """Two buffers' life. In seconds."""

    pages: Pages
    node: int  # of the thread that asked
    not_zero: int  # words of 8 bytes, one looked at in each 4 KiB
    page_faults: int  # when these were read: pages that were not in place
    usable: float  # for both; with what was done for them before main
    release: float
    random_read: float | None
    dependent_read: float | None

    def why_not(self, wants_zero: bool) -> str:
        """What is wrong with it as memory that is in place and zero; empty if nothing is."""
        looked_at = self.pages.total // PLAIN_PAGE
        if wants_zero and self.not_zero:
            return f"of {looked_at} places {self.not_zero} weren't zero"
        if self.page_faults > looked_at / 100:
            return f"{self.page_faults} pages weren't in place when they were read"
        return ""


def parse(text: str) -> Taken:
    said = json.loads(text)
    # A library that makes the memory before main begins takes its time there.
    made_before = said["hugetlb_at_start"] >= said["bytes"]
    return Taken(
        pages=pages_of(said["pages"]),
        node=said["node"],
        not_zero=said["not_zero"],
        page_faults=said["page_faults"],
        usable=said["usable_seconds"] + (said["start_seconds"] if made_before else 0.0),
        release=said["release_seconds"],
        random_read=said.get("random_read_seconds"),
        dependent_read=said.get("dependent_read_seconds"),
    )


@dataclass(frozen=True, eq=False)
class Peer:
    """To measure it, `buffers` is run with `arguments` under it.

    To find out what it does for a program that isn't changed, it is run with TOUCHED and with CALLOC.
    """

    name: str
    what: str  # it is, for people
    setting_up: str  # what an operator types or installs
    arguments: tuple[str, ...]  # how the program gets its two buffers
    environment: Mapping[str, str] = field(default_factory=dict)
    environment_of_calloc: Mapping[str, str] | None = None  # where another library serves that
    wrapper: tuple[str, ...] = ()
    thp: str = ""  # transparent huge pages are given "always", or for "madvise"; or not, even if the machine does
    is_zero: bool = True  # promised
    labels: str = "asis"  # what the program that labels advises its buffers of; empty: its labels' time is another peer's, or needs its source
    missing: str = ""  # why it can't be measured here

    def take(self, context: Context, size: int, way: tuple[str, ...], reads: int = 0, cpus: str = "") -> Taken:
        """Two buffers of this size. Raises NotMeasured."""
        own = [str(context.build / BUFFERS), "--bytes", str(size), "--reads", str(reads), *way]
        pinned = ("taskset", "--cpu-list", cpus) if cpus else ()
        started_at = ("--started-at", f"{time.monotonic():.6f}")
        return parse(self._ended(context, [*pinned, *self.wrapper, *own, *started_at], way[:2] == CALLOC[:2], size))

    def label(self, context: Context, size: int, path: str, labels: int) -> tuple[float, Pages]:
        """Seconds of a label, as `pc1-label compare` measures them, and its buffers' pages. Raises as `take`."""
        stretch = ["compare-stretch", str(size), str(labels), path, self.labels, "upstream"]
        command = [*self.wrapper, str(context.build / PC1_LABEL), *stretch]
        said = json.loads(self._ended(context, command, path == "single-core", size))
        return said["ns"] * 1e-9, pages_of(said["pages"])

    def _ended(self, context: Context, command: list[str], is_calloc: bool, size: int) -> str:
        other = self.environment_of_calloc if is_calloc else None
        with thp_for(context.machine, self.thp):
            return programs.ended(command, self.environment if other is None else other, 120 + 60 * size / GIB)
