"""Huge pages and settings of the machine for as long as they are needed; scripts/guardian.sh gives them back in any case."""

import ctypes
import fcntl
import mmap
import os
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path

from suite import words
from suite.machine import PLAIN_PAGE, Machine, chosen
from suite.result import NotMeasured

HUGE = 2 << 20
MADV_POPULATE_WRITE = 23
PR_SET_THP_DISABLE = 41
THP_SETTING = Path("/sys/kernel/mm/transparent_hugepage/enabled")
PROACTIVENESS = Path("/proc/sys/vm/compaction_proactiveness")
GUARDIAN = Path(__file__).parents[2] / "scripts/guardian.sh"


@contextmanager
def guarded(*steps: object) -> Iterator[None]:
    """Has the guardian do these steps, and undo them on leaving, or whenever this process ends."""
    command = [str(GUARDIAN), *map(str, steps)]
    guardian = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert guardian.stdin and guardian.stdout
    try:
        answer = guardian.stdout.readline().decode().strip()
        if answer != "ok":
            raise NotMeasured(answer or f"could not run {GUARDIAN}")
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
def fragmented_memory(node: int, most: int) -> Iterator[str]:
    """Until this is left, hardly any of the node's free memory is in blocks of a huge page; says how much is.

    All free memory (`most` at most) is taken in ordinary pages; then all of these but each 16th are given back. They are this
    process' own memory, so nothing must be undone if it is killed. A fiftieth of the machine's memory is left alone, so that the
    kernel need not reclaim any; the blocks in it are taken whole.
    """

    def taken(size: int, advice: int) -> mmap.mmap:
        try:
            memory = held.enter_context(mmap.mmap(-1, max(size, PLAIN_PAGE), mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS))
            memory.madvise(advice)
            for at in range(0, size, 64 * HUGE):
                memory.madvise(MADV_POPULATE_WRITE, at, min(size - at, 64 * HUGE))
        except OSError as error:
            raise NotMeasured(f"could not fragment {words.size(size)} of memory: {error.strerror}") from error
        return memory

    with ExitStack() as held:
        if PROACTIVENESS.exists():
            held.enter_context(setting(str(PROACTIVENESS), "0"))  # or the kernel would put blocks together again
        left_out = os.sysconf("SC_PHYS_PAGES") // 50 * PLAIN_PAGE
        # Again while there is more: what the kernel keeps for each CPU, up to an eighth of all memory, is free without being counted.
        small: list[mmap.mmap] = []
        while (size := min(free_bytes(node) - left_out, most)) >= 16 * HUGE:
            small.append(taken(size, mmap.MADV_NOHUGEPAGE))
            most -= size
        for memory in small:
            for at in range(0, len(memory) - 16 * PLAIN_PAGE, 16 * PLAIN_PAGE):
                memory.madvise(mmap.MADV_DONTNEED, at + PLAIN_PAGE, 15 * PLAIN_PAGE)
        taken(min(free_bytes(node, HUGE), left_out), mmap.MADV_HUGEPAGE)
        free, in_blocks = free_bytes(node), free_bytes(node, HUGE)
        found = f"{words.size(free)} free, {words.size(in_blocks)} of it in blocks of 2 MiB or more"
        if in_blocks > free / 20:
            raise NotMeasured(f"could not fragment memory: {found}")
        yield found


def free_bytes(node: int, least_block: int = 0) -> int:
    """Of the node, in blocks of at least so many bytes."""
    zones = [line.split()[4:] for line in Path("/proc/buddyinfo").read_text().splitlines() if line.startswith(f"Node {node},")]
    blocks = [(PLAIN_PAGE << order, int(count)) for zone in zones for order, count in enumerate(zone)]
    return sum(size * count for size, count in blocks if size >= least_block)


@contextmanager
def scratch_folder(parent: str | None = None) -> Iterator[Path]:
    """An empty folder that is removed on leaving, also when this process is killed."""
    folder = tempfile.mkdtemp(prefix="hugepage-bench-", dir=parent)
    with guarded("--remove", folder):
        yield Path(folder)


def thp_for(machine: Machine, whom: str) -> AbstractContextManager[None]:
    """Programs started here get transparent huge pages "always", those that ask for them ("madvise"), or none ("")."""
    return _thp_set(machine, whom) if whom else _no_thp()


@contextmanager
def _no_thp() -> Iterator[None]:
    """Also where the machine gives them to all, or somebody has it do so."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_THP_DISABLE)")
    try:
        yield
    finally:
        libc.prctl(PR_SET_THP_DISABLE, 0, 0, 0, 0)


@contextmanager
def _thp_set(machine: Machine, whom: str) -> Iterator[None]:
    """On the whole machine: a process can only be kept from having them.

    One at a time, and not before what was found at the beginning is there again: two who put back what they found would leave what
    one of them has set.
    """
    if machine.thp == whom:
        yield
        return
    with THP_SETTING.open("rb") as opened:
        fcntl.flock(opened, fcntl.LOCK_EX)
        end = time.monotonic() + 10
        while chosen(THP_SETTING.read_text()) != machine.thp:
            if time.monotonic() > end:
                raise NotMeasured(f"{THP_SETTING} was changed by somebody else")
            time.sleep(0.01)
        with setting(str(THP_SETTING), whom):
            yield


def why_no_thp(machine: Machine, whom: str) -> str:
    """Why thp_for can't give them; empty if it can."""
    if machine.thp == "none":
        return "this kernel has no transparent huge pages"
    if machine.thp != whom and not machine.is_root:
        return f"transparent huge pages are set to {machine.thp}, and to set them to {whom} takes root"
    return ""
