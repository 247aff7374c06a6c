"""The command line of scripts/bench.sh."""

import argparse
import sys
from datetime import datetime, timezone
from pathlib import Path

from suite import overview, run, targets, words
from suite.command_line import BROKEN, INTERRUPTED, OK, USAGE, Parser, end_as_by_ctrl_c, minutes, power_of_two
from suite.machine import LEAST_BUFFER, large_buffer, read_machine, stay_on_node
from suite.result import Result, read_result


def parse(arguments: list[str]) -> argparse.Namespace:
    parser = Parser(prog="scripts/bench.sh", description="Measures the shim on this machine and writes a report of it.")
    parser.add_argument("--minutes", type=minutes, default=10, metavar="N", help="how long it may take (default: %(default)s)")
    parser.add_argument("--out", type=Path, metavar="FOLDER", help="where to write (default: build/bench-runs/<time>)")
    parser.add_argument("--build", type=Path, metavar="FOLDER", help="what to measure (default: builds and uses build/release)")
    parser.add_argument("--only", metavar="STEP,...", help="the steps to run (default: all, see --list)")
    parser.add_argument("--buffer", type=power_of_two(LEAST_BUFFER), metavar="SIZE",
                        help="size of the large buffer (default: the largest that fits three times, up to 32GiB)")  # fmt: skip
    parser.add_argument("--list", action="store_true", help="lists the steps and ends")
    parser.add_argument("--report", type=Path, metavar="FOLDER",
                        help="measures nothing; makes the report of FOLDER/run.json anew")  # fmt: skip
    options = parser.parse_args(arguments)
    known = run.all_steps()
    if options.only is not None:
        wanted = options.only.split(",")
        unknown = [name for name in wanted if name not in [step.name for step in known]]
        if unknown:
            parser.error(f"no step {unknown[0] or '(empty)'}; there are {', '.join(step.name for step in known)}")
        known = [step for step in known if step.name in wanted]
    options.steps = known
    options.machine = read_machine()
    fits = options.machine.memory_free_bytes // 2
    if options.buffer and options.buffer > max(fits, LEAST_BUFFER):
        parser.error(f"--buffer {words.size(options.buffer)} must fit twice in the {words.size(2 * fits)} that are free")
    return options


def list_steps(steps: list[run.Step]) -> None:
    total = sum(step.weight for step in steps)
    for step in steps:
        print(f"{step.name:<12}{100 * step.weight / total:3.0f} %  {step.title}")


def measure(options: argparse.Namespace) -> int:
    build = options.build or run.PROJECT / "build/release"
    out = options.out or run.PROJECT / "build/bench-runs" / datetime.now(timezone.utc).strftime("%Y%m%d-%H%M%S")
    if not (build / "libhugepage_shim.so").exists():
        print(f"bench: {build} holds no libhugepage_shim.so; see scripts/bench.sh --help", file=sys.stderr)
        return USAGE
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        print(f"bench: --out {out}: {error.strerror}", file=sys.stderr)
        return USAGE
    stay_on_node(options.machine)
    buffer_bytes = options.buffer or large_buffer(options.machine.memory_free_bytes)
    this = run.Run(options.steps, build.resolve(), out.resolve(), options.minutes, options.machine, buffer_bytes)
    print(f"bench: {run.describe(this)}", file=sys.stderr)
    this.go()
    # From here on an interrupt ends it at once; nothing is held any more, and run.json is written.
    written = write_report(this.result, out)
    summary(this.result, out, written)
    if this.result.cut_short:
        return INTERRUPTED
    return BROKEN if this.broken else OK


def write_report(result: Result, out: Path) -> bool:
    (out / "results.md").write_text(overview.markdown(result))
    try:
        from suite import report
    except ModuleNotFoundError as error:
        print(f"bench: no report without the Python module {error.name}: scripts/install-packages.sh bench, then "
              f"scripts/bench.sh --report {out}", file=sys.stderr)  # fmt: skip
        return False
    report.write(result, out)
    return True


def summary(result: Result, out: Path, written: bool) -> None:
    if result.cut_short:
        print(f"CUT SHORT: {result.cut_short}\n")
    print(targets.table(targets.outcomes(result)))
    if result.left_out:
        print("\nLeft out:")
        for why, of in result.reasons().items():
            print(f"  {why}\n      ({of})")
    print(f"\n{len(result.rows)} rows in {result.seconds:.0f} s: {out}/run.json")
    if written:
        print(f"The report: {out}/report.html")


def main(arguments: list[str]) -> int:
    end_as_by_ctrl_c()
    options = parse(arguments)
    if options.list:
        list_steps(options.steps)
        return OK
    if options.report:
        try:
            result = read_result(options.report)
        except ValueError as error:
            print(f"bench: {error}", file=sys.stderr)
            return USAGE
        return OK if write_report(result, options.report) else BROKEN
    return measure(options)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
