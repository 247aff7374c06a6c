"""Calls that the shim stands before and that are not its own: what they cost through it and without it, in one process."""

from collections.abc import Iterator

from suite import programs
from suite.context import Context
from suite.rows import LeftOut, Row

TITLE = "Calls passed on"
WEIGHT = 2


def measure(context: Context) -> Iterator[Row | LeftOut]:
    yield from programs.run(context, "calls")
