"""Runs the programs that measure, and reads what they say."""

import json
import os
import re
import subprocess
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from suite.context import Context
from suite.result import LeftOut, NotMeasured, Parameter, Row

MOST_REPETITIONS = 20
MIN_TIME = 0.05  # seconds of a repetition of a Google Benchmark
# What Google Benchmark itself adds to a name. "threads" is kept: it says what was measured.
ADDED = re.compile(r"(iterations|repeats|min_time|min_warmup_time):[\d.e+-]+s?|manual_time|real_time|process_time")
UNITS = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1.0}


def tied_to_us(command: Sequence[str], environment: Mapping[str, str]) -> list[str]:
    """The command with these variables, which is killed when this process ends, however it ends."""
    variables = [f"{name}={value}" for name, value in environment.items()]
    return ["setpriv", "--pdeathsig", "KILL", "--", "env", *variables, *command]


def clean_environment() -> dict[str, str]:
    """Ours, without what would change what is measured."""
    mine = ("HUGEPAGE_", "LD_PRELOAD", "GLIBC_TUNABLES", "MALLOC_", "HUGETLB_", "MIMALLOC_", "BENCHMARK_", "FIL_PROOFS_")
    return {name: value for name, value in os.environ.items() if not name.startswith(mine)} | {"LC_ALL": "C"}


@contextmanager
def running(command: Sequence[str], environment: Mapping[str, str] = {}) -> Iterator[subprocess.Popen[str]]:
    """Killed on leaving if it still runs. What it says fits into the pipe."""
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(tied_to_us(command, environment), **pipes, env=clean_environment()) as process:
        try:
            yield process
        finally:
            process.kill()


def output(process: subprocess.Popen[str], limit: float | None = None) -> str:
    """All that it says on stdout. Raises NotMeasured."""
    try:
        out, err = process.communicate(timeout=limit)
    except subprocess.TimeoutExpired as late:
        raise NotMeasured(f"it did not end within {limit:.0f} s") from late
    if process.returncode != 0:
        raise NotMeasured((err.strip().splitlines() or [f"ended with status {process.returncode}"])[-1])
    return out


def ended(command: Sequence[str], environment: Mapping[str, str] = {}, limit: float = 600) -> str:
    with running(command, environment) as process:
        return output(process, limit)


def not_built(context: Context, *wanted: str) -> str:
    """Which of the files of the build folder aren't there; empty if all are."""
    missing = [str(context.build / name) for name in wanted if not (context.build / name).is_file()]
    return f"not built: {', '.join(missing)}" if missing else ""


def benchmark(
    context: Context, program: str, seconds: float, environment: Mapping[str, str] = {}, filter: str = "."
) -> Iterator[Row | LeftOut]:
    """The rows of a Google Benchmark program, of two repetitions and as many more as the time allows.

    A benchmark's name is "group/subject/key:value/key:value...".
    """
    missing = not_built(context, program)
    if missing:
        yield LeftOut(Path(program).name, "all", missing)
        return
    begin = time.monotonic()
    found = repeated(context, program, 2, environment, filter)
    took = time.monotonic() - begin
    more = min(MOST_REPETITIONS - 2, int((seconds - took) / (took / 2)))
    if more > 0:
        found += repeated(context, program, more, environment, filter)
    yield from rows_of(found)


def repeated(context: Context, program: str, times: int, environment: Mapping[str, str], filter: str) -> list[dict]:
    out = context.scratch / "benchmarks.json"
    options = ["out_format=json", "enable_random_interleaving=true", f"out={out}"]
    options += [f"repetitions={times}", f"min_time={MIN_TIME}", f"filter={filter}"]
    ended([str(context.build / program), *(f"--benchmark_{option}" for option in options)], environment)
    return json.loads(out.read_text())["benchmarks"]


def rows_of(benchmarks: Iterable[dict]) -> Iterator[Row | LeftOut]:
    """Of what Google Benchmark writes as JSON. Repetitions are the values of one row; what failed once is left out."""
    found: dict[tuple, Row | LeftOut] = {}
    for each in benchmarks:
        if each.get("run_type") == "aggregate":
            continue
        group, subject, parameters = parts_of(each.get("run_name", each["name"]))
        key = (group, subject, frozenset(parameters.items()))
        if each.get("error_occurred"):
            found[key] = LeftOut(group, subject, each.get("error_message", "no reason given"))
        else:
            value, unit = value_of(each)
            row = found.setdefault(key, Row(group, subject, unit, [], parameters))
            if isinstance(row, Row):
                row.values.append(value)
    yield from dict.fromkeys(each for each in found.values() if isinstance(each, LeftOut))
    yield from (each for each in found.values() if isinstance(each, Row))


def parts_of(name: str) -> tuple[str, str, dict[str, Parameter]]:
    """Group, subject and parameters of a benchmark's name."""
    parts = [part for part in name.split("/") if not ADDED.fullmatch(part)]
    if len(parts) < 2 or not all(":" in part for part in parts[2:]):
        raise ValueError(f"a benchmark's name must be group/subject/key:value/...: {name}")
    pairs = (part.split(":", 1) for part in parts[2:])
    return parts[0], parts[1], {key: int(value) if value.isdigit() else value for key, value in pairs}


def value_of(benchmark: dict) -> tuple[float, str]:
    if "bytes_per_second" in benchmark:
        return benchmark["bytes_per_second"], "B/s"
    return benchmark["real_time"] * UNITS[benchmark["time_unit"]], "s"
