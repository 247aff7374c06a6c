"""What changed between two runs, and what only looks so: the command line of scripts/compare-runs.sh. See noise.py for how."""

import argparse
import json
import math
import statistics
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from suite import noise, words
from suite.result import Result, read_result
from suite.rows import Row

OK, USAGE, SLOWER = 0, 2, 4
NO_CHANGE = "no change that this noise lets one see"
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
    before: float  # medians
    after: float
    values: tuple[int, int]
    ratio: float
    low: float
    high: float
    visible: float  # the smallest share by which it would have to be slower to be seen
    verdict: str  # "faster", "slower" or "no change ..."


@dataclass(frozen=True)
class Comparison:
    changes: list[Change]
    only_before: list[Row]
    only_after: list[Row]
    other_machine: list[str]  # in what the machines differ; empty if it is one machine
    other_settings: list[str]
    floor: float
    floor_rows: int  # from how many rows of what isn't ours the floor comes


def key_of(row: Row) -> Key:
    return row.group, row.subject, row.unit, tuple(sorted(row.parameters.items()))


def is_ours(row: Row) -> bool:
    """Whether the project's code has a part in what the row measures."""
    not_ours = {
        "passing": row.parameters.get("through") == "libc" or row.parameters.get("preload") == "none",
        "mappings": row.subject != "take" and row.parameters.get("through") == "libc",
        "zeroing": row.subject != "shim",
        "null": True,
        "populate": True,
        "reads": True,
        "creating": row.subject != "hugepage-file-init",
        "peers": not row.subject.startswith("shim"),
        "pc1": False,
    }
    return not not_ours.get(row.group, False)


def compare(before: Result, after: Result) -> Comparison:
    firsts = {key_of(row): row for row in before.rows}
    seconds = {key_of(row): row for row in after.rows}
    both = [key for key in firsts if key in seconds]
    found = differences({key: (firsts[key], seconds[key]) for key in both})
    others = [found[key] for key in both if not is_ours(firsts[key])]
    floor = noise.floor_of(others)
    return Comparison(
        changes=[change(firsts[key], seconds[key], found[key], floor, len(both)) for key in both],
        only_before=[row for key, row in firsts.items() if key not in seconds],
        only_after=[row for key, row in seconds.items() if key not in firsts],
        other_machine=unlike(before, after, HARDWARE) + other_memory(before, after),
        other_settings=unlike(before, after, SETTING),
        floor=floor,
        floor_rows=len(others),
    )


def differences(pairs: Mapping[Key, tuple[Row, Row]]) -> dict[Key, noise.Difference]:
    """By key; as logarithms of ratios of time."""
    found = {}
    for group in dict.fromkeys(key[0] for key in pairs):
        keys = [key for key in pairs if key[0] == group]
        raw = [noise.difference(*(times_of(row) for row in pairs[key])) for key in keys]
        found.update(zip(keys, noise.with_group(raw)))
    return found


def times_of(row: Row) -> list[float]:
    return [1 / value for value in row.values] if row.more_is_better else row.values


def change(before: Row, after: Row, found: noise.Difference, floor: float, rows: int) -> Change:
    margin = noise.margin(found, floor, rows)
    verdict = NO_CHANGE if abs(found.value) <= margin else "slower" if found.value > 0 else "faster"
    return Change(
        before.group,
        before.subject,
        before.parameters,
        before.unit,
        is_ours(before),
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
    basis = f"what isn't ours, {found.floor_rows} rows, agrees between the runs to within that"
    if not found.floor_rows:
        basis = "assumed, as there are no rows of what isn't ours, which differ only by that"
    lines += [
        "",
        f"{rows} rows are in both. Ratios are of time, after / before; the intervals hold for all {rows} rows together in 95 of",
        f"100 comparisons (Bonferroni). Noise from run to run: {100 * found.floor:.1f} % ({basis}).",
    ]
    return lines


def line_of(each: Change) -> str:
    name = ", ".join(filter(None, [each.subject, words.parameters(each.parameters)]))
    medians = f"{words.quantity(each.before, each.unit)} -> {words.quantity(each.after, each.unit)}"
    verdict = each.verdict if each.verdict != NO_CHANGE else "no change"
    mark = "" if each.ours else "   (not ours)"
    return f"    {verdict:<10}{each.ratio:6.3f}  {each.low:6.3f} - {each.high:<6.3f}  {medians:<26}  {name}{mark}"


def group_lines(group: str, changes: list[Change], all: bool) -> list[str]:
    changed = [each for each in changes if each.verdict != NO_CHANGE]
    same = [each for each in changes if each.verdict == NO_CHANGE]
    shown = sorted(changes if all else changed, key=lambda each: -each.ratio)
    lines = ["", f"{group}: {len(changed)} of {len(changes)} rows changed"]
    lines += [line_of(each) for each in shown]
    if same:
        visible = 100 * statistics.median(each.visible for each in same)
        lines.append(f"    {len(same)} rows: {NO_CHANGE}; in half of them one of {visible:.0f} % would be seen")
    return lines


def text(before: Result, after: Result, found: Comparison, all: bool) -> str:
    lines = heading(before, after, found)
    for group in dict.fromkeys(each.group for each in found.changes):
        lines += group_lines(group, [each for each in found.changes if each.group == group], all)
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
