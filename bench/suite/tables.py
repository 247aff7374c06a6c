"""What a run has found, as tables in Markdown: the summary for a terminal, bench/RESULTS.md and docs/benchmarks.md, and the rest."""

from collections.abc import Iterable, Sequence

from suite import targets, words
from suite.result import Result, Row

FACTS = ("reaches mmap", "reaches calloc", "right node", "page size", "huge when fragmented")
# Columns of the peers' table, and what the rows call them. Of the most memory that was measured.
MEASURED = {
    "usable after": "usable",
    "by all threads": "usable by all threads",
    "given back in": "release",
    "random read": "random read",
    "label, single-core": "label, single-core",
    "label, multicore": "label, multicore",
}
# Groups of rows that the summary doesn't have, in this order, and what they are called.
OTHERS = {
    "reads": "A read of 32 bytes",
    "zeroing": "Zeroing",
    "creating": "Making a memory file",
    "lease": "Taking and giving back a memory file",
    "mappings": "In a process with other mappings",
    "contention": "Several processes on one pool",
    "start": "Starting /bin/true, preloaded",
}
# Those of labels: the first row of each scenario is what the others are compared with.
LABELS = {"sealer": "Labels by filecoin-proofs", "compare": "Labels as filecoin-proofs makes them", "pc1": "Labels by pc1-label"}


def summary(result: Result) -> str:
    only_labels = set(result.steps) <= {"sealer", "compare"}
    large_buffer = "" if only_labels else f"large buffer {words.size(result.buffer_bytes)}, "
    parts = [
        f"## {result.when[:10]}, {words.machine(result.machine)}\n",
        f"`{result.command}`, commit {result.commit}, {large_buffer}{words.count(len(result.rows), 'row')} in {result.seconds:.0f} s. "
        "Medians; the spread is from the smallest to the largest.\n",
        *(f"{note}\n" for note in notes(result)),
    ]
    if not only_labels:
        parts.append(target_table(result))
    if result.find("peers"):
        parts.append(peers(result))
    parts += [labels(result, title, rows) for group, title in LABELS.items() for rows in result.scenarios(group)]
    floors = [f"{fact.subject}: {fact.text}" for fact in result.facts if fact.name == "a label"]
    if floors:
        parts.append(f"A label, whatever the memory: {', '.join(floors)}.\n")
    if result.left_out:
        parts.append("Left out: " + "; ".join(f"{of} ({why})" for why, of in result.reasons().items()) + ".\n")
    return "\n".join(parts)


def others(result: Result) -> str:
    return "\n".join(f"{title}:\n\n{of_group(result, group)}" for group, title in OTHERS.items() if result.find(group))


def notes(result: Result) -> list[str]:
    """What makes the figures worth less."""
    found = [f"Cut short: {result.cut_short}."] if result.cut_short else []
    if result.load_before > 0.2 * result.machine["cpus_in_all"]:
        found.append(f"Other programs kept {result.load_before:.1f} CPUs busy in the minute before.")
    if result.stolen > 0.01:
        found.append(f"The host of this virtual machine gave {100 * result.stolen:.0f} % of the CPUs' time to others.")
    return found


def target_table(result: Result) -> str:
    rows = ((each.name, each.wanted, each.got, each.spread, each.verdict, each.note) for each in targets.outcomes(result))
    return table(("target", "wanted", "got", "spread", "verdict", "note"), rows)


def peers(result: Result) -> str:
    known = [fact.subject for fact in result.facts if fact.group == "peers" and fact.name == "page size"]
    names = list(dict.fromkeys(known + [row.subject for row in result.find("peers")]))

    def median(peer: str, what: str) -> str:
        rows = result.find("peers", peer, what=what)
        largest = max(rows, key=lambda row: row.parameters.get("bytes", 0), default=None)
        return words.seconds(largest.median) if largest else ""

    # The same words in each line would make a high, narrow column.
    node = {result.fact("peers", peer, "right node") for peer in names}
    facts = [fact for fact in FACTS if fact != "right node" or len(node) > 1]
    lines = [
        [peer, *(result.fact("peers", peer, fact) for fact in facts), *(median(peer, what) for what in MEASURED.values())]
        for peer in names
    ]
    below = {"Right node": "" if len(node) > 1 else "".join(node), "Fragmented memory": result.fact("peers", "memory", "fragmented")}
    return table(("peer", *facts, *MEASURED), lines) + "".join(f"\n{name}: {text}.\n" for name, text in below.items() if text)


def labels(result: Result, title: str, rows: Sequence[Row]) -> str:
    first = rows[0]

    def line(row: Row) -> tuple[str, ...]:
        to_first = targets.ratio(row, first)
        spread = "" if row is first else words.spread(to_first.rounds, "{:.3f}".format)
        times = words.spread(row.values, words.nanoseconds)
        pages = result.fact(row.group, row.subject, where)
        return row.subject, pages, words.nanoseconds(row.median), times, f"{to_first.median:.3f}", spread

    where = words.parameters({name: value for name, value in first.parameters.items() if name != "layer"})
    memory = result.fact(first.group, "memory", where)
    heading = [title, words.parameters(first.parameters), words.count(len(first.values), "round"), *([memory] if memory else [])]
    heads = ("memory", "pages", "a label", "spread", f"of {first.subject}", "spread")
    return f"{', '.join(heading)}:\n\n{table(heads, map(line, rows))}"


def of_group(result: Result, group: str) -> str:
    rows = sorted(result.find(group), key=lambda row: [(isinstance(each, str), each) for each in row.parameters.values()])
    return table(
        ("", "of", "median", "spread"),
        ((row.subject, words.parameters(row.parameters), words.quantity(row.median, row.unit),
          words.spread(row.values, lambda value, row=row: words.quantity(value, row.unit))) for row in rows),
    )  # fmt: skip


def table(heads: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    """Without columns that are empty in every line."""
    lines = [list(line) for line in lines]
    kept = [column for column in range(len(heads)) if any(line[column] for line in lines)]
    shown = [heads, ["---"] * len(heads), *([cell or "–" for cell in line] for line in lines)]
    return "".join(f"| {' | '.join(line[column] for column in kept)} |\n" for line in shown)
