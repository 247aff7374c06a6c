"""What programs say becomes rows; one that fails becomes something that was left out."""

import os
import unittest
from unittest import mock

import made_up
from suite import programs
from suite.result import LeftOut, NotMeasured, Row

def benchmark(name: str, **said: object) -> dict:
    return {"name": name, "run_name": name, "run_type": "iteration", "real_time": 250.0, "time_unit": "us", **said}


def found(said: list[dict]) -> list[Row | LeftOut]:
    return list(programs.rows_of(said))


class Names(unittest.TestCase):
    def test_are_group_subject_and_parameters(self) -> None:
        read = programs.parts_of("lease/give back/files:1000/pages:2 MiB/iterations:3/repeats:5/min_time:0.010/manual_time/threads:2")
        self.assertEqual(read, ("lease", "give back", {"files": 1000, "pages": "2 MiB", "threads": 2}))
        self.assertRaises(ValueError, programs.parts_of, "BM_something")
        self.assertRaises(ValueError, programs.parts_of, "lease/take/1000")


class Values(unittest.TestCase):
    def test_repetitions_are_the_values_of_one_row(self) -> None:
        said = [benchmark("lease/take/files:10", real_time=time) for time in (250.0, 500.0)]
        said.append(benchmark("lease/take/files:10", run_type="aggregate"))
        self.assertEqual(found(said), [Row("lease", "take", "s", [250e-6, 500e-6], {"files": 10})])

    def test_bytes_per_second_come_before_time(self) -> None:
        rows = found([benchmark("a/b", bytes_per_second=2e9), benchmark("a/d", time_unit="ns")])
        self.assertEqual([(row.values, row.unit) for row in rows], [([2e9], "B/s"), ([250.0 * 1e-9], "s")])

    def test_what_failed_once_is_no_row_and_one_reason_is_said_once(self) -> None:
        said = [benchmark(f"reads/random/pages:{size} GiB") for size in (1, 16)]
        failed = [{**each, "error_occurred": True, "error_message": "no pages"} for each in said]
        for order in (said + failed, failed + said):
            self.assertEqual(found(order), [LeftOut("reads", "random", "no pages")])


class Running(unittest.TestCase):
    def test_is_repeated_as_often_as_the_time_allows_and_is_of_use(self) -> None:
        asked: list[int] = []

        def repeated(*arguments) -> list[dict]:
            asked.append(arguments[2])
            return [benchmark("lease/take/files:10")] * arguments[2]

        clock = mock.Mock(monotonic=lambda: 0.125 * sum(asked))  # by which each repetition takes an eighth of a second
        for seconds, times in ((1, 8), (100, programs.MOST_REPETITIONS), (0.1, 2)):
            asked.clear()
            with mock.patch.multiple(programs, time=clock, repeated=repeated, not_built=lambda *_: ""):
                (row,) = programs.benchmark(made_up.context(), "bench/start", seconds)
            self.assertEqual(len(row.values), times)

    def test_that_is_not_built_is_left_out(self) -> None:
        (left,) = programs.benchmark(made_up.context(), "bench/missing", 1)
        self.assertEqual(left, LeftOut("missing", "all", "not built: /build/bench/missing"))

    def test_that_fails_or_takes_too_long_says_so(self) -> None:
        for command, why in (("echo first >&2; echo no memory >&2; exit 3", "^no memory$"), ("exit 3", "status 3"), ("sleep 5", "within 0 s")):
            with self.assertRaisesRegex(NotMeasured, why):
                programs.ended(["sh", "-c", command], limit=0.5)

    def test_what_is_set_for_us_is_not_set_for_it(self) -> None:
        mine = {"HUGEPAGE_FILES_PATH": "/nowhere", "MALLOC_ARENA_MAX": "1", "HUGEPAGE_NODE": "2"}
        with mock.patch.dict(os.environ, mine):
            said = programs.ended(["sh", "-c", "echo $HUGEPAGE_FILES_PATH$MALLOC_ARENA_MAX$HUGEPAGE_NODE"], {"HUGEPAGE_NODE": "3"})
        self.assertEqual(said, "3\n")
