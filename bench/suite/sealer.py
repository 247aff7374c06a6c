"""The real sealer's labelling as a scenario: whole layers by `label`, the program that scripts/build-sealer.sh builds.

Its file of parents is made by the first run, which doesn't count, and lies on tmpfs, as the layers do.
"""

import re
import shutil
import subprocess
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from suite import buffers, words
from suite.buffers import Failed, Pages
from suite.context import Context
from suite.labelling import NODE_BYTES, Labelled, Scenario, output, running

LAYERS = 2  # the second is the first with parents in another layer
PARENTS_BYTES = 56  # of a label
SAID = re.compile(r"^layer (\d+) ([\d.]+) ([0-9a-f]{64})$", re.M)


@dataclass(frozen=True, kw_only=True)
class Sealer(Scenario):
    program: Path
    folder: Path  # on tmpfs

    @property
    def nodes(self) -> int:
        return self.sector // NODE_BYTES

    @property
    def other_bytes(self) -> int:
        return LAYERS * self.sector + PARENTS_BYTES * self.nodes

    def parameters(self, layer: int) -> dict[str, int | str]:
        return super().parameters(layer) | {"program": "filecoin-proofs", "layer": layer}

    def too_large(self, context: Context) -> str:
        there = sum(file.stat().st_size for file in self.folder.glob("parents/*"))
        fits = self.other_bytes <= there + shutil.disk_usage(self.folder).free
        why = f"layers and parents of {words.size(self.other_bytes)} don't fit into {self.folder.parent}"
        return super().too_large(context) or ("" if fits else why)

    def run(self, context: Context, environment: Mapping[str, str]) -> Labelled:
        layers, parents = self.folder / "layers", self.folder / "parents"
        variables = {
            "FIL_PROOFS_PARENT_CACHE": str(parents),
            "FIL_PROOFS_USE_MULTICORE_SDR": str(int(self.threads > 1)),
            "FIL_PROOFS_MULTICORE_SDR_PRODUCERS": str(self.threads - 1),
        }
        for file in parents.glob("*"):
            read_whole(file)  # what wasn't used for a while may be swapped out
        command = ["taskset", "--cpu-list", self.cpus[0], str(self.program), str(self.sector), str(LAYERS), str(layers)]
        try:
            with running([command], environment | variables) as [sealer]:
                pages = look(sealer, layers / "sc-02-data-layer-1.dat", self.sector)
                return parse(output(sealer), pages, self.nodes)
        finally:
            shutil.rmtree(layers, ignore_errors=True)


def read_whole(file: Path) -> None:
    part = bytearray(1 << 20)
    with file.open("rb", buffering=0) as opened:
        while opened.readinto(part):
            pass


def look(sealer: subprocess.Popen[str], first_layer: Path, sector: int) -> Pages:
    """What its buffers lie on while it labels layer 2, the last time that both are there: one may be in place only at the end."""
    begin, pages = time.monotonic(), Pages({}, 0, {})
    while sealer.poll() is None and not first_layer.exists():
        time.sleep(0.05)
    pause = (time.monotonic() - begin) / 4
    while sealer.poll() is None:
        pages = max(pages, buffers.pages_of_process(sealer.pid, sector), key=lambda each: each.total)
        with suppress(subprocess.TimeoutExpired):
            sealer.wait(pause)
    return pages


def parse(text: str, pages: Pages, nodes: int) -> Labelled:
    said = [(int(layer), float(seconds), digest) for layer, seconds, digest in SAID.findall(text)]
    if [layer for layer, _, _ in said] != list(range(1, LAYERS + 1)):
        raise Failed(f"it did not say how long {LAYERS} layers took: {text}")
    seconds_per_label = {layer: seconds / nodes for layer, seconds, _ in said}
    return Labelled(seconds_per_label, [pages], {(layer, digest) for layer, _, digest in said})
