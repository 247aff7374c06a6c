"""What the project wants to reach, as ratios within one run, and what a run has found of it."""

import statistics
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from suite import words
from suite.result import Result
from suite.rows import Row

GIB = 1 << 30


@dataclass(frozen=True)
class Ratio:
    """How many times the first row's value is the second's in each round, and the median of that."""

    median: float
    rounds: tuple[float, ...]
    bytes: int  # 0 where the size plays no part

    @property
    def low(self) -> float:
        return min(self.rounds)

    @property
    def high(self) -> float:
        return max(self.rounds)


@dataclass(frozen=True)
class Target:
    name: str
    wanted: str
    measure: Callable[[Result], Ratio | None]
    is_met: Callable[[float], bool]
    group: str  # of the rows it needs
    missing: str  # what is missing where there are no such rows
    shown: Callable[[float], str] = words.times
    subjects: tuple[str, ...] = ()  # what of the group it needs, if not all of it
    bytes: int = 0  # it is stated for so much memory
    cpus: int = 0  # and so many CPUs


@dataclass(frozen=True)
class Outcome:
    name: str
    wanted: str
    got: str  # empty where nothing was measured
    spread: str
    verdict: str  # "met", "missed", "measured on less", "not measured"
    note: str  # on what it was measured, or why it wasn't, or who isn't slower


def ratio(first: Row, second: Row) -> Ratio:
    """Values of the same round are compared with each other where there are as many of both."""
    if len(first.values) == len(second.values):
        rounds = tuple(a / b for a, b in zip(first.values, second.values))
    else:
        rounds = tuple(a / b for a in first.values for b in second.values)
    return Ratio(statistics.median(rounds), rounds, int(second.parameters.get("bytes", 0)))


def pairs(firsts: list[Row], seconds: list[Row], but: tuple[str, ...] = ()) -> Iterator[tuple[Row, Row]]:
    """Those whose parameters, but for these, are equal; those of the most memory, then of the most threads, first."""

    def rest(row: Row) -> dict:
        return {name: value for name, value in row.parameters.items() if name not in but}

    def most(row: Row) -> tuple:
        return row.parameters.get("bytes", 0), row.parameters.get("threads", 0)

    seconds = sorted(seconds, key=most, reverse=True)
    for first in sorted(firsts, key=most, reverse=True):
        yield from ((first, second) for second in seconds if rest(first) == rest(second))


def first_ratio(firsts: list[Row], seconds: list[Row], but: tuple[str, ...] = ()) -> Ratio | None:
    return next((ratio(first, second) for first, second in pairs(firsts, seconds, but)), None)


def peers(slow: str, fast: str, what: str) -> Callable[[Result], Ratio | None]:
    return lambda result: first_ratio(
        result.find("peers", slow, what=what), result.find("peers", fast, what=what), but=("pages",)
    )


def random_reads(result: Result) -> Ratio | None:
    plain = result.find("reads", "random", pages="4 KiB")
    return first_ratio(plain, result.find("reads", "random", pages="2 MiB"), but=("pages",)) or peers(
        "plain", "shim", "random read"
    )(result)


def creating(result: Result) -> Ratio | None:
    return first_ratio(
        result.find("creating", "fallocate"), result.find("creating", "hugepage-file-init"), but=("threads",)
    )


def zeroing(result: Result) -> Ratio | None:
    return first_ratio(result.find("zeroing", "shim"), result.find("zeroing", "bandwidth"), but=("pages",))


def passing(result: Result) -> Ratio | None:
    through_shim = result.find("passing", "mmap", through="shim")
    return first_ratio(through_shim, result.find("passing", "mmap", through="libc"), but=("through",))


def passing_noise(result: Result) -> str:
    """How far mmap without the shim is from itself, which no target can be nearer than."""
    again = result.find("null", "mmap", through="libc again")
    same = first_ratio(again, result.find("null", "mmap", through="libc"), but=("through",))
    return f"twice without the shim differs by {words.more(same.median)}" if same else ""


def crowded_lease(result: Result) -> Ratio | None:
    """No ratio, but seconds: of the slowest, where it was measured in several ways."""
    rows = result.find("lease", "take", files=1000, leased=999)
    slowest = max(rows, key=lambda row: row.median, default=None)
    return slowest and Ratio(slowest.median, tuple(slowest.values), 0)


def at_least(wanted: float) -> Callable[[float], bool]:
    return lambda got: got >= wanted


# The steps that measure a group, where they aren't called as it is.
STEPS = {"passing": "calls", "lease": "requests", "zeroing": "memory", "reads": "memory"}
NO_PEERS = "the rows of this peer or of the shim are missing"

TARGETS = (
    Target("32 GiB usable and zero, against mmap and mlock, on 16 cores", "25 × faster", peers("mlock", "shim", "usable"),
           at_least(25), "peers", NO_PEERS, subjects=("shim", "mlock"), bytes=32 * GIB, cpus=16),
    Target("32 GiB usable with HUGEPAGE_ZERO=never, against mmap and mlock, on 16 cores", "500 × faster",
           peers("mlock", "shim, ZERO=never", "usable"), at_least(500), "peers", NO_PEERS,
           subjects=("shim, ZERO=never", "mlock"), bytes=32 * GIB, cpus=16),
    Target("Zeroing, of the write bandwidth measured beside it", "90 %", zeroing, at_least(0.9), "zeroing",
           "the rows of the shim's zeroing or of the bandwidth are missing", shown=lambda got: f"{100 * got:.0f} %"),
    Target("Release of 32 GiB, against munmap of plain memory", "100 × faster", peers("plain", "shim", "release"),
           at_least(100), "peers", NO_PEERS, subjects=("shim", "plain"), bytes=32 * GIB),
    Target("Random 32-byte reads over 32 GiB, against plain memory", "1.7 × faster", random_reads, at_least(1.7), "reads",
           "the rows of reads on 4 KiB or on 2 MiB pages are missing", bytes=32 * GIB),
    Target("hugepage-file-init of 32 GiB, against fallocate, on 16 cores", "6 × faster", creating, at_least(6), "creating",
           "the rows of hugepage-file-init or of fallocate are missing", bytes=32 * GIB, cpus=16),
    Target("mmap that is passed on, against no shim", "within 1 %", passing, lambda got: got <= 1.01, "passing",
           "the rows of mmap through the shim or through libc are missing", shown=words.more),
    Target("A lease from a pool of 1,000 files of which 999 are leased", "under 1 ms", crowded_lease, lambda got: got < 1e-3,
           "lease", "there is no row of 1,000 files with 999 leased", shown=words.seconds),
)  # fmt: skip


def outcomes(result: Result) -> list[Outcome]:
    return [outcome(target, result) for target in TARGETS] + [every_peer(result)]


def outcome(target: Target, result: Result) -> Outcome:
    got = target.measure(result)
    if got is None:
        why = why_missing(result, target.group, target.subjects) or target.missing
        return Outcome(target.name, target.wanted, "", "", "not measured", why)
    less = measured_on(result, got.bytes) if is_less(target, result, got.bytes) else ""
    otherwise = sum(target.is_met(each) != target.is_met(got.median) for each in got.rounds)
    unsure = f"otherwise in {otherwise} of {len(got.rounds)} rounds" if otherwise else ""
    if target.measure is passing:
        unsure = "; ".join(filter(None, [unsure, passing_noise(result)]))
    return Outcome(
        target.name,
        target.wanted,
        target.shown(got.median),
        f"{target.shown(got.low)} – {target.shown(got.high)}",
        "measured on less" if less else "met" if target.is_met(got.median) else "missed",
        less or unsure,
    )


def is_less(target: Target, result: Result, bytes: int) -> bool:
    return bool(target.bytes and bytes < target.bytes) or result.machine["cpus"] < target.cpus


def measured_on(result: Result, bytes: int) -> str:
    cpus = result.machine["cpus"]
    return f"on {cpus} core{'s' * (cpus != 1)}, {words.size(bytes)}"


def why_missing(result: Result, group: str, subjects: tuple[str, ...]) -> str:
    """What the run itself says of it, if it does."""
    said = [left.why for left in result.left_out if left.group == group and (not subjects or left.subject in subjects)]
    step = STEPS.get(group, group)
    return said[0] if said else f"the step {step} was not run" if step not in result.steps else ""


def every_peer(result: Result) -> Outcome:
    """Each peer takes longer than the shim until memory is usable, or doesn't reach the sealer's calls at all."""
    name, wanted = "Every peer, until memory is usable", "slower, or doesn't reach the call"
    rows = [row for row in result.find("peers", what="usable") if not row.subject.startswith("shim")]
    compared = {row.subject: first_ratio([row], result.find("peers", "shim", what="usable"), but=("pages",)) for row in rows}
    found = {peer: got for peer, got in compared.items() if got}
    if not found:
        why = why_missing(result, "peers", ("shim",)) or "the rows of the peers or of the shim are missing"
        return Outcome(name, wanted, "", "", "not measured", why)
    faster = {peer: got for peer, got in found.items() if got.median <= 1 and not misses_every_call(result, peer)}
    least = min(found.values(), key=lambda got: got.median)
    most = max(found.values(), key=lambda got: got.median)
    not_slower = ", ".join(f"{peer} takes {words.times(got.median)} the shim's time" for peer, got in faster.items())
    unreached = [peer for peer in found if misses_every_call(result, peer) and peer not in ("plain", "mlock")]
    notes = [f"not slower: {not_slower}"] if faster else []
    notes += [f"no call of an unchanged program is reached by {', '.join(unreached)}"] if unreached else []
    return Outcome(
        name,
        wanted,
        f"{len(found) - len(faster)} of {len(found)}",
        f"{words.times(least.median)} – {words.times(most.median)}",
        "missed" if faster else "met",
        "; ".join([measured_on(result, least.bytes), *notes]),
    )


def misses_every_call(result: Result, peer: str) -> bool:
    return result.fact(peer, "reaches mmap") == "no" and result.fact(peer, "reaches calloc") == "no"


def table(all: list[Outcome]) -> str:
    """For a terminal."""
    lines = []
    for each in all:
        got = f"{each.got} ({each.spread})" if each.got else "-"
        lines.append(f"{each.verdict:<18}{each.name}")
        lines.append(f"{'':<18}wanted: {each.wanted}; got: {got}" + (f"; {each.note}" if each.note else ""))
    return "\n".join(lines)
