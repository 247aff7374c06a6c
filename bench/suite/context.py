"""What a step is given to measure with."""

import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from suite import pages
from suite.machine import Machine, large_buffer, read_machine, stay_on_node
from suite.pages import Shortage

__all__ = ["Context", "Shortage", "alone"]


@dataclass(frozen=True)
class Context:
    build: Path  # build/release
    scratch: Path  # an empty folder of the step's own
    seconds: float  # how long the step may take in all; two rounds are measured even if they take longer
    machine: Machine
    buffer_bytes: int  # the size of "the large buffer" in this run
    planned: float | None = None  # seconds that the step was to have when the run began

    @property
    def seconds_for_sizes(self) -> float:
        """Sizes are chosen by the machine and the time given, never by what was measured: runs are to be compared."""
        return self.seconds if self.planned is None else self.planned

    def huge_pages(self, page_size: int, total_bytes: int) -> AbstractContextManager[Path]:
        """A folder on hugetlbfs, mounted for us alone, with at least so many bytes of reserved pages on machine.node.

        Everything is given back on leaving, also when the suite is killed. Raises Shortage where it can't be had. Each call
        reserves pages of its own.
        """
        return pages.huge_pages(page_size, total_bytes, self.machine.node)

    def setting(self, path: str, value: str) -> AbstractContextManager[None]:
        """A file of sysfs or procfs has this value until this is left. Raises Shortage where it can't be written."""
        return pages.setting(path, value)

    def fragmented_memory(self) -> AbstractContextManager[str]:
        return pages.fragmented_memory(self.machine.node, self.machine.memory_free_bytes)

    def say(self, text: str) -> None:
        print(f"bench: {text}", file=sys.stderr, flush=True)


@contextmanager
def alone(build: Path, seconds: float, buffer_bytes: int | None = None, parent: str | None = None) -> Iterator[Context]:
    """A context to try a single step with, whose scratch folder is in this one."""
    machine = read_machine()
    stay_on_node(machine)
    with pages.scratch_folder(parent) as scratch:
        yield Context(build, scratch, seconds, machine, buffer_bytes or large_buffer(machine.memory_free_bytes))
