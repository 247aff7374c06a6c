"""How charts look: two kinds of them, rankings and curves, each drawn once and kept as SVG and PNG.

Colours are of Okabe and Ito's palette, which the colour-blind can tell apart; what is ours is also drawn bolder, and every line
and bar has its name beside it. In the SVG they are replaced by the page's CSS variables, so that charts follow light and dark.
"""

import io
import re
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

import matplotlib

matplotlib.use("Agg")

from matplotlib.axes import Axes  # noqa: E402
from matplotlib.figure import Figure  # noqa: E402
from matplotlib.ticker import FixedFormatter, FixedLocator, FuncFormatter, LogLocator, NullFormatter, NullLocator  # noqa: E402

WIDTH = 4.7  # inches; so narrow that a phone shows it readably
TITLE_COLUMNS = 50
# What is drawn, and the page's variable that stands for it.
INK, MUTED, GRID, PAPER = "#1c1f23", "#5f6670", "#dfe2e6", "#fefefe"
OURS, OTHER, SECOND, THIRD, FOURTH = "#0072b2", "#767d87", "#d55e00", "#009e73", "#b0548a"
VARIABLES = {
    INK: "--ink",
    MUTED: "--muted",
    GRID: "--grid",
    PAPER: "--card",
    OURS: "--ours",
    OTHER: "--other",
    SECOND: "--second",
    THIRD: "--third",
    FOURTH: "--fourth",
}
STYLE = {
    "font.family": "DejaVu Sans",
    "font.size": 9.5,
    "text.color": INK,
    "axes.edgecolor": MUTED,
    "axes.labelcolor": MUTED,
    "axes.facecolor": "none",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelsize": 9,
    "ytick.labelsize": 9,
    "figure.facecolor": PAPER,
    "savefig.facecolor": PAPER,
    "svg.hashsalt": "chart",
}


@dataclass(frozen=True)
class Chart:
    name: str  # of its file, and its anchor in the page
    title: str  # the finding
    svg: str
    png: bytes


@dataclass(frozen=True)
class Bar:
    name: str
    value: float
    low: float
    high: float
    label: str  # the value, as people read it
    colour: str = OTHER
    heading: str = ""  # bars of one heading stand together under it


@dataclass(frozen=True)
class Spot:
    value: float
    low: float
    high: float
    colour: str


@dataclass(frozen=True)
class Pair:
    """A line of a chart of differences: what is asked about, and beside it what is known to be none."""

    name: str
    spot: Spot
    beside: Spot | None
    label: str


@dataclass(frozen=True)
class Curve:
    name: str
    colour: str
    points: Sequence[tuple[float, float, float, float]]  # x, y, lowest and highest y
    dashed: bool = False


@dataclass(frozen=True)
class Axis:
    label: str
    unit: float = 1.0  # what is drawn is divided by it
    log: bool = False
    even: bool = False  # the values stand side by side at even distances, whatever they are


def ranking(name: str, title: str, bars: Sequence[Bar], axis: Axis, note: str = "") -> Chart:
    """Bars from zero; with a logarithmic axis dots, since such an axis has no zero for bars to begin at."""
    with matplotlib.rc_context(STYLE):
        rows = positions(bars)
        figure, axes = new_figure(title, note, 0.55 + 0.245 * (max(rows) + 1) + 0.2 * bool(note))
        for row, bar in zip(rows, bars):
            value, low, high = (each / axis.unit for each in (bar.value, bar.low, bar.high))
            if axis.log:
                axes.plot([low, high], [row, row], color=bar.colour, linewidth=2, solid_capstyle="butt")
                axes.plot([value], [row], "o", color=bar.colour, markersize=7)
            else:
                axes.barh(row, value, height=0.66, color=bar.colour)
                axes.plot([low, high], [row, row], color=INK, linewidth=1.2, solid_capstyle="butt")
            weight = "bold" if bar.colour == OURS else "normal"
            place = {"xytext": (6, 0), "textcoords": "offset points", "va": "center"}
            axes.annotate(bar.label, (max(value, high), row), **place, weight=weight)
        headings(axes, rows, bars)
        axes.set_yticks(rows, [bar.name for bar in bars])
        for tick, bar in zip(axes.get_yticklabels(), bars):
            tick.set(color=INK, weight="bold" if bar.colour == OURS else "normal")
        axes.tick_params(axis="y", length=0)
        axes.set_ylim(max(rows) + 0.6, min(0, *rows) - 0.6)
        axes.spines["left"].set_visible(not axis.log)
        value_axis(axes, "x", axis)
        room_for_labels(axes, axis, [bar.high / axis.unit for bar in bars])
        return finished(name, title, figure)


def differences(name: str, title: str, drawn: Sequence[Pair], axis: Axis, note: str = "") -> Chart:
    """Dots on both sides of zero."""
    with matplotlib.rc_context(STYLE):
        figure, axes = new_figure(title, note, 0.55 + 0.3 * len(drawn) + 0.2 * bool(note))
        axes.axvline(0, color=MUTED, linewidth=1.2)
        for row, pair in enumerate(drawn):
            for spot, above in ((pair.spot, -0.14), (pair.beside, 0.2)):
                if spot:
                    axes.plot([spot.low, spot.high], [row + above] * 2, color=spot.colour, linewidth=1.6)
                    axes.plot([spot.value], [row + above], "o", color=spot.colour, markersize=6 if spot is pair.spot else 4)
            place = {"xycoords": ("axes fraction", "data"), "va": "center", "ha": "right"}
            axes.annotate(pair.label, (1.19, row), **place, color=INK, annotation_clip=False)
        axes.set_yticks(range(len(drawn)), [pair.name for pair in drawn], color=INK)
        axes.tick_params(axis="y", length=0)
        axes.set_ylim(len(drawn) - 0.4, -0.6)
        axes.spines["left"].set_visible(False)
        value_axis(axes, "x", axis)
        return finished(name, title, figure)


def curves(
    name: str, title: str, drawn: Sequence[Curve], across: Axis, up: Axis, note: str = "", level: tuple[float, str] | None = None
) -> Chart:
    """Lines with their names at their right ends, bars for the spread; `level` is a line across the whole with its name."""
    with matplotlib.rc_context(STYLE):
        figure, axes = new_figure(title, note, 3.0 + 0.2 * bool(note))
        values = sorted({point[0] for curve in drawn for point in curve.points})
        for curve in drawn:
            xs = [values.index(point[0]) if across.even else point[0] for point in curve.points]
            ys = [point[1] / up.unit for point in curve.points]
            bold = curve.colour == OURS
            style = {"color": curve.colour, "linewidth": 2.6 if bold else 1.6, "linestyle": "--" if curve.dashed else "-"}
            axes.plot(xs, ys, **style, marker="o", markersize=5 if bold else 4)
            for x, point in zip(xs, curve.points):
                axes.plot([x, x], [point[2] / up.unit, point[3] / up.unit], color=curve.colour, linewidth=1.2)
        if level:
            axes.axhline(level[0] / up.unit, color=MUTED, linestyle=":", linewidth=1.4)
        value_axis(axes, "y", up)
        across_axis(axes, across, values)
        figure.draw_without_rendering()
        names = [(curve.points[-1][1] / up.unit, curve.name, curve.colour) for curve in drawn]
        names += [(level[0] / up.unit, level[1], MUTED)] if level else []
        end_labels(axes, names)
        return finished(name, title, figure)


def new_figure(title: str, note: str, height: float) -> tuple[Figure, Axes]:
    # A figure and its unit stay in one line.
    lines = textwrap.wrap(re.sub(r"(?<=\d) (?=[A-Za-zµ%])", "\xa0", title), TITLE_COLUMNS, break_on_hyphens=False)
    figure = Figure(figsize=(WIDTH, height + 0.2 * len(lines)), layout="constrained")
    figure.suptitle("\n".join(lines), x=0.012, ha="left", fontsize=11, weight="bold", linespacing=1.25)
    if note:
        figure.supxlabel(note, x=0.012, ha="left", fontsize=8.5, color=MUTED)
    return figure, figure.subplots()


def positions(bars: Sequence[Bar]) -> list[float]:
    """Of the bars, from the top, with a line left free above each heading."""
    rows: list[float] = []
    at, heading = -1.0, ""
    for bar in bars:
        at += 1
        if bar.heading != heading:
            at += 1.0 if rows else 0.9
            heading = bar.heading
        rows.append(at)
    return rows


def headings(axes: Axes, rows: Sequence[float], bars: Sequence[Bar]) -> None:
    seen = ""
    for row, bar in zip(rows, bars):
        if bar.heading != seen:
            seen = bar.heading
            axes.annotate(
                seen,
                (0, row - 0.9),
                xytext=(4, 0),
                xycoords=("axes fraction", "data"),
                textcoords="offset points",
                va="center",
                color=MUTED,
                style="italic",
            )


def value_axis(axes: Axes, which: str, axis: Axis) -> None:
    """The axis that is measured along."""
    this = axes.xaxis if which == "x" else axes.yaxis
    if axis.log:
        (axes.set_xscale if which == "x" else axes.set_yscale)("log")
        this.set_major_locator(LogLocator(10))
        this.set_minor_locator(NullLocator())
    this.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.10g}"))
    axes.grid(axis=which, color=GRID, linewidth=0.8)
    axes.set_axisbelow(True)
    label = axis.label + (" (logarithmic)" if axis.log else "")
    if which == "x":
        axes.set_xlabel(label, loc="left")
    else:
        # Above the axis, where it can be read without turning the head.
        axes.set_title(label, loc="left", fontsize=9, color=MUTED)
        if not axis.log:
            axes.set_ylim(bottom=0)


def across_axis(axes: Axes, axis: Axis, values: Sequence[float]) -> None:
    """The axis of what was varied, with a tick for each value."""
    if axis.log:
        axes.set_xscale("log")
    axes.xaxis.set_major_locator(FixedLocator(range(len(values)) if axis.even else list(values)))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.xaxis.set_major_formatter(FixedFormatter([f"{value:,.10g}" for value in values]))
    label = axis.label + (" (logarithmic)" if axis.log else "")
    axes.set_xlabel(label, loc="left")


def room_for_labels(axes: Axes, axis: Axis, highest: Sequence[float]) -> None:
    """The labels at the right of the longest bars need about a fifth of the width."""
    low, high = axes.get_xlim()
    if axis.log:
        axes.set_xlim(low, high * (high / low) ** 0.25)
    else:
        axes.set_xlim(0, max(highest) * 1.27)


def end_labels(axes: Axes, names: Sequence[tuple[float, str, str]]) -> None:
    """Names beside the right ends of their lines, pushed apart where they would cover each other."""
    to_share = axes.transData + axes.transAxes.inverted()
    x = axes.get_xlim()[1]
    wanted = sorted((to_share.transform((x, y))[1], name, colour) for y, name, colour in names)
    least = 0.075
    places = [share for share, _, _ in wanted]
    for i in range(1, len(places)):
        places[i] = max(places[i], places[i - 1] + least)
    over = max(0.0, places[-1] - 1.0) if places else 0.0
    for place, (_, name, colour) in zip(places, wanted):
        weight = "bold" if colour == OURS else "normal"
        axes.annotate(name, (1.015, place - over), xycoords="axes fraction", va="center", color=colour, weight=weight)


def finished(name: str, title: str, figure: Figure) -> Chart:
    svg, png = io.StringIO(), io.BytesIO()
    figure.savefig(png, format="png", dpi=200)
    figure.savefig(svg, format="svg", metadata={"Date": None, "Creator": None, "Type": None, "Format": None})
    return Chart(name, title, for_page(name, title, svg.getvalue()), png.getvalue())


def for_page(name: str, title: str, svg: str) -> str:
    """The SVG as part of an HTML page: no header, no address, no id that another chart has, colours as variables."""
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.S)
    svg = re.sub(r' xmlns(:\w+)?="[^"]*"', "", svg)
    svg = re.sub(r'(id="|href="#|url\(#)', rf"\1{name}-", svg)
    for colour, variable in VARIABLES.items():
        svg = svg.replace(colour, f"var({variable})")
    return re.sub(r'<svg width="[^"]*" height="[^"]*"', f'<svg role="img" aria-label="{escaped(title)}"', svg, count=1)


def escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;")
