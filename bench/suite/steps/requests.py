"""Requests that the shim serves: from small and large pools, in small and large processes, and by many processes at once."""

from collections.abc import Iterator
from contextlib import ExitStack

from suite import programs
from suite.context import Context, Shortage
from suite.rows import LeftOut, Row

TITLE = "Leases"
WEIGHT = 2
PAGE = 2 << 20
# Files of a page each: 1,111 for the leases, 127 where processes contend, 3 beside other mappings. And without the pool of 1,000.
PAGES = 1_241
PAGES_AT_LEAST = 241
GROUPS = ("lease", "mappings", "contention")


def measure(context: Context) -> Iterator[Row | LeftOut]:
    with ExitStack() as held:
        try:
            folder = held.enter_context(context.huge_pages(PAGE, PAGES * PAGE))
        except Shortage as shortage:
            context.say(f"the pool of 1,000 files is left out: {shortage}")
            try:
                folder = held.enter_context(context.huge_pages(PAGE, PAGES_AT_LEAST * PAGE))
            except Shortage as still:
                yield from (LeftOut(group, TITLE, str(still)) for group in GROUPS)
                return
        yield from programs.run(context, "requests", environment={"BENCH_HUGETLBFS": str(folder)})
