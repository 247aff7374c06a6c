"""What a run found in three tables: the targets, the peers and PC1. In Markdown for bench/RESULTS.md and docs/benchmarks.md."""

from collections.abc import Iterable
from dataclasses import dataclass

from suite import targets, words
from suite.result import Result
from suite.rows import Row

FACTS = ("reaches mmap", "reaches calloc", "right node", "page size")
MEASURED = ("usable", "release", "random read")


@dataclass(frozen=True)
class Peer:
    name: str
    what: str
    setting_up: str
    facts: list[str]  # by FACTS
    medians: list[str]  # by MEASURED

    @property
    def ours(self) -> bool:
        return self.name.startswith("shim")


def peers(result: Result) -> list[Peer]:
    known = [fact.subject for fact in result.facts if fact.group == "peers"]
    return [
        Peer(
            name,
            result.fact(name, "what it is"),
            result.fact(name, "setting up"),
            [result.fact(name, fact) or "–" for fact in FACTS],
            [median(result, name, what) for what in MEASURED],
        )
        for name in dict.fromkeys(known + [row.subject for row in result.find("peers")])
    ]


def median(result: Result, peer: str, what: str) -> str:
    """Of the most memory that was measured."""
    rows = result.find("peers", peer, what=what)
    largest = max(rows, key=lambda row: row.parameters.get("bytes", 0), default=None)
    return words.quantity(largest.median, largest.unit) if largest else "–"


def markdown(result: Result) -> str:
    parts = [
        f"## {result.when[:10]}, {words.machine(result.machine)}\n",
        f"`scripts/bench.sh --minutes {result.minutes:g}`, commit {result.commit}, large buffer {words.size(result.buffer_bytes)}, "
        f"{words.count(len(result.rows), 'row')} in {result.seconds:.0f} s. Medians; the spread is from the smallest to the largest.\n",
        table(
            ("target", "wanted", "got", "spread", "", ""),
            ((each.name, each.wanted, each.got or "–", each.spread or "–", each.verdict, each.note) for each in targets.outcomes(result)),
        ),
    ]
    found = peers(result)
    if found:
        heads = ("peer", *FACTS, "usable after", "given back in", "random read")
        parts.append(table(heads, ((each.name, *each.facts, *each.medians) for each in found)))
    parts += [pc1(rows) for rows in scenarios(result)]
    if result.left_out:
        parts.append("Left out: " + "; ".join(f"{of} ({why})" for why, of in result.reasons().items()) + ".\n")
    return "\n".join(parts)


def scenarios(result: Result) -> list[list[Row]]:
    """Rows of PC1 that can be compared with each other."""
    found: dict[tuple, list[Row]] = {}
    for row in result.find("pc1"):
        found.setdefault(tuple(row.parameters.items()), []).append(row)
    return list(found.values())


def pc1(rows: list[Row]) -> str:
    plain = next((row for row in rows if row.subject == "plain"), None)

    def line(row: Row) -> tuple[str, ...]:
        ratio = words.digits(targets.ratio(row, plain).median) if plain else "–"
        return row.subject, words.quantity(row.median, row.unit), words.spread(row), ratio

    return f"PC1, {words.parameters(rows[0].parameters)}:\n\n" + table(("", "a node", "spread", "of plain"), map(line, rows))


def table(heads: Iterable[str], lines: Iterable[Iterable[str]]) -> str:
    heads = list(heads)
    shown = [heads, ["---"] * len(heads), *lines]
    return "".join(f"| {' | '.join(line)} |\n" for line in shown)
