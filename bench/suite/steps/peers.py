"""What an operator could use instead of the shim, each set up as its manual says, in interleaved rounds with the shim.

Memory is usable when every page is in place and zero. A program that maps its buffers locks them, as a sealer does; one that gets
them by calloc touches each page, by one thread, as the single-core path does. "plain" is the program that does not lock. How soon
it's usable if all threads touch their share is measured beside that.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from suite import mapped, programs, words
from suite.buffers import BUFFERS, CALLOC, MIB, PC1_LABEL, TOUCHED, Peer, Taken
from suite.context import Context
from suite.files import FILE_INIT, LIBRARIES, make_files
from suite.machine import Machine, cpu_list
from suite.mapped import Pages
from suite.pages import huge_pages
from suite.peers import Pools, all_peers, pools_for
from suite.result import Fact, Found, LeftOut, NotMeasured, Row, in_rounds

TITLE = "What could be used instead"
WEIGHT = 8

GROUP = "peers"
NOT_ASKED = "not for this"
SMALL = 64 * MIB
MOST_READS = 2_000_000
MOST_LABELS = 200_000
REACHED = 0.9  # of a buffer's pages; what is less than the rest of it is "in part"
RUNS = 80  # of the plain program, whose time looking at each peer and two rounds take: most are faster than it
START, PER_BYTE = 0.2, 2e-9  # seconds that it takes, by and large, and for each byte of a buffer


def measure(context: Context) -> Iterator[Found]:
    missing = programs.not_built(context, BUFFERS, PC1_LABEL, FILE_INIT, *LIBRARIES)
    if missing:
        yield LeftOut(GROUP, "all", missing)
    else:
        yield from measure_with(context, largest(context.buffer_bytes, context.machine.memory_free_bytes, context.seconds))


def largest(most: int, free: int, seconds: float) -> int:
    """The largest power of two of which six fit into what is free, with some room, and RUNS runs into the time."""
    size = SMALL
    while 2 * size <= most and 6.25 * 2 * size <= 0.85 * free and RUNS * (START + PER_BYTE * 2 * size) <= seconds:
        size *= 2
    return size


def in_proportion(seconds: float, most: int) -> int:
    """Where there is little time less is done: the most from two minutes on, a tenth of it at least."""
    return int(most * min(1.0, max(0.1, seconds / 120)))


def measure_with(context: Context, size: int) -> Iterator[Found]:
    end = time.monotonic() + context.seconds
    looks: dict[Peer, Look] = {}
    with pools_for(context, size) as pools:
        for peer in all_peers(context, pools):
            try:
                if peer.missing:
                    raise NotMeasured(peer.missing)
                looks[peer] = Look.at(context, peer, size)
            except NotMeasured as reason:
                yield LeftOut(GROUP, peer.name, str(reason))
        context.say(f"two buffers of {words.size(size)} under {', '.join(peer.name for peer in looks)}")
        rounds = Rounds(context, size, looks)
        yield from rows(rounds, end - time.monotonic())
        if context.fragmented:
            yield from on_fragmented_memory(context, size, looks)
    yield from facts(context, looks, rounds.pages)


@dataclass(frozen=True)
class Look:
    """What a peer does, found out before its time is taken. It also warms up: memory new to a virtual machine is slow once."""

    measured: Taken  # with what it needs in the source
    by_mmap: Taken  # a program that isn't changed
    by_calloc: Taken

    @staticmethod
    def at(context: Context, peer: Peer, size: int) -> "Look":
        return Look(*(peer.take(context, size, way) for way in (peer.arguments, TOUCHED, CALLOC)))


def reach(taken: Taken) -> str:
    share = taken.pages.huge_share
    return "yes" if share >= REACHED else "no" if share < 1 - REACHED else f"in part ({100 * share:.0f} %)"


def facts(context: Context, looks: Mapping[Peer, Look], pages: Mapping[str, Sequence[Pages]]) -> Iterator[Fact]:
    on_nodes = nodes_found(context, [peer.name for peer in looks])
    for peer, look in looks.items():
        for name, text in (
            ("what it is", peer.what),
            ("setting up", peer.setting_up),
            ("reaches mmap", reach(look.by_mmap)),
            ("reaches calloc", reach(look.by_calloc)),
            ("page size", mapped.text_of([look.measured.pages, *pages.get(peer.name, ())])),
            ("right node", on_nodes[peer.name]),
        ):
            yield Fact(GROUP, peer.name, name, text)


def on_fragmented_memory(context: Context, size: int, looks: Mapping[Peer, Look]) -> Iterator[Fact | LeftOut]:
    """How much of its buffers a peer that has huge pages on fresh memory still has on huge pages then."""
    try:
        with context.fragmented_memory() as found:
            yield Fact(GROUP, "memory", "fragmented", found)
            for peer, look in looks.items():
                if look.measured.pages.huge_share >= REACHED:
                    share = peer.take(context, size, peer.arguments).pages.huge_share
                    yield Fact(GROUP, peer.name, "huge when fragmented", f"{100 * share:.0f} %")
    except NotMeasured as reason:
        yield LeftOut(GROUP, "on fragmented memory", str(reason))


def nodes_found(context: Context, names: list[str]) -> dict[str, str]:
    """Whether memory was on the node of the thread that asked, for threads on each, with pages reserved and files made on all."""
    machine = context.machine
    if len(machine.nodes) == 1:
        return {name: "only one node here" for name in names}
    shares: dict[str, dict[int, float]] = {name: {} for name in names}
    try:
        with ExitStack() as held:
            # The first one's folder is for the files of all nodes, whose pages come from each; what isn't a file's can be on any.
            each = [(8 + 2 * len(machine.nodes) * (node == machine.nodes[0])) * SMALL for node in machine.nodes]
            folders = [held.enter_context(huge_pages(2 * MIB, size, node)) for size, node in zip(each, machine.nodes)]
            for node in machine.nodes:
                make_files(context, folders[0] / "files", SMALL, 2, node)
            for peer in all_peers(context, Pools(folders[0], NOT_ASKED, NOT_ASKED)):
                for node, cpus in cpus_of_nodes(machine).items():
                    if peer.name in shares and not peer.missing:
                        taken = peer.take(context, SMALL, peer.arguments, cpus=cpus)
                        shares[peer.name][node] = taken.pages.node_share(taken.node)
    except NotMeasured as reason:
        return {name: f"not found out: {reason}" for name in names}
    return {name: verdict_on_nodes(found) for name, found in shares.items()}


def cpus_of_nodes(machine: Machine) -> dict[int, str]:
    lists = {node: Path(f"/sys/devices/system/node/node{node}/cpulist").read_text().strip() for node in machine.nodes}
    return {node: cpus for node, cpus in lists.items() if cpu_list(cpus)}


def verdict_on_nodes(shares: Mapping[int, float]) -> str:
    """Of the share of memory on the node of the thread that asked, by that node."""
    wrong = {node: share for node, share in shares.items() if share < 0.99}
    if not shares:
        return "-"
    if not wrong:
        return "yes"
    return "no: " + ", ".join(f"{100 * share:.0f} % for a thread on node {node}" for node, share in wrong.items())


@dataclass
class Rounds:
    """The subjects of the rounds, each a peer and one of the things that it is measured at."""

    context: Context
    size: int
    looks: Mapping[Peer, Look]
    pages: dict[str, list[Pages]] = field(default_factory=dict)

    def take(self, peer: Peer, arguments: tuple[str, ...], reads: int = 0) -> Taken:
        taken = peer.take(self.context, self.size, arguments, reads)
        wrong = taken.why_not(peer.is_zero)
        if wrong:
            raise NotMeasured(wrong)
        self.compare(peer, taken.pages, self.looks[peer].measured.pages)
        self.pages.setdefault(peer.name, []).append(taken.pages)
        return taken

    def compare(self, peer: Peer, pages: Pages, first: Pages) -> None:
        """Raises NotMeasured if it has other pages now; how many of them are transparent huge ones is the kernel's whim."""
        as_many = bool(peer.thp) or abs(pages.huge_share - first.huge_share) < 0.1
        if pages.of_size.keys() != first.of_size.keys() or not as_many:
            raise NotMeasured(f"it had {first.text} at first, and {pages.text} later")

    def by_one(self, peer: Peer) -> dict[str, float]:
        taken = self.take(peer, peer.arguments, in_proportion(self.context.seconds, MOST_READS))
        return {
            "usable": taken.usable,
            "release": taken.release,
            "random read": taken.random_read,
            "dependent read": taken.dependent_read,
        }

    def by_all(self, peer: Peer) -> dict[str, float]:
        way = peer.arguments[: peer.arguments.index("--mlock" if "--mlock" in peer.arguments else "--threads")]
        return {"usable by all threads": self.take(peer, (*way, "--threads", str(self.context.machine.cpus))).usable}

    def label(self, peer: Peer, path: str) -> dict[str, float]:
        seconds, pages = peer.label(self.context, self.size, path, in_proportion(self.context.seconds, MOST_LABELS))
        if peer.labels == "transparent" and pages.huge_share < 0.5:
            raise NotMeasured(f"its buffers had {pages.text}, though it asks for huge pages")
        look = self.looks[peer]
        own = look.by_calloc if path == "single-core" else look.by_mmap
        self.compare(peer, pages, (look.measured if peer.labels == "transparent" else own).pages)
        return {f"label, {path}": seconds}


def rows(rounds: Rounds, seconds: float) -> Iterator[Row | LeftOut]:
    runs: dict[tuple[str, str], Callable[[], dict[str, float]]] = {}
    cpus = rounds.context.machine.cpus
    for peer in rounds.looks:
        runs[peer.name, "by one thread"] = lambda peer=peer: rounds.by_one(peer)
        if cpus > 1:
            runs[peer.name, "by all threads"] = lambda peer=peer: rounds.by_all(peer)
        if peer.labels:
            for path in ("single-core", "multicore"):
                runs[peer.name, path] = lambda peer=peer, path=path: rounds.label(peer, path)
    found, failures = in_rounds(runs, seconds)
    for (name, what), reason in failures.items():
        yield LeftOut(GROUP, name, f"{what}: {reason}")
    for (name, what), values in found.items():
        threads = {"threads": cpus} if what == "by all threads" else {}
        for each, of_rounds in values.items():
            yield Row(GROUP, name, "s", of_rounds, {"what": each, "bytes": 2 * rounds.size, **threads})
