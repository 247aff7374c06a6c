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
from suite.result import LeftOut, NotMeasured, Row, in_rounds

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
                raise NotMeasured(f"{words.size(context.buffer_bytes)} isn't whole pages of {words.size(page)}")
            with context.huge_pages(page, context.buffer_bytes) as folder:
                yield from measure_on(context, folder, page, context.buffer_bytes)
        except NotMeasured as reason:
            yield LeftOut(GROUP, f"pages of {words.size(page)}", str(reason))


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
        except OSError as error:
            raise NotMeasured(str(error)) from error
        finally:
            shutil.rmtree(into)

    found, failures = in_rounds({way: lambda way=way: once(way) for way in ways}, context.seconds / len(PAGE_SIZES), warms_up=True)
    yield from (LeftOut(GROUP, way.subject, why) for way, why in failures.items())
    for way, values in found.items():
        yield Row(GROUP, way.subject, "s", values["s"], {"bytes": bytes, "pages": words.size(page), "threads": way.threads})


def expect_whole(folder: Path, bytes: int) -> None:
    """A file with holes was not made."""
    allocated = sum(file.stat().st_blocks * 512 for file in folder.rglob("*") if file.is_file())
    if allocated != bytes:
        raise NotMeasured(f"it has allocated {words.size(allocated)} of {words.size(bytes)}")
