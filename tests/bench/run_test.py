"""Running steps: what they find is kept, however they end."""

import contextlib
import io
import os
import signal
import tempfile
import time
import unittest
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from unittest import mock

import made_up  # noqa: F401  (where the suite is)
from suite.context import Context, Shortage
from suite.machine import read_machine
from suite.result import read_result
from suite.rows import Fact, LeftOut, Row
from suite.run import Run, Step, share

ROW = Row("lease", "take", "s", [1.0, 2.0], {"files": 10})


def step(name: str, measure: Callable, weight: float = 1) -> Step:
    return Step(name, SimpleNamespace(TITLE=f"The step {name}", WEIGHT=weight, measure=measure))


class Running(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.out = Path(folder.name)

    def go(self, *steps: Step, minutes: float = 0.1) -> Run:
        run = Run(list(steps), self.out, self.out, minutes, read_machine(), 64 << 20)
        with contextlib.redirect_stderr(io.StringIO()):
            run.go()
        return run

    def test_what_steps_find_is_written_as_it_was_found(self) -> None:
        fact, left = Fact("peers", "plain", "page size", "4 KiB"), LeftOut("reads", "random", "no pages")
        run = self.go(step("a", lambda _: iter([ROW, fact])), step("b", lambda _: iter([left])))
        read = read_result(self.out)
        self.assertEqual((read.rows, read.facts, read.left_out), ([ROW], [fact], [left]))
        self.assertEqual(read, run.result)
        self.assertEqual((read.steps, read.cut_short), (["a", "b"], ""))

    def test_a_step_that_breaks_is_left_out_and_the_next_is_run(self) -> None:
        def breaks(_: Context):
            yield ROW
            raise ZeroDivisionError("division by zero")

        run = self.go(step("a", breaks), step("b", lambda _: iter([ROW])))
        self.assertEqual((len(run.result.rows), run.broken), (2, ["a"]))
        self.assertEqual(run.result.left_out, [LeftOut("a", "The step a", "the step broke: ZeroDivisionError: division by zero")])

    def test_a_shortage_is_left_out_and_breaks_nothing(self) -> None:
        def short(_: Context):
            raise Shortage("asked for 9 huge pages, got 3")
            yield

        run = self.go(step("a", short))
        self.assertEqual((run.broken, run.result.left_out[0].why), ([], "asked for 9 huge pages, got 3"))

    def test_an_interrupt_gives_back_what_the_step_holds_and_keeps_what_was_found(self) -> None:
        given_back: list[bool] = []

        def interrupted(context: Context):
            try:
                yield ROW
                os.kill(os.getpid(), signal.SIGINT)
                time.sleep(10)
            finally:
                given_back.append(context.scratch.is_dir())

        run = self.go(step("a", interrupted), step("b", lambda _: iter([ROW])))
        self.assertEqual(given_back, [True])
        self.assertEqual(read_result(self.out).rows, [ROW])
        self.assertRegex(run.result.cut_short, "^stopped after .* in The step a$")

    def test_each_step_has_an_empty_folder_that_is_gone_afterwards(self) -> None:
        folders: list[Path] = []

        def writes(context: Context):
            self.assertEqual(list(context.scratch.iterdir()), [])
            (context.scratch / "file").write_text("left behind")
            folders.append(context.scratch)
            yield ROW

        run = self.go(step("a", writes), step("b", writes))
        self.assertEqual((len(set(folders)), run.broken), (2, []))
        self.assertEqual([folder.exists() for folder in folders], [False, False])

    def test_a_step_that_overruns_takes_from_those_after_it(self) -> None:
        given: list[float] = []
        planned: list[float] = []

        def slow(context: Context):
            given.append(context.seconds)
            planned.append(context.seconds_for_sizes)
            clock.monotonic.return_value += 1
            yield ROW

        clock = mock.Mock()
        clock.monotonic.return_value = 1000.0
        with mock.patch("suite.run.time", clock):
            self.go(step("a", slow), step("b", slow, weight=3), step("c", slow), minutes=2 / 60)
        self.assertEqual([round(each, 2) for each in given], [0.5, 0.75, 0.5])
        # But sizes are as if it hadn't, so that runs can be compared.
        self.assertEqual([round(each, 2) for each in planned], [0.5, 1.2, 0.5])

    def test_a_reason_is_said_once_of_all_that_it_holds_for(self) -> None:
        of = (("reads", "random"), ("reads", "dependent"), ("zeroing", "shim"), ("reads", "random"))
        run = self.go(step("a", lambda _: iter([LeftOut(group, subject, "no pages") for group, subject in of])))
        self.assertEqual(run.result.reasons(), {"no pages": "reads: random, dependent; zeroing: shim"})

    def test_time_is_shared_by_weight(self) -> None:
        self.assertEqual(share(100, [1, 3]), 25)
        self.assertEqual(share(-5, [1, 3]), 0.5)


if __name__ == "__main__":
    unittest.main()
