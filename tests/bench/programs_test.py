"""What Google Benchmark says becomes rows; a program that fails becomes something that was left out."""

import json
import os
import tempfile
import unittest
from pathlib import Path
from unittest import mock

import made_up  # noqa: F401  (where the suite is)
from suite import programs
from suite.context import Context
from suite.machine import read_machine
from suite.rows import LeftOut, Row

# A program that takes Google Benchmark's options and writes what it wrote down beforehand.
PROGRAM = """#!/usr/bin/env bash
for option in "$@"; do
    case $option in
        --benchmark_list_tests=true) echo "lease/take/files:10"; exit 0 ;;
        --benchmark_out=*) out=${option#*=} ;;
        --benchmark_repetitions=*) repetitions=${option#*=} ;;
    esac
done
echo "$repetitions" >>"$(dirname "$0")/started"
ENDS
cp "$(dirname "$0")/said-$repetitions.json" "$out"
"""


def benchmark(name: str, **said: object) -> dict:
    return {"name": name, "run_name": name, "run_type": "iteration", "real_time": 250.0, "time_unit": "us", **said}


def found(said: list[dict]) -> list[Row | LeftOut]:
    return list(programs.told(programs.rows_of(said)))


class Names(unittest.TestCase):
    def test_a_name_is_group_subject_and_parameters(self) -> None:
        read = programs.parts_of("lease/give back/files:1000/share:0.5/pages:2 MiB")
        self.assertEqual(read, ("lease", "give back", {"files": 1000, "share": 0.5, "pages": "2 MiB"}))

    def test_what_the_library_adds_is_cut_off_but_the_threads(self) -> None:
        name = "zeroing/shim/bytes:64/iterations:3/repeats:5/min_time:0.010/process_time/real_time/manual_time/threads:2"
        self.assertEqual(programs.parts_of(name), ("zeroing", "shim", {"bytes": 64, "threads": 2}))

    def test_other_names_are_refused(self) -> None:
        self.assertRaises(ValueError, programs.parts_of, "BM_something")
        self.assertRaises(ValueError, programs.parts_of, "lease/take/1000")


class Values(unittest.TestCase):
    def test_repetitions_are_the_values_of_one_row(self) -> None:
        said = [benchmark("lease/take/files:10", real_time=time) for time in (250.0, 500.0)]
        said.append(benchmark("lease/take/files:10", run_type="aggregate"))
        self.assertEqual(found(said), [Row("lease", "take", "s", [250e-6, 500e-6], {"files": 10})])

    def test_bytes_per_second_come_first_then_items_then_time(self) -> None:
        said = [benchmark("a/b", bytes_per_second=2e9, items_per_second=5.0), benchmark("a/c", items_per_second=5.0)]
        rows = found([*said, benchmark("a/d", time_unit="ns")])
        self.assertEqual([(row.values, row.unit) for row in rows], [([2e9], "B/s"), ([0.2], "s"), ([250.0 * 1e-9], "s")])

    def test_an_error_is_left_out_once_whatever_name_it_has(self) -> None:
        said = [benchmark("reads/random/pages:1 GiB", error_occurred=True, error_message=f"no {each}") for each in "abc"]
        self.assertEqual(found(said), [LeftOut("reads", "random", "no a")])

    def test_one_reason_of_several_benchmarks_is_said_once(self) -> None:
        names = [f"reads/random/pages:{size} GiB" for size in (1, 16)]
        said = [benchmark(name, error_occurred=True, error_message="no pages") for name in names]
        self.assertEqual(found(said), [LeftOut("reads", "random", "no pages")])

    def test_what_failed_once_is_no_row(self) -> None:
        said = [benchmark("reads/random"), benchmark("reads/random", error_occurred=True, error_message="no pages")]
        self.assertEqual(found(said), [LeftOut("reads", "random", "no pages")])


class Running(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name) / "bench"
        self.folder.mkdir()
        self.context = Context(Path(folder.name), Path(folder.name), 1.0, read_machine(), 64 << 20)

    def program(self, ends: str = "") -> None:
        path = self.folder / "fake"
        path.write_text(PROGRAM.replace("ENDS", ends))
        path.chmod(0o755)
        for repetitions in range(1, programs.MOST_REPETITIONS + 1):
            said = [benchmark("lease/take/files:10") for _ in range(repetitions)]
            (self.folder / f"said-{repetitions}.json").write_text(json.dumps({"benchmarks": said}))

    def clock(self, seconds: float) -> mock._patch:
        """By which each repetition takes so long."""

        def monotonic() -> float:
            started = self.folder / "started"
            return seconds * sum(map(int, started.read_text().split())) if started.exists() else 0.0

        return mock.patch.object(programs, "time", mock.Mock(monotonic=monotonic))

    def test_a_program_is_repeated_until_its_time_is_over(self) -> None:
        self.program()
        with self.clock(0.125):
            (row,) = programs.run(self.context, "fake", seconds=1)
        self.assertEqual(len(row.values), 8)

    def test_a_program_is_repeated_no_more_often_than_is_of_use(self) -> None:
        self.program()
        with self.clock(0.125):
            (row,) = programs.run(self.context, "fake", seconds=100)
        self.assertEqual(len(row.values), programs.MOST_REPETITIONS)

    def test_a_program_that_is_slow_gives_two_values_all_the_same(self) -> None:
        self.program()
        with self.clock(0.125):
            (row,) = programs.run(self.context, "fake", seconds=0.1)
        self.assertEqual(len(row.values), 2)

    def test_as_many_repetitions_as_asked_for_are_measured(self) -> None:
        self.program()
        (row,) = programs.run(self.context, "fake", repetitions=5, min_time=0.1, parameters={"preload": "none"})
        self.assertEqual((len(row.values), row.parameters), (5, {"files": 10, "preload": "none"}))

    def test_environments_take_turns_and_are_named(self) -> None:
        self.program(ends='echo "${COLOUR:-}" >>"$(dirname "$0")/colours"')
        both = {"red": {"COLOUR": "red"}, "blue": {"COLOUR": "blue"}}
        rows = list(programs.compare(self.context, "fake", both, "colour", repetitions=4, min_time=0.1))
        self.assertEqual({row.parameters["colour"]: len(row.values) for row in rows}, {"red": 4, "blue": 4})
        colours = (self.folder / "colours").read_text().split()
        self.assertEqual([sorted(colours[i : i + 2]) for i in range(0, 8, 2)], [["blue", "red"]] * 4)

    def test_one_that_fails_says_why(self) -> None:
        self.program(ends="echo no memory >&2; exit 3")
        (left,) = programs.run(self.context, "fake")
        self.assertEqual(left, LeftOut("fake", "fake", "fake ended with status 3 and said: no memory"))

    def test_an_interrupt_keeps_the_repetitions_before_it(self) -> None:
        self.program(ends='[[ $(wc -l <"$(dirname "$0")/started") == 1 ]] || { kill -INT $PPID; sleep 10; }')
        found = []
        with self.assertRaises(KeyboardInterrupt):
            for each in programs.run(self.context, "fake"):
                found.append(each)
        self.assertEqual([len(row.values) for row in found], [2])

    def test_one_that_is_not_built_is_left_out(self) -> None:
        (left,) = programs.run(self.context, "missing")
        self.assertIn("isn't built", left.why)

    def test_what_is_set_for_us_is_not_set_for_it(self) -> None:
        self.program(ends='[[ -z ${HUGEPAGE_FILES_PATH:-}${MALLOC_ARENA_MAX:-} ]] || exit 4')
        os.environ.update(HUGEPAGE_FILES_PATH="/nowhere", MALLOC_ARENA_MAX="1")
        self.addCleanup(lambda: [os.environ.pop(name) for name in ("HUGEPAGE_FILES_PATH", "MALLOC_ARENA_MAX")])
        (row,) = programs.run(self.context, "fake")
        self.assertIsInstance(row, Row)


if __name__ == "__main__":
    unittest.main()
