"""Runs the steps one after the other within the time given, and keeps what they find."""

import importlib
import os
import re
import subprocess
import time
import traceback
from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict, replace
from datetime import datetime, timezone
from pathlib import Path
from types import ModuleType

from suite import pages, words
from suite.context import Context
from suite.machine import Machine
from suite.result import LeftOut, NotMeasured, Result

PROJECT = Path(__file__).resolve().parents[2]
# What is most worth knowing first, in case the run is cut short.
ORDER = ("peers", "compare", "sealer", "requests", "memory", "creating", "start")


def step(name: str) -> ModuleType:
    return importlib.import_module(f"suite.steps.{name}")


class Run:
    """One run of some steps. What it has found so far is in `result` at any moment, and in the file after each step."""

    def __init__(self, names: Sequence[str], file: Path, minutes: float, command: str, context: Context) -> None:
        self.names = names
        self.file = file
        self.seconds = 60 * minutes
        self.context = context
        self.broken: list[str] = []  # steps that ended with an exception
        self.result = new_result(context.machine, command, context.buffer_bytes)
        self.result.steps = list(names)

    def go(self) -> None:
        """Measures all; stops early, and says so in the result, at KeyboardInterrupt."""
        start, before = time.monotonic(), cpu_times()
        weights = {name: step(name).WEIGHT for name in self.names}
        name = ""
        try:
            with pages.scratch_folder() as scratch:
                for name, weight in weights.items():
                    self.one(name, replace(self.context, scratch=scratch, seconds=self.seconds * weight / sum(weights.values())))
                    self.result.seconds = round(time.monotonic() - start, 1)
                    self.result.write(self.file)
        except KeyboardInterrupt:
            self.result.cut_short = f"stopped after {time.monotonic() - start:.0f} s in {name}"
        self.result.seconds = round(time.monotonic() - start, 1)
        self.result.stolen = stolen(before, cpu_times())
        self.result.write(self.file)

    def one(self, name: str, context: Context) -> None:
        title = step(name).TITLE
        context.say(f"{title} ({name}): about {context.seconds:.0f} s")
        start, before = time.monotonic(), len(self.result.rows)
        try:
            # Gives back what the step holds, also where it was interrupted between two rows.
            with closing(step(name).measure(context)) as found:
                for each in found:
                    self.result.add(each)
        except NotMeasured as reason:
            self.result.add(LeftOut(name, title, str(reason)))
        except Exception as error:
            traceback.print_exc()
            self.broken.append(name)
            self.result.add(LeftOut(name, title, f"the step broke: {type(error).__name__}: {error}"))
        context.say(f"    {len(self.result.rows) - before} rows in {time.monotonic() - start:.1f} s")


def new_result(machine: Machine, command: str, buffer_bytes: int) -> Result:
    return Result(
        when=datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
        commit=commit(),
        version=version(),
        command=command,
        machine=asdict(machine),
        buffer_bytes=buffer_bytes,
        load_before=os.getloadavg()[0],
    )


def describe(context: Context) -> str:
    """What is measured on what, in sizes that were picked."""
    machine = context.machine
    sizes = ", ".join(words.size(each) for each in machine.page_sizes) or "none"
    return (
        f"{words.machine(asdict(machine))}; huge pages: {sizes}; node {machine.node} of {len(machine.nodes)}; "
        f"large buffer {words.size(context.buffer_bytes)} ({words.size(machine.memory_free_bytes)} are free)"
    )


def commit() -> str:
    command = ["git", "-c", "safe.directory=*", "-C", str(PROJECT), "describe", "--always", "--dirty", "--abbrev=12"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def version() -> str:
    found = re.search(r"project\(\w+ VERSION ([\d.]+)", (PROJECT / "CMakeLists.txt").read_text())
    return found[1] if found else "unknown"


def cpu_times() -> list[int]:
    """Of all CPUs together: user, nice, system, idle, iowait, irq, softirq, steal."""
    return [int(each) for each in Path("/proc/stat").read_text().splitlines()[0].split()[1:9]]


def stolen(before: list[int], after: list[int]) -> float:
    passed = [b - a for a, b in zip(before, after)]
    return round(passed[7] / sum(passed), 4) if sum(passed) else 0.0
