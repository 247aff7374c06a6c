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

import made_up
from suite import run
from suite.context import Context
from suite.result import Fact, LeftOut, NotMeasured, Row, read_result
from suite.run import Run

ROW = Row("lease", "take", "s", [1.0, 2.0], {"files": 10})


class Running(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.file = Path(folder.name) / "run.json"

    def go(self, minutes: float = 0.1, weight: float = 1, **steps: Callable) -> Run:
        """Steps of these names. The first has this weight, all others have 1."""
        found = {name: SimpleNamespace(TITLE=f"The step {name}", WEIGHT=1.0, measure=measure) for name, measure in steps.items()}
        next(iter(found.values())).WEIGHT = weight
        this = Run(tuple(found), self.file, minutes, "bench.sh", made_up.context())
        with contextlib.redirect_stderr(io.StringIO()), mock.patch.object(run, "step", found.get):
            this.go()
        return this

    def test_what_steps_find_is_written_as_it_was_found(self) -> None:
        fact, left = Fact("peers", "plain", "page size", "4 KiB"), LeftOut("reads", "random", "no pages")
        this = self.go(a=lambda _: (each for each in (ROW, fact)), b=lambda _: (each for each in [left]))
        read = read_result(self.file)
        self.assertEqual((read.rows, read.facts, read.left_out), ([ROW], [fact], [left]))
        self.assertEqual(read, this.result)
        self.assertEqual((read.steps, read.cut_short), (["a", "b"], ""))

    def test_a_step_that_breaks_or_is_short_of_something_is_left_out_and_the_next_is_run(self) -> None:
        def ends(error: Exception):
            yield ROW
            raise error

        this = self.go(a=lambda _: ends(ZeroDivisionError("division by zero")), b=lambda _: ends(NotMeasured("asked for 9, got 3")))
        self.assertEqual((len(this.result.rows), this.broken), (2, ["a"]))
        self.assertEqual([left.why for left in this.result.left_out], ["the step broke: ZeroDivisionError: division by zero", "asked for 9, got 3"])

    def test_an_interrupt_gives_back_what_the_step_holds_and_keeps_what_was_found(self) -> None:
        given_back: list[bool] = []

        def interrupted(context: Context):
            try:
                yield ROW
                os.kill(os.getpid(), signal.SIGINT)
                time.sleep(10)
            finally:
                given_back.append(context.scratch.is_dir())

        this = self.go(a=interrupted, b=lambda _: (each for each in [ROW]))
        self.assertEqual(given_back, [True])
        self.assertEqual(read_result(self.file).rows, [ROW])
        self.assertRegex(this.result.cut_short, "^stopped after .* in a$")

    def test_time_is_shared_by_weight_and_the_folder_is_gone_afterwards(self) -> None:
        given: list[Context] = []

        def notes(context: Context):
            self.assertTrue(context.scratch.is_dir())
            given.append(context)
            yield ROW

        self.go(minutes=1, weight=3, a=notes, b=notes)
        self.assertEqual([context.seconds for context in given], [45, 15])
        self.assertEqual([context.scratch.exists() for context in given], [False, False])
