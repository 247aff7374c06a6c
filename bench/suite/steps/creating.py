"""Making one memory file of the large buffer's size: by hugepage-file-init and by what else there is."""

import mmap
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from suite import words
from suite.context import Context, Shortage
from suite.rows import LeftOut, Row, in_rounds

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
        # As much as can be had of 1 GiB pages, which is little after boot.
        smaller = [size for size in (2 << 30, 1 << 30) if page == 1 << 30 and size < context.buffer_bytes]
        for bytes in [context.buffer_bytes, *smaller]:
            shortage = None
            try:
                if bytes % page:
                    raise Shortage(f"{words.size(bytes)} isn't whole pages of {words.size(page)}")
                with context.huge_pages(page, bytes) as folder:
                    yield from measure_on(context, folder, page, bytes)
                break
            except Shortage as error:
                shortage = shortage or error
        else:
            yield LeftOut(GROUP, f"pages of {words.size(page)}", str(shortage))


def measure_on(context: Context, folder: Path, page: int, bytes: int) -> Iterator[Row | LeftOut]:
    def runs(*command: str | Path) -> None:
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode != 0:
            said = (done.stderr.strip().splitlines() or [f"exit status {done.returncode}"])[0]
            raise OSError(said.replace(f"{folder}/creating/", ""))

    def file_init(threads: int) -> Callable[[Path], None]:
        program = context.build / "tools/file_init/hugepage-file-init"
        options = (f"--node={context.machine.node}", f"--size={bytes}", f"--threads={threads}")
        return lambda into: runs(program, *options, f"--path={into}")

    def touch(into: Path) -> None:
        with open(into / "file", "w+b") as file:
            file.truncate(bytes)
            with mmap.mmap(file.fileno(), bytes) as memory:
                for at in range(0, bytes, page):
                    memory[at] = 0

    ways = [
        *(Way("hugepage-file-init", threads, file_init(threads)) for threads in sorted({1, context.machine.cpus})),
        Way("fallocate", 1, lambda into: runs("fallocate", "-l", str(bytes), into / "file")),
        Way("dd", 1, lambda into: runs("dd", "if=/dev/zero", f"of={into / 'file'}", f"bs={page}", f"count={bytes // page}")),
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
            clear(into)

    # A first round, which doesn't count, shows what can't do it at all: dd can't, since hugetlbfs has no write(). It also warms
    # up: memory that is new to a virtual machine is slow once.
    start = time.monotonic()
    able: dict[str, Way] = {}
    for way in ways:
        try:
            once(way)
            able[f"{way.subject} {way.threads}"] = way
        except OSError as error:
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


def clear(folder: Path) -> None:
    for path in sorted(folder.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    folder.rmdir()
