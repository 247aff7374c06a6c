"""PC1's labelling on ordinary pages, transparent huge pages and with the shim: by one sealer, and by as many as cores allow."""

from collections.abc import Iterator

from suite import buffers, labelling
from suite.context import Context
from suite.labelling import GIB, GROUP, MIB, Scenario
from suite.rows import Fact, LeftOut, Row

TITLE = "Labelling (PC1)"
WEIGHT = 6

SMALL = 512 * MIB  # the smaller of the two sectors that are sealed for rehearsal
LEAST = 8 * MIB
MOST = 32 * GIB
ROUNDS = 4  # with the one that doesn't count
SECONDS_PER_NODE = 1.5e-6  # at most, or so: for choosing how many nodes
OVERHEAD_PER_BYTE = 0.7e-9  # seconds, by and large, for taking, filling and giving back the buffers: for choosing the sector


def measure(context: Context) -> Iterator[Row | Fact | LeftOut]:
    missing = buffers.not_built(context, buffers.PC1_LABEL, buffers.FILE_INIT, *buffers.LIBRARIES)
    if missing:
        yield LeftOut(GROUP, "all", missing)
        return
    all_cores = labelling.cores()
    wanted, left_out = scenarios(context, all_cores)
    yield from left_out
    for scenario in wanted:
        yield from labelling.measure(context, scenario, context.seconds / len(wanted))


def scenarios(context: Context, all_cores: list[int]) -> tuple[list[Scenario], list[LeftOut]]:
    """Both paths: one sealer with a small sector and with the largest that fits, and all cores' sealers with small ones."""
    wanted, left_out = [], []
    for path in ("single-core", "multicore"):
        threads = labelling.threads_of(path)
        most_sealers = len(all_cores) // threads
        large = largest(context, 1)
        of_many = min(SMALL, largest(context, most_sealers))
        for sealers, sector in dict.fromkeys([(1, min(SMALL, large)), (1, large), (most_sealers, of_many)]):
            cpus = labelling.places(all_cores, threads, sealers) if sealers else None
            if cpus:
                wanted.append(Scenario(path, sector, cpus, nodes_for(context)))
        if most_sealers < 2:
            why = f"{path}, sealers at once: two of them take {2 * threads} cores, and here are {len(all_cores)}"
            left_out.append(LeftOut(GROUP, "all", why))
    return wanted, left_out


def largest(context: Context, sealers: int) -> int:
    """The largest power of two: its buffers fit twice into memory, and its runs' overhead into a sixth of the time."""
    size = LEAST
    runs = ROUNDS * len(labelling.VARIANTS)

    def fits(sector: int) -> bool:
        held = 2 * sector * max(sealers, 1)
        fits_memory = 2 * held <= labelling.FREE_SHARE * context.machine.memory_free_bytes
        return fits_memory and runs * held * OVERHEAD_PER_BYTE <= context.seconds_for_sizes / 6

    while size < min(MOST, context.buffer_bytes) and fits(2 * size):
        size *= 2
    return size


def nodes_for(context: Context) -> int:
    """So many that labelling takes about half of a scenario's time."""
    seconds = context.seconds_for_sizes / 6 / ROUNDS / len(labelling.VARIANTS) / 2
    return max(20_000, min(20_000_000, int(seconds / SECONDS_PER_NODE)))
