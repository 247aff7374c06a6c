"""Large buffers on each kind of pages: zeroing them, and reading them at random."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack

from suite import programs, words
from suite.buffers import BUFFERS, GIB, MIB, TOUCHED, Peer
from suite.context import Context
from suite.pages import Shortage, why_no_thp
from suite.programs import Failed
from suite.result import Found, LeftOut, Row, in_rounds

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
                    raise Shortage(f"half of {words.size(context.buffer_bytes)} isn't whole pages of {kind}")
                held.enter_context(context.huge_pages(page, context.buffer_bytes))
                kinds.append(Peer(kind, "", "", ("--way", "map-hugetlb", "--page-size", str(page))))
            except Shortage as shortage:
                yield LeftOut("reads", f"{words.size(context.buffer_bytes)} on pages of {kind}", str(shortage))
        yield from reads(context, kinds)
        environment = {"BENCH_BYTES": str(context.buffer_bytes)}
        yield from programs.benchmark(context, "bench/zeroing", context.seconds / 2, environment)


def reads(context: Context, kinds: list[Peer]) -> Iterator[Row | LeftOut]:
    """Of 32 bytes each: "random", when the next place is known before the last is read; "dependent", when it isn't."""
    missing = programs.not_built(context, BUFFERS)
    if missing:
        yield LeftOut("reads", "all", missing)
        return
    size = context.buffer_bytes // 2  # there are two
    failures: dict[str, str] = {}

    def once(kind: Peer) -> Mapping[str, float]:
        if kind.name in failures:
            return {}
        try:
            taken = kind.take(context, size, kind.arguments, READS)
            wrong = taken.why_not(wants_zero=True)
            if wrong or kind.name not in taken.pages.text:
                raise Failed(wrong or f"its buffers had {taken.pages.text}")
            return {"random": taken.random_read, "dependent": taken.dependent_read}
        except (Failed, Shortage) as reason:
            failures[kind.name] = str(reason)
            return {}

    subjects: dict[str, Callable[[], Mapping[str, float]]] = {kind.name: lambda kind=kind: once(kind) for kind in kinds}
    for kind, found in in_rounds(subjects, context.seconds / 2).items():
        if kind in failures:
            yield LeftOut("reads", kind, failures[kind])
            continue
        for subject, values in found.items():
            yield Row("reads", subject, "s", values, {"pages": kind, "bytes": context.buffer_bytes})
