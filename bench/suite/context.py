"""What a step is given to measure with."""

import sys
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from suite import pages
from suite.machine import Machine


@dataclass(frozen=True)
class Labelling:
    """What the step `sealer` is asked for."""

    program: Path | None = None  # the sealer; nothing: the one that scripts/build-sealer.sh has built
    sector: int = 512 << 20
    paths: tuple[str, ...] = ("single-core", "multicore")
    variants: tuple[str, ...] = ("plain", "THP", "shim 2 MiB", "shim 1 GiB")
    rounds: int | None = None  # nothing: what the time allows


@dataclass(frozen=True)
class Context:
    build: Path  # build/release
    scratch: Path  # an empty folder of the step's own
    seconds: float  # how long the step may take in all; two rounds are measured even if they take longer
    machine: Machine
    buffer_bytes: int  # the size of "the large buffer" in this run
    is_chosen: bool = False  # the step was asked for by name
    fragmented: bool = False  # free memory is fragmented, for those steps that look at that
    labelling: Labelling = Labelling()

    def huge_pages(self, page_size: int, total_bytes: int) -> AbstractContextManager[Path]:
        """A folder on hugetlbfs, mounted for us alone, with at least so many bytes of reserved pages on machine.node.

        Everything is given back on leaving, also when the suite is killed. Raises NotMeasured where it can't be had. Each call
        reserves pages of its own.
        """
        return pages.huge_pages(page_size, total_bytes, self.machine.node)

    def fragmented_memory(self) -> AbstractContextManager[str]:
        return pages.fragmented_memory(self.machine.node, self.machine.memory_free_bytes)

    def say(self, text: str) -> None:
        print(f"bench: {text}", file=sys.stderr, flush=True)
