"""Which rows make which chart, and what its title says of them. A chart whose rows a run lacks isn't there."""

from collections.abc import Callable

from suite import charts_calls, words
from suite.drawing import OTHER, OURS, SECOND, THIRD, Axis, Chart, curves, ranking
from suite.marks import (
    BARS, DOTS, against, bar, by_time, curve, largest, many, median_of, pages_name, pages_order, size_of, time_axis, values_of,
)  # fmt: skip
from suite.result import Result
from suite.rows import Row
from suite.targets import misses_every_call, ratio


CHANGED = " *"


def all_charts(result: Result) -> list[Chart]:
    made = [chart(result) for chart in CHARTS]
    return [chart for chart in made if chart]


# --- peers --------------------------------------------------------------------------------------------------------------


def peers(result: Result, what: str, name: str, title: str, other: tuple[str, str], axis: str, log: bool) -> Chart | None:
    rows = by_time(largest(result.find("peers", what=what)))
    if not rows:
        return None
    title = f"{title.format(size=size_of(rows))}: {against(rows, 'shim', *other) or 'who takes how long'}"
    bars = [bar(row, row.subject + CHANGED * needs_change(result, row.subject)) for row in rows]
    note = DOTS if log else BARS
    if any(needs_change(result, row.subject) for row in rows):
        note += f"\n{CHANGED.strip()} only in a program that is changed for it; no call of others is reached"
    return ranking(name, title, bars, time_axis(rows, axis, log), note)


def needs_change(result: Result, peer: str) -> bool:
    """Whether it has huge pages only where a program's source asks for them."""
    is_huge = result.fact(peer, "page size") not in ("", "4 KiB")
    return is_huge and misses_every_call(result, peer)


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
    title += f", {100 * ratio(best, beside[0]).median:.0f} % of the write bandwidth" if beside else ""
    across, up = Axis("threads that zero", log=many(rows, "threads")), Axis("GB/s", 1e9)
    return curves("zeroing", title, [each for each in drawn if each.points], across, up, DOTS)


def populate(result: Result) -> Chart | None:
    rows = largest(result.find("populate"))
    if not rows:
        return None
    several = len(values_of(rows, "threads")) > 1
    rows = sorted(by_time(rows), key=pages_order)

    def name(row: Row) -> str:
        return f"{row.subject}, {words.count(row.parameters.get('threads', 1), 'thread')}" if several else row.subject

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
        return f"{row.subject}, {words.count(threads, 'thread')}" if threads else row.subject

    bars = [bar(row, name(row), pages_name(row) if len(pages) > 1 else "") for row in rows]
    return ranking("creating", title, bars, time_axis(rows, "time to make the file"), BARS)


# --- PC1 ----------------------------------------------------------------------------------------------------------------


def pc1(path: str) -> Callable[[Result], Chart | None]:
    def chart(result: Result) -> Chart | None:
        rows = result.find("pc1", path=path)
        if not rows:
            return None
        order = ["plain", "THP", "shim 2 MiB", "shim 1 GiB"]

        def setting(row: Row) -> tuple[int, int]:
            return row.parameters.get("sealers", 1), row.parameters.get("sector", 0)

        def heading(row: Row) -> str:
            sealers, sector = setting(row)
            return f"{words.count(sealers, 'sealer')}, {words.size(sector)} sector{'s' * (sealers > 1)}"

        rows.sort(key=lambda row: (*setting(row), order.index(row.subject) if row.subject in order else 9))
        named = {"plain": "on plain memory", "shim 2 MiB": "with the shim on 2 MiB pages"}
        told = max((setting(row) for row in rows), key=lambda each: each[::-1])
        largest = [row for row in rows if setting(row) == told]
        said = [f"{words.seconds(row.median)} {named[row.subject]}" for row in largest if row.subject in named]
        title = f"PC1, {path} path, {heading(largest[0])}: a node takes {', '.join(said)}"

        bars = [bar(row, None, heading(row)) for row in rows]
        return ranking(f"pc1-{path}", title, bars, time_axis(rows, "time of a node"), BARS)

    return chart


CHARTS = (
    usable, release, peers_reads, reads, pc1("single-core"), pc1("multicore"), zeroing, populate, creating,
    charts_calls.pool_size, charts_calls.contention, charts_calls.mappings, charts_calls.passing,
)  # fmt: skip
