"""Targets: met, missed, measured on less, not measured."""

import dataclasses
import unittest

from made_up import GIB, made_up_result
from suite import targets
from suite.result import Result
from suite.rows import Fact, LeftOut, Row

USABLE = "32 GiB usable and zero, against mmap and mlock, on 16 cores"
PASSING = "mmap that is passed on, against no shim"
PEERS = "Every peer, until memory is usable"


def outcome(result: Result, name: str) -> targets.Outcome:
    return next(each for each in targets.outcomes(result) if each.name == name)


def only(result: Result, *rows: Row) -> Result:
    result.rows = list(rows)
    return result


def usable(peer: str, values: list[float], size: int = 32 * GIB) -> Row:
    return Row("peers", peer, "s", values, {"what": "usable", "bytes": size})


class Targets(unittest.TestCase):
    def test_a_ratio_over_the_target_on_the_machine_it_is_stated_for_is_met(self) -> None:
        got = outcome(only(made_up_result(), usable("mlock", [10.0, 11.0]), usable("shim", [0.25, 0.22])), USABLE)
        self.assertEqual((got.verdict, got.got, got.spread), ("met", "45.0 ×", "40.0 × – 50.0 ×"))

    def test_a_ratio_under_it_is_missed(self) -> None:
        got = outcome(only(made_up_result(), usable("mlock", [10.0]), usable("shim", [1.0])), USABLE)
        self.assertEqual((got.verdict, got.got), ("missed", "10.0 ×"))

    def test_rounds_on_both_sides_of_the_target_are_said(self) -> None:
        got = outcome(only(made_up_result(), usable("mlock", [10.0, 6.0, 9.0]), usable("shim", [0.3, 0.3, 0.3])), USABLE)
        self.assertEqual((got.verdict, got.note), ("met", "otherwise in 1 of 3 rounds"))

    def test_a_smaller_machine_neither_meets_nor_misses_it(self) -> None:
        rows = usable("mlock", [1.0], 4 * GIB), usable("shim", [0.01], 4 * GIB)
        result = only(made_up_result(), *rows)
        result.machine["cpus"] = 2
        got = outcome(result, USABLE)
        self.assertEqual((got.verdict, got.note, got.got), ("measured on less", "on 2 cores, 4 GiB", "100 ×"))

    def test_fewer_cores_alone_are_less(self) -> None:
        result = made_up_result()
        result.machine["cpus"] = 8
        self.assertEqual(outcome(result, USABLE).verdict, "measured on less")
        self.assertEqual(outcome(result, "Release of 32 GiB, against munmap of plain memory").verdict, "met")

    def test_sizes_that_differ_are_not_compared(self) -> None:
        got = outcome(only(made_up_result(), usable("mlock", [10.0], 8 * GIB), usable("shim", [0.25])), USABLE)
        self.assertEqual(got.verdict, "not measured")

    def test_what_was_left_out_says_why_it_is_not_measured(self) -> None:
        result = only(made_up_result())
        result.left_out = [LeftOut("peers", "shim", "asked for 9 huge pages, got 3")]
        got = outcome(result, USABLE)
        self.assertEqual((got.verdict, got.note), ("not measured", "asked for 9 huge pages, got 3"))

    def test_a_step_that_was_not_run_is_the_reason(self) -> None:
        result = dataclasses.replace(made_up_result(), rows=[], left_out=[], steps=["peers"])
        self.assertEqual(outcome(result, PASSING).note, "the step calls was not run")
        self.assertEqual(outcome(result, PEERS).note, "the rows of the peers or of the shim are missing")

    def test_every_target_is_measured_where_every_row_is_there(self) -> None:
        self.assertNotIn("not measured", [each.verdict for each in targets.outcomes(made_up_result())])

    def test_the_init_tool_is_taken_with_the_most_threads(self) -> None:
        def creating(subject: str, cost: float, threads: int) -> Row:
            return Row("creating", subject, "s", [cost], {"bytes": 32 * GIB, "pages": "2 MiB", "threads": threads})

        rows = creating("hugepage-file-init", 6.0, 1), creating("hugepage-file-init", 1.0, 16), creating("fallocate", 7.0, 1)
        got = outcome(only(made_up_result(), *rows), "hugepage-file-init of 32 GiB, against fallocate, on 16 cores")
        self.assertEqual((got.verdict, got.got), ("met", "7.00 ×"))

    def test_a_call_that_is_passed_on_may_cost_one_percent(self) -> None:
        def passed_on(cost: float) -> Result:
            through = Row("passing", "mmap", "s", [cost], {"through": "shim"})
            return only(made_up_result(), through, Row("passing", "mmap", "s", [100e-9], {"through": "libc"}))

        self.assertEqual(outcome(passed_on(100.9e-9), PASSING).verdict, "met")
        self.assertEqual(outcome(passed_on(101.1e-9), PASSING).verdict, "missed")
        self.assertEqual(outcome(passed_on(95e-9), PASSING).got, "−5.00 %")

    def test_the_slowest_lease_from_the_crowded_pool_counts(self) -> None:
        crowd = {"files": 1000, "leased": 999}
        rows = [Row("lease", "take", "s", [cost], {**crowd, "zero": zero}) for cost, zero in ((2e-3, "always"), (1e-4, "never"))]
        got = outcome(only(made_up_result(), *rows), "A lease from a pool of 1,000 files of which 999 are leased")
        self.assertEqual((got.verdict, got.got), ("missed", "2.00 ms"))


class EveryPeer(unittest.TestCase):
    def test_a_faster_peer_is_named(self) -> None:
        result = only(made_up_result(), usable("shim", [0.5]), usable("THP always", [0.25]), usable("plain", [25.0]))
        got = outcome(result, PEERS)
        self.assertEqual((got.verdict, got.got), ("missed", "1 of 2"))
        self.assertIn("THP always takes 0.500 ×", got.note)

    def test_a_faster_peer_that_does_not_reach_the_calls_is_no_failure(self) -> None:
        result = only(made_up_result(), usable("shim", [0.5]), usable("mimalloc", [0.25]))
        result.facts = [Fact("peers", "mimalloc", f"reaches {call}", "no") for call in ("mmap", "calloc")]
        self.assertEqual(outcome(result, PEERS).verdict, "met")

    def test_one_that_reaches_calloc_only_is_compared(self) -> None:
        result = only(made_up_result(), usable("shim", [0.5]), usable("mimalloc", [0.25]))
        result.facts = [Fact("peers", "mimalloc", "reaches mmap", "no"), Fact("peers", "mimalloc", "reaches calloc", "yes")]
        self.assertEqual(outcome(result, PEERS).verdict, "missed")

    def test_the_table_for_a_terminal_has_a_line_for_each_target(self) -> None:
        all = targets.outcomes(dataclasses.replace(made_up_result(), rows=[]))
        self.assertEqual(len(targets.table(all).splitlines()), 2 * len(all))


if __name__ == "__main__":
    unittest.main()
