"""What is made of a report of two buffers: their pages, and whether they were usable at all."""

import json
import unittest

import made_up  # noqa: F401  (where the suite is)
from suite import buffers
from suite.buffers import Pages

MIB = 1 << 20
GIB = 1 << 30
SMALL = 4096


def pages(of_size: dict[int, int], transparent: int = 0, of_node: dict[int, int] = {}) -> Pages:
    return Pages(of_size, transparent, of_node)


def report(**other) -> str:
    entry = {"page_size": SMALL, "resident": 128 * MIB, "transparent": 0, "nodes": {"0": 128 * MIB}}
    usual = {
        "start_seconds": 0.25, "hugetlb_at_start": 0, "usable_seconds": 0.5, "release_seconds": 0.1, "bytes": 64 * MIB,
        "not_zero": 0, "page_faults": 0, "node": 0, "pages": [entry], "random_read_seconds": 4e-8, "dependent_read_seconds": 3e-7,
    }  # fmt: skip
    return json.dumps({**usual, **other})


class PagesOfMemory(unittest.TestCase):
    def test_have_the_name_of_their_size(self) -> None:
        self.assertEqual(pages({SMALL: MIB}).text, "4 KiB")
        self.assertEqual(pages({2 * MIB: 64 * MIB}).text, "2 MiB")
        self.assertEqual(pages({GIB: GIB}).text, "1 GiB")

    def test_are_transparent_ones_if_nearly_all_are(self) -> None:
        self.assertEqual(pages({SMALL: 1000 * MIB}, 992 * MIB).text, "2 MiB (THP)")
        self.assertEqual(pages({SMALL: 1000 * MIB}, 600 * MIB).text, "60 % 2 MiB (THP), 40 % 4 KiB")

    def test_of_two_sizes_are_told_apart(self) -> None:
        self.assertEqual(pages({SMALL: 64 * MIB, 2 * MIB: 192 * MIB}).text, "75 % 2 MiB, 25 % 4 KiB")

    def test_of_several_runs_are_told_apart_or_have_a_range(self) -> None:
        plain, huge = pages({SMALL: 100 * MIB}), pages({2 * MIB: 100 * MIB})
        self.assertEqual(buffers.text_of([plain, plain]), "4 KiB")
        self.assertEqual(buffers.text_of([plain, huge]), "4 KiB; 2 MiB")
        some, all_of_it = pages({SMALL: 100 * MIB}, 36 * MIB), pages({SMALL: 100 * MIB}, 100 * MIB)
        self.assertEqual(buffers.text_of([all_of_it, some, all_of_it]), "2 MiB (THP), 36 to 100 % of it")
        self.assertEqual(buffers.text_of([all_of_it, all_of_it]), "2 MiB (THP)")

    def test_have_a_share_that_is_huge(self) -> None:
        self.assertEqual(pages({SMALL: 64 * MIB}).huge_share, 0)
        self.assertEqual(pages({SMALL: 64 * MIB}, 32 * MIB).huge_share, 0.5)
        self.assertEqual(pages({SMALL: 64 * MIB, 2 * MIB: 192 * MIB}).huge_share, 0.75)
        self.assertEqual(pages({}).huge_share, 0)

    def test_have_a_share_on_each_node(self) -> None:
        both = buffers.pages_of([
            {"page_size": SMALL, "resident": MIB, "transparent": 0, "nodes": {"0": MIB // 4, "1": 3 * MIB // 4}},
            {"page_size": 2 * MIB, "resident": 2 * MIB, "transparent": 0, "nodes": {"1": 2 * MIB}},
        ])  # fmt: skip
        self.assertEqual(both.of_node, {0: MIB // 4, 1: 11 * MIB // 4})
        self.assertAlmostEqual(both.node_share(1), 11 / 12)
        self.assertEqual(both.node_share(2), 0)


class Report(unittest.TestCase):
    def test_says_how_long_it_took(self) -> None:
        taken = buffers.parse(report(), 1.5)
        self.assertEqual((taken.start, taken.usable, taken.release, taken.wall), (0.25, 0.5, 0.1, 1.5))
        self.assertEqual(taken.why_not(wants_zero=True), "")

    def test_counts_what_was_done_for_the_buffers_before_main(self) -> None:
        self.assertEqual(buffers.parse(report(hugetlb_at_start=128 * MIB), 1).usable, 0.75)
        self.assertEqual(buffers.parse(report(hugetlb_at_start=2 * MIB), 1).usable, 0.5)

    def test_of_memory_that_is_not_zero_is_no_measurement_unless_that_was_agreed(self) -> None:
        taken = buffers.parse(report(not_zero=7), 1)
        self.assertEqual(taken.why_not(wants_zero=True), "of 32768 places 7 weren't zero")
        self.assertEqual(taken.why_not(wants_zero=False), "")

    def test_of_memory_that_was_not_in_place_is_no_measurement(self) -> None:
        self.assertEqual(buffers.parse(report(page_faults=300), 1).why_not(False), "")
        self.assertIn("weren't in place", buffers.parse(report(page_faults=400), 1).why_not(False))

    def test_without_reads_has_none(self) -> None:
        taken = buffers.parse(report(random_read_seconds=None), 1)
        self.assertIsNone(taken.random_read)


class Ending(unittest.TestCase):
    def test_of_a_program_that_fails_is_its_last_word(self) -> None:
        with self.assertRaisesRegex(buffers.Failed, "^no pages$"):
            buffers.ended(["sh", "-c", "echo first >&2; echo no pages >&2; exit 1"], {}, 10)
        with self.assertRaisesRegex(buffers.Failed, "status 3"):
            buffers.ended(["sh", "-c", "exit 3"], {}, 10)

    def test_variables_reach_the_program(self) -> None:
        self.assertEqual(buffers.ended(["sh", "-c", "echo $HUGEPAGE_NODE"], {"HUGEPAGE_NODE": "3"}, 10), "3\n")


if __name__ == "__main__":
    unittest.main()
