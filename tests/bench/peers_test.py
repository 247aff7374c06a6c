"""What is made of what the peers do: whom they reach, on which nodes, how large the buffers are, which rows there are."""

import dataclasses
import json
import unittest
from contextlib import nullcontext
from pathlib import Path
from unittest import mock

from made_up import GIB, MIB, context
from suite import buffers, peers, programs
from suite.buffers import CALLOC, LOCKED, TOUCHED, Peer, Taken
from suite.mapped import Pages
from suite.peers import Pools
from suite.steps import peers as step
from suite.result import NotMeasured

PLAIN = Pages({4096: 128 * MIB}, 0, {0: 128 * MIB})
HUGE = Pages({2 * MIB: 128 * MIB}, 0, {0: 128 * MIB})


def taken(pages: Pages, **other) -> Taken:
    return Taken(**{"pages": pages, "node": 0, "not_zero": 0, "page_faults": 0, "usable": 0.5, "release": 0.1,
                    "random_read": 4e-8, "dependent_read": 3e-7, **other})  # fmt: skip


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

    def test_one_that_cannot_be_had_says_why_and_what_to_type(self) -> None:
        pools = Pools("got 3 of 64", "no 1 GiB pages", "no 1 GiB pages")
        missing = {peer.name: peer.missing for peer in peers.all_peers(context(), pools)}
        wanted = {"plain": "", "mlock": "", "MAP_HUGETLB": "got 3 of 64", "shim": "got 3 of 64", "shim, 1 GiB": "no 1 GiB pages"}
        self.assertEqual({name: missing[name] for name in wanted}, wanted)
        with mock.patch.object(peers, "library", lambda _: ""):
            found = all_named(is_root=False, thp="never")
        for name, why in (("mimalloc", "apt-get install libmimalloc2.0"), ("libhugetlbfs", "apt-get install libhugetlbfs-bin"),
                          ("hugectl", "apt-get install libhugetlbfs-bin"), ("THP always", "takes root"),
                          ("MADV_HUGEPAGE", "takes root")):  # fmt: skip
            self.assertIn(why, found[name].missing)

    def test_mimalloc_gets_pages_for_two_buffers_that_it_rounds_up(self) -> None:
        self.assertEqual(peers.mimalloc_gib_pages(64 * MIB), 1)
        self.assertEqual(peers.mimalloc_gib_pages(GIB), 3)


class Running(unittest.TestCase):
    """What is run under a peer, in which surroundings."""

    def run_by(self, run) -> tuple[list[str], dict, str]:
        entry = {"page_size": 4096, "resident": 4096, "transparent": 0, "nodes": {"0": 4096}}
        said = {"ns": 800, "pages": [entry], "node": 0, "not_zero": 0, "page_faults": 0, "bytes": 64, "hugetlb_at_start": 0,
                "usable_seconds": 1, "release_seconds": 1}  # fmt: skip
        with (
            mock.patch.object(programs, "ended", return_value=json.dumps(said)) as ended,
            mock.patch.object(buffers, "thp_for", return_value=nullcontext()) as thp_for,
        ):
            run()
        return *ended.call_args.args[:2], thp_for.call_args.args[1]

    def test_the_shim_serves_calloc_by_its_other_library(self) -> None:
        shim = all_named()["shim"]
        for way, library in ((LOCKED, "libhugepage_shim.so"), (CALLOC, "libhugepage_shim_heap.so")):
            _, variables, thp = self.run_by(lambda way=way: shim.take(context(), 64 * MIB, way))
            self.assertEqual((variables["LD_PRELOAD"], thp), (f"/build/{library}", ""))
            self.assertEqual(variables["HUGEPAGE_FILES_PATH"], "/huge/files")

    def test_none_has_transparent_pages_that_it_has_not_asked_for(self) -> None:
        found = {name: self.run_by(lambda peer=peer: peer.take(context(), MIB, TOUCHED))[2] for name, peer in all_named().items()}
        wanted = {"MADV_HUGEPAGE": "madvise", "THP always": "always", "glibc tunable, THP": "madvise"}
        self.assertEqual({name: thp for name, thp in found.items() if thp}, wanted)

    def test_labels_are_made_as_compare_makes_them(self) -> None:
        command, _, thp = self.run_by(lambda: all_named()["MADV_HUGEPAGE"].label(context(), 64 * MIB, "multicore", 1000))
        stretch = ["compare-stretch", "67108864", "1000", "multicore", "transparent", "upstream"]
        self.assertEqual((command, thp), (["/build/tools/pc1/pc1-label", *stretch], "madvise"))
        command, variables, _ = self.run_by(lambda: all_named()["hugectl"].label(context(), 64 * MIB, "single-core", 1000))
        self.assertEqual(command[:2], ["hugectl", "--heap"])
        self.assertEqual(variables["HUGETLB_PATH"], "/huge")


class Reaching(unittest.TestCase):
    def test_is_yes_no_or_in_part(self) -> None:
        found = [step.reach(taken(pages)) for pages in (HUGE, PLAIN, Pages({4096: 100 * MIB}, 40 * MIB))]
        self.assertEqual(found, ["yes", "no", "in part (40 %)"])

    def test_of_nodes_is_judged_for_a_thread_on_each(self) -> None:
        self.assertEqual(step.verdict_on_nodes({0: 1.0, 1: 0.995}), "yes")
        self.assertEqual(step.verdict_on_nodes({0: 1.0, 1: 0.37}), "no: 37 % for a thread on node 1")
        self.assertEqual(step.verdict_on_nodes({}), "-")
        self.assertEqual(step.nodes_found(context(), ["plain"]), {"plain": "only one node here"})

    def test_on_fragmented_memory_is_asked_of_those_that_have_huge_pages(self) -> None:
        looks = {peer: step.Look(taken(pages), taken(pages), taken(pages)) for peer, pages in (
            (Peer("plain", "", "", TOUCHED), PLAIN), (Peer("THP", "", "", LOCKED, thp="always"), HUGE))}  # fmt: skip
        rest = Pages({4096: 100 * MIB}, 25 * MIB)
        fragmented = mock.Mock(fragmented_memory=lambda: nullcontext("16 GiB free"))
        with mock.patch.object(Peer, "take", lambda *_: taken(rest)):
            found = list(step.on_fragmented_memory(fragmented, 64 * MIB, looks))
        self.assertEqual([(each.subject, each.text) for each in found], [("memory", "16 GiB free"), ("THP", "25 %")])


class Size(unittest.TestCase):
    def test_is_what_memory_and_time_allow(self) -> None:
        self.assertEqual(step.largest(32 * GIB, 118 * GIB, 1e9), 16 * GIB)  # of 128 GiB
        self.assertEqual(step.largest(32 * GIB, 22 * GIB, 1e9), 2 * GIB)
        self.assertEqual(step.largest(32 * GIB, 128 * GIB, 120), 512 * MIB)
        self.assertEqual(step.largest(32 * GIB, 128 * GIB, 1), 64 * MIB)
        self.assertEqual(step.largest(GIB, 128 * GIB, 1e9), GIB)


class Rounds(unittest.TestCase):
    def setUp(self) -> None:
        self.peer = Peer("peer", "", "", LOCKED)
        self.rounds = step.Rounds(context(), 64 * MIB, {self.peer: step.Look(taken(HUGE), taken(HUGE), taken(PLAIN))})

    def one(self, **other) -> dict[str, float]:
        with mock.patch.object(Peer, "take", lambda *_, **__: taken(**{"pages": HUGE, **other})):
            return self.rounds.by_one(self.peer)

    def test_in_which_memory_was_not_zero_or_on_other_pages_than_at_first_do_not_count(self) -> None:
        self.assertEqual(self.one()["usable"], 0.5)
        for other, why in (({"pages": PLAIN}, "it had 2 MiB at first, and 4 KiB later"), ({"not_zero": 1}, "weren't zero")):
            with self.assertRaisesRegex(NotMeasured, why):
                self.one(**other)

    def test_count_however_many_pages_the_kernel_makes_transparent_ones(self) -> None:
        half, all_of_it = (Pages({4096: 128 * MIB}, share * MIB) for share in (64, 128))
        self.rounds.compare(dataclasses.replace(self.peer, thp="madvise"), half, all_of_it)
        with self.assertRaises(NotMeasured):
            self.rounds.compare(self.peer, half, all_of_it)

    def test_compare_the_pages_of_labels_with_those_of_the_same_call(self) -> None:
        for path, pages in (("single-core", PLAIN), ("multicore", HUGE)):
            with mock.patch.object(Peer, "label", lambda *_, pages=pages: (8e-7, pages)):
                self.assertEqual(self.rounds.label(self.peer, path), {f"label, {path}": 8e-7})
        with mock.patch.object(Peer, "label", lambda *_: (8e-7, HUGE)), self.assertRaises(NotMeasured):
            self.rounds.label(self.peer, "single-core")
        asking = Peer("asking", "", "", LOCKED, thp="madvise", labels="transparent")
        with mock.patch.object(Peer, "label", lambda *_: (8e-7, PLAIN)), self.assertRaisesRegex(NotMeasured, "had 4 KiB, though"):
            self.rounds.label(asking, "multicore")

    def test_touch_in_the_same_way_but_by_all_threads(self) -> None:
        asked = []
        with mock.patch.object(step.Rounds, "take", lambda _, peer, way: asked.append(way) or taken(HUGE)):
            for arguments in (LOCKED, CALLOC, ("--way", "map-hugetlb", "--page-size", "2097152", "--mlock")):
                self.rounds.by_all(dataclasses.replace(self.peer, arguments=arguments))
        by_all = ("--threads", "16")
        ways = [("--way", "mmap", *by_all), ("--way", "calloc", *by_all), ("--way", "map-hugetlb", "--page-size", "2097152", *by_all)]
        self.assertEqual(asked, ways)

    def test_make_rows_that_can_be_compared_with_each_other(self) -> None:
        with mock.patch.object(Peer, "take", lambda *_, **__: taken(HUGE)), mock.patch.object(Peer, "label", lambda *_: (8e-7, HUGE)):
            found = list(step.rows(self.rounds, 0))
        (left,) = (each for each in found if isinstance(each, step.LeftOut))
        self.assertEqual((left.subject, left.why), ("peer", "single-core: it had 4 KiB at first, and 2 MiB later"))
        parameters = {row.parameters["what"]: row.parameters for row in found if row is not left}
        self.assertEqual(parameters["usable"], {"what": "usable", "bytes": 128 * MIB})
        self.assertEqual(parameters["usable by all threads"]["threads"], 16)
        self.assertIn("label, multicore", parameters)
