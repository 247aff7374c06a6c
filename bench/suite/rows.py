"""What a run finds: rows of values, facts, and what was left out and why. Units are base units: s, B, B/s."""

import random
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

Parameter = int | float | str


@dataclass(frozen=True)
class Row:
    """One thing measured several times. Rows of one group and one set of parameters can be compared with each other."""

    group: str
    subject: str
    unit: str  # "s" or "B/s"
    values: list[float]  # in the order measured; each is of another round
    parameters: Mapping[str, Parameter] = field(default_factory=dict)

    @property
    def median(self) -> float:
        return statistics.median(self.values)

    @property
    def more_is_better(self) -> bool:
        return self.unit == "B/s"


@dataclass(frozen=True)
class Fact:
    """What was found out, but isn't a figure: "reaches mmap": "no"."""

    group: str
    subject: str
    name: str
    text: str


@dataclass(frozen=True)
class LeftOut:
    """What wasn't measured; `why` says what was missing and, where that helps, what to type."""

    group: str
    subject: str
    why: str


def in_rounds(
    subjects: Mapping[str, Callable[[], Mapping[str | int, float]]], seconds: float, least: int = 2, most: int = 1000
) -> dict[str, dict[str | int, list[float]]]:
    """Measures each subject once a round, in an order shuffled anew, until `seconds` are over and at least `least` rounds are done.

    A subject returns what it measured, by name or number. What comes back are the values of each subject, by that.
    """
    found: dict[str, dict[str | int, list[float]]] = {subject: {} for subject in subjects}
    start = time.monotonic()
    rounds = 0
    while rounds < most and (rounds < least or (time.monotonic() - start) * (rounds + 1) / rounds <= seconds):
        order = list(subjects)
        random.shuffle(order)
        for subject in order:
            for name, value in subjects[subject]().items():
                found[subject].setdefault(name, []).append(value)
        rounds += 1
    return found
