"""Which rows make which chart, and what its title says of them. A chart whose rows a run lacks isn't there."""

from collections.abc import Callable, Iterable, Sequence

from suite import words
from suite.drawing import FOURTH, OTHER, OURS, SECOND, THIRD, Axis, Bar, Chart, Curve, curves, ranking
from suite.result import Result
from suite.rows import Row

BARS = "Bars: medians; black lines: smallest to largest value."
DOTS = "Dots: medians; lines: smallest to largest value."
TIMES = ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs"), (1e-9, "ns"))


def all_charts(result: Result) -> list[Chart]:
    made = [chart(result) for chart in CHARTS]
    return [chart for chart in made if chart]


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


# --- peers --------------------------------------------------------------------------------------------------------------


def peers(result: Result, what: str, name: str, title: str, other: tuple[str, str], axis: str, log: bool) -> Chart | None:
    rows = by_time(largest(result.find("peers", what=what)))
    if not rows:
        return None
    title = f"{title.format(size=size_of(rows))}: {against(rows, 'shim', *other) or 'who takes how long'}"
    return ranking(name, title, [bar(row) for row in rows], time_axis(rows, axis, log), DOTS if log else BARS)


def usable(result: Result) -> Chart | None:
    title = "Until {size} are usable"
    return peers(result, "usable", "usable", title, ("mlock", "with mmap and mlock"), "time to usable memory", log=True)


def release(result: Result) -> Chart | None:
    title = "Giving {size} back"
    return peers(result, "release", "release", title, ("plain", "for munmap of plain memory"), "time to give back", log=True)


def peers_reads(result: Result) -> Chart | None:
    title = "A random read in {size}"
    return peers(result, "random read", "peers-reads", title, ("plain", "in plain memory"), "time of a read", log=False)


# --- memory -------------------------------------------------------------------------------------------------------------


def reads(result: Result) -> Chart | None:
    rows = largest(result.find("reads"))
    if not rows:
        return None
    heading = {"random": "independent of each other", "dependent": "each depends on the one before"}
    rows.sort(key=lambda row: (row.subject != "random", pages_order(row)))
    chance = {row.parameters["pages"]: words.seconds(row.median) for row in rows if row.subject == "random"}
    title = f"Random 32-byte reads over {size_of(rows)}, by page size"
    if "4 KiB" in chance and "2 MiB" in chance:
        title = f"A random read over {size_of(rows)} takes {chance['4 KiB']} on 4 KiB pages, {chance['2 MiB']} on 2 MiB pages"
    bars = [bar(row, pages_name(row), heading.get(row.subject, row.subject)) for row in rows]
    return ranking("reads", title, bars, time_axis(rows, "time of a read of 32 bytes"), BARS)


def zeroing(result: Result) -> Chart | None:
    rows = largest(result.find("zeroing"))
    pages = values_of(rows, "pages")
    wanted = next((each for each in ("2 MiB", "1 GiB", *pages) if each in pages), None)
    rows = [row for row in rows if row.parameters.get("pages", wanted) == wanted]
    if not rows:
        return None
    look = {"shim": ("the shim", OURS), "memset": ("memset", SECOND), "streaming stores": ("streaming stores", THIRD)}
    drawn = [curve(rows, subject, "threads", *name_and_colour) for subject, name_and_colour in look.items()]
    drawn.append(curve(rows, "bandwidth", "threads", "write bandwidth", OTHER, dashed=True))
    best = max((row for row in rows if row.subject == "shim"), key=lambda row: row.median, default=None)
    title = f"The shim zeroes {size_of(rows)} at up to {words.rate(best.median)}" if best else "Zeroing, by threads"
    beside = [row for row in rows if best and row.subject == "bandwidth" and row.parameters == best.parameters]
    title += f", {100 * best.median / beside[0].median:.0f} % of the write bandwidth" if beside else ""
    across, up = Axis("threads that zero", log=many(rows, "threads")), Axis("GB/s", 1e9)
    return curves("zeroing", title, [each for each in drawn if each.points], across, up, DOTS)


def populate(result: Result) -> Chart | None:
    rows = largest(result.find("populate"))
    if not rows:
        return None
    several = len(values_of(rows, "threads")) > 1
    rows = sorted(by_time(rows), key=pages_order)

    def name(row: Row) -> str:
        return f"{row.subject}, {count(row.parameters.get('threads', 1), 'thread')}" if several else row.subject

    title = f"Ways to bring {size_of(rows)} of ordinary memory in place, without the shim"
    bars = [bar(row, name(row), pages_name(row)) for row in rows]
    return ranking("populate", title, bars, time_axis(rows, "time until every page is there"), BARS)


def creating(result: Result) -> Chart | None:
    rows = by_time(largest(result.find("creating")))
    if not rows:
        return None
    ours, other = median_of(rows, "hugepage-file-init"), median_of(rows, "fallocate")
    title = f"Making a memory file of {size_of(rows)}"
    if ours and other:
        title += f": {words.seconds(ours)} by hugepage-file-init, {words.seconds(other)} by fallocate"
    pages = values_of(rows, "pages")
    rows.sort(key=lambda row: str(row.parameters.get("pages", "")))

    def name(row: Row) -> str:
        threads = row.parameters.get("threads")
        return f"{row.subject}, {count(threads, 'thread')}" if threads else row.subject

    bars = [bar(row, name(row), pages_name(row) if len(pages) > 1 else "") for row in rows]
    return ranking("creating", title, bars, time_axis(rows, "time to make the file"), BARS)


# --- requests -----------------------------------------------------------------------------------------------------------


def pool_size(result: Result) -> Chart | None:
    rows = [row for row in result.find("lease", "take") if "files" in row.parameters]
    if not rows:
        return None
    rows = [row for row in rows if row.parameters.get("bytes") == rows[0].parameters.get("bytes")]
    names = {"always": "zeroed", "never": "ZERO=never"}
    crowds = {True: "all but one leased", False: "none leased"}
    zeros, both = values_of(rows, "zero"), len({is_crowded(row) for row in rows}) > 1
    drawn = []
    for crowded, colours in ((True, (OURS, SECOND)), (False, (OTHER, FOURTH))):
        for zero, colour in zip(zeros or [None], colours):
            mine = [row for row in rows if is_crowded(row) == crowded and row.parameters.get("zero") == zero]
            parts = [names.get(zero, f"ZERO={zero}")] if len(zeros) > 1 else []
            parts += [crowds[crowded]] if both or not parts else []
            drawn.append(curve(mine, "take", "files", ",\n".join(parts), colour))
    worst = max(rows, key=lambda row: (row.parameters["files"], row.median))
    files, leased = worst.parameters["files"], worst.parameters.get("leased", 0)
    title = f"Taking a file from a pool of {files:,} with {leased:,} leased takes {words.seconds(worst.median)}"
    up = time_axis(rows, "time to take", log=max(row.median for row in rows) > 30 * min(row.median for row in rows))
    all_but_one = "" if both else ", all but one leased"
    across = Axis(f"files in the pool{all_but_one}", log=many(rows, "files"))
    return curves("pool-size", title, [each for each in drawn if each.points], across, up, DOTS)


def pages_name(row: Row) -> str:
    pages = row.parameters.get("pages", "4 KiB")
    return "transparent huge pages" if pages == "THP" else f"{pages} pages"


def pages_order(row: Row) -> int:
    order = ("4 KiB", "THP", "2 MiB", "1 GiB")
    pages = row.parameters.get("pages", "4 KiB")
    return order.index(pages) if pages in order else len(order)


def is_crowded(row: Row) -> bool:
    return row.parameters.get("leased", 0) == row.parameters["files"] - 1


def contention(result: Result) -> Chart | None:
    rows = result.find("contention")
    if not rows:
        return None
    drawn = curve(rows, rows[0].subject, "processes", "each process", OURS)
    most = max(rows, key=lambda row: row.parameters["processes"])
    processes = count(most.parameters["processes"], "process", "processes")
    title = f"{processes} on one pool: to take and give back costs each {words.seconds(most.median)}"
    across = Axis("processes that take and give back at once", log=many(rows, "processes"))
    return curves("contention", title, [drawn], across, time_axis(rows, "time of a take and a give back"), DOTS)


def mappings(result: Result) -> Chart | None:
    rows = result.find("mappings")
    if not rows:
        return None
    drawn = [
        curve(rows, "take", "mappings", "take", OURS),
        curve(rows, "mmap passed on", "mappings", "mmap passed on", OTHER),
    ]
    drawn = [each for each in drawn if each.points]
    most = max(row.parameters["mappings"] for row in rows)
    said = [f"{words.seconds(each.points[-1][1])} for {each.name}" for each in drawn]
    title = f"In a process with {most:,} mappings: {', '.join(said)}"
    across = Axis("other mappings in the process", even=True)
    return curves("mappings", title, drawn, across, time_axis(rows, "time of a call", log=True), DOTS)


def passing(result: Result) -> Chart | None:
    rows = [row for row in result.find("passing") if "through" in row.parameters]
    subjects = list(dict.fromkeys(row.subject for row in rows))
    order = ["mmap", *(subject for subject in subjects if subject != "mmap")]
    rows.sort(key=lambda row: (order.index(row.subject), row.parameters["through"] != "shim"))
    if not rows:
        return None
    title = "Calls that the shim passes on, through it and without it"
    both = {row.parameters["through"]: row.median for row in rows if row.subject == "mmap"}
    if {"shim", "libc"} <= both.keys():
        more = words.more(both["shim"] / both["libc"])
        title = f"An mmap that the shim passes on takes {words.seconds(both['shim'])}, {more} against one without it"
    names = {"shim": "through the shim", "libc": "without it"}
    bars = [bar(row, names.get(row.parameters["through"], row.parameters["through"]), row.subject) for row in rows]
    return ranking("passing", title, bars, time_axis(rows, "time of a call"), BARS)


# --- PC1 ----------------------------------------------------------------------------------------------------------------


def pc1(path: str) -> Callable[[Result], Chart | None]:
    def chart(result: Result) -> Chart | None:
        rows = largest(result.find("pc1", path=path), "sector")
        if not rows:
            return None
        order = ["plain", "THP", "shim 2 MiB", "shim 1 GiB"]
        rows.sort(key=lambda row: (row.parameters.get("sealers", 1), order.index(row.subject) if row.subject in order else 9))
        most = [row for row in rows if row.parameters.get("sealers", 1) == rows[-1].parameters.get("sealers", 1)]
        named = {"plain": "on plain memory", "shim 2 MiB": "with the shim on 2 MiB pages"}
        said = [f"{words.seconds(row.median)} {named[row.subject]}" for row in most if row.subject in named]
        sealers = count(most[0].parameters.get("sealers", 1), "sealer")
        title = f"PC1, {path} path, {size_of(rows, 'sector')} sector, {sealers}: a node takes {', '.join(said)}"
        bars = [bar(row, None, count(row.parameters.get("sealers", 1), "sealer") + " at once") for row in rows]
        return ranking(f"pc1-{path}", title, bars, time_axis(rows, "time of a node"), BARS)

    return chart


def curve(rows: Iterable[Row], subject: str, across: str, name: str, colour: str, dashed: bool = False) -> Curve:
    mine = sorted((row for row in rows if row.subject == subject), key=lambda row: row.parameters[across])
    points = [(row.parameters[across], row.median, min(row.values), max(row.values)) for row in mine]
    return Curve(name, colour, points, dashed)


def many(rows: Iterable[Row], parameter: str) -> bool:
    """Whether the values lie so far apart that a linear axis would press the small ones together."""
    values = [value for value in values_of(rows, parameter) if value > 0]
    return len(values) > 2 and values[-1] >= 8 * values[0]


def count(number: int, one: str, several: str = "") -> str:
    return f"{number:,} {one if number == 1 else several or one + 's'}"


CHARTS = (
    usable, release, peers_reads, reads, pc1("single-core"), pc1("multicore"), zeroing, populate, creating, pool_size,
    contention, mappings, passing,
)  # fmt: skip
