"""What the suite's command lines share."""

import argparse
import signal
import sys
from collections.abc import Callable
from pathlib import Path

from suite import words

OK, BROKEN, USAGE, INTERRUPTED = 0, 1, 2, 130


class Parser(argparse.ArgumentParser):
    """Of a script, whose path is `prog`. Wrong usage is one line."""

    def error(self, message: str) -> None:
        print(f"{Path(self.prog).stem}: {message}; see {self.prog} --help", file=sys.stderr)
        sys.exit(USAGE)


def minutes(text: str) -> float:
    number = float(text)
    if not 0 < number < 100_000:
        raise ValueError
    return number


def power_of_two(least: int) -> Callable[[str], int]:
    def size(text: str) -> int:
        number = words.size_of(text)
        if number < least or number & (number - 1):
            raise argparse.ArgumentTypeError(f"{text} is no power of two of {words.size(least)} or more")
        return number

    return size


def end_as_by_ctrl_c() -> None:
    """What would end us ends us so: with everything given back and what was measured written."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
