"""What the steps do with what a machine has and lacks, and with what programs say. Nothing is reserved."""

import json
import subprocess
import tempfile
import unittest
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from unittest import mock

from made_up import GIB, MIB, context
from suite import files, programs
from suite.buffers import Peer, Taken
from suite.context import Context
from suite.mapped import Pages
from suite.result import Fact, LeftOut, NotMeasured, Row
from suite.steps import compare, creating, memory, peers, requests

PAGES = [{"page_size": 2 * MIB, "resident": 2 * MIB, "transparent": 0, "nodes": {"0": 2 * MIB}}]


@contextmanager
def reserve(**most: int) -> Iterator[None]:
    """Context.huge_pages gives so many bytes of each size of pages."""

    @contextmanager
    def huge_pages(_, page_size: int, total_bytes: int) -> Iterator[Path]:
        there = most["small" if page_size == 2 * MIB else "gigantic"]
        if total_bytes > there:
            raise NotMeasured(f"asked for {total_bytes}, got {there}")
        yield Path(f"/pages-of-{page_size}")

    with mock.patch.object(Context, "huge_pages", huge_pages):
        yield


class Memory(unittest.TestCase):
    def measure(self, **most: int) -> tuple[set[str], list[LeftOut]]:
        """The kinds of pages of which reads were measured."""

        def take(peer: Peer, *_: object) -> Taken:
            of_size = {"2 MiB": 2 * MIB, "1 GiB": GIB}.get(peer.name, 4096)
            return Taken(Pages({of_size: GIB}, GIB * (peer.name == "THP")), 0, 0, 0, 1, 1, 4e-8, 3e-7)

        nothing = {"not_built": lambda *_: "", "benchmark": lambda *_: iter(())}
        with reserve(**most), mock.patch.multiple(programs, **nothing), mock.patch.object(Peer, "take", take):
            found = list(memory.measure(replace(context(), seconds=0)))
        rows = [each for each in found if isinstance(each, Row)]
        self.assertEqual({row.subject for row in rows}, {"random", "dependent"})
        return {row.parameters["pages"] for row in rows}, [each for each in found if isinstance(each, LeftOut)]

    def test_is_read_on_all_kinds_of_pages_that_are_available(self) -> None:
        self.assertEqual(self.measure(small=100 * GIB, gigantic=100 * GIB), ({"4 KiB", "THP", "2 MiB", "1 GiB"}, []))

        kinds, left_out = self.measure(small=100 * GIB, gigantic=2 * GIB)
        self.assertEqual((kinds, {left.why for left in left_out}), ({"4 KiB", "THP", "2 MiB"}, {f"asked for {32 * GIB}, got {2 * GIB}"}))


class Requests(unittest.TestCase):
    def test_are_of_the_pools_that_there_are_pages_for(self) -> None:
        said = json.dumps({"take_seconds": 1e-4, "give_back_seconds": 1e-5, "pair_seconds": 2e-4, "pages": PAGES})
        nothing = {"not_built": lambda *_: "", "ended": lambda *_: said, "output": lambda *_: said, "running": mock.MagicMock()}
        for pages, wanted in ((1000, {1, 10, 100, 1000}), (50, {1, 10}), (0, set())):
            with reserve(small=pages * 2 * MIB, gigantic=0), mock.patch.object(requests, "make_files"), mock.patch.multiple(programs, **nothing):
                found = list(requests.measure(context(seconds=0)))
            rows = [each for each in found if isinstance(each, Row)]
            self.assertEqual({row.parameters["files"] for row in rows if row.group == "lease"}, wanted)
            self.assertEqual({row.group for row in rows}, {"lease", "mappings", "contention"} if wanted else set())
            left_out = {each.subject for each in found if isinstance(each, LeftOut)}
            self.assertEqual(len(left_out), 4 - len(wanted))

    def test_of_a_program_that_was_not_served_are_a_fault(self) -> None:
        said = {"take_seconds": 1e-4, "give_back_seconds": 1e-5, "pair_seconds": 2e-4}
        self.assertEqual(requests.parse(json.dumps({**said, "pages": PAGES}))["take_seconds"], 1e-4)
        with self.assertRaisesRegex(RuntimeError, "did not serve"):
            requests.parse(json.dumps({**said, "pages": [{**PAGES[0], "page_size": 4096}]}))

    def test_are_made_while_others_hold_all_files_but_one(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            pool = Path(folder) / "files"
            node = pool / "numa_0"
            node.mkdir(parents=True)
            for number in range(10):
                (node / str(number)).touch()

            def held() -> list[int]:
                return [subprocess.run(["flock", "--nonblock", file, "true"]).returncode for file in node.iterdir()]

            with files.leased(pool, but=1):
                self.assertEqual(sorted(held()), [0] + [1] * 9)
            part = requests.part_of(pool, 4) / "numa_0"
            self.assertEqual({file.stat().st_ino for file in part.iterdir()}, {(node / str(number)).stat().st_ino for number in range(4)})
            self.assertEqual(held(), [0] * 10)


class Creating(unittest.TestCase):
    def test_by_what_cannot_is_left_out_with_what_it_said(self) -> None:
        with tempfile.TemporaryDirectory() as name:
            build, into = Path(name), Path(name) / "files"
            program = build / files.FILE_INIT
            program.parent.mkdir(parents=True)
            program.write_text("#!/bin/sh\necho 'this is no hugetlbfs' >&2\nexit 1\n")
            program.chmod(0o755)
            into.mkdir()
            found = list(creating.measure_on(context(build, seconds=0.1, cpus=2), into, 4096, MIB))
            self.assertEqual(list(into.iterdir()), [])
        left_out = {each.subject: each.why for each in found if isinstance(each, LeftOut)}
        self.assertEqual(left_out, {"hugepage-file-init": "this is no hugetlbfs"})
        rows = [each for each in found if isinstance(each, Row)]
        self.assertEqual({row.subject for row in rows}, {"fallocate", "touch"})
        self.assertTrue(all(len(row.values) >= 2 and row.parameters["bytes"] == MIB for row in rows))


class Compare(unittest.TestCase):
    SAID = {"measured_sector_bytes": 512 * MIB, "near_node": 0, "far_node": None, "fragmented": None, "sha256": {"ns": 640.2},
            "own_kernel": {"ns": 700}, "rows": [
                {"path": "single-core", "memory": "4 KiB pages", "node": 0, "rounds_ns": [1800, 1900], "least_huge_share": 0},
                {"path": "multicore", "memory": "shim, 1 GiB pages", "node": 0, "left_out": "no memory"}]}  # fmt: skip

    def test_gives_a_row_of_each_memory_on_each_node_or_a_reason(self) -> None:
        row, pages, left, sha256, _ = compare.found_in(self.SAID)
        self.assertEqual((row.subject, row.parameters), ("4 KiB pages", {"path": "single-core", "sector": 512 * MIB}))
        self.assertAlmostEqual(row.median, 1.85e-6)
        self.assertEqual((pages.name, pages.text), ("path single-core, 512 MiB sector", "0 % huge"))
        self.assertEqual((left.subject, left.why), ("shim, 1 GiB pages, path multicore, 512 MiB sector", "no memory"))
        self.assertEqual(sha256, Fact("compare", "SHA-256 alone", "a label", "640 ns"))
        row, *_ = compare.found_in({**self.SAID, "near_node": 1, "far_node": 0, "fragmented": "16 GiB taken"})
        self.assertEqual((row.parameters["node"], row.parameters["memory"]), ("far", "fragmented"))


class AllSteps(unittest.TestCase):
    def test_say_what_is_not_built(self) -> None:
        for step in (peers, compare, requests):
            (left,) = step.measure(context())
            self.assertRegex(left.why, "^not built: /build/")
