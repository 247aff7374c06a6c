"""What preloading the shim adds to the start of a program that does nothing, beside an empty library."""

from collections.abc import Iterator

from suite import programs
from suite.context import Context
from suite.result import Found

TITLE = "Starting a program"
WEIGHT = 0.5


def measure(context: Context) -> Iterator[Found]:
    yield from programs.benchmark(context, "bench/start", context.seconds)
