"""scripts/bench.sh from end to end, as small as it can be: what it writes, and that it leaves nothing behind.

    whole_run_test.py BUILD-FOLDER

The two steps that take long have tests of their own (peers_run_test.py, pc1_run_test.py).
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
from suite.result import read_result

BENCH = Path(__file__).resolve().parents[2] / "scripts/bench.sh"
BUILD = ""
STEPS = "requests,memory,creating,calls"


def held() -> set[str]:
    """Mounts and folders of the suite, and every huge page: what a run must leave no more of than there was."""
    counters = {path: int(path.read_text()) for path in Path("/sys/kernel/mm/hugepages").glob("*/nr_hugepages")}
    pages = {f"{path}, page {number}" for path, count in counters.items() for number in range(count)}
    mounts = {line for line in Path("/proc/mounts").read_text().splitlines() if "hugetlbfs" in line}
    return pages | mounts | {str(path) for path in Path("/tmp").glob("hugepage-bench-*")}


def settings() -> dict[str, str]:
    """Of the whole machine, that a run may change for a time."""
    paths = [Path("/proc/sys/vm/nr_overcommit_hugepages"), *Path("/sys/kernel/mm/transparent_hugepage").glob("[a-z]*")]
    return {str(path): path.read_text() for path in paths if path.is_file()}


class WholeRun(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.out = Path(folder.name) / "out"
        before, cls.settings_before = held(), settings()
        command = [str(BENCH), "--minutes", "0.1", "--buffer", "64MiB", "--only", STEPS]
        command += ["--build", BUILD, "--out", str(cls.out)]
        cls.ended = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "TMPDIR": "/tmp"})
        cls.left = held() - before
        cls.result = read_result(cls.out)

    def test_it_succeeds_whatever_the_machine_lacks(self) -> None:
        self.assertEqual(self.ended.returncode, 0, self.ended.stderr)

    def test_the_machine_is_as_it_was(self) -> None:
        self.assertEqual(self.left, set())
        self.assertEqual(settings(), self.settings_before)

    def test_every_step_has_found_something(self) -> None:
        groups = {each.group for each in (*self.result.rows, *self.result.left_out)}
        self.assertLessEqual({"passing", "null", "lease", "contention", "mappings", "zeroing", "reads", "populate", "creating"}, groups)

    def test_rows_have_two_values_or_more_all_above_zero(self) -> None:
        self.assertEqual([row for row in self.result.rows if len(row.values) < 2 or min(row.values) <= 0], [])

    def test_no_two_rows_are_the_same(self) -> None:
        keys = [(row.group, row.subject, json.dumps(dict(row.parameters), sort_keys=True)) for row in self.result.rows]
        self.assertEqual(sorted({key for key in keys if keys.count(key) > 1}), [])

    def test_as_root_the_shim_was_measured(self) -> None:
        if os.geteuid() == 0:
            self.assertNotEqual(self.result.find("zeroing", "shim"), [])
            self.assertNotEqual(self.result.find("lease", "take"), [])

    def test_the_pages_are_there_where_they_can_be_made(self) -> None:
        if "no report" not in self.ended.stderr:
            self.assertTrue((self.out / "report.html").is_file())
            self.assertIn(f"{self.out}/report.html", self.ended.stdout)

    def test_each_target_has_a_line(self) -> None:
        verdicts = "met|missed|measured on less|not measured"
        lines = re.findall(rf"^(?:{verdicts})  +\S.+\n +wanted: .+; got: .+$", self.ended.stdout, re.M)
        self.assertEqual(len(lines), 9, self.ended.stdout)


if __name__ == "__main__":
    BUILD = sys.argv.pop(1)
    unittest.main()
