"""What memory lies on: as the programs that measure report it of themselves, or as the kernel tells of another process."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from suite import words
from suite.machine import PLAIN_PAGE


@dataclass(frozen=True)
class Pages:
    """In bytes."""

    of_size: Mapping[int, int]  # pages of this size, in place
    transparent: int = 0  # of the ordinary ones, those in transparent huge pages
    of_node: Mapping[int, int] = field(default_factory=dict)

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
