"""The documents have the tables of runs that are kept as they were written, and no other figures of the peers."""

import re
import unittest
from pathlib import Path

import made_up  # noqa: F401  (finds the suite)
from suite import tables
from suite.result import read_result

PROJECT = Path(__file__).resolve().parents[2]
RESULTS = (PROJECT / "bench/RESULTS.md").read_text()


class Documents(unittest.TestCase):
    def test_have_the_tables_of_each_run_that_is_kept(self) -> None:
        kept = sorted((PROJECT / "bench/runs").rglob("*.json"))
        self.assertTrue(kept)
        for file in kept:
            self.assertIn(tables.summary(read_result(file)), RESULTS, f"what scripts/bench.sh --report {file} prints")

    def test_keep_runs_with_one_row_a_line(self) -> None:
        for file in (PROJECT / "bench/runs").rglob("*.json"):
            rows = [line for line in file.read_text().splitlines() if '"values"' in line]
            self.assertEqual(len(rows), len(read_result(file).rows), file)

    def test_have_no_other_figures_of_the_peers_than_those(self) -> None:
        for name in ("docs/benchmarks.md", "docs/zh/benchmarks.md"):
            text = (PROJECT / name).read_text()
            lines = [line for line in text.splitlines() if re.match(r"\| (plain|mlock|shim|THP|MAP_|mimalloc|glibc)\b.*[0-9] [mµn]?s \|", line)]
            self.assertTrue(lines, name)
            for line in lines:
                self.assertIn(line, RESULTS)

    def test_show_charts_that_are_there(self) -> None:
        for name in ("docs/benchmarks.md", "docs/zh/benchmarks.md"):
            for path in re.findall(r"!\[[^]]*\]\(([^)]+)\)", (PROJECT / name).read_text()):
                self.assertTrue((PROJECT / name).parent.joinpath(path).is_file(), path)
