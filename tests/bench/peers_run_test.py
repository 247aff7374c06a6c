"""All peers for a moment, on real huge pages where they can be had: each is a row or is left out with a reason.

    peers_run_test.py BUILD-FOLDER
"""

import sys
import tempfile
import unittest
from pathlib import Path
from unittest import mock

import made_up  # noqa: F401  (where the suite is)
import traces
from suite.context import alone
from suite.peers import Pools, all_peers
from suite.result import Result
from suite.run import new_result
from suite.steps import peers

BUILD = Path()
SIZE = 64 << 20


def run() -> Result:
    with alone(BUILD, 1, SIZE) as context:
        result = new_result(context.machine, 0, SIZE)
        for found in peers.measure_with(context, SIZE):
            result.add(found)
        result.steps = [peer.name for peer in all_peers(context, Pools("", "", ""))]
    return result


class PeersRun(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        before = traces.thp_setting()
        with mock.patch.object(tempfile, "tempdir", folder.name):
            cls.result = run()
        cls.is_clean = traces.is_clean(Path(folder.name)) and traces.thp_setting() == before

    def test_leaves_pages_and_settings_as_they_were(self) -> None:
        self.assertTrue(self.is_clean)

    def test_measures_each_or_says_why_not(self) -> None:
        measured = {row.subject for row in self.result.find("peers", what="usable")}
        left_out = {left.subject for left in self.result.left_out if left.why}
        self.assertEqual(set(self.result.steps) - measured - left_out, set())
        self.assertLessEqual({"plain"}, measured)

    def test_gives_each_the_same_rows(self) -> None:
        for row in self.result.find("peers", what="usable"):
            for what in ("start", "release", "random read", "dependent read"):
                self.assertEqual(len(self.result.find("peers", row.subject, what=what, bytes=2 * SIZE)), 1, (row.subject, what))
            self.assertGreaterEqual(len(row.values), 2)

    def test_finds_out_what_plain_memory_is(self) -> None:
        self.assertEqual(self.result.fact("plain", "page size"), "4 KiB")
        self.assertEqual(self.result.fact("plain", "reaches mmap"), "no")

    def test_finds_out_whom_the_shim_reaches(self) -> None:
        for peer in ("shim", "shim, ZERO=never"):
            with self.subTest(peer=peer):
                if why := self.is_left_out(peer):
                    self.assertIn("asked for ", why)  # a shortage of huge pages; anything else is a fault
                    self.skipTest(why)
                self.assertEqual(self.result.fact(peer, "reaches mmap"), "yes")
                self.assertEqual(self.result.fact(peer, "reaches calloc"), "yes")
                self.assertEqual(self.result.fact(peer, "page size"), "2 MiB")

    def test_finds_out_that_a_change_in_the_source_reaches_nobody_else(self) -> None:
        for peer in ("MADV_HUGEPAGE", "MAP_HUGETLB", "libhugetlbfs"):
            with self.subTest(peer=peer):
                if why := self.is_left_out(peer):
                    self.skipTest(why)
                self.assertEqual(self.result.fact(peer, "reaches mmap"), "no")
                self.assertIn("2 MiB", self.result.fact(peer, "page size"))

    def test_labels_under_whom_it_reaches_only(self) -> None:
        for row in self.result.find("peers", what="pc1"):
            if row.subject not in ("plain", "mlock"):
                reached = [self.result.fact(row.subject, f"reaches {call}") for call in ("mmap", "calloc")]
                self.assertIn("yes", reached, row.subject)
        self.assertEqual(len(self.result.find("peers", "plain", what="pc1")), 1)

    def is_left_out(self, peer: str) -> str:
        if self.result.find("peers", peer, what="usable"):
            return ""
        return next((left.why for left in self.result.left_out if left.subject == peer), "it isn't there at all")


if __name__ == "__main__":
    BUILD = Path(sys.argv.pop(1)).resolve()
    unittest.main()
