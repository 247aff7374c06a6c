"""scripts/bench-pc1.sh for a moment: a row of each variant or a reason; and nothing is left, also when it is killed amid THP.

And scripts/bench-sealer.sh, with a made-up sealer.

    pc1_run_test.py BUILD-FOLDER
"""

import os
import signal
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import made_up  # noqa: F401  (where the suite is)
from suite.machine import chosen, read_machine
from suite.result import Result, read_result
from traces import SETTING, eventually, is_clean, thp_setting

SCRIPTS = Path(__file__).resolve().parents[2] / "scripts"
BUILD = ""


class OneRun(unittest.TestCase):
    script: list[str]

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.temporary = Path(folder.name)
        self.environment = {**os.environ, "TMPDIR": folder.name}

    def command(self, *arguments: str) -> list[str]:
        return [*self.script, "--build", BUILD, "--sector", "8MiB", *arguments]

    def run_once(self, *arguments: str, status: int = 0, **environment: str) -> tuple[Result, str]:
        with tempfile.TemporaryDirectory() as folder:
            out = Path(folder) / "rows.json"
            all_arguments = self.command("--rounds", "2", "--json", str(out), *arguments)
            ended = subprocess.run(all_arguments, capture_output=True, text=True, env={**self.environment, **environment})
            self.assertEqual(ended.returncode, status, ended.stderr)
            return read_result(out), ended.stdout + ended.stderr


class Pc1Run(OneRun):
    script = [str(SCRIPTS / "bench-pc1.sh"), "--max-nodes", "20000"]

    def test_has_a_row_of_each_variant_or_a_reason_on_both_paths(self) -> None:
        before = thp_setting()
        result, printed = self.run_once()
        self.assertTrue(is_clean(self.temporary))
        self.assertEqual(thp_setting(), before)
        for path in ("single-core", "multicore"):
            with self.subTest(path=path):
                rows = {row.subject: row for row in result.find("pc1", path=path, sector=8 << 20, sealers=1)}
                left_out = {left.subject: left.why for left in result.left_out if left.why.startswith(path)}
                if "all" in left_out:
                    self.skipTest(left_out["all"])
                self.assertEqual(rows.keys() | left_out.keys(), {"plain", "THP", "shim 2 MiB", "shim 1 GiB"})
                self.assertIn("plain", rows)
                self.assertEqual({len(row.values) for row in rows.values()}, {2})
                for name in rows:
                    self.assertRegex(printed, rf"(?m)^{name} ")

    def test_says_on_which_pages_the_buffers_were(self) -> None:
        result, _ = self.run_once("--path", "single-core")
        pages = {fact.subject: fact.text for fact in result.facts}
        self.assertEqual(pages["plain"], "4 KiB")
        if "shim 2 MiB" not in pages:
            (why,) = (left.why for left in result.left_out if left.subject == "shim 2 MiB")
            self.assertIn("asked for ", why)  # a shortage of huge pages; anything else is a fault
            self.skipTest(why)
        self.assertEqual(pages["shim 2 MiB"], "2 MiB")

    def test_leaves_nothing_when_it_is_killed_amid_transparent_pages_for_all(self) -> None:
        machine = read_machine()
        if not machine.is_root or machine.thp == "always":
            self.skipTest("needs root, and a machine on which transparent huge pages are not on for all")
        before = thp_setting()
        for number in (signal.SIGKILL, signal.SIGINT):
            with self.subTest(signal=number.name):
                quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "env": self.environment}
                process = subprocess.Popen(self.command("--rounds", "1000"), **quiet, start_new_session=True)
                is_on = eventually(lambda: chosen(SETTING.read_text()) == "always")
                os.killpg(process.pid, number)
                process.wait()
                self.assertTrue(is_on)
                self.assertTrue(eventually(lambda: is_clean(self.temporary)), list(self.temporary.iterdir()))
                self.assertTrue(eventually(lambda: thp_setting() == before))


class SealerRun(OneRun):
    script = [str(SCRIPTS / "bench-sealer.sh"), "--label", str(Path(__file__).with_name("made_up_label.py"))]

    def test_has_a_row_for_each_layer_of_each_variant_or_a_reason(self) -> None:
        before = set(Path("/dev/shm").iterdir())
        result, printed = self.run_once("--path", "single-core")
        self.assertEqual(set(Path("/dev/shm").iterdir()), before)
        found = {(row.subject, row.parameters["layer"], len(row.values)) for row in result.find("pc1", path="single-core")}
        left_out = {each.subject for each in result.left_out}
        names = {"plain", "THP", "shim 2 MiB", "shim 1 GiB"} - left_out
        self.assertEqual(found, {(name, layer, 2) for name in names for layer in (1, 2)})
        self.assertIn("plain", names)
        self.assertRegex(printed, r"labels of layer 2(?s:.*)labels of layer 1")

    def test_fails_if_a_variant_has_computed_other_labels(self) -> None:
        result, printed = self.run_once("--path", "single-core", status=1, OTHER_LABELS="LD_PRELOAD")
        self.assertRegex(printed, "not all have computed the same labels(?s:.*)shim 2 MiB")


if __name__ == "__main__":
    BUILD = sys.argv.pop(1)
    unittest.main()
