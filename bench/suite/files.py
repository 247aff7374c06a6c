"""Memory files for the shim."""

import fcntl
import resource
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from suite import programs
from suite.context import Context

FILE_INIT = "tools/file_init/hugepage-file-init"
LIBRARIES = ("libhugepage_shim.so", "libhugepage_shim_heap.so")


def make_files(context: Context, folder: Path, size: int, count: int, node: int | None = None) -> None:
    """So many of this size in folder/numa_<node>. Raises NotMeasured."""
    where = context.machine.node if node is None else node
    command = [str(context.build / FILE_INIT), "--node", str(where), "--num", str(count), "--size", f"{size}B", "--path", str(folder)]
    programs.ended(command, limit=120 + 60 * size * count / (1 << 30))


@contextmanager
def leased(folder: Path, but: int = 0) -> Iterator[None]:
    """All files in it but so many, as by other sealers."""
    files = sorted(folder.glob("numa_*/*"))
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, len(files) + 100)), hard))
    try:
        with ExitStack() as stack:
            for file in files[: len(files) - but]:
                fcntl.flock(stack.enter_context(file.open("rb")), fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
