"""What an operator could use instead of the shim, each set up as its manual says, in interleaved rounds with the shim.

Memory is usable when every page is in place and zero. A program that maps its buffers locks them, as a sealer does; one that gets
them by calloc touches each page, by one thread, as the single-core path does. "plain" is the program that does not lock. How soon
it's usable if all threads touch their share is measured beside that.
"""

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from suite import buffers, words
from suite.buffers import Failed, Pages, Taken
from suite.context import Context, Shortage
from suite.machine import Machine, cpu_list
from suite.pages import huge_pages
from suite.peers import CALLOC, LOCKED, MIB, TOUCHED, Peer, Pools, all_peers, pools_for
from suite.rows import Fact, LeftOut, Row, in_rounds

TITLE = "What could be used instead"
WEIGHT = 6

GROUP = "peers"
NOT_ASKED = "not for this"
SMALL = 64 * MIB
MOST_READS = 2_000_000
MOST_NODES = 200_000  # that pc1-label labels
REACHED = 0.9  # of a buffer's pages; what is less than the rest of it is "in part"
RUNS = 60  # of the plain program, whose time looking at each peer and two rounds take: most are faster than it
START, PER_BYTE = 0.2, 2e-9  # seconds that it takes, by and large, and for each byte of a buffer


def measure(context: Context) -> Iterator[Row | Fact | LeftOut]:
    missing = buffers.not_built(context, buffers.PROGRAM, buffers.PC1_LABEL, buffers.FILE_INIT, *buffers.LIBRARIES)
    if missing:
        yield LeftOut(GROUP, "all", missing)
    else:
        yield from measure_with(context, size_for(context))


def size_for(context: Context) -> int:
    """Of each buffer: the largest that memory and time allow."""
    return largest(context.buffer_bytes, context.machine.memory_free_bytes, context.seconds_for_sizes)


def largest(most: int, free: int, seconds: float) -> int:
    """The largest power of two of which six fit into what is free, with some room, and RUNS runs into the time."""
    size = SMALL
    while 2 * size <= most and 6.25 * 2 * size <= 0.85 * free and RUNS * (START + PER_BYTE * 2 * size) <= seconds:
        size *= 2
    return size


def in_proportion(seconds: float, most: int) -> int:
    """Where there is little time less is done: the most from two minutes on, a tenth of it at least."""
    return int(most * min(1.0, max(0.1, seconds / 120)))


def measure_with(context: Context, size: int) -> Iterator[Row | Fact | LeftOut]:
    end = time.monotonic() + context.seconds
    with pools_for(context, size) as pools:
        peers = []
        for peer in all_peers(context, pools):
            if peer.missing:
                yield LeftOut(GROUP, peer.name, peer.missing)
            else:
                peers.append(peer)
        context.say(f"two buffers of {words.size(size)} under {', '.join(peer.name for peer in peers)}")
        looks = {}
        for peer in peers:
            try:
                looks[peer.name] = Look.at(context, peer, size)
            except (Failed, Shortage) as reason:
                yield LeftOut(GROUP, peer.name, str(reason))
        peers = [peer for peer in peers if peer.name in looks]
        rounds = Rounds(context, size, looks)
        yield from rows(rounds, peers, end - time.monotonic())
    yield from facts(context, peers, looks, rounds.pages)


@dataclass(frozen=True)
class Look:
    """What a peer does, found out before its time is taken. It also warms up: memory new to a virtual machine is slow once."""

    measured: Taken  # with what it needs in the source
    by_mmap: Taken  # a program that isn't changed
    by_calloc: Taken

    @staticmethod
    def at(context: Context, peer: Peer, size: int) -> "Look":
        by_mmap, by_calloc = (peer.take(context, size, way) for way in (TOUCHED, CALLOC))
        return Look(peer.take(context, size, peer.arguments), by_mmap, by_calloc)

    def way_reached(self) -> str:
        """For pc1-label's --alloc; empty if the peer reaches neither."""
        if self.by_mmap.pages.huge_share >= REACHED:
            return "mmap"
        return "calloc" if self.by_calloc.pages.huge_share >= REACHED else ""


def reach(taken: Taken) -> str:
    share = taken.pages.huge_share
    return "yes" if share >= REACHED else "no" if share < 1 - REACHED else f"in part ({100 * share:.0f} %)"


def facts(
    context: Context, peers: list[Peer], looks: Mapping[str, Look], pages: Mapping[str, Sequence[Pages]]
) -> Iterator[Fact]:
    on_nodes = nodes_found(context, [peer.name for peer in peers])
    for peer in peers:
        look = looks[peer.name]
        for name, text in (
            ("what it is", peer.what),
            ("setting up", peer.setting_up),
            ("reaches mmap", reach(look.by_mmap)),
            ("reaches calloc", reach(look.by_calloc)),
            ("page size", buffers.text_of([look.measured.pages, *pages.get(peer.name, ())])),
            ("right node", on_nodes[peer.name]),
        ):
            yield Fact(GROUP, peer.name, name, text)


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
                buffers.make_files(context, folders[0] / "files", SMALL, 2, node)
            pools = Pools(folders[0], NOT_ASKED, NOT_ASKED)
            for peer in all_peers(context, pools):
                for node, cpus in cpus_of_nodes(machine).items():
                    if peer.name in shares and not peer.missing:
                        taken = peer.take(context, SMALL, peer.arguments, cpus=cpus)
                        shares[peer.name][node] = taken.pages.node_share(taken.node)
    except (Shortage, Failed) as reason:
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
    """The subjects of the rounds, and why any of them has failed."""

    context: Context
    size: int
    looks: Mapping[str, Look]
    failures: dict[str, str] = field(default_factory=dict)
    digests: dict[str, str] = field(default_factory=dict)
    pages: dict[str, list[Pages]] = field(default_factory=dict)

    def guarded(self, subject: str, run: Callable[[], dict[str, float]]) -> Callable[[], dict[str, float]]:
        def once() -> dict[str, float]:
            if subject in self.failures:
                return {}
            try:
                return run()
            except (Failed, Shortage) as reason:
                self.failures[subject] = str(reason)
                return {}

        return once

    def take(self, peer: Peer, arguments: tuple[str, ...], reads: int) -> Taken:
        taken = peer.take(self.context, self.size, arguments, reads)
        wrong = taken.why_not(peer.is_zero)
        if wrong:
            raise Failed(wrong)
        self.compare(peer, taken.pages, self.looks[peer.name].measured.pages)
        self.pages.setdefault(peer.name, []).append(taken.pages)
        return taken

    def compare(self, peer: Peer, pages: Pages, first: Pages) -> None:
        """Raises Failed if it has other pages now; how many of them are transparent huge ones is the kernel's whim."""
        as_many = bool(peer.thp) or abs(pages.huge_share - first.huge_share) < 0.1
        if pages.of_size.keys() != first.of_size.keys() or not as_many:
            raise Failed(f"it had {first.text} at first, and {pages.text} later")

    def one(self, peer: Peer) -> dict[str, float]:
        taken = self.take(peer, peer.arguments, in_proportion(self.context.seconds, MOST_READS))
        return {
            "start": taken.start,
            "usable": taken.usable,
            "release": taken.release,
            "random read": taken.random_read,
            "dependent read": taken.dependent_read,
        }

    def by_all(self, peer: Peer) -> dict[str, float]:
        way = peer.arguments[: peer.arguments.index("--mlock" if "--mlock" in peer.arguments else "--threads")]
        taken = self.take(peer, (*way, "--threads", str(self.context.machine.cpus)), 0)
        return {"usable by all threads": taken.usable}

    def pc1(self, peer: Peer, alloc: str) -> dict[str, float]:
        nodes = self.size // 32
        stretch = min(in_proportion(self.context.seconds, MOST_NODES), nodes // 2)
        command = [str(self.context.build / buffers.PC1_LABEL), "--json", "--digest", "--producers", "0", "--alloc", alloc]
        command += ["--sector-size", str(self.size), "--start-layer", "2", "--start-node", str(nodes // 2)]
        command += ["--max-nodes", str(stretch)]
        variables = peer.variables(CALLOC if alloc == "calloc" else LOCKED)
        with peer.surroundings(self.context):
            said = json.loads(buffers.ended([*peer.wrapper, *command], variables, 600))
        look = self.looks[peer.name]
        expected = look.by_mmap if alloc == "mmap" else look.by_calloc
        self.compare(peer, buffers.pages_of(said["pages"]), expected.pages)
        layer = said["layers"][0]
        self.digests[peer.name] = layer["sha256_of_stretch"]
        return {"pc1": layer["ns_per_node"] * 1e-9}


def rows(rounds: Rounds, peers: list[Peer], seconds: float) -> Iterator[Row | LeftOut]:
    context = rounds.context
    subjects = {}
    for peer in peers:
        subjects[peer.name] = rounds.guarded(peer.name, lambda peer=peer: rounds.one(peer))
        if peer.by_all_threads and context.machine.cpus > 1:
            name = f"{peer.name}, touched by all threads"
            subjects[name] = rounds.guarded(name, lambda peer=peer: rounds.by_all(peer))
        # What reaches no call is what "plain" is.
        alloc = {"plain": "calloc", "mlock": "mmap"}.get(peer.name) or rounds.looks[peer.name].way_reached()
        if alloc:
            name = f"{peer.name}, pc1-label"
            subjects[name] = rounds.guarded(name, lambda peer=peer, alloc=alloc: rounds.pc1(peer, alloc))
        else:
            yield LeftOut(GROUP, peer.name, "with pc1-label: it reaches no call of a program that isn't changed")
    found = in_rounds(subjects, seconds)
    for subject, reason in rounds.failures.items():
        yield LeftOut(GROUP, subject, reason)
    for subject, values in found.items():
        if subject not in rounds.failures:
            yield from rows_of(subject, values, rounds.size, context.machine.cpus)
    if len(set(rounds.digests.values())) > 1:
        raise RuntimeError(f"pc1-label computed other labels under another peer: {rounds.digests}")


def rows_of(subject: str, values: Mapping[str, list[float]], size: int, cpus: int) -> Iterator[Row]:
    name = subject.removesuffix(", pc1-label").removesuffix(", touched by all threads")
    for what, each in values.items():
        parameters: dict = {"what": what, "bytes": 2 * size, "buffers": 2}
        if what == "pc1":
            parameters |= {"path": "single-core"}
        if what == "usable by all threads":
            parameters |= {"threads": cpus}
        yield Row(GROUP, name, "s", each, parameters)
