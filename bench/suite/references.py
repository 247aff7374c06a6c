"""What rows are compared with before runs are: what was measured in turn with them, and that the project's code can't change.

So a machine that is slower today than yesterday makes no difference.
"""

from collections.abc import Mapping

from suite.rows import Row

Key = tuple[str, str, str, tuple]

# By group: the subjects and changed parameters of the row to compare with, the first that there is.
Other = tuple[str, Mapping]


def key_of(row: Row) -> Key:
    return row.group, row.subject, row.unit, tuple(sorted(row.parameters.items()))


def is_ours(row: Row) -> bool:
    """Whether the project's code has a part in what the row measures."""
    not_ours = {
        "passing": row.parameters.get("through") == "libc" or row.parameters.get("preload") == "none",
        "null": True,
        "zeroing": row.subject != "shim",
        "populate": True,
        "reads": True,
        "creating": row.subject != "hugepage-file-init",
        "peers": not row.subject.startswith("shim"),
        "pc1": not row.subject.startswith("shim"),
    }
    return not not_ours.get(row.group, False)


def others(row: Row) -> list[Other]:
    if row.group in ("passing", "null"):
        return [(row.subject, {"through": "libc"} if "through" in row.parameters else {"preload": "none"})]
    known: dict[str, list[Other]] = {
        "peers": [("mlock", {}), ("plain", {})],
        "zeroing": [("bandwidth", {})],
        "creating": [("fallocate", {"threads": 1})],
        "pc1": [("plain", {})],
    }
    return known.get(row.group, [])


def reference(row: Row, rows: Mapping[Key, Row]) -> Row | None:
    """The row to compare with, of the same run and rounds; None if there is none, or it is itself one."""
    wanted = (Row(row.group, subject, row.unit, [], {**row.parameters, **changed}) for subject, changed in others(row))
    first = next((rows[key_of(each)] for each in wanted if key_of(each) in rows), None)
    return first if first and first is not row and len(first.values) == len(row.values) else None


def name_of(row: Row, other: Row) -> str:
    if other.subject != row.subject:
        return other.subject
    return next(str(value) for name, value in other.parameters.items() if row.parameters.get(name) != value)
