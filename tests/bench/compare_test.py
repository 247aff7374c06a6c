"""Comparing two runs: what changed is found, what is noise isn't."""

import contextlib
import dataclasses
import io
import json
import tempfile
import unittest
from pathlib import Path

from made_up import made_up_result
from suite import compare, noise
from suite.result import Result
from suite.rows import Row


def changed(before: Result, after: Result) -> list[compare.Change]:
    return [each for each in compare.compare(before, after).changes if each.verdict != compare.NO_CHANGE]


def slower(result: Result, group: str, by: float, subject: str = "") -> Result:
    """The same with one group slower, or one subject of it."""

    def row(each: Row) -> Row:
        factor = 1 / by if each.more_is_better else by
        wanted = each.group == group and subject in ("", each.subject)
        return dataclasses.replace(each, values=[value * factor for value in each.values]) if wanted else each

    return dataclasses.replace(result, rows=[row(each) for each in result.rows])


def drifted(result: Result, seed: int, by: float) -> Result:
    """Each row off by something that all its values share, as another run on the same machine is."""
    draw = noise.random.Random(seed)
    rows = []
    for each in result.rows:
        factor = draw.lognormvariate(0, by)
        rows.append(dataclasses.replace(each, values=[value * factor for value in each.values]))
    return dataclasses.replace(result, rows=rows)


class Differences(unittest.TestCase):
    def test_two_runs_of_the_same_have_no_change(self) -> None:
        for seed in range(1, 6):
            with self.subTest(seed=seed):
                self.assertEqual(changed(made_up_result(2 * seed), made_up_result(2 * seed + 1)), [])

    def test_runs_that_drift_as_a_whole_machine_does_have_no_change(self) -> None:
        wrong = [len(changed(made_up_result(seed), drifted(made_up_result(seed + 50), seed, 0.03))) for seed in range(1, 6)]
        self.assertLessEqual(sum(wrong), 1, wrong)

    def test_ten_percent_are_found_and_nothing_else(self) -> None:
        found = changed(made_up_result(1, noise=0.01), slower(made_up_result(2, noise=0.01), "contention", 1.1))
        self.assertEqual({(each.group, each.verdict) for each in found}, {("contention", "slower")})
        self.assertEqual(len(found), 5)
        for each in found:
            self.assertLess(each.low, 1.1)
            self.assertGreater(each.high, 1.1)

    def test_less_bandwidth_is_slower_and_more_is_faster(self) -> None:
        found = changed(made_up_result(1), slower(made_up_result(2), "zeroing", 1.25, "shim"))
        self.assertEqual([each.verdict for each in found], ["slower"] * 5)
        found = changed(made_up_result(1), slower(made_up_result(2), "zeroing", 0.75, "shim"))
        self.assertEqual([each.verdict for each in found], ["faster"] * 5)

    def test_ten_percent_are_not_found_in_noise_of_twenty(self) -> None:
        before, after = made_up_result(1, noise=0.2), made_up_result(2, noise=0.2)
        self.assertEqual(changed(before, slower(after, "contention", 1.1)), [])

    def test_two_values_are_too_few_to_find_ten_percent_in_some_noise(self) -> None:
        before, after = made_up_result(1, noise=0.05, rounds=2), made_up_result(2, noise=0.05, rounds=2)
        self.assertEqual(changed(before, slower(after, "contention", 1.1)), [])

    def test_a_row_of_a_single_value_can_be_compared(self) -> None:
        before, after = made_up_result(1, rounds=1), made_up_result(2, rounds=1)
        self.assertEqual(len(compare.compare(before, after).changes), len(before.rows))

    def test_the_floor_is_what_rows_of_what_is_not_ours_differ_by(self) -> None:
        before = made_up_result(1, noise=0.001)
        quiet = compare.compare(before, made_up_result(2, noise=0.001)).floors
        self.assertEqual({floor.share for floor in quiet.values()}, {noise.LEAST_FLOOR})
        drift = compare.compare(before, drifted(made_up_result(2, noise=0.001), 3, 0.05)).floors
        self.assertGreater(min(floor.share for floor in drift.values()), 0.03)

    def test_a_machine_that_is_slower_as_a_whole_is_no_change_where_there_is_something_to_compare_with(self) -> None:
        before, after = made_up_result(1, noise=0.005), made_up_result(2, noise=0.005)
        for group in ("peers", "zeroing", "creating", "passing", "null", "pc1"):
            after = slower(after, group, 1.3)
        found = [each for each in changed(before, after) if each.group in ("peers", "zeroing", "creating", "passing", "pc1")]
        self.assertEqual([each for each in found if each.ours], [])

    def test_what_is_slower_against_what_was_measured_beside_it_is_found(self) -> None:
        after = slower(made_up_result(2, noise=0.005), "creating", 1.1, "hugepage-file-init")
        (found,) = changed(made_up_result(1, noise=0.005), after)
        self.assertEqual((found.subject, found.verdict, found.against), ("hugepage-file-init", "slower", "fallocate"))

    def test_rows_of_one_run_only_are_named(self) -> None:
        before, after = made_up_result(1), made_up_result(2)
        gone = after.rows.pop()
        found = compare.compare(before, after)
        self.assertEqual([row.subject for row in found.only_before], [gone.subject])
        self.assertIn("only before: 1 rows", compare.text(before, after, found, all=False))


class StudentsDistribution(unittest.TestCase):
    def test_its_quantiles_are_those_of_the_tables(self) -> None:
        table = {(0.05, 1): 12.706, (0.05, 2): 4.303, (0.05, 3): 3.182, (0.05, 8): 2.306, (0.001, 4): 8.610, (0.01, 30): 2.750}
        for (tails, freedom), expected in table.items():
            self.assertAlmostEqual(noise.student(tails, freedom), expected, places=3)


class Command(unittest.TestCase):
    def setUp(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)

    def written(self, name: str, result: Result) -> str:
        path = Path(self.folder.name) / name
        path.mkdir()
        result.write(path)
        return str(path)

    def call(self, *arguments: str) -> tuple[int, str, str]:
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            try:
                status = compare.main(list(arguments))
            except SystemExit as ended:
                status = ended.code
        return status, out.getvalue(), err.getvalue()

    def test_a_slower_row_fails_only_if_it_is_asked_to(self) -> None:
        before = self.written("a", made_up_result(1))
        after = self.written("b", slower(made_up_result(2), "contention", 1.2))
        self.assertEqual(self.call(before, after)[0], 0)
        self.assertEqual(self.call(before, after, "--fail-if-slower", "10")[0], 4)
        self.assertEqual(self.call(before, after, "--fail-if-slower", "40")[0], 0)
        self.assertEqual(self.call(after, before, "--fail-if-slower", "10")[0], 0)

    def test_what_is_not_ours_never_fails(self) -> None:
        before = self.written("a", made_up_result(1))
        after = self.written("b", slower(made_up_result(2), "populate", 1.5))
        self.assertEqual(self.call(before, after, "--fail-if-slower", "0")[0], 0)

    def test_other_machines_are_warned_of_and_never_judged(self) -> None:
        other = made_up_result(2)
        other.machine["cpu_model"] = "Another CPU"
        before, after = self.written("a", made_up_result(1)), self.written("b", other)
        status, out, _ = self.call(before, after)
        self.assertEqual(status, 0)
        self.assertIn("WARNING: these are different machines", out)
        self.assertIn("Example CPU 9000 / Another CPU", out)
        self.assertEqual(self.call(before, after, "--fail-if-slower", "5")[0], 2)

    def test_only_changes_are_shown_unless_all_are_wanted(self) -> None:
        before = self.written("a", made_up_result(1))
        after = self.written("b", slower(made_up_result(2), "contention", 1.2))
        short, long = self.call(before, after)[1], self.call(before, after, "--all")[1]
        self.assertIn("contention: 5 of 5 rows changed", short)
        self.assertNotIn("hugepage-file-init", short)
        self.assertIn("hugepage-file-init", long)

    def test_json_has_every_row(self) -> None:
        before, after = self.written("a", made_up_result(1)), self.written("b", made_up_result(2))
        read = json.loads(self.call(before, after, "--json")[1])
        self.assertEqual(len(read["changes"]), len(made_up_result().rows))

    def test_wrong_usage_is_one_line_and_status_two(self) -> None:
        there = self.written("a", made_up_result(1))
        broken = Path(self.folder.name) / "run.json"
        broken.write_text("[]")
        for arguments in ((there,), (there, "/nowhere"), (there, str(broken)), (there, there, "--fail-if-slower", "x")):
            with self.subTest(arguments=arguments):
                status, out, err = self.call(*arguments)
                self.assertEqual((status, out, len(err.splitlines())), (2, "", 1))


if __name__ == "__main__":
    unittest.main()
