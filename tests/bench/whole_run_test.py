"""scripts/bench.sh and scripts/bench-sealer.sh from end to end, as small as they can be: what they write, and that they leave nothing.

    whole_run_test.py BUILD-FOLDER

The sealer is a made-up one, which takes buffers and labels nothing.
"""

import fcntl
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from collections.abc import Callable
from pathlib import Path

import made_up  # noqa: F401  (where the suite is)
from suite import run
from suite.machine import chosen, read_machine
from suite.pages import THP_SETTING
from suite.result import Result, read_result
from suite.tables import OTHERS

SCRIPTS = Path(__file__).resolve().parents[2] / "scripts"
BUILD = ""
SEALER = ["--label", str(Path(__file__).with_name("made_up_label.py")), "--sector", "8MiB", "--path", "single-core", "--rounds", "2"]


def eventually(holds: Callable[[], bool], seconds: float = 20) -> bool:
    end = time.monotonic() + seconds
    while not holds() and time.monotonic() < end:
        time.sleep(0.005)
    return holds()


def thp_setting() -> str:
    """While nobody else has changed it for a moment: who does holds this lock."""
    with THP_SETTING.open() as setting:
        fcntl.flock(setting, fcntl.LOCK_EX)
        return setting.read()


def is_clean(folder: Path) -> bool:
    """Of the folder for a run's temporary ones: the guardian of pages removes its own last, when they are given back."""
    mounted = any(line.split()[1].startswith(f"{folder}/") for line in Path("/proc/mounts").read_text().splitlines())
    return not mounted and not any([*folder.iterdir(), *Path("/dev/shm").glob("hugepage-bench-*")])


class Runs(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.out, cls.temporary = Path(folder.name) / "out", Path(folder.name) / "temporary"
        cls.temporary.mkdir()
        cls.environment = {**os.environ, "TMPDIR": str(cls.temporary)}

    @classmethod
    def call(cls, script: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        command = [SCRIPTS / script, "--build", BUILD, "--minutes", "0.1", *arguments]
        return subprocess.run(command, capture_output=True, text=True, env={**cls.environment, **environment})


class WholeRun(Runs):
    result: Result

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        before = thp_setting()
        arguments = ["--buffer", "64MiB", "--only", ",".join(run.ORDER), "--out", str(cls.out), *SEALER]
        cls.ended = cls.call("bench.sh", *arguments)
        cls.is_clean = is_clean(cls.temporary) and thp_setting() == before
        cls.result = read_result(cls.out)

    def test_it_succeeds_whatever_the_machine_lacks(self) -> None:
        self.assertEqual(self.ended.returncode, 0, self.ended.stderr)

    def test_the_machine_is_as_it_was(self) -> None:
        self.assertTrue(self.is_clean)

    def test_every_step_has_found_something(self) -> None:
        groups = {each.group for each in (*self.result.rows, *self.result.left_out)}
        self.assertLessEqual({"peers", "compare", "sealer", *OTHERS}, groups)

    def test_rows_have_two_values_or_more_all_above_zero(self) -> None:
        self.assertEqual([row for row in self.result.rows if len(row.values) < 2 or min(row.values) <= 0], [])

    def test_no_two_rows_are_the_same(self) -> None:
        keys = [(row.group, row.subject, json.dumps(dict(row.parameters), sort_keys=True)) for row in self.result.rows]
        self.assertEqual(sorted({key for key in keys if keys.count(key) > 1}), [])

    def test_as_root_the_shim_was_measured(self) -> None:
        if os.geteuid() != 0:
            self.skipTest("needs root, to reserve huge pages")
        for group, subject in (("zeroing", "shim"), ("creating", "hugepage-file-init"), ("lease", "take"), ("sealer", "shim 2 MiB"),
                               ("compare", "shim, 2 MiB pages")):  # fmt: skip
            self.assertNotEqual(self.result.find(group, subject), [], self.result.left_out)
        for fact, text in (("reaches mmap", "yes"), ("reaches calloc", "yes"), ("page size", "2 MiB")):
            self.assertEqual(self.result.fact("peers", "shim", fact), text, self.result.left_out)

    def test_each_peer_is_measured_or_left_out_with_a_reason(self) -> None:
        plain = {row.parameters["what"] for row in self.result.find("peers", "plain")}
        self.assertLessEqual({"usable", "release", "random read", "dependent read", "label, single-core"}, plain)
        self.assertEqual(self.result.fact("peers", "plain", "page size"), "4 KiB")
        for peer in ("MADV_HUGEPAGE", "MAP_HUGETLB", "libhugetlbfs", "mimalloc", "glibc tunable"):
            why = [left.why for left in self.result.left_out if left.subject == peer]
            self.assertTrue(self.result.find("peers", peer, what="usable") or all(why) and why, peer)
        for peer in {row.subject for row in self.result.find("peers")} & {"MADV_HUGEPAGE", "MAP_HUGETLB"}:
            self.assertEqual(self.result.fact("peers", peer, "reaches mmap"), "no")
            self.assertIn("2 MiB", self.result.fact("peers", peer, "page size"))

    def test_labels_of_the_sealer_are_of_both_layers(self) -> None:
        names = {"plain", "THP", "shim 2 MiB", "shim 1 GiB"} - {each.subject for each in self.result.left_out}
        found = {(row.subject, row.parameters["layer"], len(row.values)) for row in self.result.find("sealer")}
        self.assertEqual(found, {(name, layer, 2) for name in names for layer in (1, 2)})
        self.assertIn("plain", names)

    def test_tables_and_charts_are_there(self) -> None:
        self.assertIn("| plain | no | no |", self.ended.stdout)
        self.assertTrue((self.out / "results.md").read_text().startswith(self.ended.stdout[:1000]))
        self.assertTrue((self.out / "usable.svg").is_file(), self.ended.stderr)


class SealerRun(Runs):
    def test_fails_if_a_variant_has_computed_other_labels(self) -> None:
        file = self.temporary.parent / "rows.json"
        arguments = ("--variants", "plain,THP,shim 2 MiB", "--json", str(file), *SEALER)
        ended = self.call("bench-sealer.sh", *arguments, OTHER_LABELS="LD_PRELOAD")
        self.assertEqual(ended.returncode, 1, ended.stderr)
        self.assertRegex(ended.stderr, "not all have computed the same labels(?s:.*)shim 2 MiB")
        self.assertRegex(read_result(file).command, r"^scripts/bench-sealer.sh .*--variants plain\\,THP\\,shim\\ 2\\ MiB")

    def test_leaves_nothing_when_it_is_killed_during_transparent_pages_for_all(self) -> None:
        machine = read_machine()
        if not machine.is_root or machine.thp == "always":
            self.skipTest("needs root, and a machine on which transparent huge pages are not on for all")
        before = thp_setting()
        for number in (signal.SIGKILL, signal.SIGINT):
            with self.subTest(signal=number.name):
                quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "env": self.environment}
                command = [SCRIPTS / "bench-sealer.sh", "--build", BUILD, "--json", self.temporary.parent / "rows.json"]
                process = subprocess.Popen([*command, *SEALER[:-1], "1000"], **quiet, start_new_session=True)
                is_on = eventually(lambda: chosen(THP_SETTING.read_text()) == "always")
                os.killpg(process.pid, number)
                process.wait()
                self.assertTrue(is_on)
                self.assertTrue(eventually(lambda: is_clean(self.temporary)), list(self.temporary.iterdir()))
                self.assertTrue(eventually(lambda: thp_setting() == before))


if __name__ == "__main__":
    BUILD = sys.argv.pop(1)
    unittest.main()
