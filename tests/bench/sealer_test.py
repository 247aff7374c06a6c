"""The real sealer: which variants are measured on what, and what is made of what it says."""

import sys
import tempfile
import unittest
from dataclasses import replace
from pathlib import Path
from unittest import mock

from made_up import GIB, MIB, context
from suite import programs
from suite.context import Context, Labelling
from suite.mapped import Pages
from suite.result import LeftOut, NotMeasured, Row
from suite.steps import sealer
from suite.steps.sealer import VARIANTS, Scenario

DIGESTS = ("a" * 64, "b" * 64)
SMALL_PAGES = Pages({4096: 128 * MIB}, 0, {0: 128 * MIB})
TRANSPARENT = Pages({4096: 128 * MIB}, 120 * MIB, {0: 128 * MIB})
HUGE = Pages({2 * MIB: 128 * MIB}, 0, {0: 128 * MIB})
SAID = f"layer 1 2.0 {DIGESTS[0]}\nlayer 2 4.0 {DIGESTS[1]}\ntotal 6.0\n"
PLAIN, THP, SHIM, SHIM_1G, *_ = VARIANTS


def scenario(path: str = "single-core", sector: int = 64 * MIB, folder: Path = Path("/dev/shm"), on: Context | None = None) -> Scenario:
    return Scenario(on or context(), path, sector, folder / "label", folder)


def says(*digests: str, pages: Pages = SMALL_PAGES):
    """A patch by which one run after the other says these."""
    left = iter(digests)
    return mock.patch.object(Scenario, "run", lambda *_: ({2: 800e-9}, {2: next(left)}, pages))


class Output(unittest.TestCase):
    def test_gives_the_time_of_a_label_and_the_digest_of_each_layer(self) -> None:
        self.assertEqual(sealer.parse(SAID, 1000), ({1: 2e-3, 2: 4e-3}, {1: DIGESTS[0], 2: DIGESTS[1]}))

    def test_without_all_layers_is_no_measurement(self) -> None:
        with self.assertRaisesRegex(NotMeasured, "how long 2 layers took"):
            sealer.parse(SAID.splitlines()[0], 1000)

    def test_pages_are_looked_at_while_layer_2_is_labelled(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            layer = Path(folder) / "layer"
            takes = f"buffer = bytearray(b'x') * {16 * MIB}; import time; time.sleep(.2); open({str(layer)!r}, 'w'); time.sleep(.3)"
            with programs.running([sys.executable, "-c", takes]) as process:
                self.assertGreaterEqual(sealer.look(process, layer, 16 * MIB).total, 16 * MIB)
                programs.output(process)
            with programs.running(["false"]) as process, self.assertRaisesRegex(NotMeasured, "status 1"):
                self.assertEqual(sealer.look(process, Path(folder) / "none", 16 * MIB).total, 0)
                programs.output(process)


class Cores(unittest.TestCase):
    def cores(self, siblings: dict[int, str]) -> list[int]:
        with tempfile.TemporaryDirectory() as root:
            for cpu, together in siblings.items():
                folder = Path(root) / f"sys/devices/system/cpu/cpu{cpu}/topology"
                folder.mkdir(parents=True)
                (folder / "thread_siblings_list").write_text(together)
            with mock.patch("os.sched_getaffinity", lambda _: set(siblings)):
                return sealer.cores(Path(root))

    def test_are_used_once_however_many_threads_they_have(self) -> None:
        self.assertEqual(self.cores({0: "0,2", 1: "1,3", 2: "0,2", 3: "1,3"}), [0, 1])
        self.assertEqual(self.cores({4: "0,4", 5: "1,5"}), [4, 5])


class Scenarios(unittest.TestCase):
    def test_take_the_path_that_they_are_named_after(self) -> None:
        with tempfile.TemporaryDirectory() as name, mock.patch.object(sealer, "cores", lambda: [0, 0]):
            folder = Path(name)
            (folder / "label").write_text(f"""#!/bin/sh
                echo $* $FIL_PROOFS_USE_MULTICORE_SDR $FIL_PROOFS_MULTICORE_SDR_PRODUCERS >>$0.calls
                mkdir $3
                mkdir -p $FIL_PROOFS_PARENT_CACHE
                echo >$FIL_PROOFS_PARENT_CACHE/file
                printf '{SAID}'""")
            (folder / "label").chmod(0o755)
            for path, variables in (("single-core", "0 0"), ("multicore", "1 1")):
                seconds, digests, _ = scenario(path, folder=folder).run({})
                last = (folder / "label.calls").read_text().splitlines()[-1]
                self.assertEqual(last, f"67108864 2 {folder}/layers {variables}")
                self.assertEqual((seconds[1] * 64 * MIB / 32, digests[2]), (2.0, DIGESTS[1]))
                self.assertFalse((folder / "layers").exists())

    def test_need_memory_for_layers_and_parents_too(self) -> None:
        one = scenario(on=context(memory_free_bytes=400 * MIB))
        self.assertEqual((one.other_bytes, one.why_not()), ((2 * 64 + 112) * MIB, "368 MiB don't fit into what is free"))


class Variants(unittest.TestCase):
    def test_are_measured_only_on_the_pages_that_they_are_named_after(self) -> None:
        found = {each.name: [each.has_its_pages(pages) for pages in (SMALL_PAGES, TRANSPARENT, HUGE)] for each in VARIANTS}
        self.assertEqual(found, {
            "plain": [True, False, False], "THP": [False, True, False],
            "shim 2 MiB": [False, False, True], "shim 1 GiB": [False] * 3,
            "no pool": [False, True, False], "full pool": [False, True, False],
        })  # fmt: skip
        self.assertTrue(THP.has_its_pages(SMALL_PAGES, least_thp=0))  # fragmented memory

    def test_that_cannot_be_had_say_why(self) -> None:
        self.assertEqual(scenario().why_not_variant(PLAIN), "")
        self.assertIn("no whole pages of 1 GiB", scenario().why_not_variant(SHIM_1G))
        self.assertIn("no huge pages of 1 GiB", scenario(sector=GIB, on=context(page_sizes=[2 * MIB])).why_not_variant(SHIM_1G))
        self.assertIn("takes root", scenario(on=context(is_root=False)).why_not_variant(THP))

    def test_whose_buffers_were_elsewhere_than_their_name_says_are_no_measurement(self) -> None:
        for variant, pages, node, why in (
            (SHIM, SMALL_PAGES, 0, "its buffers had 4 KiB"),
            (PLAIN, Pages({}), 0, "its buffers had -"),
            (SHIM, Pages({2 * MIB: 64 * MIB}, 0, {0: 64 * MIB}), 0, "only one of its buffers was seen"),
            (PLAIN, SMALL_PAGES, 1, "its buffers were not all on node 1"),
        ):
            one = scenario(on=context(node=node))
            one.folders[2 * MIB] = Path("/files")
            with says("a", pages=pages), self.assertRaisesRegex(NotMeasured, why):
                one.label(variant)


class Measured(unittest.TestCase):
    def measure(self, path: str, digests: sealer.Digests) -> list:
        one = scenario(path, on=replace(context(), labelling=Labelling(variants=("plain",), rounds=2)))
        one.digests = digests
        with mock.patch.object(Scenario, "why_not", lambda _: ""), mock.patch("sys.stderr"):
            return list(sealer.measure_path(one, 0))

    def test_has_a_row_without_the_first_round(self) -> None:
        with says("a", "a", "a"):
            row, fact = self.measure("single-core", {})
        self.assertEqual(row, Row("sealer", "plain", "s", [800e-9] * 2, {"path": "single-core", "sector": 64 * MIB, "layer": 2}))
        self.assertEqual((fact.subject, fact.text), ("plain", "4 KiB"))

    def test_ends_if_other_labels_were_computed_than_on_another_path(self) -> None:
        digests: sealer.Digests = {}
        with says("a", "a", "a", "b", "b", "b"):
            self.measure("single-core", digests)
            with self.assertRaisesRegex(RuntimeError, "not all have computed the same labels.*single-core, plain.*multicore, plain"):
                self.measure("multicore", digests)


class Step(unittest.TestCase):
    def test_without_the_sealer_says_how_to_build_it(self) -> None:
        with mock.patch.object(sealer.subprocess, "run", return_value=mock.Mock(returncode=77, stdout="", stderr="not built; type\n")):
            self.assertEqual(list(sealer.measure(context())), [LeftOut("sealer", "all", "not built; type")])

    def test_for_which_there_is_not_enough_time_says_what_to_type(self) -> None:
        label = Labelling(program=Path("/label"))
        with mock.patch.object(programs, "not_built", lambda *_: ""):
            (left,) = sealer.measure(replace(context(seconds=60), labelling=label))
        self.assertRegex(left.why, r"^it takes \d\d minutes: scripts/bench-sealer.sh$")
