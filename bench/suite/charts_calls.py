"""The charts of single calls: requests that the shim serves, and calls that it passes on."""

from suite import words
from suite.drawing import FOURTH, OTHER, OURS, SECOND, Axis, Chart, Pair, Spot, curves, differences
from suite.marks import DOTS, curve, many, time_axis, values_of
from suite.result import Result
from suite.rows import Row
from suite.targets import Ratio, ratio


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


def is_crowded(row: Row) -> bool:
    return row.parameters.get("leased", 0) == row.parameters["files"] - 1


def contention(result: Result) -> Chart | None:
    rows = result.find("contention")
    if not rows:
        return None
    drawn = curve(rows, rows[0].subject, "processes", "each process", OURS)
    most = max(rows, key=lambda row: row.parameters["processes"])
    processes = words.count(most.parameters["processes"], "process", "processes")
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
    ours = pairs(result, "passing", "shim", "libc")
    if not ours:
        return None
    alone = pairs(result, "null", "libc again", "libc")
    spots = []
    for call in sorted(ours, key=lambda call: (call != "mmap", call)):
        got, same = ours[call], alone.get(call)
        grey = Spot(*shares(same), OTHER) if same else None
        spots.append(Pair(call, Spot(*shares(got), OURS), grey, words.more(got.median)))
    title = "What passing a call on through the shim adds to it"
    if "mmap" in ours:
        title += f": {words.more(ours['mmap'].median)} to an mmap"
    note = f"{DOTS}\nGrey: the same call without the shim, measured twice, against itself." if alone else DOTS
    return differences("passing", title, spots, Axis("added time, % of the call's without the shim"), note)


def pairs(result: Result, group: str, first: str, second: str) -> dict[str, Ratio]:
    """By call, how the one way compares with the other."""
    ways = {way: {row.subject: row for row in result.find(group, through=way)} for way in (first, second)}
    return {call: ratio(row, ways[second][call]) for call, row in ways[first].items() if call in ways[second]}


def shares(got: Ratio) -> tuple[float, float, float]:
    """In percent more."""
    return 100 * (got.median - 1), 100 * (got.low - 1), 100 * (got.high - 1)
