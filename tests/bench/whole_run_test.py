"""scripts/bench.sh from end to end, as small as it can be: what it writes, and that it leaves nothing behind.

    whole_run_test.py BUILD-FOLDER

The steps that take long have tests of their own (peers_run_test.py, pc1_run_test.py, programs.cmake).
"""

import json
import os
import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import made_up  # noqa: F401  (where the suite is)
import traces
from suite.result import read_result

BENCH = Path(__file__).resolve().parents[2] / "scripts/bench.sh"
BUILD = ""
STEPS = "memory,creating,calls"


class WholeRun(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.out, temporary = Path(folder.name) / "out", Path(folder.name) / "temporary"
        temporary.mkdir()
        before = traces.thp_setting()
        command = [str(BENCH), "--minutes", "0.1", "--buffer", "64MiB", "--only", STEPS]
        command += ["--build", BUILD, "--out", str(cls.out)]
        cls.ended = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "TMPDIR": str(temporary)})
        cls.is_clean = traces.is_clean(temporary) and traces.thp_setting() == before
        cls.result = read_result(cls.out)

    def test_it_succeeds_whatever_the_machine_lacks(self) -> None:
        self.assertEqual(self.ended.returncode, 0, self.ended.stderr)

    def test_the_machine_is_as_it_was(self) -> None:
        self.assertTrue(self.is_clean)

    def test_every_step_has_found_something(self) -> None:
        groups = {each.group for each in (*self.result.rows, *self.result.left_out)}
        self.assertLessEqual({"passing", "null", "zeroing", "reads", "populate", "creating"}, groups)

    def test_rows_have_two_values_or_more_all_above_zero(self) -> None:
        self.assertEqual([row for row in self.result.rows if len(row.values) < 2 or min(row.values) <= 0], [])

    def test_no_two_rows_are_the_same(self) -> None:
        keys = [(row.group, row.subject, json.dumps(dict(row.parameters), sort_keys=True)) for row in self.result.rows]
        self.assertEqual(sorted({key for key in keys if keys.count(key) > 1}), [])

    def test_as_root_the_shim_was_measured(self) -> None:
        if os.geteuid() != 0:
            self.skipTest("needs root, to reserve huge pages")
        self.assertNotEqual(self.result.find("zeroing", "shim"), [], self.result.left_out)
        self.assertNotEqual(self.result.find("creating", "hugepage-file-init"), [], self.result.left_out)

    def test_the_report_is_there(self) -> None:
        self.assertTrue((self.out / "report.html").is_file(), self.ended.stderr)
        self.assertIn(f"{self.out}/report.html", self.ended.stdout)

    def test_each_target_has_a_line(self) -> None:
        verdicts = "met|missed|measured on less|not measured"
        lines = re.findall(rf"^(?:{verdicts})  +\S.+\n +wanted: .+; got: .+$", self.ended.stdout, re.M)
        self.assertEqual(len(lines), 9, self.ended.stdout)


if __name__ == "__main__":
    BUILD = sys.argv.pop(1)
    unittest.main()
