"""Rows, and how they are measured in rounds."""

import unittest

import made_up  # noqa: F401  (where the suite is)
from suite import words
from suite.rows import Row, in_rounds


class Rows(unittest.TestCase):
    def test_more_is_better_for_rates_only(self) -> None:
        self.assertTrue(Row("zeroing", "shim", "B/s", [1.0]).more_is_better)
        self.assertFalse(Row("lease", "take", "s", [1.0]).more_is_better)

    def test_the_median_is_of_the_values(self) -> None:
        self.assertEqual(Row("lease", "take", "s", [3.0, 1.0, 8.0]).median, 3.0)


class Rounds(unittest.TestCase):
    def test_each_subject_is_measured_once_a_round(self) -> None:
        order: list[str] = []
        subjects = {name: lambda name=name: order.append(name) or {"time": 1.0} for name in "abc"}
        found = in_rounds(subjects, seconds=0, least=4, most=4)
        self.assertEqual([sorted(order[i : i + 3]) for i in range(0, 12, 3)], [["a", "b", "c"]] * 4)
        self.assertEqual(found["b"], {"time": [1.0] * 4})

    def test_two_rounds_are_measured_when_there_is_no_time(self) -> None:
        self.assertEqual(in_rounds({"a": lambda: {"time": 1.0}}, seconds=0)["a"]["time"], [1.0, 1.0])


class Words(unittest.TestCase):
    def test_sizes_are_written_in_the_largest_unit_that_fits(self) -> None:
        self.assertEqual([words.size(each) for each in (32 << 30, 2 << 20, 1536, 7)], ["32 GiB", "2 MiB", "1.5 KiB", "7 B"])

    def test_sizes_are_read_with_and_without_a_blank(self) -> None:
        self.assertEqual([words.size_of(each) for each in ("64MiB", "4 gib", "4096")], [64 << 20, 4 << 30, 4096])
        self.assertRaises(ValueError, words.size_of, "64 MB")
        self.assertRaises(ValueError, words.size_of, "")

    def test_times_have_three_digits_in_a_unit_that_suits_them(self) -> None:
        read = [words.seconds(each) for each in (12.34, 0.0089, 4.4e-7, 1.25e-6, 0.9999)]
        self.assertEqual(read, ["12.3 s", "8.90 ms", "440 ns", "1.25 µs", "1,000 ms"])


if __name__ == "__main__":
    unittest.main()
