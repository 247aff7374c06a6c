"""scripts/bench-pc1.sh for a moment: a row of each variant or a reason; and nothing is left, also when it is killed amid THP.

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

SCRIPT = Path(__file__).resolve().parents[2] / "scripts/bench-pc1.sh"
BUILD = ""
SMALL = ["--sector", "8MiB", "--max-nodes", "20000"]


def command(*arguments: str) -> list[str]:
    return [str(SCRIPT), "--build", BUILD, *SMALL, *arguments]


class Pc1Run(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.temporary = Path(folder.name)
        self.environment = {**os.environ, "TMPDIR": folder.name}

    def run_once(self, *arguments: str) -> tuple[Result, str]:
        with tempfile.TemporaryDirectory() as folder:
            out = Path(folder) / "rows.json"
            all_arguments = command("--rounds", "2", "--json", str(out), *arguments)
            ended = subprocess.run(all_arguments, capture_output=True, text=True, env=self.environment)
            self.assertEqual(ended.returncode, 0, ended.stderr)
            return read_result(out), ended.stdout

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
                process = subprocess.Popen(command("--rounds", "1000"), **quiet, start_new_session=True)
                is_on = eventually(lambda: chosen(SETTING.read_text()) == "always")
                os.killpg(process.pid, number)
                process.wait()
                self.assertTrue(is_on)
                self.assertTrue(eventually(lambda: is_clean(self.temporary)), list(self.temporary.iterdir()))
                self.assertTrue(eventually(lambda: thp_setting() == before))


if __name__ == "__main__":
    BUILD = sys.argv.pop(1)
    unittest.main()
