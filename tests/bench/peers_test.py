"""What is made of what the peers do: whom they reach, on which nodes, how large the buffers are, which rows there are."""

import dataclasses
import unittest
from contextlib import nullcontext
from pathlib import Path
from unittest import mock

import made_up
from suite import buffers, peers
from suite.buffers import Failed, Pages, Taken
from suite.context import Context
from suite.machine import Machine
from suite.peers import Peer, Pools
from suite.rows import Row
from suite.steps import peers as step

MIB = 1 << 20
GIB = 1 << 30
PLAIN = Pages({4096: 128 * MIB}, 0, {0: 128 * MIB})
HUGE = Pages({2 * MIB: 128 * MIB}, 0, {0: 128 * MIB})


def context(**other) -> Context:
    return Context(Path("/build"), Path("/scratch"), 60, Machine(**{**made_up.MACHINE, **other}), 32 * GIB)


def taken(pages: Pages, **other) -> Taken:
    return Taken(**{"pages": pages, "node": 0, "not_zero": 0, "page_faults": 0, "start": 1e-3, "usable": 0.5, "release": 0.1,
                    "random_read": 4e-8, "dependent_read": 3e-7, "wall": 1.0, **other})  # fmt: skip


def all_named(**other) -> dict[str, Peer]:
    pools = Pools(Path("/huge"), Path("/gib"), Path("/free"), 3)
    return {peer.name: peer for peer in peers.all_peers(context(**other), pools)}


class Peers(unittest.TestCase):
    def test_each_that_is_agreed_on_is_there_and_described(self) -> None:
        found = all_named()
        agreed = {"plain", "mlock", "MADV_HUGEPAGE", "THP always", "MAP_HUGETLB", "libhugetlbfs", "hugectl", "mimalloc",
                  "glibc tunable", "shim", "shim, ZERO=never"}  # fmt: skip
        self.assertLessEqual(agreed, found.keys())
        for peer in found.values():
            self.assertTrue(peer.what and peer.setting_up, peer.name)

    def test_one_without_its_pages_says_why(self) -> None:
        pools = Pools("got 3 of 64", "no 1 GiB pages", "no 1 GiB pages")
        missing = {peer.name: peer.missing for peer in peers.all_peers(context(), pools)}
        self.assertEqual(missing["MAP_HUGETLB"], "got 3 of 64")
        self.assertEqual(missing["shim"], "got 3 of 64")
        self.assertEqual(missing["shim, 1 GiB"], "no 1 GiB pages")
        self.assertEqual((missing["plain"], missing["mlock"]), ("", ""))

    def test_one_that_is_not_installed_says_what_to_type(self) -> None:
        with mock.patch.object(buffers, "library", lambda _: ""):
            found = all_named()
        self.assertIn("apt-get install libmimalloc2.0", found["mimalloc"].missing)
        self.assertIn("apt-get install libhugetlbfs-bin", found["libhugetlbfs"].missing)
        self.assertIn("apt-get install libhugetlbfs-bin", found["hugectl"].missing)

    def test_transparent_pages_need_a_kernel_and_for_all_programs_root(self) -> None:
        self.assertIn("no transparent", all_named(thp="none")["THP always"].missing)
        self.assertIn("takes root", all_named(is_root=False)["THP always"].missing)
        self.assertEqual(all_named(is_root=False, thp="always")["THP always"].missing, "")
        self.assertIn("echo madvise", all_named(thp="never")["MADV_HUGEPAGE"].missing)
        self.assertIn("takes root", all_named(is_root=False, thp="always")["MADV_HUGEPAGE"].missing)

    def test_have_no_transparent_pages_that_they_have_not_asked_for(self) -> None:
        done = []
        with (
            mock.patch.object(buffers, "no_thp", lambda: done.append("none") or nullcontext()),
            mock.patch.object(buffers, "thp_for", lambda _, whom: done.append(whom) or nullcontext()),
        ):
            for thp in ("always", "madvise"):
                machine = context(thp=thp)
                for name in ("plain", "MADV_HUGEPAGE", "THP always", "mimalloc", "glibc tunable, THP"):
                    with all_named(thp=thp)[name].surroundings(machine):
                        done.append(name)
        self.assertEqual(done, [
            "none", "plain", "madvise", "MADV_HUGEPAGE", "always", "THP always", "none", "mimalloc",
            "madvise", "glibc tunable, THP",
            "none", "plain", "MADV_HUGEPAGE", "always", "THP always", "none", "mimalloc", "glibc tunable, THP",
        ])  # fmt: skip

    def test_the_shim_serves_calloc_by_its_other_library(self) -> None:
        shim = all_named()["shim"]
        self.assertEqual(shim.variables(peers.LOCKED)["LD_PRELOAD"], "/build/libhugepage_shim.so")
        self.assertEqual(shim.variables(peers.CALLOC)["LD_PRELOAD"], "/build/libhugepage_shim_heap.so")
        self.assertEqual(shim.variables(peers.LOCKED)["HUGEPAGE_FILES_PATH"], "/huge/files")

    def test_mimalloc_gets_pages_for_two_buffers_that_it_rounds_up(self) -> None:
        self.assertEqual(peers.mimalloc_gib_pages(64 * MIB), 1)
        self.assertEqual(peers.mimalloc_gib_pages(GIB), 3)


class Reaching(unittest.TestCase):
    def test_is_yes_no_or_in_part(self) -> None:
        self.assertEqual(step.reach(taken(HUGE)), "yes")
        self.assertEqual(step.reach(taken(PLAIN)), "no")
        self.assertEqual(step.reach(taken(Pages({4096: 100 * MIB}, 40 * MIB, {}))), "in part (40 %)")

    def test_chooses_how_pc1_label_gets_its_buffers(self) -> None:
        def way(by_mmap: Pages, by_calloc: Pages) -> str:
            return step.Look(taken(HUGE), taken(by_mmap), taken(by_calloc)).way_reached()

        self.assertEqual((way(HUGE, HUGE), way(PLAIN, HUGE), way(PLAIN, PLAIN)), ("mmap", "calloc", ""))

    def test_of_nodes_is_judged_for_a_thread_on_each(self) -> None:
        self.assertEqual(step.verdict_on_nodes({0: 1.0, 1: 0.995}), "yes")
        self.assertEqual(step.verdict_on_nodes({0: 1.0, 1: 0.37}), "no: 37 % for a thread on node 1")
        self.assertEqual(step.verdict_on_nodes({}), "-")
        self.assertEqual(step.nodes_found(context(), ["plain"]), {"plain": "only one node here"})


class Size(unittest.TestCase):
    def test_is_what_fits_six_times_into_memory_with_some_room(self) -> None:
        self.assertEqual(step.largest(32 * GIB, 118 * GIB, 1e9), 16 * GIB)  # of 128 GiB
        self.assertEqual(step.largest(32 * GIB, 22 * GIB, 1e9), 2 * GIB)

    def test_is_no_more_than_the_time_allows_or_was_asked_for(self) -> None:
        self.assertEqual(step.largest(32 * GIB, 128 * GIB, 86), 512 * MIB)
        self.assertEqual(step.largest(32 * GIB, 128 * GIB, 1), 64 * MIB)
        self.assertEqual(step.largest(GIB, 128 * GIB, 1e9), GIB)


class Rounds(unittest.TestCase):
    def setUp(self) -> None:
        self.peer = Peer("peer", "", "", peers.LOCKED)
        look = step.Look(taken(HUGE), taken(HUGE), taken(PLAIN))
        self.rounds = step.Rounds(context(), 64 * MIB, {"peer": look})

    def one(self, **other) -> dict[str, float]:
        with mock.patch.object(Peer, "take", lambda *_, **__: taken(**{"pages": HUGE, **other})):
            return self.rounds.guarded("peer", lambda: self.rounds.one(self.peer))()

    def test_have_a_value_for_each_thing(self) -> None:
        self.assertEqual(self.one().keys(), {"start", "usable", "release", "random read", "dependent read"})
        self.assertEqual(self.rounds.failures, {})

    def test_in_which_pages_were_others_than_at_first_do_not_count(self) -> None:
        self.assertEqual(self.one(pages=PLAIN), {})
        self.assertEqual(self.rounds.failures, {"peer": "it had 2 MiB at first, and 4 KiB later"})
        self.assertEqual(self.one(), {})

    def test_count_however_many_pages_the_kernel_makes_transparent_ones(self) -> None:
        half, all_of_it = (Pages({4096: 128 * MIB}, share * MIB, {}) for share in (64, 128))
        self.rounds.compare(dataclasses.replace(self.peer, thp="madvise"), half, all_of_it)
        with self.assertRaises(Failed):
            self.rounds.compare(self.peer, half, all_of_it)

    def test_in_which_memory_was_not_zero_do_not_count(self) -> None:
        self.assertEqual(self.one(not_zero=1), {})
        self.assertIn("weren't zero", self.rounds.failures["peer"])
        self.rounds.failures.clear()
        self.peer = dataclasses.replace(self.peer, is_zero=False)
        self.assertEqual(self.one(not_zero=1)["usable"], 0.5)

    def test_touch_in_the_same_way_but_by_all_threads(self) -> None:
        asked = []
        with mock.patch.object(Peer, "take", lambda _, context, size, way, reads: asked.append(way) or taken(HUGE)):
            for arguments in (peers.LOCKED, peers.CALLOC, ("--way", "map-hugetlb", "--page-size", "2097152", "--mlock")):
                self.rounds.by_all(dataclasses.replace(self.peer, arguments=arguments))
        self.assertEqual(asked, [
            ("--way", "mmap", "--threads", "16"),
            ("--way", "calloc", "--threads", "16"),
            ("--way", "map-hugetlb", "--page-size", "2097152", "--threads", "16"),
        ])  # fmt: skip

    def test_make_rows_that_can_be_compared_with_each_other(self) -> None:
        def row(subject: str, what: str) -> Row:
            return next(iter(step.rows_of(subject, {what: [1.0, 2.0]}, 64 * MIB, 16)))

        plain, by_all = row("plain", "usable"), row("plain, touched by all threads", "usable by all threads")
        pc1 = row("shim, 1 GiB, pc1-label", "pc1")
        self.assertEqual((plain.subject, plain.parameters), ("plain", {"what": "usable", "bytes": 128 * MIB, "buffers": 2}))
        self.assertEqual((by_all.subject, by_all.parameters["threads"]), ("plain", 16))
        self.assertEqual((pc1.subject, pc1.parameters["path"]), ("shim, 1 GiB", "single-core"))


if __name__ == "__main__":
    unittest.main()
