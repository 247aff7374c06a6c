"""What an operator could use instead of the shim: each peer's description, and the pages that are held for them."""

import os
import re
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from suite import words
from suite.buffers import CALLOC, GIB, LOCKED, MIB, TOUCHED, Peer
from suite.context import Context
from suite.files import make_files
from suite.machine import chosen
from suite.pages import THP_SETTING, why_no_thp
from suite.result import NotMeasured


@dataclass(frozen=True)
class Pools:
    """Pages that are held for the peers; each is a folder on hugetlbfs, or why it can't be had."""

    of_2mib: Path | str  # free pages for two buffers beside the files, and the files
    of_1gib_files: Path | str
    of_1gib_free: Path | str
    gib_pages: int = 0  # in the last


def why_not(pool: Path | str) -> str:
    return pool if isinstance(pool, str) else ""


def mimalloc_gib_pages(size: int) -> int:
    """1 GiB pages that mimalloc needs for two buffers: it rounds each up to its blocks, and has one for the rest of its heap."""
    return -(-(2 * (size + 64 * MIB) + 64 * MIB) // GIB)


def all_peers(context: Context, pools: Pools) -> list[Peer]:
    return [*_kernel(context, pools), *_libraries(context, pools), *_shim(context, pools)]


def _kernel(context: Context, pools: Pools) -> Iterator[Peer]:
    yield Peer(
        "plain",
        "mmap, each page put into place when it is first written, by one thread",
        "nothing",
        TOUCHED,
    )
    yield Peer("mlock", "mmap and mlock, as sealers do", "nothing; a limit of locked memory that allows it", LOCKED, labels="")
    yield Peer(
        "MADV_HUGEPAGE",
        "mmap, madvise(MADV_HUGEPAGE) and mlock: transparent huge pages for a program that asks for them",
        "a line in the program's source",
        ("--way", "madvise", "--mlock"),
        thp="madvise",
        labels="transparent",
        missing=why_no_thp(context.machine, "madvise"),
    )
    yield Peer(
        "THP always",
        "mmap and mlock on a machine that gives transparent huge pages to every program",
        f"echo always > {THP_SETTING} (beside it: defrag {_thp_defrag()})",
        LOCKED,
        thp="always",
        missing=why_no_thp(context.machine, "always"),
    )
    yield Peer(
        "MAP_HUGETLB",
        "mmap with MAP_HUGETLB, and mlock: reserved 2 MiB pages",
        "a flag in the program's source; pages reserved",
        ("--way", "map-hugetlb", "--page-size", str(2 * MIB), "--mlock"),
        labels="",
        missing=why_not(pools.of_2mib),
    )


def _libraries(context: Context, pools: Pools) -> Iterator[Peer]:
    # HUGETLB_NO_PREFAULT: its manual says to set it on kernels that reserve pages for private mappings (since 2.6.27).
    hugetlbfs = {"HUGETLB_PATH": str(pools.of_2mib), "HUGETLB_NO_PREFAULT": "1"}
    yield Peer(
        "libhugetlbfs",
        "get_hugepage_region, and mlock: reserved 2 MiB pages",
        "apt-get install libhugetlbfs-bin; a call in the program's source; pages reserved, hugetlbfs mounted",
        ("--way", "libhugetlbfs", "--mlock"),
        hugetlbfs,
        labels="",
        missing=_not_installed("libhugetlbfs.so.0", "libhugetlbfs-bin") or why_not(pools.of_2mib),
    )
    yield Peer(
        "hugectl",
        "hugectl --heap: libhugetlbfs in place of the C library's heap, by its hook for that",
        "apt-get install libhugetlbfs-bin libhugetlbfs-dev; hugectl --heap PROGRAM; pages reserved, hugetlbfs mounted",
        CALLOC,
        hugetlbfs,
        wrapper=("hugectl", "--heap"),
        # It preloads the library by the name that is in the package for developers.
        missing=_not_installed("libhugetlbfs.so", "libhugetlbfs-bin libhugetlbfs-dev")
        or _no_program("/usr/bin/hugectl", "libhugetlbfs-bin")
        or why_not(pools.of_2mib),
    )
    mimalloc = library("libmimalloc.so.2")
    not_there = _not_installed("libmimalloc.so.2", "libmimalloc2.0")
    yield Peer(
        "mimalloc",
        "the allocator mimalloc in the C library's place, told to use 2 MiB pages",
        "apt-get install libmimalloc2.0; LD_PRELOAD=libmimalloc.so.2 MIMALLOC_LARGE_OS_PAGES=1; pages reserved",
        CALLOC,
        # The variable's name until 2.0, and since.
        {"LD_PRELOAD": mimalloc, "MIMALLOC_LARGE_OS_PAGES": "1", "MIMALLOC_ALLOW_LARGE_OS_PAGES": "1"},
        missing=not_there or why_not(pools.of_2mib),
    )
    yield Peer(
        "mimalloc, 1 GiB",
        "mimalloc, told to take 1 GiB pages when the program starts, which it keeps till its end",
        "apt-get install libmimalloc2.0; LD_PRELOAD=libmimalloc.so.2 MIMALLOC_RESERVE_HUGE_OS_PAGES=N; 1 GiB pages reserved",
        CALLOC,
        {
            "LD_PRELOAD": mimalloc,
            "MIMALLOC_RESERVE_HUGE_OS_PAGES": str(pools.gib_pages),
            "MIMALLOC_RESERVE_HUGE_OS_PAGES_AT": str(context.machine.node),
        },
        missing=not_there or why_not(pools.of_1gib_free),
    )
    yield Peer(
        "glibc tunable",
        "the C library's allocator, told to map what is large with MAP_HUGETLB",
        "GLIBC_TUNABLES=glibc.malloc.hugetlb=2; glibc 2.35; pages reserved",
        CALLOC,
        {"GLIBC_TUNABLES": "glibc.malloc.hugetlb=2"},
        missing=_old_glibc() or why_not(pools.of_2mib),
    )
    yield Peer(
        "glibc tunable, THP",
        "the C library's allocator, told to ask for transparent huge pages",
        "GLIBC_TUNABLES=glibc.malloc.hugetlb=1; glibc 2.35",
        CALLOC,
        {"GLIBC_TUNABLES": "glibc.malloc.hugetlb=1"},
        thp="madvise",
        missing=_old_glibc() or why_no_thp(context.machine, "madvise"),
    )


def _shim(context: Context, pools: Pools) -> Iterator[Peer]:
    shim, heap = (str(context.build / f"libhugepage_shim{kind}.so") for kind in ("", "_heap"))

    def variables(pool: Path | str, library: str, **more: str) -> dict[str, str]:
        return {"HUGEPAGE_FILES_PATH": f"{pool}/files", "HUGEPAGE_LOG": "warn", "LD_PRELOAD": library, **more}

    files = "hugepage-file-init, once; HUGEPAGE_FILES_PATH=FOLDER"
    setting_up = f"{files} LD_PRELOAD=libhugepage_shim.so (for calloc libhugepage_shim_heap.so)"
    for name, what, pool, more in (
        ("shim", "mmap and mlock, served from memory files on 2 MiB pages", pools.of_2mib, {}),
        ("shim, ZERO=never", "the same, with the memory as its last owner left it", pools.of_2mib, {"HUGEPAGE_ZERO": "never"}),
        ("shim, 1 GiB", "mmap and mlock, served from memory files on 1 GiB pages", pools.of_1gib_files, {}),
    ):
        yield Peer(
            name,
            what,
            setting_up + "".join(f" {variable}={value}" for variable, value in more.items()),
            LOCKED,
            variables(pool, shim, **more),
            variables(pool, heap, **more),
            is_zero=not more,
            labels="" if more else "asis",
            missing=why_not(pool),
        )
    yield Peer(
        "shim, calloc",
        "calloc, served from memory files on 2 MiB pages",
        f"{files} LD_PRELOAD=libhugepage_shim_heap.so",
        CALLOC,
        variables(pools.of_2mib, heap),
        labels="",
        missing=why_not(pools.of_2mib),
    )


def library(soname: str) -> str:
    """Where the loader finds it; empty if it doesn't."""
    try:
        known = subprocess.run(["/sbin/ldconfig", "-p"], capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return ""
    found = re.search(rf"^\t{re.escape(soname)} \(.*\) => (\S+)$", known, re.M)
    return found[1] if found and os.path.exists(found[1]) else ""


def _thp_defrag() -> str:
    """How hard the kernel tries to get transparent huge pages when there are none at hand."""
    try:
        return chosen(THP_SETTING.with_name("defrag").read_text())
    except OSError:
        return "none"


def _not_installed(soname: str, package: str) -> str:
    return "" if library(soname) else f"{soname} isn't there: apt-get install {package}"


def _no_program(path: str, package: str) -> str:
    return "" if os.access(path, os.X_OK) else f"{path} isn't there: apt-get install {package}"


def _old_glibc() -> str:
    name, _, version = (os.confstr("CS_GNU_LIBC_VERSION") or "").partition(" ")
    if name != "glibc" or tuple(int(part) for part in version.split(".")[:2]) < (2, 35):
        return f"it takes glibc 2.35, and this is {name or 'another'} {version}".strip()
    return ""


@contextmanager
def pools_for(context: Context, size: int) -> Iterator[Pools]:
    """Holds the pages for two buffers of this size under each peer, as far as they are available, and the shim's files.

    The files, and free pages beside them, are there all the time: no run prepares or spoils another's.
    """
    spare = max(128 * MIB, size // 32)  # for what allocators add to a buffer, and for the rest of their heaps
    need_2mib, need_files, count = 4 * size + spare, 2 * size, mimalloc_gib_pages(size)
    left = context.machine.memory_free_bytes - 2 * size - need_2mib  # without those, and without what ordinary pages take
    with ExitStack() as held:

        def hold(page_size: int, amount: int, of_files: bool) -> Path | str:
            if page_size not in context.machine.page_sizes:
                return f"this kernel has no huge pages of {words.size(page_size)}"
            if of_files and size % page_size:
                return f"buffers of {words.size(size)} are no whole pages of {words.size(page_size)}"
            try:
                folder = held.enter_context(context.huge_pages(page_size, amount))
                if of_files:
                    make_files(context, folder / "files", size, 2)
            except NotMeasured as reason:
                return str(reason)
            return folder

        def hold_more(amount: int, of_files: bool) -> Path | str:
            nonlocal left
            if amount > left:
                return f"{words.size(amount)} in 1 GiB pages don't fit beside what the other peers need"
            found = hold(GIB, amount, of_files)
            left -= 0 if isinstance(found, str) else amount
            return found

        # The large ones first, while there are any.
        files, free = hold_more(need_files, True), hold_more(count * GIB, False)
        yield Pools(hold(2 * MIB, need_2mib, True), files, free, count)
