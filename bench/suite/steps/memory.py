"""Large buffers on each kind of pages: zeroing them, getting them into place, and reading them at random."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass

from suite import programs, words
from suite.context import Context, Shortage
from suite.rows import LeftOut, Row

TITLE = "Large buffers"
WEIGHT = 4
MIB, GIB = 1 << 20, 1 << 30
HUGE = {2 * MIB: "BENCH_HUGETLBFS", GIB: "BENCH_HUGETLBFS_1G"}
ORDINARY = ["4 KiB", "THP"]
# What a round of all ways to populate takes for each GiB, beside giving it back: it is not known beforehand, but by and large.
POPULATE_SECONDS = 10
SHARES = {"reads": 0.4, "zeroing": 0.3, "populate": 0.3}  # of the time


@dataclass(frozen=True)
class Held:
    """Buffers of so many bytes can be had on these kinds of pages at once."""

    bytes: int
    kinds: list[str]
    environment: dict[str, str]


def measure(context: Context) -> Iterator[Row | LeftOut]:
    with ExitStack() as pages:
        held, shortages = hold(context, pages, context.buffer_bytes)
        has_gigantic = words.size(GIB) in held.kinds
        yield from measure_on(context, held, context.seconds * (1 if has_gigantic else 0.7))
    if has_gigantic:
        yield from shortages
        return
    # Gigantic pages can seldom be had after boot: then all kinds are compared on as few as there are.
    for bytes in (4 * GIB, 2 * GIB, GIB):
        if bytes > context.buffer_bytes:
            continue
        with ExitStack() as pages:
            less, _ = hold(context, pages, bytes)
            if words.size(GIB) in less.kinds:
                yield from measure_on(context, less, context.seconds * 0.3)
                return
    yield from shortages


def hold(context: Context, pages: ExitStack, bytes: int) -> tuple[Held, list[LeftOut]]:
    """What can be had, and why not the rest. A buffer of ordinary memory must fit beside them."""
    held = Held(bytes, list(ORDINARY), {"BENCH_BYTES": str(bytes)})
    shortages = []
    for size, variable in HUGE.items():
        kind = words.size(size)
        try:
            if bytes % size:
                raise Shortage(f"{words.size(bytes)} isn't whole pages of {kind}")
            fits = int(context.machine.memory_free_bytes * 0.9) // bytes
            if fits < len(held.environment) + 1:
                raise Shortage(f"only {fits} buffers of {words.size(bytes)} fit into free memory at once")
            held.environment[variable] = str(pages.enter_context(context.huge_pages(size, bytes)))
            held.kinds.append(kind)
        except Shortage as shortage:
            shortages += [LeftOut(group, f"pages of {kind}", str(shortage)) for group in SHARES]
    return held, shortages


def measure_on(context: Context, held: Held, seconds: float) -> Iterator[Row | LeftOut]:
    kinds = "|".join(held.kinds)
    for group, share in SHARES.items():
        environment = dict(held.environment)
        if group == "populate":
            environment["BENCH_BYTES"] = str(populate_bytes(held.bytes, seconds * share))
        context.say(f"{group} of {words.size(int(environment['BENCH_BYTES']))} on pages of {', '.join(held.kinds)}")
        yield from programs.run(
            context, "memory", filter=f"^{group}/.*pages:({kinds})/", environment=environment, seconds=seconds * share
        )


def populate_bytes(most: int, seconds: float) -> int:
    """The largest power of two that all ways can populate twice in the time given, 64 MiB at least, a GiB where that is had."""
    affordable = int(seconds / 2 / POPULATE_SECONDS)
    least = min(most, GIB)
    return min(most, max(least, GIB << max(affordable.bit_length() - 1, 0)))
