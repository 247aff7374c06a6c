"""Making one memory file of the large buffer's size: by hugepage-file-init and by what else there is."""

import mmap
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from suite import programs, words
from suite.context import Context
from suite.files import FILE_INIT
from suite.pages import Shortage
from suite.programs import Failed
from suite.result import LeftOut, Row, in_rounds

TITLE = "Creating files"
WEIGHT = 1
GROUP = "creating"
PAGE_SIZES = (2 << 20, 1 << 30)


@dataclass(frozen=True)
class Way:
    subject: str
    threads: int
    make: Callable[[Path], None]  # a file in this empty folder


def measure(context: Context) -> Iterator[Row | LeftOut]:
    for page in PAGE_SIZES:
        try:
            if context.buffer_bytes % page:
                raise Shortage(f"{words.size(context.buffer_bytes)} isn't whole pages of {words.size(page)}")
            with context.huge_pages(page, context.buffer_bytes) as folder:
                yield from measure_on(context, folder, page, context.buffer_bytes)
        except Shortage as shortage:
            yield LeftOut(GROUP, f"pages of {words.size(page)}", str(shortage))


def measure_on(context: Context, folder: Path, page: int, bytes: int) -> Iterator[Row | LeftOut]:
    def file_init(threads: int) -> Callable[[Path], None]:
        options = (f"--node={context.machine.node}", f"--size={bytes}", f"--threads={threads}")
        return lambda into: programs.ended([str(context.build / FILE_INIT), *options, f"--path={into}"])

    def touch(into: Path) -> None:
        with open(into / "file", "w+b") as file:
            file.truncate(bytes)
            with mmap.mmap(file.fileno(), bytes) as memory:
                for at in range(0, bytes, page):
                    memory[at] = 0

    ways = [
        *(Way("hugepage-file-init", threads, file_init(threads)) for threads in sorted({1, context.machine.cpus})),
        Way("fallocate", 1, lambda into: programs.ended(["fallocate", "-l", str(bytes), str(into / "file")])),
        Way("touch", 1, touch),
    ]

    def once(way: Way) -> dict[str, float]:
        into = folder / "creating"
        into.mkdir()
        try:
            start = time.monotonic()
            way.make(into)
            seconds = time.monotonic() - start
            expect_whole(into, bytes)
            return {"s": seconds}
        finally:
            shutil.rmtree(into)

    # A first round, which doesn't count, shows what can't do it at all. It also warms up: memory that is new to a virtual machine
    # is slow once.
    start = time.monotonic()
    able: dict[str, Way] = {}
    for way in ways:
        try:
            once(way)
            able[f"{way.subject} {way.threads}"] = way
        except (Failed, OSError) as error:
            yield LeftOut(GROUP, way.subject, str(error))
    left = context.seconds / len(PAGE_SIZES) - (time.monotonic() - start)
    found = in_rounds({name: lambda way=way: once(way) for name, way in able.items()}, left)
    for name, way in able.items():
        parameters = {"bytes": bytes, "pages": words.size(page), "threads": way.threads}
        yield Row(GROUP, way.subject, "s", found[name]["s"], parameters)


def expect_whole(folder: Path, bytes: int) -> None:
    """A file with holes was not made."""
    allocated = sum(file.stat().st_blocks * 512 for file in folder.rglob("*") if file.is_file())
    if allocated != bytes:
        raise OSError(f"it has allocated {words.size(allocated)} of {words.size(bytes)}")
