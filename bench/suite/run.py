"""Runs the steps one after the other within the time given, and keeps what they find."""

import importlib
import os
import pkgutil
import re
import subprocess
import time
import traceback
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from pathlib import Path
from types import ModuleType

from suite import pages, steps, words
from suite.context import Context
from suite.machine import Machine
from suite.pages import Shortage
from suite.result import Result
from suite.rows import LeftOut

PROJECT = Path(__file__).resolve().parents[2]
# What is most worth knowing first, in case the run is cut short. Further steps follow by name.
ORDER = ("peers", "requests", "memory", "creating", "pc1", "calls")
LEAST_SECONDS = 0.5  # a step for which no time is left still measures its two rounds


@dataclass
class Step:
    name: str
    module: ModuleType

    @property
    def title(self) -> str:
        return self.module.TITLE

    @property
    def weight(self) -> float:
        return self.module.WEIGHT


def all_steps() -> list[Step]:
    names = [found.name for found in pkgutil.iter_modules(steps.__path__)]
    names = [name for name in names if hasattr(importlib.import_module(f"suite.steps.{name}"), "measure")]
    names.sort(key=lambda name: (ORDER.index(name) if name in ORDER else len(ORDER), name))
    return [Step(name, importlib.import_module(f"suite.steps.{name}")) for name in names]


def new_result(machine: Machine, minutes: float, buffer_bytes: int) -> Result:
    return Result(
        when=datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
        commit=commit(),
        version=version(),
        minutes=minutes,
        machine=asdict(machine),
        buffer_bytes=buffer_bytes,
        load_before=os.getloadavg()[0],
    )


class Run:
    """One run of some steps. What it has found so far is in `result` at any moment, and in run.json after each step."""

    def __init__(self, chosen: list[Step], build: Path, out: Path, minutes: float, machine: Machine, buffer_bytes: int) -> None:
        self.chosen = chosen
        self.build = build
        self.out = out
        self.machine = machine
        self.start = time.monotonic()
        self.end = self.start + 60 * minutes
        self.result = new_result(machine, minutes, buffer_bytes)
        self.result.steps = [step.name for step in chosen]
        self.broken: list[str] = []  # steps that ended with an exception

    def go(self) -> None:
        """Measures all; stops early, and says so in the result, at KeyboardInterrupt."""
        before = cpu_times()
        step = None
        try:
            with pages.scratch_folder() as scratch:
                for number, step in enumerate(self.chosen):
                    folder = scratch / step.name
                    folder.mkdir()
                    self.one(number, folder)
                    self.result.seconds = time.monotonic() - self.start
                    self.result.write(self.out)
        except KeyboardInterrupt:
            at = f" in {step.title}" if step else ""
            self.result.cut_short = f"stopped after {time.monotonic() - self.start:.0f} s{at}"
        self.result.seconds = round(time.monotonic() - self.start, 1)
        self.result.stolen = stolen(before, cpu_times())
        self.result.write(self.out)

    def one(self, number: int, scratch: Path) -> None:
        step = self.chosen[number]
        seconds = share(self.end - time.monotonic(), [each.weight for each in self.chosen[number:]])
        planned = share(self.end - self.start, [step.weight] + [each.weight for each in self.chosen if each is not step])
        context = Context(self.build, scratch, seconds, self.machine, self.result.buffer_bytes, planned)
        context.say(f"[{number + 1}/{len(self.chosen)}] {step.title}: about {seconds:.0f} s")
        start, before = time.monotonic(), len(self.result.rows)
        found = step.module.measure(context)
        try:
            for each in found:
                self.result.add(each)
        except Shortage as shortage:
            self.result.add(LeftOut(step.name, step.title, str(shortage)))
        except Exception as error:
            traceback.print_exc()
            self.broken.append(step.name)
            self.result.add(LeftOut(step.name, step.title, f"the step broke: {type(error).__name__}: {error}"))
        finally:
            # Gives back what the step holds, also where it was interrupted between two rows.
            close(found)
        context.say(f"    {len(self.result.rows) - before} rows in {time.monotonic() - start:.1f} s")


def close(found: Iterator) -> None:
    if hasattr(found, "close"):
        found.close()


def share(left: float, weights: list[float]) -> float:
    """The first one's part of the seconds that are left."""
    return max(LEAST_SECONDS, left * weights[0] / sum(weights))


def describe(run: Run) -> str:
    """What is measured on what, in sizes that were picked."""
    sizes = ", ".join(words.size(each) for each in run.machine.page_sizes) or "none"
    return (
        f"{words.machine(asdict(run.machine))}; huge pages: {sizes}; node {run.machine.node} of {len(run.machine.nodes)}; "
        f"large buffer {words.size(run.result.buffer_bytes)} ({words.size(run.machine.memory_free_bytes)} are free)"
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
