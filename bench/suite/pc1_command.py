"""The command line of scripts/bench-pc1.sh."""

import argparse
import dataclasses
import json
import math
import os
import signal
import statistics
import sys
from contextlib import suppress
from pathlib import Path

from suite import buffers, labelling, run, targets, words
from suite.context import Context, alone
from suite.labelling import Scenario
from suite.result import SCHEMA_VERSION, Result
from suite.rows import Fact, LeftOut, Row

OK, BROKEN, USAGE, INTERRUPTED = 0, 1, 2, 130
PATHS = {"single-core": ["single-core"], "multicore": ["multicore"], "both": ["single-core", "multicore"]}
LEAST_SECTOR = 2 << 20


class Parser(argparse.ArgumentParser):
    def error(self, message: str) -> None:
        print(f"bench-pc1: {message}; see scripts/bench-pc1.sh --help", file=sys.stderr)
        sys.exit(USAGE)


def sector_size(text: str) -> int:
    number = words.size_of(text)
    if number < LEAST_SECTOR or number & (number - 1):
        raise argparse.ArgumentTypeError(f"{text} is no power of two of 2 MiB or more")
    return number


def positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError
    return number


def sealers(text: str) -> int:
    """0: as many as there are cores for."""
    return 0 if text == "all" else positive(text)


def minutes(text: str) -> float:
    number = float(text)
    if not 0 < number < 100_000:
        raise ValueError
    return number


def parse(arguments: list[str]) -> argparse.Namespace:
    what = "Compares labelling on ordinary pages, on transparent huge pages and with the shim."
    parser = Parser(prog="scripts/bench-pc1.sh", description=what)
    names = [variant.name for variant in labelling.VARIANTS]
    parser.add_argument("--sector", type=sector_size, default="512MiB", metavar="SIZE", help="a power of two (default: 512MiB)")
    parser.add_argument("--path", choices=PATHS, default="both", help="(default: both)")
    parser.add_argument("--sealers", type=sealers, default=1, metavar="N", help="so many at once, or all (default: 1)")
    parser.add_argument("--variants", default=",".join(names), metavar="NAME,...", help="of: %(default)s")
    parser.add_argument("--rounds", type=positive, metavar="N", help="exactly so many (default: what time allows, at least 2)")
    parser.add_argument("--minutes", type=minutes, default=5, metavar="M", help="(default: 5)")
    parser.add_argument("--max-nodes", type=positive, default=1_000_000, metavar="N", help="of a layer (default: a million)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="writes the rows there, as bench.sh does into run.json")
    parser.add_argument("--build", type=Path, metavar="FOLDER", default=run.PROJECT / "build/release")
    options = parser.parse_args(arguments)
    unknown = set(options.variants.split(",")) - set(names)
    if unknown:
        parser.error(f"no variant {min(unknown) or '(empty)'}; there are {', '.join(names)}")
    options.variants = [variant for variant in labelling.VARIANTS if variant.name in options.variants.split(",")]
    if not (options.build / buffers.PC1_LABEL).is_file():
        parser.error(f"{options.build} holds no {buffers.PC1_LABEL}")
    return options


def scenario_of(options: argparse.Namespace, path: str, all_cores: list[int]) -> Scenario | LeftOut:
    threads = labelling.threads_of(path)
    count = options.sealers or max(1, len(all_cores) // threads)
    cpus = labelling.places(all_cores, threads, count)
    if cpus is None:
        why = f"{path}: {count} sealers take {count * threads} cores, and here are {len(all_cores)}"
        return LeftOut(labelling.GROUP, "all", why)
    return Scenario(path, options.sector, cpus, options.max_nodes)


def measure(options: argparse.Namespace, context: Context, result: Result) -> None:
    paths = PATHS[options.path]
    for path in paths:
        scenario = scenario_of(options, path, labelling.cores())
        if isinstance(scenario, LeftOut):
            result.add(scenario)
            continue
        least, most = (options.rounds, options.rounds) if options.rounds else (2, 1000)
        seconds = math.inf if options.rounds else 60 * options.minutes / len(paths)
        first = len(result.rows)
        for found in labelling.measure(context, scenario, seconds, options.variants, least, most):
            result.add(found)
        print(table(scenario, result.rows[first:], result.facts), flush=True)


def table(scenario: Scenario, rows: list[Row], facts: list[Fact]) -> str:
    """For people: ns for a node, and how many times the first row's time each takes, round by round."""
    threads = "1 thread" if scenario.threads == 1 else f"{scenario.threads} threads"
    rounds = len(rows[0].values) if rows else 0
    lines = [f"\n{scenario.text}, {threads} each; {scenario.nodes:,} nodes of layer 2; {rounds} rounds"]
    pages = {fact.subject: fact.text for fact in facts if fact.name == f"pages, {scenario.text}"}
    width = 2 + max(map(len, ["pages", *pages.values()]))
    lines.append(f"{'':<12}{'pages':<{width}}{'ns/node':>8}  {'lowest - highest':<18}{'times plain':<12}lowest - highest")
    for row in rows:
        nanoseconds = [value * 1e9 for value in row.values]
        spread = f"{min(nanoseconds):.1f} - {max(nanoseconds):.1f}"
        line = f"{row.subject:<12}{pages[row.subject]:<{width}}{statistics.median(nanoseconds):>8.1f}  {spread:<18}"
        if row is not rows[0] and rows[0].subject == labelling.PLAIN.name:
            ratio = targets.ratio(row, rows[0])
            line += f"{ratio.median:<12.3f}{ratio.low:.3f} - {ratio.high:.3f}"
        lines.append(line.rstrip())
    return "\n".join(lines)


def write(result: Result, path: Path) -> None:
    """Whole or not at all."""
    new = path.with_name(f".{path.name}.new")
    new.write_text(json.dumps({"schema_version": SCHEMA_VERSION, **dataclasses.asdict(result)}, indent=1) + "\n")
    os.replace(new, path)


def main(arguments: list[str]) -> int:
    # What would end us shall end us as Ctrl-C does: with everything given back.
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    options = parse(arguments)
    result, status = None, OK
    with suppress(BrokenPipeError):
        try:
            with alone(options.build.resolve(), 60 * options.minutes) as context:
                result = run.new_result(context.machine, options.minutes, context.buffer_bytes)
                measure(options, context, result)
        except KeyboardInterrupt:
            status = INTERRUPTED
        except RuntimeError as error:
            print(f"bench-pc1: {error}", file=sys.stderr)
            status = BROKEN
        for left_out in result.left_out if result else []:
            print(f"left out: {left_out.subject}: {left_out.why}")
    if result and options.json:
        write(result, options.json)
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
