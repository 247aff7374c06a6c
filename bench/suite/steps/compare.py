"""What the operator is told by `pc1-label compare`: labels as filecoin-proofs makes them, on each memory that there is."""

import json
from collections.abc import Iterator, Mapping

from suite import programs, words
from suite.buffers import MIB, PC1_LABEL
from suite.context import Context
from suite.result import Fact, Found, LeftOut, Row

TITLE = "Labels, as pc1-label compare measures them"
WEIGHT = 4
GROUP = "compare"
LEAST_SECTOR = 16 * MIB


def measure(context: Context) -> Iterator[Found]:
    missing = programs.not_built(context, PC1_LABEL)
    if missing:
        yield LeftOut(GROUP, "all", missing)
        return
    sector = max(LEAST_SECTOR, context.buffer_bytes)
    command = [str(context.build / PC1_LABEL), "compare", "--json", "--sector", f"{sector}B", "--minutes", f"{context.seconds / 60:.3f}"]
    limit = 600 + 10 * context.seconds
    yield from found_in(json.loads(programs.ended(command + ["--fragmented"] * context.fragmented, limit=limit)))


def found_in(said: Mapping) -> Iterator[Found]:
    for row in said["rows"]:
        where = {} if said["far_node"] is None else {"node": "near" if row["node"] == said["near_node"] else "far"}
        memory = {"memory": "fragmented"} if said["fragmented"] else {}
        parameters = {"path": row["path"], "sector": said["measured_sector_bytes"], **where, **memory}
        if "left_out" in row:
            yield LeftOut(GROUP, f"{row['memory']}, {words.parameters(parameters)}", row["left_out"])
        else:
            yield Row(GROUP, row["memory"], "s", [ns * 1e-9 for ns in row["rounds_ns"]], parameters)
            yield Fact(GROUP, row["memory"], words.parameters(parameters), f"{100 * row['least_huge_share']:.0f} % huge")
            if said["fragmented"]:
                yield Fact(GROUP, "memory", words.parameters(parameters), said["fragmented"])
    yield Fact(GROUP, "SHA-256 alone", "a label", words.nanoseconds(said["sha256"]["ns"] * 1e-9))
    yield Fact(GROUP, "what the CPU could do", "a label", words.nanoseconds(said["own_kernel"]["ns"] * 1e-9))
