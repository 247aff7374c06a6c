"""What a run finds: rows of values, facts, and what was left out and why; and the file that keeps it."""

import dataclasses
import json
import os
import random
import statistics
import time
from collections.abc import Callable, Hashable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

SCHEMA_VERSION = 1

Parameter = int | float | str
Subject, Name = TypeVar("Subject", bound=Hashable), TypeVar("Name", bound=Hashable)


@dataclass(frozen=True)
class Row:
    """One thing measured several times. Rows of one group and one set of parameters can be compared with each other."""

    group: str
    subject: str
    unit: str  # "s" or "B/s"
    values: list[float]  # in the order measured; each is of another round
    parameters: Mapping[str, Parameter] = field(default_factory=dict)

    @property
    def median(self) -> float:
        return statistics.median(self.values)


@dataclass(frozen=True)
class Fact:
    """What was found out, but isn't a figure: "reaches mmap": "no"."""

    group: str
    subject: str
    name: str
    text: str


@dataclass(frozen=True)
class LeftOut:
    """What wasn't measured; `why` says what was missing and, where that helps, what to type."""

    group: str
    subject: str
    why: str


Found = Row | Fact | LeftOut


class NotMeasured(Exception):
    """The machine lacks something or won't give it, or a program gave no figures: what was asked for, what came, and why."""


@dataclass
class Result:
    when: str  # of its beginning, UTC
    commit: str
    version: str
    command: str  # that was typed
    machine: dict
    buffer_bytes: int
    seconds: float = 0.0  # that it took
    steps: list[str] = field(default_factory=list)  # those that were run
    cut_short: str = ""  # why it ended before its time, if it did
    load_before: float = 0.0  # processes that ran on the machine, on average, in the minute before
    stolen: float = 0.0  # share of the CPUs' time that the host gave to others, from 0 to 1
    rows: list[Row] = field(default_factory=list)
    facts: list[Fact] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)

    def find(self, group: str, subject: str | None = None, **parameters: Parameter) -> list[Row]:
        """The rows of a group, of a subject if one is given, with these parameters (and perhaps others)."""
        return [
            row
            for row in self.rows
            if row.group == group
            and subject in (None, row.subject)
            and all(row.parameters.get(name) == value for name, value in parameters.items())
        ]

    def fact(self, group: str, subject: str, name: str) -> str:
        found = (each.text for each in self.facts if (each.group, each.subject, each.name) == (group, subject, name))
        return next(found, "")

    def scenarios(self, group: str) -> list[list[Row]]:
        """The group's rows, those together that can be compared with each other."""
        found: dict[tuple, list[Row]] = {}
        for row in self.find(group):
            found.setdefault(tuple(row.parameters.items()), []).append(row)
        return list(found.values())

    def reasons(self) -> dict[str, str]:
        """Why things were left out: each reason once, with all that it is said of."""
        said: dict[str, dict[str, dict[str, None]]] = {}
        for each in self.left_out:
            said.setdefault(each.why, {}).setdefault(each.group, {})[each.subject] = None
        return {why: "; ".join(f"{group}: {', '.join(subjects)}" for group, subjects in of.items()) for why, of in said.items()}

    def add(self, found: Found) -> None:
        {Row: self.rows, Fact: self.facts, LeftOut: self.left_out}[type(found)].append(found)

    def write(self, path: Path) -> None:
        """Whole or not at all; one row a line."""
        new = path.with_name(f".{path.name}.new")
        new.write_text("{\n" + ",\n".join(self._lines()) + "\n}\n")
        os.replace(new, path)

    def _lines(self) -> Iterator[str]:
        yield f' "schema_version": {SCHEMA_VERSION}'
        for each in dataclasses.fields(self):
            value = getattr(self, each.name)
            if each.name in ("rows", "facts", "left_out"):
                entries = ",\n".join(f"  {json.dumps(dataclasses.asdict(entry), ensure_ascii=False)}" for entry in value)
                yield f' "{each.name}": [\n{entries}\n ]'
            else:
                yield f' "{each.name}": {json.dumps(value, ensure_ascii=False)}'


def read_result(path: Path) -> Result:
    """Of a run's file, or of the folder with its run.json. Raises ValueError, with one line, if it isn't one."""
    path = path / "run.json" if path.is_dir() else path
    try:
        read = json.loads(path.read_text())
        if read.pop("schema_version") != SCHEMA_VERSION:
            raise ValueError(f"its schema version is not {SCHEMA_VERSION}")
        kinds = {"rows": Row, "facts": Fact, "left_out": LeftOut}
        return Result(**read | {name: [kind(**each) for each in read[name]] for name, kind in kinds.items()})
    except OSError as error:
        raise ValueError(f"{path}: {error.strerror}") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{path} is no result of a run: {error}") from error


def in_rounds(
    subjects: Mapping[Subject, Callable[[], Mapping[Name, float]]],
    seconds: float,
    least: int = 2,
    most: int = 1000,
    warms_up: bool = False,
) -> tuple[dict[Subject, dict[Name, list[float]]], dict[Subject, str]]:
    """Measures each subject once a round, in an order shuffled anew, until `seconds` are over and at least `least` rounds are done.

    A subject returns what it measured, by name. What comes back are the values of each subject, by that name; and why others have
    none: a subject that has raised NotMeasured is measured no more. A first round that warms up doesn't count: memory that is new
    to a virtual machine is slow once.
    """
    found: dict[Subject, dict[Name, list[float]]] = {subject: {} for subject in subjects}
    failures: dict[Subject, str] = {}

    def one_round(counts: bool) -> None:
        for subject in random.sample(list(found), len(found)):
            try:
                values = subjects[subject]()
            except NotMeasured as reason:
                failures[subject] = str(reason)
                del found[subject]
                continue
            for name, value in values.items() if counts else ():
                found[subject].setdefault(name, []).append(value)

    start = time.monotonic()
    if warms_up:
        one_round(counts=False)
        seconds -= time.monotonic() - start
    start = time.monotonic()
    rounds = 0
    while rounds < most and (rounds < least or (time.monotonic() - start) * (rounds + 1) / rounds <= seconds):
        one_round(counts=True)
        rounds += 1
    return found, failures
