"""Huge pages and settings of the machine for as long as they are needed; scripts/guardian.sh gives them back in any case."""

import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

GUARDIAN = Path(__file__).parents[2] / "scripts/guardian.sh"


class Shortage(Exception):
    """The machine doesn't have it or won't give it: what was asked for, what was available, and why."""


@contextmanager
def guarded(*steps: object) -> Iterator[None]:
    """Has the guardian do these steps, and undo them on leaving, or whenever this process ends."""
    command = [str(GUARDIAN), *map(str, steps)]
    guardian = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert guardian.stdin and guardian.stdout
    try:
        answer = guardian.stdout.readline().decode().strip()
        if answer != "ok":
            raise Shortage(answer or f"could not run {GUARDIAN}")
        yield
    finally:
        guardian.stdin.close()
        guardian.stdout.read()  # ends when everything is undone
        guardian.stdout.close()
        guardian.wait()


@contextmanager
def huge_pages(page_size: int, total_bytes: int, node: int) -> Iterator[Path]:
    """A folder on hugetlbfs of that page size, ours alone, with so many bytes of pages reserved on that node.

    The pages are added to those that the machine has, since free ones may be another's.
    """
    count = -(-total_bytes // page_size)
    folder = tempfile.mkdtemp(prefix="hugepage-bench-pages-")
    owner = f"mode=0700,uid={os.getuid()},gid={os.getgid()}"
    with guarded("--remove", folder, "--pages", page_size, count, node, "--mount", folder, owner):
        yield Path(folder)


@contextmanager
def setting(path: str, value: str) -> Iterator[None]:
    """A file of sysfs or procfs has another value until this is left; of "a [b] c" the chosen one comes back."""
    with guarded("--set", path, value):
        yield


@contextmanager
def scratch_folder(prefix: str = "hugepage-bench-") -> Iterator[Path]:
    """An empty folder that is removed on leaving, also when this process is killed."""
    folder = tempfile.mkdtemp(prefix=prefix)
    with guarded("--remove", folder):
        yield Path(folder)
