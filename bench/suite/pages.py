"""Huge pages and settings of the machine for as long as they are needed; a guardian process gives them back in any case."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

GUARDIAN = Path(__file__).with_name("guardian.py")


class Shortage(Exception):
    """The machine hasn't got it or won't give it: what was asked for, what was got, and why."""


@contextmanager
def guarded(order: dict) -> Iterator[None]:
    """Has a guardian carry out `order` (see guardian.py), and undo it on leaving, or whenever this process ends."""
    guardian = subprocess.Popen(
        [sys.executable, "-I", "-S", str(GUARDIAN), json.dumps(order)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    assert guardian.stdin and guardian.stdout
    try:
        answer = json.loads(guardian.stdout.readline() or '{"error": "the guardian process has ended"}')
        if "error" in answer:
            raise Shortage(answer["error"])
        yield
    finally:
        guardian.stdin.close()
        guardian.wait()
        guardian.stdout.close()
        if guardian.returncode != 0:
            print(f"bench: not everything could be given back: {order}", file=sys.stderr)


@contextmanager
def huge_pages(page_size: int, total_bytes: int, node: int) -> Iterator[Path]:
    """A folder on hugetlbfs of that page size, ours alone, with so many bytes of pages reserved on that node.

    The pages are added to what is reserved, since free ones may be another's.
    """
    count = -(-total_bytes // page_size)
    if os.geteuid() != 0:
        raise Shortage(f"asked for {count} huge pages, got none: reserving them and mounting hugetlbfs takes root")
    folder = tempfile.mkdtemp(prefix="hugepage-bench-pages-")
    try:
        with guarded({"do": "pages", "page_size": page_size, "count": count, "node": node, "folder": folder}):
            yield Path(folder)
    finally:
        if os.path.isdir(folder):
            os.rmdir(folder)


@contextmanager
def setting(path: str, value: str) -> Iterator[None]:
    """A file of sysfs or procfs has another value until this is left; of "a [b] c" the chosen one comes back."""
    if os.geteuid() != 0:
        raise Shortage(f"asked to write {value} to {path}: that takes root")
    with guarded({"do": "setting", "path": path, "value": value}):
        yield


@contextmanager
def scratch_folder(prefix: str = "hugepage-bench-") -> Iterator[Path]:
    """An empty folder that is removed on leaving, also when this process is killed."""
    folder = tempfile.mkdtemp(prefix=prefix)
    with guarded({"do": "folder", "folder": folder}):
        yield Path(folder)
