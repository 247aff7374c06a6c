"""Runs bench/peers/buffers, the program that takes two buffers as a sealer does, and reads what it says of them."""

import ctypes
import fcntl
import json
import os
import re
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from suite import programs, words
from suite.context import Context, Shortage
from suite.machine import PLAIN_PAGE, chosen

PR_SET_THP_DISABLE = 41
PROGRAM = "bench/peers/buffers"  # in the build folder
PC1_LABEL = "tools/pc1/pc1-label"
FILE_INIT = "tools/file_init/hugepage-file-init"
LIBRARIES = ("libhugepage_shim.so", "libhugepage_shim_heap.so")
THP_SETTING = "/sys/kernel/mm/transparent_hugepage/enabled"


class Failed(Exception):
    """A run that gave no figures; the message is the program's last word."""


@dataclass(frozen=True)
class Pages:
    """What memory lies on, as pc1-label and buffers report it. In bytes."""

    of_size: Mapping[int, int]  # pages of this size, in place
    transparent: int  # of the ordinary ones, those in transparent huge pages
    of_node: Mapping[int, int]

    @property
    def total(self) -> int:
        return sum(self.of_size.values())

    @property
    def huge_share(self) -> float:
        """Of hugetlbfs, or transparent."""
        return (self.total - self.of_size.get(PLAIN_PAGE, 0) + self.transparent) / self.total if self.total else 0.0

    def node_share(self, node: int) -> float:
        everywhere = sum(self.of_node.values())
        return self.of_node.get(node, 0) / everywhere if everywhere else 0.0

    @property
    def text(self) -> str:
        """"4 KiB", "2 MiB", "2 MiB (THP)"; of several sizes the share of each that isn't next to nothing."""
        ordinary = self.of_size.get(PLAIN_PAGE, 0)
        parts = {words.size(size): held for size, held in self.of_size.items() if size != PLAIN_PAGE}
        parts |= {words.size(PLAIN_PAGE): ordinary - self.transparent, f"{words.size(thp_page())} (THP)": self.transparent}
        shares = {name: held / self.total for name, held in parts.items() if held > 0.01 * self.total}
        if len(shares) == 1:
            return next(iter(shares))
        largest_first = sorted(shares.items(), key=lambda each: -each[1])
        return ", ".join(f"{100 * share:.0f} % {name}" for name, share in largest_first) or "-"


def text_of(found: Sequence[Pages]) -> str:
    """Of several runs. How much of its memory the kernel gives a program in transparent huge pages differs from run to run."""
    texts = dict.fromkeys(pages.text for pages in found)
    shares = [pages.transparent / pages.total for pages in found if pages.total]
    if len(texts) < 2 or not any(shares):
        return "; ".join(texts)
    return f"{words.size(thp_page())} (THP), {100 * min(shares):.0f} to {100 * max(shares):.0f} % of it"


def thp_defrag() -> str:
    """How hard the kernel tries to get transparent huge pages when there are none at hand."""
    try:
        return chosen(Path(THP_SETTING).with_name("defrag").read_text())
    except OSError:
        return "none"


def not_built(context: Context, *wanted: str) -> str:
    """Which of the files of the build folder aren't there; empty if all are."""
    missing = [name for name in wanted if not (context.build / name).is_file()]
    return f"not built: {', '.join(str(context.build / name) for name in missing)}" if missing else ""


def thp_page() -> int:
    try:
        return int(Path("/sys/kernel/mm/transparent_hugepage/hpage_pmd_size").read_text())
    except OSError:
        return 2 << 20


def pages_of(entries: Iterable[Mapping]) -> Pages:
    of_size: Counter[int] = Counter()
    of_node: Counter[int] = Counter()
    transparent = 0
    for entry in entries:
        of_size[entry["page_size"]] += entry["resident"]
        of_node.update({int(node): held for node, held in entry["nodes"].items()})
        transparent += entry["transparent"]
    return Pages(of_size, transparent, of_node)


def pages_of_process(process: int, least: int) -> Pages:
    """What its mappings of at least so many bytes lie on."""
    smaps, numa_maps = (Path(f"/proc/{process}/{name}") for name in ("smaps", "numa_maps"))
    return pages_of(entries(smaps.read_text(), numa_maps.read_text() if numa_maps.exists() else "", least))


def entries(smaps: str, numa_maps: str, least: int) -> Iterator[Mapping]:
    """As pc1-label reports them."""
    on_nodes = dict(line.split(" ", 1) for line in numa_maps.splitlines())  # by the address that the mapping begins at
    for mapping in re.split(r"^(?=[0-9a-f]+-[0-9a-f]+ )", smaps, flags=re.M)[1:]:
        found = {name: int(kib) << 10 for name, kib in re.findall(r"^(\w+): +(\d+) kB$", mapping, re.M)}
        resident = found["Rss"] + found.get("Shared_Hugetlb", 0) + found.get("Private_Hugetlb", 0)
        if resident and found["Size"] >= least:
            page = found["KernelPageSize"]
            nodes = re.findall(r"\bN(\d+)=(\d+)", on_nodes.get(mapping.split("-")[0], ""))
            yield {
                "page_size": page,
                "resident": resident,
                "transparent": found.get("AnonHugePages", 0),
                "nodes": {node: int(count) * page for node, count in nodes},
            }


@dataclass(frozen=True)
class Taken:
    """Two buffers' life."""

    pages: Pages
    node: int  # of the thread that asked
    not_zero: int  # words of 8 bytes, one looked at in each 4 KiB
    page_faults: int  # when these were read: pages that were not in place
    start: float  # s, from the start of the process to main
    usable: float  # s, for both; with what was done for them before main
    release: float
    random_read: float | None
    dependent_read: float | None
    wall: float  # s, all of it

    def why_not(self, wants_zero: bool) -> str:
        """What is wrong with it as memory that is in place and zero; empty if nothing is."""
        looked_at = self.pages.total // PLAIN_PAGE
        if wants_zero and self.not_zero:
            return f"of {looked_at} places {self.not_zero} weren't zero"
        if self.page_faults > looked_at / 100:
            return f"{self.page_faults} pages weren't in place when they were read"
        return ""


def parse(text: str, wall: float) -> Taken:
    said = json.loads(text)
    pages = pages_of(said["pages"])
    start = said.get("start_seconds", 0.0)
    # A library that makes the memory before main begins takes its time there.
    made_before = said["hugetlb_at_start"] >= said["bytes"]
    return Taken(
        pages=pages,
        node=said["node"],
        not_zero=said["not_zero"],
        page_faults=said["page_faults"],
        start=start,
        usable=said["usable_seconds"] + (start if made_before else 0.0),
        release=said["release_seconds"],
        random_read=said.get("random_read_seconds"),
        dependent_read=said.get("dependent_read_seconds"),
        wall=wall,
    )


def take(
    context: Context,
    size: int,
    arguments: Sequence[str],
    environment: Mapping[str, str],
    wrapper: Sequence[str] = (),
    reads: int = 0,
) -> Taken:
    """Raises Failed if the program has not come to its end."""
    begin = time.monotonic()
    own = [str(context.build / PROGRAM), "--bytes", str(size), "--reads", str(reads)]
    text = ended([*wrapper, *own, "--started-at", f"{begin:.6f}", *arguments], environment, 120 + 60 * size / (1 << 30))
    return parse(text, time.monotonic() - begin)


def ended(command: Sequence[str], environment: Mapping[str, str], limit: float) -> str:
    """What it said on stdout. Raises Failed."""
    try:
        process = programs.started(list(command), environment, limit)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Failed(str(error)) from error
    if process.returncode != 0:
        said = process.stderr.strip().splitlines() or [f"ended with status {process.returncode}"]
        raise Failed(said[-1])
    return process.stdout


@contextmanager
def thp_for(context: Context, whom: str) -> Iterator[None]:
    """Transparent huge pages for all programs ("always") or for those that ask ("madvise"), on the whole machine.

    A process can only be kept from having them. One at a time, and not before what was found at the beginning is there again:
    two who put back what they found would leave what one of them has set.
    """
    if context.machine.thp == whom:
        yield
        return
    with open(THP_SETTING, "rb") as setting:
        fcntl.flock(setting, fcntl.LOCK_EX)
        wait_until(lambda: chosen(Path(THP_SETTING).read_text()) == context.machine.thp)
        with context.setting(THP_SETTING, whom):
            yield


def wait_until(is_so: Callable[[], bool], seconds: float = 10) -> None:
    """Raises Shortage if it isn't so by then."""
    end = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > end:
            raise Shortage(f"{THP_SETTING} was changed by somebody else")
        time.sleep(0.01)


@contextmanager
def no_thp() -> Iterator[None]:
    """Programs started here get no transparent huge pages, also where the machine gives them to all, or somebody has it do so."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_THP_DISABLE)")
    try:
        yield
    finally:
        libc.prctl(PR_SET_THP_DISABLE, 0, 0, 0, 0)


def library(soname: str) -> str:
    """Where the loader finds it; empty if it doesn't."""
    try:
        known = subprocess.run(["/sbin/ldconfig", "-p"], capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return ""
    found = re.search(rf"^\t{re.escape(soname)} \(.*\) => (\S+)$", known, re.M)
    return found[1] if found and os.path.exists(found[1]) else ""


def make_files(context: Context, folder: Path, size: int, count: int, node: int | None = None) -> None:
    """Memory files of this size in folder/numa_<node>. Raises Failed."""
    tool = context.build / FILE_INIT
    where = context.machine.node if node is None else node
    command = [str(tool), "--node", str(where), "--num", str(count), "--size", f"{size}B", "--path", str(folder)]
    ended(command, {}, 120 + 60 * size * count / (1 << 30))
