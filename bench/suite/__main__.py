"""The command line of scripts/bench.sh, and of scripts/bench-sealer.sh, which tells in BENCH_COMMAND what was typed."""

import argparse
import os
import shlex
import signal
import sys
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path

from suite import run, tables, words
from suite.context import Context, Labelling
from suite.machine import LEAST_BUFFER, large_buffer, read_machine, stay_on_node
from suite.result import Result, read_result
from suite.steps.sealer import VARIANTS

OK, BROKEN, USAGE, INTERRUPTED = 0, 1, 2, 130
PATHS = {"single-core": ("single-core",), "multicore": ("multicore",), "both": ("single-core", "multicore")}
LEAST_SECTOR = 2 << 20
COMMAND = os.environ.get("BENCH_COMMAND") or shlex.join(["scripts/bench.sh", *sys.argv[1:]])
SCRIPT = COMMAND.split()[0]


class Parser(argparse.ArgumentParser):
    """Wrong usage is one line."""

    def error(self, message: str) -> None:
        print(f"{Path(self.prog).stem}: {message}; see {self.prog} --help", file=sys.stderr)
        sys.exit(USAGE)


def minutes(text: str) -> float:
    number = float(text)
    if not 0 < number < 100_000:
        raise ValueError
    return number


def positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError
    return number


def power_of_two(least: int) -> Callable[[str], int]:
    def size(text: str) -> int:
        number = words.size_of(text)
        if number < least or number & (number - 1):
            raise argparse.ArgumentTypeError(f"{text} is no power of two of {words.size(least)} or more")
        return number

    return size


def some_of(known: tuple[str, ...], what: str) -> Callable[[str], tuple[str, ...]]:
    def chosen(text: str) -> tuple[str, ...]:
        unknown = set(text.split(",")) - set(known)
        if unknown:
            raise argparse.ArgumentTypeError(f"no {what} {min(unknown) or '(empty)'}; there are {', '.join(known)}")
        return tuple(each for each in known if each in text.split(","))

    return chosen


def parse(arguments: list[str]) -> argparse.Namespace:
    parser = Parser(prog=SCRIPT, add_help=False)  # the scripts have the help
    usual = Labelling()
    parser.add_argument("--minutes", type=minutes, default=10)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--build", type=Path, default=run.PROJECT / "build/release")
    parser.add_argument("--only", type=some_of(run.ORDER, "step"))
    parser.add_argument("--buffer", type=power_of_two(LEAST_BUFFER))
    parser.add_argument("--fragmented", action="store_true")
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--report", type=Path)
    parser.add_argument("--label", type=Path)
    parser.add_argument("--sector", type=power_of_two(LEAST_SECTOR), default=usual.sector)
    parser.add_argument("--path", choices=PATHS, default="both")
    parser.add_argument("--rounds", type=positive)
    names = tuple(variant.name for variant in VARIANTS)
    parser.add_argument("--variants", type=some_of(names, "variant"), default=usual.variants)
    options = parser.parse_args(arguments)
    if not options.report and not options.list:
        needed = [options.build / "libhugepage_shim.so"] + ([options.label] if options.label else [])
        for file in needed:
            if not file.is_file():
                parser.error(f"there is no {file}")
    options.machine = read_machine()
    fits = options.machine.memory_free_bytes // 2
    if options.buffer and options.buffer > max(fits, LEAST_BUFFER):
        parser.error(f"--buffer {words.size(options.buffer)} must fit twice in the {words.size(2 * fits)} that are free")
    return options


def list_steps() -> None:
    total = sum(run.step(name).WEIGHT for name in run.ORDER)
    for name in run.ORDER:
        print(f"{name:<12}{100 * run.step(name).WEIGHT / total:3.0f} %  {run.step(name).TITLE}")


def measure(options: argparse.Namespace) -> int:
    folder = options.out or run.PROJECT / "build/bench-runs" / datetime.now(timezone.utc).strftime("%Y%m%d-%H%M%S")
    file = options.json or folder / "run.json"
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        print(f"bench: {file.parent}: {error.strerror}", file=sys.stderr)
        return USAGE
    stay_on_node(options.machine)
    context = Context(
        build=options.build.resolve(),
        scratch=folder,
        seconds=0,
        machine=options.machine,
        buffer_bytes=options.buffer or large_buffer(options.machine.memory_free_bytes),
        is_chosen=options.only is not None,
        fragmented=options.fragmented,
        labelling=Labelling(
            options.label and options.label.resolve(), options.sector, PATHS[options.path], options.variants, options.rounds
        ),
    )
    this = run.Run(options.only or run.ORDER, file.resolve(), options.minutes, COMMAND, context)
    context.say(run.describe(context))
    this.go()
    # From here on an interrupt ends it at once; nothing is held any more, and the file is written.
    report(this.result, None if options.json else folder)
    print(f"\n{len(this.result.rows)} rows in {this.result.seconds:.0f} s: {file}")
    if this.result.cut_short:
        return INTERRUPTED
    return BROKEN if this.broken else OK


def report(result: Result, folder: Path | None) -> None:
    """The summary on stdout; in the folder all tables, and the charts."""
    summary = tables.summary(result)
    print(summary)
    if folder is None:
        return
    (folder / "results.md").write_text(f"{summary}\n{tables.others(result)}")
    try:
        from suite import charts
    except ModuleNotFoundError as error:
        again = f"scripts/install-packages.sh bench, then scripts/bench.sh --report {folder}"
        print(f"bench: no charts without the Python module {error.name}: {again}", file=sys.stderr)
    else:
        charts.write(result, folder)


def main(arguments: list[str]) -> int:
    # What would end us ends us as Ctrl-C does: with everything given back and what was measured written.
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    options = parse(arguments)
    if options.list:
        list_steps()
        return OK
    if options.report:
        try:
            report(read_result(options.report), options.report if options.report.is_dir() else options.report.parent)
        except ValueError as error:
            print(f"bench: {error}", file=sys.stderr)
            return USAGE
        return OK
    return measure(options)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
