"""What changed between two runs, and what only looks so: the command line of scripts/compare-runs.sh. See noise.py for how."""

import argparse
import json
import math
import signal
import statistics
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from suite import noise, words
from suite.references import is_ours, key_of, name_of, reference
from suite.result import Result, read_result
from suite.rows import Row

OK, USAGE, SLOWER = 0, 2, 4
NO_CHANGE = "no change that this noise lets one see"
ENOUGH = 20  # rows of what isn't ours tell of a group's noise; with fewer, those of all groups do
# What makes it another machine, and what may explain a difference.
HARDWARE = ("cpu_model", "architecture", "is_virtual", "cpus", "nodes")
SETTING = ("kernel", "system", "thp", "page_sizes", "is_root")

Key = tuple[str, str, str, tuple]


@dataclass(frozen=True)
class Change:
    """One row in two runs. All ratios are of time: above 1 is slower."""

    group: str
    subject: str
    parameters: Mapping
    unit: str
    ours: bool  # whether the project's code has a part in it
    against: str  # what it was compared with in each run, before the runs were compared; "" if with nothing
    before: float  # medians
    after: float
    values: tuple[int, int]
    ratio: float
    low: float
    high: float
    visible: float  # the smallest share by which it would have to be slower to be seen
    verdict: str  # "faster", "slower" or "no change ..."


@dataclass(frozen=True)
class Floor:
    """Noise from run to run in a group, and from how many rows of what isn't ours that is known."""

    share: float
    rows: int


@dataclass(frozen=True)
class Comparison:
    changes: list[Change]
    floors: dict[str, Floor]  # by group
    only_before: list[Row]
    only_after: list[Row]
    other_machine: list[str]  # in what the machines differ; empty if it is one machine
    other_settings: list[str]


def compare(before: Result, after: Result) -> Comparison:
    firsts, seconds = ({key_of(row): row for row in run.rows if min(row.values) > 0} for run in (before, after))
    both = [key for key in firsts if key in seconds]
    against = {key: (reference(firsts[key], firsts), reference(seconds[key], seconds)) for key in both}
    against = {key: references if all(references) else None for key, references in against.items()}
    found = differences({key: (firsts[key], seconds[key]) for key in both}, against)
    floors = floors_of({key: each for key, each in found.items() if not is_ours(firsts[key])}, both)
    return Comparison(
        changes=[change(firsts[key], seconds[key], against[key], found[key], floors[key[0]], len(both)) for key in both],
        floors=floors,
        only_before=[row for key, row in firsts.items() if key not in seconds],
        only_after=[row for key, row in seconds.items() if key not in firsts],
        other_machine=unlike(before, after, HARDWARE) + other_memory(before, after),
        other_settings=unlike(before, after, SETTING),
    )


def floors_of(others: Mapping[Key, noise.Difference], both: list[Key]) -> dict[str, Floor]:
    floors = {}
    for group in dict.fromkeys(key[0] for key in both):
        mine = [each for key, each in others.items() if key[0] == group]
        used = mine if len(mine) >= ENOUGH else list(others.values())
        floors[group] = Floor(noise.floor_of(used), len(used))
    return floors


def differences(
    pairs: Mapping[Key, tuple[Row, Row]], against: Mapping[Key, tuple[Row, Row] | None]
) -> dict[Key, noise.Difference]:
    """By key; as logarithms of ratios of time."""
    found = {}
    for group in dict.fromkeys(key[0] for key in pairs):
        keys = [key for key in pairs if key[0] == group]
        raw = []
        for key in keys:
            references = against[key] or (None, None)
            raw.append(noise.difference(*(times_of(row, other) for row, other in zip(pairs[key], references))))
        found.update(zip(keys, noise.with_group(raw)))
    return found


def times_of(row: Row, other: Row | None) -> list[float]:
    """The row's values as times, each as a share of the other's in the same round where there is another."""
    values = [a / b for a, b in zip(row.values, other.values)] if other else row.values
    return [1 / value for value in values] if row.more_is_better else list(values)


def change(
    before: Row, after: Row, against: tuple[Row, Row] | None, found: noise.Difference, floor: Floor, rows: int
) -> Change:
    margin = noise.margin(found, floor.share, rows)
    verdict = NO_CHANGE if abs(found.value) <= margin else "slower" if found.value > 0 else "faster"
    return Change(
        before.group,
        before.subject,
        before.parameters,
        before.unit,
        is_ours(before),
        name_of(before, against[0]) if against else "",
        before.median,
        after.median,
        (len(before.values), len(after.values)),
        math.exp(found.value),
        math.exp(found.value - margin),
        math.exp(found.value + margin),
        math.exp(margin) - 1,
        verdict,
    )


def unlike(before: Result, after: Result, names: tuple[str, ...]) -> list[str]:
    return [
        f"{name}: {before.machine.get(name)} / {after.machine.get(name)}"
        for name in names
        if before.machine.get(name) != after.machine.get(name)
    ]


def other_memory(before: Result, after: Result) -> list[str]:
    """A new kernel may keep a little more for itself; that is no other machine."""
    first, second = before.machine["memory_bytes"], after.machine["memory_bytes"]
    return [f"memory: {words.size(first)} / {words.size(second)}"] if abs(first - second) > 0.05 * first else []


# --- for people ---------------------------------------------------------------------------------------------------------


def heading(before: Result, after: Result, found: Comparison) -> list[str]:
    lines = [f"before: {before.when}, {before.commit}, {words.machine(before.machine)}"]
    lines += [f"after:  {after.when}, {after.commit}, {words.machine(after.machine)}"]
    if found.other_machine:
        lines += ["", "WARNING: these are different machines, so the ratios tell of the machines, not of the code:"]
        lines += [f"    {each}" for each in found.other_machine]
    lines += [f"note: another {each}" for each in found.other_settings]
    for name, result in (("before", before), ("after", after)):
        if result.cut_short:
            lines.append(f"note: the run {name} was cut short: {result.cut_short}")
        if result.stolen > 0.01:
            lines.append(f"note: in the run {name} the host gave {100 * result.stolen:.0f} % of the CPUs' time to others")
    rows = len(found.changes)
    lines += [
        "",
        f"{rows} rows are in both. Ratios are of time, after / before; where a line says (against X), of the time as a share of",
        "X's, which was measured in turn with it. The intervals (of the values' spread, by bootstrap, and of the noise from run",
        f"to run, by rows of what isn't ours) hold for all {rows} rows together in 95 of 100 comparisons (Bonferroni).",
    ]
    return lines


def line_of(each: Change) -> str:
    name = ", ".join(filter(None, [each.subject, words.parameters(each.parameters)]))
    medians = f"{words.quantity(each.before, each.unit)} -> {words.quantity(each.after, each.unit)}"
    verdict = each.verdict if each.verdict != NO_CHANGE else "no change"
    mark = f" (against {each.against})" if each.against else ""
    mark += "" if each.ours else " (not ours)"
    low = f"{each.low:.3f}" if each.low > 0.1 else "< 0.1"
    high = f"{each.high:.3f}" if each.high < 10 else "> 10"
    return f"    {verdict:<10}{each.ratio:6.3f}  {low:>5} - {high:<5}  {medians:<26}  {name}{mark}"


def group_lines(group: str, changes: list[Change], floor: Floor, all: bool) -> list[str]:
    changed = [each for each in changes if each.verdict != NO_CHANGE]
    same = [each for each in changes if each.verdict == NO_CHANGE]
    shown = sorted(changes if all else changed, key=lambda each: -each.ratio)
    basis = f"by {floor.rows} rows of what isn't ours" if floor.rows else "assumed: no rows of what isn't ours"
    noise = f"(noise from run to run {100 * floor.share:.1f} %, {basis})"
    lines = ["", f"{group}: {len(changed)} of {len(changes)} rows changed {noise}"]
    lines += [line_of(each) for each in shown]
    if same:
        visible = statistics.median(each.visible for each in same)
        half = f"one of {100 * visible:.0f} % would be seen" if visible < 1 else "not even one of 100 % would be seen"
        lines.append(f"    {len(same)} rows: {NO_CHANGE}; in half of them {half}")
    return lines


def text(before: Result, after: Result, found: Comparison, all: bool) -> str:
    lines = heading(before, after, found)
    for group in dict.fromkeys(each.group for each in found.changes):
        lines += group_lines(group, [each for each in found.changes if each.group == group], found.floors[group], all)
    for name, rows in (("before", found.only_before), ("after", found.only_after)):
        if rows:
            lines += ["", f"only {name}: {len(rows)} rows" + ("" if all else " (--all names them)")]
            lines += [f"    {row.group}: {row.subject}, {words.parameters(row.parameters)}" for row in rows if all]
    return "\n".join(lines)


def as_json(found: Comparison) -> str:
    return json.dumps({"schema_version": 1, **asdict(found)}, indent=1)


# --- command line -------------------------------------------------------------------------------------------------------


class Parser(argparse.ArgumentParser):
    def error(self, message: str) -> None:
        print(f"compare-runs: {message}; see scripts/compare-runs.sh --help", file=sys.stderr)
        sys.exit(USAGE)


def percent(text: str) -> float:
    number = float(text)
    if not 0 <= number < 1000:
        raise ValueError
    return number


def main(arguments: list[str]) -> int:
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # as when what we say is read by head
    parser = Parser(prog="scripts/compare-runs.sh", description="What changed between two runs of scripts/bench.sh.")
    parser.add_argument("before", type=Path, help="a run's folder, or its run.json")
    parser.add_argument("after", type=Path)
    parser.add_argument("--all", action="store_true", help="all rows, also those without a change")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--fail-if-slower", type=percent, metavar="PERCENT")
    options = parser.parse_args(arguments)
    try:
        before, after = read_result(options.before), read_result(options.after)
    except ValueError as error:
        parser.error(str(error))
    found = compare(before, after)
    print(as_json(found) if options.json else text(before, after, found, options.all))
    return judge(parser, found, options.fail_if_slower) if options.fail_if_slower is not None else OK


def judge(parser: Parser, found: Comparison, percent: float) -> int:
    if found.other_machine:
        parser.error("--fail-if-slower can't judge runs of different machines")
    slower = [each for each in found.changes if each.ours and each.verdict == "slower" and each.ratio > 1 + percent / 100]
    if slower:
        worst = max(slower, key=lambda each: each.ratio)
        print(
            f"compare-runs: {len(slower)} rows are slower by more than {percent:g} %, most of all {worst.group}, {worst.subject}",
            file=sys.stderr,
        )
    return SLOWER if slower else OK


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
