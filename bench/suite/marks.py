"""What rows become in a chart: bars and curves, the axis they need, and which of them are drawn."""

from collections.abc import Iterable, Sequence

from suite import words
from suite.drawing import OTHER, OURS, Axis, Bar, Curve
from suite.rows import Row

BARS = "Bars: medians; thin lines: smallest to largest value."
DOTS = "Dots: medians; lines: smallest to largest value."
TIMES = ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs"), (1e-9, "ns"))


def time_axis(rows: Iterable[Row], what: str, log: bool = False) -> Axis:
    """In the unit that the largest median is read in."""
    highest = max(row.median for row in rows)
    unit, name = next((each for each in TIMES if highest >= each[0]), TIMES[-1])
    return Axis(f"{what}, {name}", unit, log)


def bar(row: Row, name: str | None = None, heading: str = "") -> Bar:
    low, high = min(row.values), max(row.values)
    label = words.quantity(row.median, row.unit)
    return Bar(name or row.subject, row.median, low, high, label, colour_of(row), heading)


def colour_of(row: Row) -> str:
    ours = row.subject.startswith(("shim", "hugepage-file-init")) or row.parameters.get("through") == "shim"
    return OURS if ours else OTHER


def largest(rows: list[Row], parameter: str = "bytes") -> list[Row]:
    """Those of the most memory."""
    most = max((row.parameters.get(parameter, 0) for row in rows), default=0)
    return [row for row in rows if row.parameters.get(parameter, 0) == most]


def values_of(rows: Iterable[Row], parameter: str) -> list:
    return sorted({row.parameters[parameter] for row in rows if parameter in row.parameters})


def by_time(rows: Iterable[Row]) -> list[Row]:
    return sorted(rows, key=lambda row: row.median)


def size_of(rows: Sequence[Row], parameter: str = "bytes") -> str:
    size = rows[0].parameters.get(parameter, 0)
    return words.size(size) if size else "memory"


def median_of(rows: Iterable[Row], subject: str) -> float | None:
    return next((row.median for row in rows if row.subject == subject), None)


def against(rows: Sequence[Row], ours: str, other: str, other_name: str) -> str:
    """ "8.9 ms with the shim, 314 ms with mmap and mlock", as far as there are both."""
    pair = (("with the shim", median_of(rows, ours)), (other_name, median_of(rows, other)))
    return ", ".join(f"{words.seconds(median)} {name}" for name, median in pair if median)


def pages_name(row: Row) -> str:
    return words.pages(row.parameters.get("pages", "4 KiB"))


def pages_order(row: Row) -> int:
    order = ("4 KiB", "THP", "2 MiB", "1 GiB")
    pages = row.parameters.get("pages", "4 KiB")
    return order.index(pages) if pages in order else len(order)


def curve(rows: Iterable[Row], subject: str, across: str, name: str, colour: str, dashed: bool = False) -> Curve:
    mine = sorted((row for row in rows if row.subject == subject), key=lambda row: row.parameters[across])
    points = [(row.parameters[across], row.median, min(row.values), max(row.values)) for row in mine]
    return Curve(name, colour, points, dashed)


def many(rows: Iterable[Row], parameter: str) -> bool:
    """Whether the values lie so far apart that a linear axis would press the small ones together."""
    values = [value for value in values_of(rows, parameter) if value > 0]
    return len(values) > 2 and values[-1] >= 8 * values[0]
