"""The real sealer's labelling (filecoin-proofs' own) on ordinary pages, on transparent huge ones and with the shim, in rounds.

`label`, the program that scripts/build-sealer.sh builds, labels whole layers. The second is the figure that counts: it is the first
with parents in another layer, as all later ones have. Layers lie on tmpfs, and so does the file of parents, which the first run
makes.
"""

import math
import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from suite import mapped, pages, programs, words
from suite.buffers import GIB, MIB
from suite.context import Context
from suite.files import FILE_INIT, LIBRARIES, leased, make_files
from suite.machine import PLAIN_PAGE, cpu_list
from suite.mapped import Pages
from suite.pages import thp_for, why_no_thp
from suite.result import Fact, Found, LeftOut, NotMeasured, Row, in_rounds

TITLE = "Labelling by the real sealer"
WEIGHT = 4
GROUP = "sealer"
TMPFS = "/dev/shm"
SCRIPT = pages.GUARDIAN.with_name("build-sealer.sh")

LAYERS = 2
NODE_BYTES = 32
PARENTS_BYTES = 56  # of a label
SECONDS_OF_A_BYTE = 1.2e-7  # of a sector, by and large: what a run takes
FREE_SHARE = 0.85  # of free memory that may be used
HUGE = 0.5  # of a buffer's memory that has to be on huge pages, for THP on memory that isn't fragmented
SAID = re.compile(r"^layer (\d+) ([\d.]+) ([0-9a-f]{64})$", re.M)


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

    def has_its_pages(self, found: Pages, least_thp: float = HUGE) -> bool:
        if set(found.of_size) != {self.page_size if self.is_served else PLAIN_PAGE}:
            return False
        return self.is_served or (found.huge_share >= least_thp if self.thp else found.huge_share < 0.01)


VARIANTS = (
    Variant("plain"),
    Variant("THP", thp="always"),
    Variant("shim 2 MiB", 2 * MIB, shim="try"),
    Variant("shim 1 GiB", GIB, shim="try"),
    # What the shim gives instead of a file's memory: where the operator has none, and where all are taken.
    Variant("no pool", thp="madvise", shim="thp"),
    Variant("full pool", 2 * MIB, thp="madvise", shim="try", is_full=True),
)


def measure(context: Context) -> Iterator[Found]:
    """Raises RuntimeError if other labels were computed than by another variant."""
    label = context.labelling.program
    if label is None:
        built = subprocess.run([str(SCRIPT), "--if-quick", "native"], capture_output=True, text=True)
        if built.returncode != 0:
            yield LeftOut(GROUP, "all", (built.stdout + built.stderr).strip().splitlines()[-1])
            return
        label = Path(built.stdout.strip()) / "label"
    missing = programs.not_built(context, FILE_INIT, *LIBRARIES)
    asked = context.labelling
    least = len(asked.paths) * len(asked.variants) * ((asked.rounds or 2) + 1) * SECONDS_OF_A_BYTE * asked.sector
    if not missing and not context.is_chosen and least > context.seconds:
        missing = f"it takes {math.ceil(least / 60)} minutes: scripts/bench-sealer.sh"
    if missing:
        yield LeftOut(GROUP, "all", missing)
        return
    with pages.scratch_folder(TMPFS) as folder:
        digests: Digests = {}
        for path in asked.paths:
            yield from measure_path(Scenario(context, path, asked.sector, label, folder, digests), context.seconds / len(asked.paths))


Digests = dict[int, dict[str, set[str]]]  # of each layer, by digest: who has computed these labels


@dataclass
class Scenario:
    context: Context
    path: str  # "single-core": one thread, buffers by calloc; "multicore": two threads, buffers by mmap and mlock
    sector: int  # bytes
    program: Path
    folder: Path  # on tmpfs
    digests: Digests = field(default_factory=dict)
    folders: dict[int, Path] = field(default_factory=dict)  # by page size: memory files that are there all the time
    pages: dict[str, list[Pages]] = field(default_factory=dict)  # by variant

    @property
    def threads(self) -> int:
        return 1 if self.path == "single-core" else 2

    @property
    def buffer_bytes(self) -> int:
        return 2 * self.sector

    @property
    def other_bytes(self) -> int:
        return LAYERS * self.sector + PARENTS_BYTES * (self.sector // NODE_BYTES)

    @property
    def parameters(self) -> dict[str, int | str]:
        """Of its rows, beside the layer."""
        return {"path": self.path, "sector": self.sector} | ({"memory": "fragmented"} if self.context.fragmented else {})

    @property
    def text(self) -> str:
        return words.parameters(self.parameters)

    def why_not(self) -> str:
        """Why it can't be measured here; empty if it can, as far as is known beforehand."""
        if self.threads > len(cores()):
            return f"it takes {self.threads} cores, and here is one"
        needed = self.buffer_bytes + self.other_bytes
        if needed > FREE_SHARE * self.context.machine.memory_free_bytes:
            return f"{words.size(needed)} don't fit into what is free"
        there = sum(file.stat().st_size for file in self.folder.glob("parents/*"))
        if self.other_bytes > there + shutil.disk_usage(self.folder).free:
            return f"layers and parents of {words.size(self.other_bytes)} don't fit into {self.folder.parent}"
        return ""

    def why_not_variant(self, variant: Variant) -> str:
        page = variant.page_size
        if page and page not in self.context.machine.page_sizes:
            return f"this kernel has no huge pages of {words.size(page)}"
        if page and self.sector % page:
            return f"sectors of {words.size(self.sector)} are no whole pages of {words.size(page)}"
        return why_no_thp(self.context.machine, variant.thp) if variant.thp else ""

    def run(self, variables: Mapping[str, str]) -> tuple[dict[int, float], dict[int, str], Pages]:
        """By layer seconds of a label and the digest; and the pages of both buffers. Raises NotMeasured."""
        layers, parents = self.folder / "layers", self.folder / "parents"
        own = {
            "FIL_PROOFS_PARENT_CACHE": str(parents),
            "FIL_PROOFS_USE_MULTICORE_SDR": str(int(self.threads > 1)),
            "FIL_PROOFS_MULTICORE_SDR_PRODUCERS": str(self.threads - 1),
        }
        for file in parents.glob("*"):
            read_whole(file)  # what wasn't used for a while may be swapped out
        cpus = ",".join(map(str, cores()[: self.threads]))
        command = ["taskset", "--cpu-list", cpus, str(self.program), str(self.sector), str(LAYERS), str(layers)]
        try:
            with programs.running(command, {**variables, **own}) as sealer:
                found = look(sealer, layers / "sc-02-data-layer-1.dat", self.sector)
                seconds, digests = parse(programs.output(sealer), self.sector // NODE_BYTES)
        finally:
            shutil.rmtree(layers, ignore_errors=True)
        return seconds, digests, found

    @contextmanager
    def files(self, variant: Variant) -> Iterator[Path]:
        """A folder with two memory files. Raises NotMeasured."""
        if variant.page_size in self.folders:
            yield self.folders[variant.page_size]
            return
        with self.context.huge_pages(variant.page_size, self.buffer_bytes) as folder:
            make_files(self.context, folder / "files", self.sector, 2)
            yield folder / "files"

    def label(self, variant: Variant) -> dict[int, float]:
        """Raises NotMeasured, also if the buffers were not on the pages that the variant is named after."""
        variables = {}
        with ExitStack() as stack:
            if variant.shim:
                heap = self.path == "single-core"
                variables = {
                    "HUGEPAGE_MODE": variant.shim,
                    "HUGEPAGE_LOG": "error" if variant.is_full else "warn",
                    "LD_PRELOAD": str(self.context.build / LIBRARIES[heap]),
                }
            if variant.page_size:
                folder = stack.enter_context(self.files(variant))
                variables["HUGEPAGE_FILES_PATH"] = str(folder)
                if variant.is_full:
                    stack.enter_context(leased(folder))
            stack.enter_context(thp_for(self.context.machine, variant.thp))
            seconds, digests, found = self.run(variables)
        for layer, digest in digests.items():
            self.digests.setdefault(layer, {}).setdefault(digest, set()).add(f"{self.path}, {variant.name}")
        if not variant.has_its_pages(found, least_thp=0 if self.context.fragmented else HUGE):
            raise NotMeasured(f"its buffers had {found.text}")
        if found.total < 1.5 * self.sector:
            raise NotMeasured("only one of its buffers was seen")
        if found.of_node and found.node_share(self.context.machine.node) < 0.99:
            raise NotMeasured(f"its buffers were not all on node {self.context.machine.node}")
        self.pages.setdefault(variant.name, []).append(found)
        return seconds


def cores(root: Path = Path("/")) -> list[int]:
    """A CPU of each core that we may use, in the kernel's order, which puts those that share a cache side by side."""
    usable = os.sched_getaffinity(0)
    first_of_core = set()
    for cpu in usable:
        siblings = root / f"sys/devices/system/cpu/cpu{cpu}/topology/thread_siblings_list"
        together = cpu_list(siblings.read_text()) & usable if siblings.exists() else {cpu}
        first_of_core.add(min(together or {cpu}))
    return sorted(first_of_core)


def read_whole(file: Path) -> None:
    part = bytearray(1 << 20)
    with file.open("rb", buffering=0) as opened:
        while opened.readinto(part):
            pass


def look(sealer: subprocess.Popen[str], first_layer: Path, sector: int) -> Pages:
    """What its buffers lie on while it labels layer 2, the last time that both are there: one may be in place only at the end."""
    begin, found = time.monotonic(), Pages({})
    while sealer.poll() is None and not first_layer.exists():
        time.sleep(0.05)
    pause = (time.monotonic() - begin) / 4
    while sealer.poll() is None:
        found = max(mapped.pages_of_process(sealer.pid, sector), found, key=lambda each: each.total)
        with suppress(subprocess.TimeoutExpired):
            sealer.wait(pause)
    return found


def parse(text: str, labels: int) -> tuple[dict[int, float], dict[int, str]]:
    said = [(int(layer), float(seconds), digest) for layer, seconds, digest in SAID.findall(text)]
    if [layer for layer, _, _ in said] != list(range(1, LAYERS + 1)):
        raise NotMeasured(f"it did not say how long {LAYERS} layers took: {text}")
    return {layer: seconds / labels for layer, seconds, _ in said}, {layer: digest for layer, _, digest in said}


def measure_path(scenario: Scenario, seconds: float) -> Iterator[Found]:
    """A row for each variant and layer."""
    end = time.monotonic() + seconds
    context = scenario.context
    why = scenario.why_not()
    if why:
        yield LeftOut(GROUP, "all", f"{scenario.text}: {why}")
        return
    possible: list[Variant] = []
    with ExitStack() as held:
        for variant in reversed([each for each in VARIANTS if each.name in context.labelling.variants]):  # the largest pages first
            reason = scenario.why_not_variant(variant) or keep_files(scenario, variant, held)
            if reason:
                yield LeftOut(GROUP, variant.name, f"{scenario.text}: {reason}")
            else:
                possible.insert(0, variant)
        if context.fragmented:
            yield Fact(GROUP, "memory", scenario.text, held.enter_context(context.fragmented_memory()))
        context.say(f"{scenario.text}: {', '.join(variant.name for variant in possible)}")
        rounds = context.labelling.rounds
        subjects = {variant: lambda variant=variant: scenario.label(variant) for variant in possible}
        left = math.inf if rounds else end - time.monotonic()
        found, failures = in_rounds(subjects, left, least=rounds or 2, most=rounds or 1000, warms_up=True)
    yield from (LeftOut(GROUP, variant.name, f"{scenario.text}: {why}") for variant, why in failures.items())
    for variant, of_layers in found.items():
        yield from (Row(GROUP, variant.name, "s", values, {**scenario.parameters, "layer": layer}) for layer, values in of_layers.items())
        yield Fact(GROUP, variant.name, scenario.text, mapped.text_of(scenario.pages[variant.name][1:]))  # the first round does not count
    differing = {layer: digests for layer, digests in scenario.digests.items() if len(digests) > 1}
    if differing:
        raise RuntimeError(f"{scenario.text}: not all have computed the same labels: by layer and digest: {differing}")


def keep_files(scenario: Scenario, variant: Variant, held: ExitStack) -> str:
    """Makes the variant's files for all rounds, if there is room for them; why it can't be measured, or nothing.

    Files that aren't kept are made anew for each run, which fragmented memory has no pages for.
    """
    context = scenario.context
    if not variant.page_size or variant.page_size in scenario.folders:
        return ""
    needed = (2 + len(scenario.folders)) * scenario.buffer_bytes + scenario.other_bytes
    if needed > FREE_SHARE * context.machine.memory_free_bytes:
        return "its files don't fit beside the buffers of the other variants" if context.fragmented else ""
    try:
        scenario.folders[variant.page_size] = held.enter_context(scenario.files(variant))
    except NotMeasured as reason:
        return str(reason)
    return ""
