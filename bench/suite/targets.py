"""What the project wants to reach, as ratios within one run, and what a run has found of it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from suite import words
from suite.result import Result, Row

GIB = 1 << 30


@dataclass(frozen=True)
class Ratio:
    """How many times the first row's median is the second's, and the same of each round."""

    median: float
    rounds: tuple[float, ...]
    bytes: int = 0  # 0 where the size plays no part


@dataclass(frozen=True)
class Target:
    name: str
    wanted: str
    measure: Callable[[Result], Ratio | None]
    is_met: Callable[[float], bool]
    step: str  # that measures it
    shown: Callable[[float], str] = words.times
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
    return Ratio(first.median / second.median, rounds, int(second.parameters.get("bytes", 0)))


def pairs(firsts: list[Row], seconds: list[Row], but: str) -> Iterator[tuple[Row, Row]]:
    """Those whose parameters are equal, except this one; those of the most memory, then of the most threads, first."""

    def rest(row: Row) -> dict:
        return {name: value for name, value in row.parameters.items() if name != but}

    def most(row: Row) -> tuple:
        return row.parameters.get("bytes", 0), row.parameters.get("threads", 0)

    seconds = sorted(seconds, key=most, reverse=True)
    for first in sorted(firsts, key=most, reverse=True):
        yield from ((first, second) for second in seconds if rest(first) == rest(second))


def first_ratio(firsts: list[Row], seconds: list[Row], but: str = "") -> Ratio | None:
    return next((ratio(first, second) for first, second in pairs(firsts, seconds, but)), None)


def peers(slow: str, fast: str, what: str) -> Callable[[Result], Ratio | None]:
    return lambda result: first_ratio(result.find("peers", slow, what=what), result.find("peers", fast, what=what))


def random_reads(result: Result) -> Ratio | None:
    plain, huge = (result.find("reads", "random", pages=pages) for pages in ("4 KiB", "2 MiB"))
    return first_ratio(plain, huge, but="pages") or peers("plain", "shim", "random read")(result)


def creating(result: Result) -> Ratio | None:
    return first_ratio(result.find("creating", "fallocate"), result.find("creating", "hugepage-file-init"), but="threads")


def zeroing(result: Result) -> Ratio | None:
    return first_ratio(result.find("zeroing", "shim"), result.find("zeroing", "bandwidth"))


def crowded_lease(result: Result) -> Ratio | None:
    """No ratio, but seconds: of the slowest, where it was measured in several ways."""
    rows = result.find("lease", "take", files=1000, leased=999)
    slowest = max(rows, key=lambda row: row.median, default=None)
    return slowest and Ratio(slowest.median, tuple(slowest.values))


def at_least(wanted: float) -> Callable[[float], bool]:
    return lambda got: got >= wanted


TARGETS = (
    Target("32 GiB usable and zero, against mmap and mlock, on 16 cores", "25 × faster", peers("mlock", "shim", "usable"),
           at_least(25), "peers", bytes=32 * GIB, cpus=16),
    Target("32 GiB usable with HUGEPAGE_ZERO=never, against mmap and mlock, on 16 cores", "500 × faster",
           peers("mlock", "shim, ZERO=never", "usable"), at_least(500), "peers", bytes=32 * GIB, cpus=16),
    Target("Zeroing, of the write bandwidth measured beside it", "90 %", zeroing, at_least(0.9), "memory",
           shown=lambda got: f"{100 * got:.0f} %"),
    Target("Release of 32 GiB, against munmap of plain memory", "100 × faster", peers("plain", "shim", "release"),
           at_least(100), "peers", bytes=32 * GIB),
    Target("Random 32-byte reads over 32 GiB, against plain memory", "1.7 × faster", random_reads, at_least(1.7), "memory",
           bytes=32 * GIB),
    Target("hugepage-file-init of 32 GiB, against fallocate, on 16 cores", "6 × faster", creating, at_least(6), "creating",
           bytes=32 * GIB, cpus=16),
    Target("A lease from a pool of 1,000 files of which 999 are leased", "under 1 ms", crowded_lease, lambda got: got < 1e-3,
           "requests", shown=words.seconds),
)  # fmt: skip


def outcomes(result: Result) -> list[Outcome]:
    return [outcome(target, result) for target in TARGETS] + [every_peer(result)]


def outcome(target: Target, result: Result) -> Outcome:
    got = target.measure(result)
    if got is None:
        return Outcome(target.name, target.wanted, "", "", "not measured", why_missing(result, target.step))
    is_less = got.bytes < target.bytes or result.machine["cpus"] < target.cpus
    otherwise = sum(target.is_met(each) != target.is_met(got.median) for each in got.rounds)
    unsure = f"otherwise in {otherwise} of {len(got.rounds)} rounds" if otherwise else ""
    return Outcome(
        target.name,
        target.wanted,
        target.shown(got.median),
        words.spread(got.rounds, target.shown),
        "measured on less" if is_less else "met" if target.is_met(got.median) else "missed",
        measured_on(result, got.bytes) if is_less else unsure,
    )


def measured_on(result: Result, bytes: int) -> str:
    return f"on {words.count(result.machine['cpus'], 'core')}, {words.size(bytes)}"


def why_missing(result: Result, step: str) -> str:
    return "rows of it are missing: see what was left out" if step in result.steps else f"the step {step} was not run"


def every_peer(result: Result) -> Outcome:
    """Each peer takes longer than the shim until memory is usable, or doesn't reach the sealer's calls at all."""
    name, wanted = "Every peer, until memory is usable", "slower, or doesn't reach the call"
    rows = [row for row in result.find("peers", what="usable") if not row.subject.startswith("shim")]
    compared = {row.subject: first_ratio([row], result.find("peers", "shim", what="usable")) for row in rows}
    found = {peer: got for peer, got in compared.items() if got}
    if not found:
        return Outcome(name, wanted, "", "", "not measured", why_missing(result, "peers"))
    faster = {peer: got for peer, got in found.items() if got.median <= 1 and not misses_every_call(result, peer)}
    not_slower = ", ".join(f"{peer} takes {words.times(got.median)} the shim's time" for peer, got in faster.items())
    unreached = [peer for peer in found if misses_every_call(result, peer) and peer not in ("plain", "mlock")]
    notes = [measured_on(result, next(iter(found.values())).bytes)]
    notes += [f"not slower: {not_slower}"] if faster else []
    notes += [f"no call of an unchanged program is reached by {', '.join(unreached)}"] if unreached else []
    return Outcome(
        name,
        wanted,
        f"{len(found) - len(faster)} of {len(found)}",
        words.spread([got.median for got in found.values()], words.times),
        "missed" if faster else "met",
        "; ".join(notes),
    )


def misses_every_call(result: Result, peer: str) -> bool:
    return all(result.fact("peers", peer, f"reaches {call}") == "no" for call in ("mmap", "calloc"))
