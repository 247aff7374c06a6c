"""The command line of scripts/bench-pc1.sh, and with --label that of scripts/bench-sealer.sh."""

import argparse
import math
import statistics
import sys
from contextlib import suppress
from pathlib import Path

from suite import buffers, labelling, run, targets, words
from suite.command_line import BROKEN, INTERRUPTED, OK, Parser, end_as_by_ctrl_c, minutes, power_of_two
from suite.context import Context, alone
from suite.labelling import Computed, Scenario
from suite.result import Result
from suite.rows import Fact, LeftOut, Row
from suite.sealer import Sealer

PATHS = {"single-core": ["single-core"], "multicore": ["multicore"], "both": ["single-core", "multicore"]}
LEAST_SECTOR = 2 << 20


def positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError
    return number


def sealers(text: str) -> int:
    """0: as many as there are cores for."""
    return 0 if text == "all" else positive(text)


def parse(arguments: list[str]) -> argparse.Namespace:
    what = "Compares labelling on ordinary pages, on transparent huge pages and with the shim."
    of_sealer = any(argument.startswith("--label") for argument in arguments)
    parser = Parser(prog=f"scripts/bench-{'sealer' if of_sealer else 'pc1'}.sh", description=what)
    names = [variant.name for variant in labelling.ALL_VARIANTS]
    usual = ",".join(variant.name for variant in labelling.VARIANTS)
    size = power_of_two(LEAST_SECTOR)
    parser.add_argument("--sector", type=size, default="512MiB", metavar="SIZE", help="a power of two (default: 512MiB)")
    parser.add_argument("--path", choices=PATHS, default="both", help="(default: both)")
    parser.add_argument("--fragmented", action="store_true", help="on fragmented memory")
    parser.add_argument("--variants", default=usual, metavar="NAME,...", help=f"of: {', '.join(names)}")
    parser.add_argument("--rounds", type=positive, metavar="N", help="exactly so many (default: what time allows, at least 2)")
    parser.add_argument("--minutes", type=minutes, default=5, metavar="M", help="(default: 5)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="writes the rows there, as bench.sh does into run.json")
    parser.add_argument("--build", type=Path, metavar="FOLDER", default=run.PROJECT / "build/release")
    if of_sealer:
        parser.add_argument("--label", type=Path, metavar="FILE", help="the sealer (default: builds it)")
        parser.set_defaults(sealers=1)
    else:
        parser.add_argument("--sealers", type=sealers, default=1, metavar="N", help="so many at once, or all (default: 1)")
        parser.add_argument("--max-nodes", type=positive, default=1_000_000, metavar="N", help="of a layer (default: a million)")
        parser.set_defaults(label=None)
    options = parser.parse_args(arguments)
    unknown = set(options.variants.split(",")) - set(names)
    if unknown:
        parser.error(f"no variant {min(unknown) or '(empty)'}; there are {', '.join(names)}")
    options.variants = [variant for variant in labelling.ALL_VARIANTS if variant.name in options.variants.split(",")]
    options.build = options.build.resolve()
    for needed in (options.build / buffers.FILE_INIT, options.label or options.build / buffers.PC1_LABEL):
        if not needed.is_file():
            parser.error(f"there is no {needed}")
    return options


def scenario_of(options: argparse.Namespace, context: Context, path: str) -> Scenario | LeftOut:
    threads, all_cores = labelling.threads_of(path), labelling.cores()
    count = options.sealers or max(1, len(all_cores) // threads)
    cpus = labelling.places(all_cores, threads, count)
    if cpus is None:
        why = f"{path}: {count} sealers take {count * threads} cores, and here are {len(all_cores)}"
        return LeftOut(labelling.GROUP, "all", why)
    if options.label:
        of_label = {"program": options.label.resolve(), "folder": context.scratch}
        return Sealer(path, options.sector, cpus, fragmented=options.fragmented, **of_label)
    return Scenario(path, options.sector, cpus, options.max_nodes, fragmented=options.fragmented)


def measure(options: argparse.Namespace, context: Context, result: Result) -> None:
    paths = PATHS[options.path]
    computed: Computed = {}
    for path in paths:
        scenario = scenario_of(options, context, path)
        if isinstance(scenario, LeftOut):
            result.add(scenario)
            continue
        least, most = (options.rounds, options.rounds) if options.rounds else (2, 1000)
        seconds = math.inf if options.rounds else 60 * options.minutes / len(paths)
        first = len(result.rows)
        for found in labelling.measure(context, scenario, seconds, options.variants, least, most, computed):
            result.add(found)
        rows = result.rows[first:]
        for layer in sorted({row.parameters.get("layer", 2) for row in rows}, reverse=True):
            of_layer = [row for row in rows if row.parameters.get("layer", layer) == layer]
            print(table(scenario, layer, of_layer, result.facts), flush=True)


def table(scenario: Scenario, layer: int, rows: list[Row], facts: list[Fact]) -> str:
    """For people: ns for a label, and how many times the first row's time each takes, round by round."""
    threads = words.count(scenario.threads, "thread")
    rounds = words.count(len(rows[0].values) if rows else 0, "round")
    lines = [f"\n{scenario.text}, {threads} each; {scenario.nodes:,} labels of layer {layer}; {rounds}"]
    lines += [f"memory: {fact.text}" for fact in facts if fact.name == f"memory, {scenario.text}"]
    pages = {fact.subject: fact.text for fact in facts if fact.name == f"pages, {scenario.text}"}
    width = 2 + max(map(len, ["pages", *pages.values()]))
    lines.append(f"{'':<12}{'pages':<{width}}{'ns/label':>8}  {'lowest - highest':<18}{'times plain':<12}lowest - highest")
    for row in rows:
        nanoseconds = [value * 1e9 for value in row.values]
        spread = f"{min(nanoseconds):.1f} - {max(nanoseconds):.1f}"
        line = f"{row.subject:<12}{pages[row.subject]:<{width}}{statistics.median(nanoseconds):>8.1f}  {spread:<18}"
        if row is not rows[0] and rows[0].subject == labelling.PLAIN.name:
            ratio = targets.ratio(row, rows[0])
            line += f"{ratio.median:<12.3f}{ratio.low:.3f} - {ratio.high:.3f}"
        lines.append(line.rstrip())
    return "\n".join(lines)


def main(arguments: list[str]) -> int:
    end_as_by_ctrl_c()
    options = parse(arguments)
    result, status = None, OK
    with suppress(BrokenPipeError):
        try:
            with alone(options.build, 60 * options.minutes, parent="/dev/shm" if options.label else None) as context:
                result = run.new_result(context.machine, options.minutes, context.buffer_bytes)
                measure(options, context, result)
        except KeyboardInterrupt:
            status = INTERRUPTED
        except RuntimeError as error:
            print(f"bench: {error}", file=sys.stderr)
            status = BROKEN
        for left_out in result.left_out if result else []:
            print(f"left out: {left_out.subject}: {left_out.why}")
    if result and options.json:
        result.write(options.json)
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
