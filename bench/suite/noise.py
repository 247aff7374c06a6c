"""How far two rows differ, and how far they may differ by chance.

What is compared is the logarithm of the ratio of the medians. Three things are known of its noise:
- the spread of each row's values: a bootstrap draws from them anew and takes the medians of what it drew;
- that spread in the other rows of the group: few values tell little of their own spread, so the group's counts with them,
  as if it were four more values;
- what differs from run to run though no value of a run shows it (where memory lies, how warm the machine is, who else is on
  the host): the floor. It is what explains how far the rows of what isn't ours differ, which the code compared can't have
  changed.
"""

import functools
import math
import random
import statistics
from collections.abc import Iterable
from dataclasses import dataclass

DRAWS = 500
OF_GROUP = 4  # degrees of freedom that the group's spread counts for
LEAST_FLOOR = 0.005
AGREE = 0.95  # of the rows of what isn't ours, so many are at most two errors apart given the floor


@dataclass(frozen=True)
class Difference:
    """Of two rows' medians, as a logarithm."""

    value: float
    error: float  # its standard error, of the spread of the two rows' values alone
    freedom: int


def difference(first: list[float], second: list[float]) -> Difference:
    draw = random.Random(1)  # the same two runs always compare alike
    drawn = [math.log(drawn_median(second, draw) / drawn_median(first, draw)) for _ in range(DRAWS)]
    # A bootstrap of few values finds too little spread.
    least = min(len(first), len(second))
    few = math.sqrt(least / (least - 1)) if least > 1 else 1.0
    value = math.log(statistics.median(second) / statistics.median(first))
    return Difference(value, few * statistics.pstdev(drawn), max(0, len(first) + len(second) - 2))


def drawn_median(values: list[float], draw: random.Random) -> float:
    return statistics.median(draw.choices(values, k=len(values)))


def with_group(all: Iterable[Difference]) -> list[Difference]:
    """The rows of one group, the error of each averaged with the group's."""
    all = list(all)
    usual = statistics.median([each.error**2 for each in all if each.freedom > 0] or [0.0])
    return [
        Difference(
            each.value,
            math.sqrt((OF_GROUP * usual + each.freedom * each.error**2) / (OF_GROUP + each.freedom)),
            OF_GROUP + each.freedom,
        )
        for each in all
    ]


def floor_of(others: list[Difference]) -> float:
    """The standard error beside their own that these, of what isn't ours, must have to differ as they do."""
    needed = sorted(math.sqrt(max(0.0, (each.value / 2) ** 2 - each.error**2)) for each in others)
    return max([LEAST_FLOOR, *needed[: math.ceil(AGREE * len(needed))]])


def margin(each: Difference, floor: float, rows: int) -> float:
    """How far off the value may be by chance: true of all `rows` together in 95 of 100 comparisons (Bonferroni)."""
    tails = 0.05 / rows
    return math.hypot(student(tails, each.freedom) * each.error, statistics.NormalDist().inv_cdf(1 - tails / 2) * floor)


@functools.cache
def student(both_tails: float, freedom: int) -> float:
    """The t beyond which Student's distribution has so much in both tails together."""
    low, high = 0.0, 1.0
    while outside(high, freedom) > both_tails:
        high *= 2
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if outside(middle, freedom) > both_tails else (low, middle)
    return high


def outside(t: float, freedom: int) -> float:
    """How much of Student's distribution lies further than t from its middle (finite sums for whole degrees of freedom)."""
    angle = math.atan(t / math.sqrt(freedom))
    odd = freedom % 2
    term = total = math.cos(angle) if odd else 1.0
    for k in range(2 + odd, freedom - 1, 2):
        term *= math.cos(angle) ** 2 * (k - 1) / k
        total += term
    if odd:
        inside = 2 / math.pi * (angle + (math.sin(angle) * total if freedom > 1 else 0.0))
    else:
        inside = math.sin(angle) * total
    return max(0.0, 1 - inside)
