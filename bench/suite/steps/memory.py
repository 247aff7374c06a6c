"""Large buffers on each kind of pages: zeroing them, and reading them at random."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack

from suite import programs, words
from suite.buffers import BUFFERS, GIB, MIB, TOUCHED, Peer
from suite.context import Context
from suite.pages import why_no_thp
from suite.result import Found, LeftOut, NotMeasured, Row, in_rounds

TITLE = "Large buffers"
WEIGHT = 3
READS = 5_000_000


def measure(context: Context) -> Iterator[Found]:
    kinds = [Peer("4 KiB", "", "", TOUCHED)]
    why = why_no_thp(context.machine, "madvise")
    if why:
        yield LeftOut("reads", "THP", why)
    else:
        kinds.append(Peer("THP", "", "", ("--way", "madvise"), thp="madvise"))
    with ExitStack() as held:
        for page in (2 * MIB, GIB):
            kind = words.size(page)
            try:
                if context.buffer_bytes // 2 % page:
                    raise NotMeasured(f"half of {words.size(context.buffer_bytes)} isn't whole pages of {kind}")
                held.enter_context(context.huge_pages(page, context.buffer_bytes))
                kinds.append(Peer(kind, "", "", ("--way", "map-hugetlb", "--page-size", str(page))))
            except NotMeasured as reason:
                yield from (LeftOut(group, f"on pages of {kind}", str(reason)) for group in ("reads", "zeroing"))
        yield from reads(context, kinds)
        # On pages of our own only: others that are free may be meant for somebody.
        huge = [kind.name for kind in kinds if "map-hugetlb" in kind.arguments]
        if huge:
            environment, filter = {"BENCH_BYTES": str(context.buffer_bytes)}, f"/pages:({'|'.join(huge)})/"
            yield from programs.benchmark(context, "bench/zeroing", context.seconds / 2, environment, filter)


def reads(context: Context, kinds: list[Peer]) -> Iterator[Row | LeftOut]:
    """Of 32 bytes each: "random", when the next place is known before the last is read; "dependent", when it isn't."""
    missing = programs.not_built(context, BUFFERS)
    if missing:
        yield LeftOut("reads", "all", missing)
        return
    size = context.buffer_bytes // 2  # there are two

    def once(kind: Peer) -> Mapping[str, float]:
        taken = kind.take(context, size, kind.arguments, READS)
        wrong = taken.why_not(wants_zero=True)
        if wrong or kind.name not in taken.pages.text:
            raise NotMeasured(wrong or f"its buffers had {taken.pages.text}")
        return {"random": taken.random_read, "dependent": taken.dependent_read}

    found, failures = in_rounds({kind.name: lambda kind=kind: once(kind) for kind in kinds}, context.seconds / 2)
    yield from (LeftOut("reads", kind, why) for kind, why in failures.items())
    for kind, values_of in found.items():
        for subject, values in values_of.items():
            yield Row("reads", subject, "s", values, {"pages": kind, "bytes": context.buffer_bytes})
