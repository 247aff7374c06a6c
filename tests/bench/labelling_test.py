"""Which sealers run where on what, what is made of what they say, and the table."""

import json
import tempfile
import unittest
from pathlib import Path
from unittest import mock

import made_up
from suite import labelling, pc1_command
from suite.buffers import Failed, Pages
from suite.context import Context
from suite.labelling import PLAIN, SHIMS, THP, Scenario
from suite.machine import Machine
from suite.rows import Fact, LeftOut, Row
from suite.steps import pc1 as step
from suite.steps import peers

MIB = 1 << 20
GIB = 1 << 30
SMALL_PAGES = Pages({4096: 128 * MIB}, 0, {0: 128 * MIB})
TRANSPARENT = Pages({4096: 128 * MIB}, 120 * MIB, {0: 128 * MIB})
HUGE = Pages({2 * MIB: 128 * MIB}, 0, {0: 128 * MIB})


def context(seconds: float = 600, **other) -> Context:
    return Context(Path("/build"), Path("/scratch"), seconds, Machine(**{**made_up.MACHINE, **other}), 32 * GIB)


def scenario(path: str = "single-core", sector: int = 64 * MIB, sealers: int = 1) -> Scenario:
    return Scenario(path, sector, [str(number) for number in range(sealers)], 1000)


def said(digest: str = "abc", times: tuple[float, ...] = (800.0,)) -> str:
    entry = {"page_size": 4096, "resident": 128 * MIB, "transparent": 0, "nodes": {"0": 128 * MIB}}
    layers = [{"layer": 2 + i, "ns_per_node": time, "sha256_of_stretch": digest} for i, time in enumerate(times)]
    return json.dumps({"layers": layers, "pages": [entry]})


def says(*digests: str):
    """A patch by which one run after the other says these."""
    left = iter(digests)
    return mock.patch.object(Scenario, "run", lambda *_: labelling.parse([said(next(left))]))


class Places(unittest.TestCase):
    def cores(self, siblings: dict[int, str]) -> list[int]:
        with tempfile.TemporaryDirectory() as root:
            for cpu, together in siblings.items():
                folder = Path(root) / f"sys/devices/system/cpu/cpu{cpu}/topology"
                folder.mkdir(parents=True)
                (folder / "thread_siblings_list").write_text(together)
            with mock.patch("os.sched_getaffinity", lambda _: set(siblings)):
                return labelling.cores(Path(root))

    def test_a_core_is_used_once_however_many_threads_it_has(self) -> None:
        self.assertEqual(self.cores({0: "0,2", 1: "1,3", 2: "0,2", 3: "1,3"}), [0, 1])
        self.assertEqual(self.cores({0: "0-1", 1: "0-1", 2: "2-3", 3: "2-3"}), [0, 2])
        self.assertEqual(self.cores({4: "0,4", 5: "1,5"}), [4, 5])

    def test_sealers_have_cores_of_their_own(self) -> None:
        self.assertEqual(labelling.places([0, 2, 4, 6], 2, 2), ["0,2", "4,6"])
        self.assertEqual(labelling.places([0, 2, 4, 6], 1, 3), ["0", "2", "4"])
        self.assertIsNone(labelling.places([0, 2, 4, 6], 2, 3))


class Command(unittest.TestCase):
    def test_labels_a_stretch_from_the_middle_of_layer_2(self) -> None:
        command = " ".join(scenario().command(Path("pc1-label"), 0))
        self.assertEqual(
            command,
            "taskset --cpu-list 0 pc1-label --json --digest --sector-size 67108864 "
            "--start-layer 2 --layers 2 --start-node 1048576 --max-nodes 1000 --producers 0",
        )

    def test_of_several_sealers_labels_three_layers_of_which_the_second_counts(self) -> None:
        command = scenario("multicore", sealers=2).command(Path("pc1-label"), 1)
        self.assertEqual(command[command.index("--layers") + 1], "4")
        self.assertNotIn("--producers", command)
        found = labelling.parse([said(times=(900, 800, 700)), said(times=(900, 1000, 700))])
        self.assertEqual({layer: round(seconds * 1e9) for layer, seconds in found.seconds_per_label.items()}, {3: 900})

    def test_labels_no_more_than_there_is(self) -> None:
        self.assertEqual(Scenario("single-core", 2 * MIB, ["0"], 1_000_000).nodes, 32768)


class Variants(unittest.TestCase):
    def test_are_measured_only_on_the_pages_that_they_are_named_after(self) -> None:
        found = {
            variant.name: [variant.has_its_pages(pages) for pages in (SMALL_PAGES, TRANSPARENT, HUGE)]
            for variant in labelling.ALL_VARIANTS
        }
        self.assertEqual(found, {
            "plain": [True, False, False], "THP": [False, True, False],
            "shim 2 MiB": [False, False, True], "shim 1 GiB": [False] * 3,
            "no pool": [False, True, False], "full pool": [False, True, False],
        })  # fmt: skip
        self.assertTrue(THP.has_its_pages(SMALL_PAGES, least_thp=0))  # fragmented memory

    def test_that_cannot_be_had_say_why(self) -> None:
        why = labelling.why_not
        self.assertEqual(why(context(), scenario(), PLAIN), "")
        self.assertIn("no whole pages of 1 GiB", why(context(), scenario(), SHIMS[1]))
        self.assertIn("no huge pages of 1 GiB", why(context(page_sizes=[2 * MIB]), scenario(sector=GIB), SHIMS[1]))
        self.assertIn("takes root", why(context(is_root=False), scenario(), THP))

    def test_that_fell_back_are_no_measurement(self) -> None:
        measuring = labelling.Measuring(context(), scenario(), {}, {2 * MIB: Path("/files")})
        with says("a", "a"):
            self.assertAlmostEqual(measuring.once(PLAIN)[2] * 1e9, 800)
            with self.assertRaisesRegex(Failed, "buffers had 4 KiB"):
                measuring.label(SHIMS[0])

    def test_with_memory_of_another_node_are_no_measurement(self) -> None:
        measuring = labelling.Measuring(context(node=1), scenario(), {})
        with says("a"):
            self.assertEqual(measuring.once(PLAIN), {})
        self.assertIn("not all on node 1", measuring.failures["plain"])

    def test_that_computed_other_labels_end_it(self) -> None:
        with says("a", "a", "b"), self.assertRaisesRegex(RuntimeError, "not all have computed the same labels"):
            list(labelling.measure(context(), scenario(), 0, [PLAIN]))

    def test_that_computed_other_labels_than_those_of_another_path_end_it(self) -> None:
        computed: labelling.Computed = {}
        with says("a", "a", "a", "b", "b", "b"):
            list(labelling.measure(context(), scenario(), 0, [PLAIN], computed=computed))
            with self.assertRaisesRegex(RuntimeError, "single-core, plain.*multicore, plain"):
                list(labelling.measure(context(), scenario("multicore"), 0, [PLAIN], computed=computed))

    def test_too_large_for_the_machine_are_left_out(self) -> None:
        found = list(labelling.measure(context(), scenario(sector=64 * GIB), 0))
        self.assertEqual([type(each) for each in found], [LeftOut])
        self.assertIn("128 GiB don't fit", found[0].why)


class Step(unittest.TestCase):
    def test_has_both_paths_by_one_sealer_and_by_all_cores(self) -> None:
        wanted, left_out = step.scenarios(context(seconds=7200), list(range(16)))
        self.assertEqual(
            [(each.path, each.sector, each.sealers) for each in wanted],
            [("single-core", 512 * MIB, 1), ("single-core", 16 * GIB, 1), ("single-core", 512 * MIB, 16),
             ("multicore", 512 * MIB, 1), ("multicore", 16 * GIB, 1), ("multicore", 512 * MIB, 8)],
        )  # fmt: skip
        self.assertEqual(left_out, [])

    def test_says_what_two_cores_are_too_few_for(self) -> None:
        wanted, left_out = step.scenarios(context(seconds=1), [0, 1])
        found = [(each.path, each.sealers) for each in wanted]
        self.assertEqual(found, [("single-core", 1), ("single-core", 2), ("multicore", 1)])
        why = "multicore, sealers at once: two of them take 4 cores, and here are 2"
        self.assertEqual([each.why for each in left_out], [why])


class NotBuilt(unittest.TestCase):
    def test_is_a_reason(self) -> None:
        for each in (step, peers):
            found = list(each.measure(context()))
            self.assertEqual([type(one) for one in found], [LeftOut])
            self.assertRegex(found[0].why, "^not built: .*pc1-label")


class Table(unittest.TestCase):
    def test_compares_each_with_plain_round_by_round(self) -> None:
        one = scenario()
        found = {"plain": ("4 KiB", [1e-6, 2e-6]), "THP": ("2 MiB (THP)", [0.5e-6, 1.5e-6])}
        rows = [Row("pc1", name, "s", values, one.parameters(2)) for name, (_, values) in found.items()]
        facts = [Fact("pc1", name, f"pages, {one.text}", pages) for name, (pages, _) in found.items()]
        lines = pc1_command.table(one, 2, rows, facts).splitlines()
        self.assertEqual(lines[1], "single-core, 64 MiB, 1 sealer, 1 thread each; 1,000 labels of layer 2; 2 rounds")
        self.assertRegex(lines[3], r"^plain +4 KiB +1500\.0  1000\.0 - 2000\.0$")
        self.assertRegex(lines[4], r"^THP +2 MiB \(THP\) +1000\.0  500\.0 - 1500\.0 +0\.625 +0\.500 - 0\.750$")

    def test_refuses_sectors_and_variants_that_do_not_exist(self) -> None:
        sizes, others = (("--sector", "100MiB"), ("--sector", "1MiB")), (("--variants", "plain,other"), ("--sealers", "0"))
        for wrong in (*sizes, *others, ("--rounds", "x")):
            with self.assertRaises(SystemExit) as ended, mock.patch("sys.stderr"):
                pc1_command.parse([*wrong, "--build", "/"])
            self.assertEqual(ended.exception.code, 2)


if __name__ == "__main__":
    unittest.main()
