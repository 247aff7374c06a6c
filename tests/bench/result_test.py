"""Rows, how they are measured in rounds, how they are written and read, and how people read figures."""

import tempfile
import unittest
from pathlib import Path

import made_up
from suite import words
from suite.result import NotMeasured, Row, in_rounds, read_result


class Rounds(unittest.TestCase):
    def test_each_subject_is_measured_once_a_round(self) -> None:
        order: list[str] = []
        subjects = {name: lambda name=name: order.append(name) or {"time": 1.0} for name in "abc"}
        found, failures = in_rounds(subjects, seconds=0, least=4, most=4)
        self.assertEqual([sorted(order[i : i + 3]) for i in range(0, 12, 3)], [["a", "b", "c"]] * 4)
        self.assertEqual((found["b"], failures), ({"time": [1.0] * 4}, {}))

    def test_one_that_fails_is_measured_no_more_and_says_why(self) -> None:
        calls: list[str] = []

        def fails() -> dict[str, float]:
            calls.append("fails")
            if len(calls) == 2:
                raise NotMeasured("no pages")
            return {"time": 2.0}

        found, failures = in_rounds({"a": lambda: {"time": 1.0}, "b": fails}, seconds=0, warms_up=True)
        self.assertEqual((found, failures, len(calls)), ({"a": {"time": [1.0] * 2}}, {"b": "no pages"}, 2))


class File(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.file = Path(folder.name) / "run.json"

    def test_is_read_as_it_was_written_with_a_line_for_each_row(self) -> None:
        result = made_up.full_result()
        result.write(self.file)
        self.assertEqual(read_result(self.file), result)
        self.assertEqual(read_result(self.file.parent), result)
        rows = [line for line in self.file.read_text().splitlines() if '"values"' in line]
        self.assertEqual(len(rows), len(result.rows))

    def test_that_is_no_result_is_refused_in_one_line(self) -> None:
        for text in ("", "[]", '{"schema_version": 9}', '{"schema_version": 1, "rows": 3}'):
            with self.subTest(text):
                self.file.write_text(text)
                with self.assertRaisesRegex(ValueError, f"^{self.file} is no result of a run: [^\n]*$"):
                    read_result(self.file)
        self.assertRaisesRegex(ValueError, "No such file", read_result, self.file.with_name("none"))


class Looking(unittest.TestCase):
    def test_finds_rows_by_what_they_are_of(self) -> None:
        result = made_up.full_result()
        self.assertEqual([row.subject for row in result.find("peers", what="release")], ["plain", "shim"])
        self.assertEqual(Row("lease", "take", "s", [3.0, 1.0, 8.0]).median, 3.0)

    def test_puts_those_rows_together_that_can_be_compared(self) -> None:
        found = made_up.full_result().scenarios("zeroing")
        self.assertEqual([[row.subject for row in rows] for rows in found], [["shim", "bandwidth"]] * 2)

    def test_says_a_reason_once_of_all_that_it_holds_for(self) -> None:
        of = (("reads", "random"), ("reads", "dependent"), ("zeroing", "shim"), ("reads", "random"))
        left_out = [made_up.LeftOut(group, subject, "no pages") for group, subject in of]
        reasons = made_up.result(left_out=left_out).reasons()
        self.assertEqual(reasons, {"no pages": "reads: random, dependent; zeroing: shim"})


class Words(unittest.TestCase):
    def test_sizes_are_written_and_read_in_the_largest_unit_that_fits(self) -> None:
        self.assertEqual([words.size(each) for each in (32 << 30, 2 << 20, 1536, 7)], ["32 GiB", "2 MiB", "1.5 KiB", "7 B"])
        self.assertEqual([words.size_of(each) for each in ("64MiB", "4 gib", "4096")], [64 << 20, 4 << 30, 4096])
        self.assertRaises(ValueError, words.size_of, "64 MB")
        self.assertRaises(ValueError, words.size_of, "")

    def test_times_have_three_digits_in_a_unit_that_suits_them(self) -> None:
        read = [words.seconds(each) for each in (12.34, 0.0089, 4.4e-7, 1.25e-6, 0.9999)]
        self.assertEqual(read, ["12.3 s", "8.90 ms", "440 ns", "1.25 µs", "1,000 ms"])
