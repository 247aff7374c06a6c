"""A run's result as it is written to run.json and read again, and looking up rows in it."""

import dataclasses
import json
import os
from dataclasses import dataclass, field
from pathlib import Path

from suite.rows import Fact, LeftOut, Parameter, Row

SCHEMA_VERSION = 1


@dataclass
class Result:
    when: str  # of its beginning, UTC
    commit: str
    version: str
    minutes: float  # that it was given
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

    def fact(self, subject: str, name: str) -> str:
        return next((fact.text for fact in self.facts if (fact.subject, fact.name) == (subject, name)), "")

    def reasons(self) -> dict[str, str]:
        """Why things were left out: each reason once, with all that it is said of."""
        said: dict[str, dict[str, list[str]]] = {}
        for each in self.left_out:
            subjects = said.setdefault(each.why, {}).setdefault(each.group, [])
            subjects += [each.subject] if each.subject not in subjects else []
        return {why: "; ".join(f"{group}: {', '.join(subjects)}" for group, subjects in of.items()) for why, of in said.items()}

    def add(self, found: Row | Fact | LeftOut) -> None:
        {Row: self.rows, Fact: self.facts, LeftOut: self.left_out}[type(found)].append(found)

    def write(self, path: Path) -> Path:
        """Writes the file, or run.json in the folder; whole or not at all."""
        path = path / "run.json" if path.is_dir() else path
        new = path.with_name(f".{path.name}.new")
        new.write_text(json.dumps({"schema_version": SCHEMA_VERSION, **dataclasses.asdict(self)}, indent=1) + "\n")
        os.replace(new, path)
        return path


def read_result(path: Path) -> Result:
    """Of a run.json, or of the folder that it is in. Raises ValueError, with one line, if it isn't one."""
    path = path / "run.json" if path.is_dir() else path
    try:
        read = json.loads(path.read_text())
        if read.pop("schema_version") != SCHEMA_VERSION:
            raise ValueError(f"its schema version is not {SCHEMA_VERSION}")
        kinds = {"rows": Row, "facts": Fact, "left_out": LeftOut}
        lists = {name: [kind(**each) for each in read.pop(name)] for name, kind in kinds.items()}
        known = {each.name for each in dataclasses.fields(Result)}
        return Result(**{name: value for name, value in read.items() if name in known}, **lists)
    except OSError as error:
        raise ValueError(f"{path}: {error.strerror}") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{path} is no result of a run: {error}") from error
