"""What the steps memory, requests and creating do with what a machine has and lacks. Nothing is reserved."""

import tempfile
import unittest
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

import made_up
from suite import programs
from suite.context import Context
from suite.machine import Machine
from suite.pages import Shortage
from suite.rows import LeftOut, Row
from suite.steps import creating, memory, requests

MIB, GIB = 1 << 20, 1 << 30


class Reserve:
    """In the place of Context.huge_pages: gives so many bytes of each size of pages, and knows what is held."""

    def __init__(self, **most: int) -> None:
        self.most = {2 * MIB: most["small"], GIB: most["gigantic"]}
        self.held = 0
        self.most_held = 0

    @contextmanager
    def huge_pages(self, page_size: int, total_bytes: int) -> Iterator[Path]:
        if total_bytes > self.most[page_size]:
            raise Shortage(f"asked for {total_bytes}, got {self.most[page_size]}")
        self.held += total_bytes
        self.most_held = max(self.held, self.most_held)
        yield Path(f"/pages-of-{page_size}")
        self.held -= total_bytes


class Steps(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def context(self, reserve: Reserve, buffer_bytes: int, seconds: float = 60) -> Context:
        machine = Machine(**{**made_up.MACHINE, "cpus": 2, "memory_free_bytes": 120 * GIB})
        context = mock.Mock(build=self.folder, scratch=self.folder, seconds=seconds, machine=machine, buffer_bytes=buffer_bytes)
        context.huge_pages = reserve.huge_pages
        return context

    def runs(self, step: object, context: Context) -> tuple[list[dict], list[LeftOut]]:
        """How the step has programs run, and what it leaves out itself."""
        with mock.patch.object(programs, "run", autospec=True, return_value=iter(())) as run:
            found = list(step.measure(context))
        calls = [{"program": call.args[1], **call.kwargs} for call in run.call_args_list]
        return calls, [each for each in found if isinstance(each, LeftOut)]

    def test_all_kinds_of_pages_are_compared_at_once_where_they_can_be_had(self) -> None:
        reserve = Reserve(small=100 * GIB, gigantic=100 * GIB)
        calls, left_out = self.runs(memory, self.context(reserve, 32 * GIB))
        self.assertEqual([call["filter"].split("/")[0] for call in calls], ["^reads", "^zeroing", "^populate"])
        for call in calls:
            self.assertIn("(4 KiB|THP|2 MiB|1 GiB)", call["filter"])
            self.assertEqual(call["environment"]["BENCH_HUGETLBFS_1G"], f"/pages-of-{GIB}")
        self.assertEqual(left_out, [])
        self.assertEqual((reserve.held, reserve.most_held), (0, 64 * GIB))
        self.assertLessEqual(sum(call["seconds"] for call in calls), 60)

    def test_few_gigantic_pages_are_compared_with_all_others_on_as_few_bytes(self) -> None:
        reserve = Reserve(small=100 * GIB, gigantic=2 * GIB)
        calls, left_out = self.runs(memory, self.context(reserve, 32 * GIB))
        groups = [call["filter"].split("/")[0] for call in calls]
        self.assertEqual(groups, ["^reads", "^zeroing", "^reads", "^zeroing", "^populate"])
        self.assertEqual([int(call["environment"]["BENCH_BYTES"]) // GIB for call in calls], [32, 32, 2, 2, 1])
        self.assertEqual(["1 GiB" in call["filter"] for call in calls], [False, False, True, True, True])
        self.assertEqual({each.group for each in left_out}, {"reads", "zeroing"})
        self.assertEqual(reserve.held, 0)
        self.assertLessEqual(sum(call["seconds"] for call in calls), 60)

    def test_without_huge_pages_ordinary_ones_are_measured_and_the_rest_is_left_out(self) -> None:
        calls, left_out = self.runs(memory, self.context(Reserve(small=0, gigantic=0), 64 * MIB))
        for call in calls:
            self.assertIn("(4 KiB|THP)/", call["filter"])
            self.assertNotIn("BENCH_HUGETLBFS", call["environment"])
        self.assertEqual({each.group for each in left_out}, {"reads", "zeroing", "populate"})
        self.assertTrue(all(each.why for each in left_out))

    def test_the_more_time_the_more_is_populated(self) -> None:
        self.assertEqual(memory.populate_bytes(64 * MIB, 1000), 64 * MIB)
        self.assertEqual(memory.populate_bytes(32 * GIB, 1), GIB)
        self.assertEqual(memory.populate_bytes(32 * GIB, 100), 4 * GIB)
        self.assertEqual(memory.populate_bytes(32 * GIB, 100_000), 32 * GIB)

    def test_with_fewer_pages_only_the_largest_pool_is_left_out(self) -> None:
        for pages, wanted in ((2000, 1), (500, 1), (100, 0)):
            calls, left_out = self.runs(requests, self.context(Reserve(small=pages * 2 * MIB, gigantic=0), GIB))
            self.assertEqual(len(calls), wanted)
            self.assertEqual({each.group for each in left_out}, set() if wanted else set(requests.GROUPS))

    def test_what_cannot_make_a_file_is_left_out_with_what_it_said(self) -> None:
        program = self.folder / "tools/file_init/hugepage-file-init"
        program.parent.mkdir(parents=True)
        program.write_text("#!/bin/sh\necho 'this is no hugetlbfs' >&2\nexit 1\n")
        program.chmod(0o755)
        files = self.folder / "files"
        files.mkdir()
        context = self.context(Reserve(small=0, gigantic=0), MIB, seconds=0.1)
        found = list(creating.measure_on(context, files, 4096, MIB))
        left_out = {each.subject: each.why for each in found if isinstance(each, LeftOut)}
        self.assertEqual(left_out, {"hugepage-file-init": "this is no hugetlbfs"})
        rows = [each for each in found if isinstance(each, Row)]
        self.assertEqual({row.subject for row in rows}, {"fallocate", "dd", "touch"})
        self.assertTrue(all(len(row.values) >= 2 and row.parameters["bytes"] == MIB for row in rows))
        self.assertEqual(list(files.iterdir()), [])

    def test_a_file_with_holes_was_not_made(self) -> None:
        (self.folder / "sparse").touch()
        with open(self.folder / "sparse", "r+b") as file:
            file.truncate(MIB)
        with self.assertRaisesRegex(OSError, "allocated"):
            creating.expect_whole(self.folder, MIB)


if __name__ == "__main__":
    unittest.main()
