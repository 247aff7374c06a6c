"""Runs a Google Benchmark program and makes rows of what it says.

A benchmark's name is "group/subject/key:value/key:value...". The value of a repetition is its bytes per second, if it counts
bytes; else the time of an item, if it counts items; else the time of an iteration.
"""

import json
import os
import random
import re
import subprocess
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from suite.context import Context
from suite.rows import LeftOut, Parameter, Row

MOST_REPETITIONS = 20
# What Google Benchmark itself adds to a name. "threads" is kept: it says what was measured.
ADDED = re.compile(r"(iterations|repeats|min_time|min_warmup_time):[\d.e+-]+s?|manual_time|real_time|process_time")
UNITS = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1.0}

Found = dict[tuple, Row | LeftOut]  # by what makes it another benchmark


def run(
    context: Context,
    program: str,
    *,
    filter: str | None = None,
    environment: Mapping[str, str] = {},
    repetitions: int | None = None,
    min_time: float | None = None,
    seconds: float | None = None,
    parameters: Mapping[str, Parameter] = {},
) -> Iterator[Row | LeftOut]:
    """The rows of build/bench/<program>, with `parameters` added to each.

    Without `repetitions` and `min_time` these are chosen so that it takes about `seconds`, which are the whole step's unless
    given; there are at least two repetitions.
    """
    yield from compare(
        context,
        program,
        {"": environment},
        "",
        filter=filter,
        repetitions=repetitions,
        min_time=min_time,
        seconds=seconds,
        parameters=parameters,
    )


def compare(
    context: Context,
    program: str,
    environments: Mapping[str, Mapping[str, str]],
    parameter: str,
    *,
    filter: str | None = None,
    repetitions: int | None = None,
    min_time: float | None = None,
    seconds: float | None = None,
    parameters: Mapping[str, Parameter] = {},
) -> Iterator[Row | LeftOut]:
    """Runs the program in several environments in turn, in an order shuffled anew each round; `parameter` names which it was."""
    path = context.build / "bench" / program
    if not path.is_file():
        yield LeftOut(program, program, f"{path} isn't built")
        return
    seconds = context.seconds if seconds is None else seconds
    found: Found = {}
    start = time.monotonic()

    def all_in_turn(repetitions: int, time_each: float | None) -> None:
        names = list(environments)
        random.shuffle(names)
        for name in names:
            added = {**parameters, parameter: name} if parameter else parameters
            limit = max(60.0, 10 * seconds)
            merge(found, run_once(path, context.scratch, filter, environments[name], repetitions, time_each, limit, added))

    # Several environments take turns after each repetition; a single one does several at once, and so prepares less often.
    at_once = 1 if len(environments) > 1 else MOST_REPETITIONS
    wanted, done = repetitions or 2, 0
    try:
        count = count_benchmarks(path, filter, environments) if min_time is None else 0
        if count:
            # Finding out how many iterations it takes, and preparing, often takes longer than what is measured.
            min_time = min(0.5, max(0.001, 0.3 * seconds / (count * (repetitions or 8))))
        while done < wanted:
            before = time.monotonic()
            now = min(wanted - done, at_once)
            all_in_turn(now, min_time)
            done += now
            if repetitions is None:
                each = (time.monotonic() - before) / now
                left = seconds - (time.monotonic() - start)
                wanted = max(2, min(MOST_REPETITIONS, done + int(left / each)))
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        found[program, "ended"] = LeftOut(program, program, str(error))
    except KeyboardInterrupt:
        yield from told(found)
        raise
    yield from told(found)


def count_benchmarks(path: Path, filter: str | None, environments: Mapping[str, Mapping[str, str]]) -> int:
    """How many benchmarks run in a round."""
    command = [str(path), "--benchmark_list_tests=true", *([f"--benchmark_filter={filter}"] if filter else [])]
    return sum(len(started(command, each, 60).stdout.splitlines()) for each in environments.values())


def run_once(
    path: Path,
    scratch: Path,
    filter: str | None,
    environment: Mapping[str, str],
    repetitions: int,
    min_time: float | None,
    limit: float,
    parameters: Mapping[str, Parameter],
) -> Found:
    out = scratch / f"{path.name}.json"
    out.unlink(missing_ok=True)
    command = [
        str(path),
        f"--benchmark_out={out}",
        "--benchmark_out_format=json",
        f"--benchmark_repetitions={repetitions}",
        "--benchmark_enable_random_interleaving=true",
    ]
    command += [f"--benchmark_filter={filter}"] if filter else []
    command += [f"--benchmark_min_time={min_time:g}"] if min_time is not None else []
    ended = started(command, environment, limit)
    if ended.returncode != 0:
        said = (ended.stderr.strip().splitlines() or ["nothing"])[-1]
        raise ValueError(f"{path.name} ended with status {ended.returncode} and said: {said}")
    text = out.read_text()
    return rows_of(json.loads(text)["benchmarks"], parameters) if text.strip() else {}


def tied_to_us(command: list[str]) -> list[str]:
    """The command, which is killed when this process ends, however it ends."""
    return ["setpriv", "--pdeathsig", "KILL", "--", *command]


def started(command: list[str], environment: Mapping[str, str], limit: float) -> subprocess.CompletedProcess[str]:
    """Runs a program to its end. What is preloaded is preloaded to the program, not to what starts it."""
    with_environment = ["env", *(f"{name}={value}" for name, value in environment.items()), *command]
    return subprocess.run(tied_to_us(with_environment), capture_output=True, text=True, timeout=limit, env=clean_environment())


def clean_environment() -> dict[str, str]:
    """Ours, without what would change what is measured."""
    mine = ("HUGEPAGE_", "LD_PRELOAD", "GLIBC_TUNABLES", "MALLOC_", "HUGETLB_", "MIMALLOC_", "BENCHMARK_", "FIL_PROOFS_")
    return {name: value for name, value in os.environ.items() if not name.startswith(mine)} | {"LC_ALL": "C"}


def rows_of(benchmarks: Iterable[dict], parameters: Mapping[str, Parameter] = {}) -> Found:
    """Of what Google Benchmark writes as JSON. Repetitions are the values of one row."""
    found: Found = {}
    for each in benchmarks:
        if each.get("run_type") == "aggregate":
            continue
        group, subject, own = parts_of(each.get("run_name", each["name"]))
        own = {**own, **parameters}
        key = (group, subject, frozenset(own.items()))
        if each.get("error_occurred"):
            merge(found, {key: LeftOut(group, subject, each.get("error_message", "no reason given"))})
        else:
            value, unit = value_of(each)
            merge(found, {key: Row(group, subject, unit, [value], own)})
    return found


def merge(into: Found, more: Found) -> None:
    """Adds values to the rows that are there, and rows that aren't. A benchmark that failed once is left out."""
    for key, each in more.items():
        there = into.setdefault(key, each)
        if there is each:
            continue
        if isinstance(there, Row) and isinstance(each, Row):
            there.values.extend(each.values)
        elif isinstance(there, Row):
            into[key] = each


def told(found: Found) -> Iterator[Row | LeftOut]:
    """Rows, and what was left out, each reason once."""
    yield from (each for each in found.values() if isinstance(each, Row))
    yield from dict.fromkeys(each for each in found.values() if isinstance(each, LeftOut))


def parts_of(name: str) -> tuple[str, str, dict[str, Parameter]]:
    """Group, subject and parameters of a benchmark's name."""
    parts = [part for part in name.split("/") if not ADDED.fullmatch(part)]
    if len(parts) < 2 or not all(":" in part for part in parts[2:]):
        raise ValueError(f"a benchmark's name must be group/subject/key:value/...: {name}")
    pairs = (part.split(":", 1) for part in parts[2:])
    return parts[0], parts[1], {key: number_or_text(value) for key, value in pairs}


def number_or_text(text: str) -> Parameter:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def value_of(benchmark: dict) -> tuple[float, str]:
    if "bytes_per_second" in benchmark:
        return benchmark["bytes_per_second"], "B/s"
    if "items_per_second" in benchmark:
        return 1 / benchmark["items_per_second"], "s"
    return benchmark["real_time"] * UNITS[benchmark["time_unit"]], "s"
