"""A run's rows as charts: bars for what is compared, curves for what was varied. Each is an SVG file, named after what it shows."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import matplotlib

matplotlib.use("svg")

from matplotlib import pyplot  # noqa: E402
from matplotlib.axes import Axes  # noqa: E402

from suite import words  # noqa: E402
from suite.result import Result, Row  # noqa: E402
from suite.tables import LABELS  # noqa: E402

STYLE = Path(__file__).with_name("charts.mplstyle")
OURS, OTHER = "C0", "C4"
UNITS = ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs"), (1e-9, "ns"))

Draw = Callable[[Axes], None]


def write(result: Result, folder: Path) -> None:
    for name, title, draw in all_charts(result):
        with pyplot.style.context(STYLE):
            figure, axes = pyplot.subplots()
            draw(axes)
            axes.set_title(title)
            figure.savefig(folder / f"{name}.svg", metadata={"Date": None})
            pyplot.close(figure)


def all_charts(result: Result) -> Iterator[tuple[str, str, Draw]]:
    """Those that there are rows for."""
    for name, what, title in (
        ("usable", "usable", "Time until {} are usable, by one thread"),
        ("release", "release", "Time to give {} back"),
    ):
        rows = result.find("peers", what=what)
        if rows:
            yield name, title.format(words.size(rows[0].parameters["bytes"])), bars(by_time(rows), log=True)
    for group, title in LABELS.items():
        for path in ("single-core", "multicore"):
            rows = [row for row in result.find(group, path=path) if row.parameters.get("layer", 2) == 2]
            if rows:
                yield f"{group}-{path}", f"{title}, {path} path", bars(rows, by=("sector", "sealers", "node", "memory"))
    rows = result.find("reads", "random")
    if rows:
        yield "reads", f"A random read over {words.size(rows[0].parameters['bytes'])}, by pages", bars(rows, by=("pages",))
    for page in ("2 MiB", "1 GiB"):
        rows = result.find("zeroing", pages=page)
        if rows:
            yield f"zeroing-{page.replace(' ', '-')}", f"Zeroing pages of {page}", curves(rows, "threads")
    rows = result.find("creating")
    if rows:
        title = f"Making a memory file of {words.size(rows[0].parameters['bytes'])}"
        yield "creating", title, bars(rows, by=("pages", "threads"))
    for group, across, title in (
        ("lease", "files", "A lease from a pool of which all files but one are leased"),
        ("contention", "processes", "A lease, by so many processes at once"),
    ):
        rows = result.find(group)
        if rows:
            yield group, title, curves(rows, across, log=True)


def by_time(rows: Iterable[Row]) -> list[Row]:
    return sorted(rows, key=lambda row: row.median)


def unit_of(rows: Iterable[Row]) -> tuple[float, str]:
    """The one that the largest median is read in."""
    first, *_ = rows = list(rows)
    if first.unit == "B/s":
        return 1e9, "GB/s"
    highest = max(row.median for row in rows)
    return next((each for each in UNITS if highest >= each[0]), UNITS[-1])


def spread(row: Row, unit: float) -> list[list[float]]:
    """From the smallest to the largest value, as matplotlib's error bars have it."""
    return [[(row.median - min(row.values)) / unit], [(max(row.values) - row.median) / unit]]


def is_ours(row: Row) -> bool:
    return row.subject.startswith(("shim", "hugepage-file-init"))


def bars(rows: Sequence[Row], by: Sequence[str] = (), log: bool = False) -> Draw:
    """Medians, and lines from the smallest to the largest value; with a logarithmic axis dots, since that has no zero to begin at."""

    def name(row: Row) -> str:
        varied = {each: row.parameters[each] for each in by if each in row.parameters}
        return ", ".join(filter(None, [row.subject, words.parameters(varied)]))

    def draw(axes: Axes) -> None:
        unit, unit_name = unit_of(rows)
        for at, row in enumerate(rows):
            colour = OURS if is_ours(row) else OTHER
            if log:
                axes.errorbar(row.median / unit, at, xerr=spread(row, unit), color=colour, marker="o")
            else:
                axes.barh(at, row.median / unit, xerr=spread(row, unit), color=colour)
            axes.annotate(
                words.quantity(row.median, row.unit), (max(row.values) / unit, at), (6, 0), textcoords="offset points", va="center"
            )
        axes.set_yticks(range(len(rows)), [name(row) for row in rows])
        axes.set_ylim(len(rows) - 0.4, -0.6)
        axes.grid(axis="y", visible=False)
        axes.margins(x=0.2)
        if log:
            axes.set_xscale("log")
        axes.set_xlabel(unit_name + ", logarithmic" * log)

    return draw


def curves(rows: Sequence[Row], across: str, log: bool = False) -> Draw:
    """A line for each subject, and each value of the parameters that are not `across`."""

    def draw(axes: Axes) -> None:
        unit, unit_name = unit_of(rows)
        varied = {each for row in rows for each in row.parameters if len({str(one.parameters.get(each)) for one in rows}) > 1}
        lines: dict[str, list[Row]] = {}
        for row in rows:
            own = {each: value for each, value in row.parameters.items() if each in varied - {across, "leased"}}
            lines.setdefault(", ".join(filter(None, [row.subject, words.parameters(own)])), []).append(row)
        for name, of_line in lines.items():
            of_line.sort(key=lambda row: row.parameters[across])
            xs, ys = [row.parameters[across] for row in of_line], [row.median / unit for row in of_line]
            errors = [[spread(row, unit)[side][0] for row in of_line] for side in (0, 1)]
            axes.errorbar(xs, ys, yerr=errors, label=name)
        ticks = sorted({row.parameters[across] for row in rows})
        if log:
            axes.set_xscale("log")
            axes.set_yscale("log")
            axes.minorticks_off()
        else:
            axes.set_ylim(bottom=0)
        axes.set_xticks(ticks, [f"{tick:,}" for tick in ticks])
        axes.set_xlabel(across)
        axes.set_ylabel(unit_name + ", logarithmic" * log)
        axes.legend()

    return draw
