"""Labelling on ordinary pages, on transparent huge ones and with the shim, in interleaved rounds, by one sealer or by many.

pc1-label labels a stretch from the middle of layer 2, as ten of a sector's eleven layers are: parents lie all over both
buffers, which are filled before the time is taken. No file of parents is read or written. The real sealer: sealer.py.
"""

import fcntl
import json
import os
import statistics
import subprocess
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from suite import buffers, programs, words
from suite.buffers import Failed, Pages
from suite.context import Context, Shortage
from suite.machine import PLAIN_PAGE, cpu_list
from suite.rows import Fact, LeftOut, Row, in_rounds

GROUP = "pc1"
MIB = 1 << 20
GIB = 1 << 30
NODE_BYTES = 32
FREE_SHARE = 0.85  # of free memory that may be used
HUGE = 0.5  # of a buffer's memory that has to be on huge pages, for THP


@dataclass(frozen=True)
class Variant:
    name: str
    page_size: int = 0  # of the shim's files; 0: none
    thp: str = ""  # transparent huge pages for all ("always"), or for those that ask ("madvise")
    shim: str = ""  # HUGEPAGE_MODE; empty: no shim
    is_full: bool = False  # all files are leased by somebody else

    @property
    def is_served(self) -> bool:
        return self.page_size > 0 and not self.is_full

    def has_its_pages(self, pages: Pages, least_thp: float = HUGE) -> bool:
        if set(pages.of_size) != {self.page_size if self.is_served else PLAIN_PAGE}:
            return False
        return self.is_served or (pages.huge_share >= least_thp if self.thp else pages.huge_share < 0.01)


PLAIN = Variant("plain")
THP = Variant("THP", thp="always")
SHIMS = (Variant("shim 2 MiB", 2 * MIB, shim="try"), Variant("shim 1 GiB", GIB, shim="try"))
VARIANTS = (PLAIN, THP, *SHIMS)
# What the shim gives instead of a file's memory: where the operator has none, and where all are taken.
FALLBACKS = (
    Variant("no pool", thp="madvise", shim="thp"),
    Variant("full pool", 2 * MIB, thp="madvise", shim="try", is_full=True),
)
ALL_VARIANTS = (*VARIANTS, *FALLBACKS)

Computed = dict[int, dict[str, set[str]]]  # of each layer, by their digest: who has computed these labels


@dataclass
class Labelled:
    seconds_per_label: dict[int, float]  # by layer; of the sealers on average
    pages: list[Pages]
    digests: set[tuple[int, str]]  # with the layer


@dataclass(frozen=True)
class Scenario:
    """pc1-label's."""

    path: str  # "single-core": one thread, buffers by calloc; "multicore": two threads, buffers by mmap and mlock
    sector: int  # bytes
    cpus: Sequence[str]  # of each sealer, as taskset takes them; their number is that of the sealers
    most_nodes: int = 0  # of a layer
    fragmented: bool = False  # free memory

    other_bytes = 0  # memory that it needs beside the buffers

    @property
    def sealers(self) -> int:
        return len(self.cpus)

    @property
    def threads(self) -> int:
        return threads_of(self.path)

    @property
    def nodes(self) -> int:
        return min(self.most_nodes, self.sector // NODE_BYTES // 2)

    @property
    def layers(self) -> int:
        """Of several sealers that don't begin and end at one moment the second layer of three is labelled while all label."""
        return 1 if self.sealers == 1 else 3

    @property
    def buffer_bytes(self) -> int:
        """Of all sealers."""
        return 2 * self.sector * self.sealers

    def parameters(self, layer: int) -> dict[str, int | str]:
        found: dict[str, int | str] = {"path": self.path, "sector": self.sector, "sealers": self.sealers, "threads": self.threads}
        return found | ({"memory": "fragmented"} if self.fragmented else {})

    @property
    def text(self) -> str:
        who = "1 sealer" if self.sealers == 1 else f"{self.sealers} sealers at once"
        return f"{self.path}, {words.size(self.sector)}, {who}" + ", fragmented memory" * self.fragmented

    def too_large(self, context: Context) -> str:
        """Why it doesn't fit; empty if it does."""
        needed = self.buffer_bytes + self.other_bytes
        fits = needed <= FREE_SHARE * context.machine.memory_free_bytes
        return "" if fits else f"{words.size(needed)} don't fit into what is free"

    def run(self, context: Context, environment: Mapping[str, str]) -> Labelled:
        """All sealers at once. Raises Failed if one of them has not come to its end."""
        commands = [self.command(context.build / buffers.PC1_LABEL, number) for number in range(self.sealers)]
        with running(commands, environment) as sealers:
            return parse([output(sealer) for sealer in sealers])

    def command(self, program: Path, sealer: int) -> list[str]:
        producers = ["--producers", "0"] if self.path == "single-core" else []
        nodes = self.sector // NODE_BYTES
        layers = ["--start-layer", "2", "--layers", str(1 + self.layers)]
        stretch = ["--start-node", str(nodes // 2), "--max-nodes", str(self.nodes)]
        own = [str(program), "--json", "--digest", "--sector-size", str(self.sector), *layers, *stretch, *producers]
        return ["taskset", "--cpu-list", self.cpus[sealer], *own]


def threads_of(path: str) -> int:
    return 1 if path == "single-core" else 2


def cores(root: Path = Path("/")) -> list[int]:
    """A CPU of each core that we may use, in the kernel's order, which puts those that share a cache side by side."""
    usable = os.sched_getaffinity(0)
    first_of_core = set()
    for cpu in usable:
        siblings = root / f"sys/devices/system/cpu/cpu{cpu}/topology/thread_siblings_list"
        together = cpu_list(siblings.read_text()) & usable if siblings.exists() else {cpu}
        first_of_core.add(min(together or {cpu}))
    return sorted(first_of_core)


def places(all_cores: Sequence[int], threads: int, sealers: int) -> list[str] | None:
    """The CPUs of each sealer, one to a thread and none shared; None if there are too few."""
    if threads * sealers > len(all_cores):
        return None
    return [",".join(str(cpu) for cpu in all_cores[first * threads : (first + 1) * threads]) for first in range(sealers)]


@contextmanager
def running(commands: Iterable[Sequence[str]], environment: Mapping[str, str]) -> Iterator[list[subprocess.Popen[str]]]:
    """All at once; those that still run on leaving are killed."""
    variables = [f"{name}={value}" for name, value in environment.items()]
    sealers: list[subprocess.Popen[str]] = []
    try:
        for command in commands:
            # What it says fits into the pipe.
            sealers.append(
                subprocess.Popen(
                    programs.tied_to_us(["env", *variables, *command]),
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                    text=True,
                    env=programs.clean_environment(),
                )
            )
        yield sealers
    finally:
        for sealer in sealers:
            if sealer.poll() is None:
                sealer.kill()
                sealer.wait()


def output(sealer: subprocess.Popen[str]) -> str:
    """All that it says. Raises Failed."""
    out, err = sealer.communicate()
    if sealer.returncode != 0:
        raise Failed((err.strip().splitlines() or [f"the sealer ended with status {sealer.returncode}"])[-1])
    return out


def parse(outputs: Sequence[str]) -> Labelled:
    """Of several layers the middle one counts."""
    said = [json.loads(text) for text in outputs]
    layers = [each["layers"] for each in said]
    middle = [each[len(each) // 2] for each in layers]
    return Labelled(
        {middle[0]["layer"]: statistics.fmean(each["ns_per_node"] for each in middle) * 1e-9},
        [buffers.pages_of(each["pages"]) for each in said],
        {(layer["layer"], layer["sha256_of_stretch"]) for each in layers for layer in each},
    )


@contextmanager
def leased(folder: Path) -> Iterator[None]:
    """All files in it, as by other sealers."""
    with ExitStack() as stack:
        for file in folder.glob("numa_*/*"):
            fcntl.flock(stack.enter_context(file.open("rb")), fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield


@dataclass
class Measuring:
    """A scenario's variants, each with the memory files it needs, if it needs any."""

    context: Context
    scenario: Scenario
    computed: Computed
    folders: dict[int, Path] = field(default_factory=dict)  # by page size: files that are there all the time
    failures: dict[str, str] = field(default_factory=dict)
    pages: dict[str, list[Pages]] = field(default_factory=dict)

    @contextmanager
    def files(self, variant: Variant) -> Iterator[Path]:
        """A folder with two memory files for each sealer. Raises Shortage or Failed."""
        if variant.page_size in self.folders:
            yield self.folders[variant.page_size]
            return
        with self.context.huge_pages(variant.page_size, self.scenario.buffer_bytes) as folder:
            buffers.make_files(self.context, folder / "files", self.scenario.sector, 2 * self.scenario.sealers)
            yield folder / "files"

    def surroundings(self, variant: Variant) -> AbstractContextManager[None]:
        if variant.thp:
            return buffers.thp_for(self.context, variant.thp)
        return buffers.no_thp()

    def label(self, variant: Variant) -> Labelled:
        """Raises Failed or Shortage; Failed, too, if the buffers were not on the pages that the variant is named after."""
        with ExitStack() as stack:
            environment = {}
            if variant.shim:
                heap = "_heap" if self.scenario.path == "single-core" else ""
                environment = {
                    "HUGEPAGE_MODE": variant.shim,
                    "HUGEPAGE_LOG": "error" if variant.is_full else "warn",
                    "LD_PRELOAD": str(self.context.build / f"libhugepage_shim{heap}.so"),
                }
            if variant.page_size:
                folder = stack.enter_context(self.files(variant))
                environment["HUGEPAGE_FILES_PATH"] = str(folder)
                if variant.is_full:
                    stack.enter_context(leased(folder))
            stack.enter_context(self.surroundings(variant))
            found = self.scenario.run(self.context, environment)
        for layer, digest in found.digests:
            self.computed.setdefault(layer, {}).setdefault(digest, set()).add(f"{self.scenario.path}, {variant.name}")
        for pages in found.pages:
            if not variant.has_its_pages(pages, least_thp=0 if self.scenario.fragmented else HUGE):
                raise Failed(f"a sealer's buffers had {pages.text}")
            if pages.of_node and pages.node_share(self.context.machine.node) < 0.99:
                raise Failed(f"a sealer's buffers were not all on node {self.context.machine.node}")
        self.pages.setdefault(variant.name, []).extend(found.pages)
        return found

    def once(self, variant: Variant) -> dict[int, float]:
        if variant.name in self.failures:
            return {}
        try:
            return self.label(variant).seconds_per_label
        except (Failed, Shortage) as reason:
            self.failures[variant.name] = str(reason)
            return {}


def why_not(context: Context, scenario: Scenario, variant: Variant) -> str:
    """Why the variant can't be had for this sector; empty if it can, as far as is known beforehand."""
    machine = context.machine
    if variant.thp and machine.thp == "none":
        return "this kernel has no transparent huge pages"
    if variant.thp and machine.thp != variant.thp and not machine.is_root:
        return "switching transparent huge pages on takes root"
    if variant.page_size and variant.page_size not in machine.page_sizes:
        return f"this kernel has no huge pages of {words.size(variant.page_size)}"
    if variant.page_size and scenario.sector % variant.page_size:
        return f"sectors of {words.size(scenario.sector)} are no whole pages of {words.size(variant.page_size)}"
    return ""


def measure(
    context: Context,
    scenario: Scenario,
    seconds: float,
    variants: Sequence[Variant] = VARIANTS,
    least: int = 2,
    most: int = 1000,
    computed: Computed | None = None,
) -> Iterator[Row | Fact | LeftOut]:
    """A row for each variant and layer; the first round, in which memory is new, doesn't count.

    Raises RuntimeError if other labels were computed than those of another variant, or than those in `computed`.
    """
    end = time.monotonic() + seconds
    free = FREE_SHARE * context.machine.memory_free_bytes
    why = scenario.too_large(context)
    if why:
        yield LeftOut(GROUP, "all", f"{scenario.text}: {why}")
        return
    measuring = Measuring(context, scenario, {} if computed is None else computed)
    possible = []
    with ExitStack() as held:
        for variant in reversed(variants):  # those of the largest pages first
            reason = why_not(context, scenario, variant)
            # Files that aren't kept are made anew for each run, which fragmented memory has no pages for.
            keeps = (2 + len(measuring.folders)) * scenario.buffer_bytes + scenario.other_bytes <= free
            needs_files = variant.page_size > 0 and variant.page_size not in measuring.folders
            if not reason and needs_files and (keeps or scenario.fragmented):
                try:
                    if not keeps:
                        raise Shortage("its files don't fit beside the buffers of the other variants")
                    measuring.folders[variant.page_size] = held.enter_context(measuring.files(variant))
                except (Shortage, Failed) as shortage:
                    reason = str(shortage)
            if reason:
                yield LeftOut(GROUP, variant.name, f"{scenario.text}: {reason}")
            else:
                possible.insert(0, variant)
        if scenario.fragmented:
            try:
                yield Fact(GROUP, "memory", f"memory, {scenario.text}", held.enter_context(context.fragmented_memory()))
            except Shortage as shortage:
                yield LeftOut(GROUP, "all", f"{scenario.text}: {shortage}")
                return
        context.say(f"{scenario.text}, {scenario.nodes} labels: {', '.join(variant.name for variant in possible)}")
        for variant in possible:
            measuring.once(variant)
        subjects = {variant.name: lambda variant=variant: measuring.once(variant) for variant in possible}
        found = in_rounds(subjects, end - time.monotonic(), least, most)
    for variant in possible:
        if variant.name in measuring.failures:
            yield LeftOut(GROUP, variant.name, f"{scenario.text}: {measuring.failures[variant.name]}")
            continue
        for layer, values in found[variant.name].items():
            yield Row(GROUP, variant.name, "s", values, scenario.parameters(layer))
        yield Fact(GROUP, variant.name, f"pages, {scenario.text}", buffers.text_of(measuring.pages[variant.name]))
    differing = {layer: digests for layer, digests in measuring.computed.items() if len(digests) > 1}
    if differing:
        raise RuntimeError(f"{scenario.text}: not all have computed the same labels: by layer and digest: {differing}")
