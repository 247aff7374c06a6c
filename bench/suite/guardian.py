"""A process that does one thing to the machine and undoes it when the one who asked for it is gone, however it went.

    guardian.py JSON

It answers with one line of JSON on its standard output, {} or {"error": ...}, and then reads its standard input, which ends
when the asking process closes it, ends, or is killed. It lives in a session of its own and ignores the signals of a
terminal. It does the thing itself, so that at no moment there is something to undo and nobody who will. JSON is one of

    {"do": "pages", "page_size": N, "count": N, "node": N, "folder": PATH}    reserves pages, mounts hugetlbfs on the empty folder
    {"do": "setting", "path": PATH, "value": TEXT}                            writes to a file of sysfs or procfs
    {"do": "folder", "folder": PATH}                                          undoing: removes the folder and what is in it
"""

import ctypes
import fcntl
import json
import os
import re
import shutil
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

TRIES = 5
DETACH = 2  # MNT_DETACH

libc = ctypes.CDLL(None, use_errno=True)


class Failure(Exception):
    pass


def size_name(size: int) -> str:
    for shift, name in ((30, "GiB"), (20, "MiB"), (10, "KiB")):
        if size >= 1 << shift and size % (1 << shift) == 0:
            return f"{size >> shift} {name}"
    return f"{size} B"


def checked(result: int, what: str) -> None:
    if result != 0:
        raise Failure(f"{what}: {os.strerror(ctypes.get_errno())}")


class Counter:
    """The number of huge pages of one size on one node, of which others may change their share at the same time."""

    def __init__(self, page_size: int, node: int) -> None:
        kind = f"hugepages/hugepages-{page_size >> 10}kB"
        of_node = Path(f"/sys/devices/system/node/node{node}") / kind
        self.everywhere = Path("/sys/kernel/mm") / kind
        self.folder = of_node if of_node.is_dir() else self.everywhere

    def number(self, name: str) -> int:
        return int((self.folder / name).read_text())

    def persistent(self) -> int:
        """Those asked for. Surplus ones go by themselves when they are no longer in use."""
        return self.number("nr_hugepages") - self.number("surplus_hugepages")

    def change(self, by: int) -> int:
        """Asks for so many more (or fewer); returns by how many it has really changed."""
        # The tests lock this file, too.
        with (self.everywhere / "nr_hugepages").open("rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            before = self.persistent()
            try:
                (self.folder / "nr_hugepages").write_text(str(before + by))
            except OSError as error:
                raise Failure(f"write to {self.folder}/nr_hugepages: {error.strerror}") from error
            return self.persistent() - before


def compact(node: int) -> None:
    """Asks the kernel to move pages together. Where it can't be asked, it just isn't."""
    for path in (f"/sys/devices/system/node/node{node}/compact", "/proc/sys/vm/compact_memory"):
        try:
            Path(path).write_text("1")
            return
        except OSError:
            continue


def reserve(counter: Counter, count: int, node: int) -> int:
    """Adds `count` pages in a few tries; returns how many were got."""
    got = counter.change(count)
    for _ in range(TRIES - 1):
        if got >= count:
            break
        compact(node)
        got += counter.change(count - got)
    return got


@contextmanager
def pages(order: dict) -> Iterator[None]:
    page_size, count, node, folder = order["page_size"], order["count"], order["node"], order["folder"]
    counter = Counter(page_size, node)
    if not counter.folder.is_dir():
        raise Failure(f"the kernel has no huge pages of {size_name(page_size)}")
    got, mounted = 0, False
    try:
        got = reserve(counter, count, node)
        if got < count:
            raise Failure(
                f"asked for {count} huge pages of {size_name(page_size)} on node {node}, got {got}: "
                f"memory is too fragmented or too full ({counter.number('free_hugepages')} are free, some may be another's)"
            )
        options = f"pagesize={page_size},size={page_size * count},mode=0700,uid={os.getuid()},gid={os.getgid()}"
        checked(libc.mount(b"none", folder.encode(), b"hugetlbfs", 0, options.encode()), f"mount hugetlbfs on {folder}")
        mounted = True
        yield
    finally:
        if mounted:
            for path in Path(folder).iterdir():
                shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink(missing_ok=True)
            if libc.umount2(folder.encode(), 0) != 0:
                checked(libc.umount2(folder.encode(), DETACH), f"umount {folder}")
        counter.change(-got)
        Path(folder).rmdir()


@contextmanager
def setting(order: dict) -> Iterator[None]:
    path = Path(order["path"])
    try:
        before = path.read_text().strip()
        chosen = re.search(r"\[([^]]+)\]", before)
        path.write_text(order["value"])
    except OSError as error:
        raise Failure(f"write to {path}: {error.strerror}") from error
    try:
        yield
    finally:
        path.write_text(chosen[1] if chosen else before)


@contextmanager
def folder(order: dict) -> Iterator[None]:
    try:
        yield
    finally:
        shutil.rmtree(order["folder"], ignore_errors=True)


def main() -> int:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGPIPE):
        signal.signal(number, signal.SIG_IGN)
    try:
        # Who gives things back is not to be killed for want of memory.
        Path("/proc/self/oom_score_adj").write_text("-1000")
    except OSError:
        pass
    order = json.loads(sys.argv[1])
    does = {"pages": pages, "setting": setting, "folder": folder}[order["do"]]
    answered = False
    try:
        with does(order):
            os.write(1, b"{}\n")
            answered = True
            while os.read(0, 4096):
                pass
    except (Failure, OSError) as error:
        if answered:
            print(f"giving back: {error}", file=sys.stderr)
            return 1
        os.write(1, (json.dumps({"error": str(error)}) + "\n").encode())
    return 0


if __name__ == "__main__":
    sys.exit(main())
