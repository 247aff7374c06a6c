"""mtail counts what the library writes, from a file and from a pipe, such as one that the journal is written to.

usage: mtail_test.py BUILD-FOLDER"""

import os
import re
import sys
import tempfile
import time
from pathlib import Path

import pool
import programs
from programs import MTAIL

SIZE = pool.MIB
SAMPLE = re.compile(r"^(hugepage_shim_\w+)\{([^}]*)\} (\S+)$", flags=re.M)


def samples_in(text: str) -> dict[tuple[str, ...], float]:
    """By name and labels, in the order of these, without mtail's own."""
    return {
        (name, *(value for label, value in sorted(re.findall(r'(\w+)="([^"]*)"', labels)) if label != "prog")): float(value)
        for name, labels, value in SAMPLE.findall(text)
    }


def write_log(build: Path, folder: Path, log: Path) -> Path:
    """By sealers that find one file for two buffers, none on their node, one that is refused, and none in require mode. Returns the file that was leased."""
    leased = pool.add_file(folder / "short", 0, "a; b", SIZE)
    pool.add_file(folder / "other", 1, "a", SIZE)
    pool.add_file(folder / "open", 0, "a", SIZE, mode=0o644)
    for name in ("short", "other", "open"):
        assert pool.sealer(build, folder / name, log, SIZE).wait() == 0
    assert pool.sealer(build, folder / "other", log, SIZE, HUGEPAGE_MODE="require").wait() != 0
    with log.open("a") as file:
        file.write("what a sealer says: unable to alloc numa memory, reason: its own\n")
        file.write("2026-08-19T10:12:14.731440277+00:00 WARN ThreadId(01) hugepage_shim::log: 3 lines were dropped\n")
    return leased


def main() -> None:
    build = Path(sys.argv[1])
    command = [programs.program("mtail"), "--progs", str(MTAIL.parent), "--logtostderr", "--address", "127.0.0.1"]
    # /dev/shm: a tmpfs everywhere.
    with tempfile.TemporaryDirectory(dir="/dev/shm") as name:
        folder = Path(name)
        log, pipe = folder / "log", folder / "pipe"
        begin = int(time.time())
        leased = write_log(build, folder, log)
        end = time.time()
        text = log.read_text()
        os.mkfifo(pipe)
        port = programs.free_port()
        with programs.running([*command, "--port", str(port), "--logs", str(pipe)], folder / "said"):
            programs.until("mtail listens", lambda: programs.asked(f"http://127.0.0.1:{port}/metrics") is not None)
            with pipe.open("w") as file:
                file.write(text)
                file.flush()
                wanted = len(text.splitlines())

                def counted() -> dict[tuple[str, ...], float]:
                    return samples_in(programs.asked(f"http://127.0.0.1:{port}/metrics") or "")

                programs.until(f"mtail has read {wanted} lines", lambda: counted().get(("hugepage_shim_dropped_log_lines_total",)) == 3)
                samples = counted()
        when = samples.pop(("hugepage_shim_last_lease_timestamp_seconds", str(leased)))
        assert begin <= when <= end, (begin, when, end)
        fallbacks = {key[1:]: value for key, value in samples.items() if key[0] == "hugepage_shim_fallbacks_total"}
        # The second buffer of the first sealer; both of the next two, and the first of the last, which ends there.
        assert fallbacks == {("0", "all_leased", str(SIZE)): 1, ("0", "no_file_for_size", str(SIZE)): 3, ("0", "insecure", str(SIZE)): 2}, fallbacks
        assert samples[("hugepage_shim_refused_files_total", "insecure")] == 1, samples
        assert samples[("hugepage_shim_leases_total", "0")] == 1, samples


main()
