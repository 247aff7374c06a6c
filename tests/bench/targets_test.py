"""Targets: met, missed, measured on less, not measured."""

import unittest

from made_up import GIB, full_result, reaches, result, usable
from suite import targets
from suite.result import Result, Row

USABLE = "32 GiB usable and zero, against mmap and mlock, on 16 cores"
RELEASE = "Release of 32 GiB, against munmap of plain memory"
PEERS = "Every peer, until memory is usable"


def outcome(found: Result, name: str) -> targets.Outcome:
    return next(each for each in targets.outcomes(found) if each.name == name)


class Targets(unittest.TestCase):
    def test_a_ratio_of_medians_meets_or_misses_it_on_the_machine_it_is_stated_for(self) -> None:
        got = outcome(result(usable("mlock", [10.0, 20.0, 12.0]), usable("shim", [0.5, 0.4, 0.2])), USABLE)
        self.assertEqual((got.verdict, got.got, got.spread), ("met", "30.0 ×", "20.0 × – 60.0 ×"))
        got = outcome(result(usable("mlock", [10.0]), usable("shim", [1.0])), USABLE)
        self.assertEqual((got.verdict, got.got), ("missed", "10.0 ×"))

    def test_rounds_on_both_sides_of_the_target_are_said(self) -> None:
        got = outcome(result(usable("mlock", [10.0, 6.0, 9.0]), usable("shim", [0.3, 0.3, 0.3])), USABLE)
        self.assertEqual((got.verdict, got.note), ("met", "otherwise in 1 of 3 rounds"))

    def test_a_smaller_machine_neither_meets_nor_misses_it(self) -> None:
        found = result(usable("mlock", [1.0], 4 * GIB), usable("shim", [0.01], 4 * GIB))
        found.machine["cpus"] = 2
        got = outcome(found, USABLE)
        self.assertEqual((got.verdict, got.note, got.got), ("measured on less", "on 2 cores, 4 GiB", "100 ×"))

    def test_sizes_that_differ_are_not_compared(self) -> None:
        got = outcome(result(usable("mlock", [10.0], 8 * GIB), usable("shim", [0.25])), USABLE)
        self.assertEqual((got.verdict, got.note), ("not measured", "rows of it are missing: see what was left out"))

    def test_a_step_that_was_not_run_is_the_reason(self) -> None:
        found = result(steps=["memory"])
        self.assertEqual(outcome(found, USABLE).note, "the step peers was not run")
        self.assertEqual(outcome(found, PEERS).note, "the step peers was not run")

    def test_every_target_is_measured_where_every_row_is_there(self) -> None:
        self.assertNotIn("not measured", [each.verdict for each in targets.outcomes(full_result())])

    def test_the_init_tool_is_taken_with_the_most_threads(self) -> None:
        def creating(subject: str, cost: float, threads: int) -> Row:
            return Row("creating", subject, "s", [cost], {"bytes": 32 * GIB, "pages": "2 MiB", "threads": threads})

        rows = creating("hugepage-file-init", 6.0, 1), creating("hugepage-file-init", 1.0, 16), creating("fallocate", 7.0, 1)
        got = outcome(result(*rows), "hugepage-file-init of 32 GiB, against fallocate, on 16 cores")
        self.assertEqual((got.verdict, got.got), ("met", "7.00 ×"))

    def test_the_slowest_lease_from_the_crowded_pool_counts(self) -> None:
        crowd = {"files": 1000, "leased": 999}
        rows = [Row("lease", "take", "s", [cost], {**crowd, "zero": zero}) for cost, zero in ((2e-3, "always"), (1e-4, "never"))]
        got = outcome(result(*rows), "A lease from a pool of 1,000 files of which 999 are leased")
        self.assertEqual((got.verdict, got.got), ("missed", "2.00 ms"))


class EveryPeer(unittest.TestCase):
    def test_a_faster_peer_is_named(self) -> None:
        got = outcome(result(usable("shim", [0.5]), usable("THP always", [0.25]), usable("plain", [25.0])), PEERS)
        self.assertEqual((got.verdict, got.got), ("missed", "1 of 2"))
        self.assertIn("THP always takes 0.500 ×", got.note)

    def test_a_faster_peer_that_does_not_reach_the_calls_is_no_failure(self) -> None:
        faster = usable("shim", [0.5]), usable("mimalloc", [0.25])
        self.assertEqual(outcome(result(*faster, facts=reaches("mimalloc", "no", "no")), PEERS).verdict, "met")
        self.assertEqual(outcome(result(*faster, facts=reaches("mimalloc", "no", "yes")), PEERS).verdict, "missed")
