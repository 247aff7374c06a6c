"""Makes a page of a result that a person reads without explanation: report.html, whole in itself, and the charts as PNG."""

from pathlib import Path

import jinja2

from suite import charts, overview, targets, words
from suite.result import Result
from suite.rows import Row

# The order of the groups in the page, and what they are called there. Others follow by name.
GROUPS = {
    "peers": "The shim and its peers",
    "reads": "Random reads of 32 bytes",
    "pc1": "PC1 labelling, a node",
    "zeroing": "Zeroing",
    "populate": "Bringing memory in place",
    "creating": "Making memory files",
    "lease": "Taking and giving back a memory file",
    "contention": "Many processes on one pool",
    "mappings": "A process with many mappings",
    "passing": "Calls that are passed on",
    "null": "How far the same call differs from itself",
}
MARKS = {"met": "✓", "missed": "✗", "measured on less": "≈", "not measured": "–"}


def write(result: Result, out: Path) -> None:
    """report.html and <chart>.png in the folder."""
    made = charts.all_charts(result)
    for chart in made:
        (out / f"{chart.name}.png").write_bytes(chart.png)
    (out / "report.html").write_text(page(result, made))


def page(result: Result, made: list[charts.Chart]) -> str:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent), autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    return environment.get_template("page.html.j2").render(
        result=result,
        machine=words.machine(result.machine),
        huge_pages=", ".join(words.size(each) for each in result.machine["page_sizes"]) or "none",
        notes=notes(result),
        buffer=words.size(result.buffer_bytes),
        targets=targets.outcomes(result),
        marks=MARKS,
        fact_names=overview.FACTS,
        peers=overview.peers(result),
        charts=made,
        groups=groups(result),
        words=words,
    )


def notes(result: Result) -> list[str]:
    """What makes the figures worth less."""
    found = []
    if result.cut_short:
        found.append(f"This run was cut short: {result.cut_short}.")
    if result.load_before > 0.2 * result.machine["cpus_in_all"]:
        found.append(f"Other programs kept {result.load_before:.1f} CPUs busy in the minute before.")
    if result.stolen > 0.01:
        found.append(f"The host of this virtual machine gave {100 * result.stolen:.0f} % of the CPUs' time to others.")
    return found


def groups(result: Result) -> list[tuple[str, list[Row]]]:
    found = {row.group for row in result.rows}
    order = [*(name for name in GROUPS if name in found), *sorted(found - GROUPS.keys())]
    return [(GROUPS.get(name, name), in_order(result.find(name))) for name in order]


def in_order(rows: list[Row]) -> list[Row]:
    """By subject, as these come; numbers by size. Programs measure in an order of chance."""
    subjects = list(dict.fromkeys(row.subject for row in rows))

    def key(row: Row) -> tuple:
        return subjects.index(row.subject), [(isinstance(each, str), each) for each in row.parameters.values()]

    return sorted(rows, key=key)
