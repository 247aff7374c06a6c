"""Large buffers on each kind of pages: zeroing them, reading them at random, and getting them into place."""

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
ORDINARY = ("4 KiB", "THP")
# Of 1 GiB pages few can be had after boot.
LESSER = (4 * GIB, 2 * GIB, GIB)
# What a round of all ways to populate a GiB takes, giving it back included: by and large, it is not known beforehand.
POPULATE_SECONDS = 10


@dataclass(frozen=True)
class Held:
    """Buffers of so many bytes can be had on these kinds of pages, all at once."""

    bytes: int
    kinds: tuple[str, ...]
    environment: dict[str, str]
    shortages: dict[str, str]  # why not on others

    @property
    def has_all(self) -> bool:
        return not self.shortages


def measure(context: Context) -> Iterator[Row | LeftOut]:
    with ExitStack() as pages:
        held = hold(context, pages, context.buffer_bytes)
        yield from measure_on(context, held, {"reads": 0.4, "zeroing": 0.3} if held.has_all else {"reads": 0.3, "zeroing": 0.2})
        yield from left_out(held, "reads", "zeroing")
    if not held.has_all:
        yield from measure_lesser(context, {"reads": 0.1, "zeroing": 0.1})
    with ExitStack() as pages:
        held = hold(context, pages, populate_bytes(context.buffer_bytes, 0.3 * context.seconds))
        yield from measure_on(context, held, {"populate": 0.3})
        yield from left_out(held, "populate")


def measure_lesser(context: Context, shares: dict[str, float]) -> Iterator[Row | LeftOut]:
    """All kinds of pages on as few bytes as there are pages of the kind that there is least of."""
    for bytes in LESSER:
        if bytes < context.buffer_bytes:
            with ExitStack() as pages:
                held = hold(context, pages, bytes)
                if held.has_all:
                    yield from measure_on(context, held, shares)
                    return


def hold(context: Context, pages: ExitStack, bytes: int) -> Held:
    """What can be had. A buffer of ordinary memory must fit beside it."""
    kinds = list(ORDINARY)
    environment = {"BENCH_BYTES": str(bytes)}
    shortages = {}
    fit = int(context.machine.memory_free_bytes * 0.9) // bytes
    for size, variable in HUGE.items():
        kind = words.size(size)
        try:
            if bytes % size:
                raise Shortage(f"{words.size(bytes)} isn't whole pages of {kind}")
            if fit < len(environment) + 1:  # one more, and the ordinary one
                raise Shortage(f"only {fit} buffers of {words.size(bytes)} fit into free memory at once")
            environment[variable] = str(pages.enter_context(context.huge_pages(size, bytes)))
            kinds.append(kind)
        except Shortage as shortage:
            shortages[kind] = str(shortage)
    return Held(bytes, tuple(kinds), environment, shortages)


def measure_on(context: Context, held: Held, shares: dict[str, float]) -> Iterator[Row | LeftOut]:
    """The groups, each for its share of the step's time."""
    for group, share in shares.items():
        context.say(f"{group}: {words.size(held.bytes)} on pages of {', '.join(held.kinds)}")
        only = f"^{group}/.*pages:({'|'.join(held.kinds)})/"
        yield from programs.run(context, "memory", filter=only, environment=held.environment, seconds=context.seconds * share)


def left_out(held: Held, *groups: str) -> Iterator[LeftOut]:
    for group in groups:
        for kind, why in held.shortages.items():
            yield LeftOut(group, f"{words.size(held.bytes)} on pages of {kind}", why)


def populate_bytes(most: int, seconds: float) -> int:
    """The largest power of two that all ways can populate twice in the time given; a GiB at least, where that is had."""
    affordable = int(seconds / 2 / POPULATE_SECONDS)
    return min(most, GIB << max(affordable.bit_length() - 1, 0))
