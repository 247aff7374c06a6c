"""What memory lies on, and what is made of a report of two buffers: whether they were usable at all."""

import json
import unittest

import made_up  # noqa: F401  (where the suite is)
from suite import buffers, mapped
from suite.mapped import Pages

MIB = 1 << 20
GIB = 1 << 30
SMALL = 4096


def report(**other) -> str:
    entry = {"page_size": SMALL, "resident": 128 * MIB, "transparent": 0, "nodes": {"0": 128 * MIB}}
    usual = {
        "start_seconds": 0.25, "hugetlb_at_start": 0, "usable_seconds": 0.5, "release_seconds": 0.1, "bytes": 64 * MIB,
        "not_zero": 0, "page_faults": 0, "node": 0, "pages": [entry], "random_read_seconds": 4e-8, "dependent_read_seconds": 3e-7,
    }  # fmt: skip
    return json.dumps({**usual, **other})


# A calloc of 64 MiB in part on transparent huge pages, a window that is only kept free, a served buffer, and what is too small.
SMAPS = """\
7f0000000000-7f0004001000 rw-p 00000000 00:00 0
Size:              65540 kB
KernelPageSize:        4 kB
Rss:               65540 kB
AnonHugePages:     40960 kB
Shared_Hugetlb:        0 kB
Private_Hugetlb:       0 kB
VmFlags: rd wr mr mw me ac
7f1000000000-7f1100000000 ---p 00000000 00:00 0
Size:            4194304 kB
KernelPageSize:        4 kB
Rss:                   0 kB
AnonHugePages:         0 kB
7f2000000000-7f2004000000 rw-s 00000000 00:3a 5 /pool/numa_1/file 1
Size:              65536 kB
KernelPageSize:     2048 kB
Rss:                   0 kB
AnonHugePages:         0 kB
Shared_Hugetlb:    65536 kB
7f3000000000-7f3000800000 rw-p 00000000 00:00 0
Size:               8192 kB
KernelPageSize:        4 kB
Rss:                8192 kB
"""
NUMA_MAPS = """\
7f0000000000 default anon=16385 dirty=16385 N0=16000 N1=385 kernelpagesize_kB=4
7f1000000000 default
7f2000000000 default file=/pool/numa_1/file\\0401 huge dirty=32 N1=32 kernelpagesize_kB=2048
7f3000000000 default anon=2048 N0=2048 kernelpagesize_kB=4
"""


class PagesOfMemory(unittest.TestCase):
    def test_have_a_name(self) -> None:
        for named, text in (
            (Pages({SMALL: MIB}), "4 KiB"),
            (Pages({GIB: GIB}), "1 GiB"),
            (Pages({SMALL: 1000 * MIB}, 992 * MIB), "2 MiB (THP)"),
            (Pages({SMALL: 1000 * MIB}, 600 * MIB), "60 % 2 MiB (THP), 40 % 4 KiB"),
            (Pages({SMALL: 64 * MIB, 2 * MIB: 192 * MIB}), "75 % 2 MiB, 25 % 4 KiB"),
        ):
            self.assertEqual(named.text, text)

    def test_of_several_runs_are_told_apart_or_have_a_range(self) -> None:
        plain, huge = Pages({SMALL: 100 * MIB}), Pages({2 * MIB: 100 * MIB})
        self.assertEqual(mapped.text_of([plain, plain]), "4 KiB")
        self.assertEqual(mapped.text_of([plain, huge]), "4 KiB; 2 MiB")
        some, all_of_it = Pages({SMALL: 100 * MIB}, 36 * MIB), Pages({SMALL: 100 * MIB}, 100 * MIB)
        self.assertEqual(mapped.text_of([all_of_it, some, all_of_it]), "2 MiB (THP), 36 to 100 % of it")
        self.assertEqual(mapped.text_of([all_of_it, all_of_it]), "2 MiB (THP)")

    def test_have_a_share_that_is_huge(self) -> None:
        self.assertEqual(Pages({SMALL: 64 * MIB}, 32 * MIB).huge_share, 0.5)
        self.assertEqual(Pages({SMALL: 64 * MIB, 2 * MIB: 192 * MIB}).huge_share, 0.75)
        self.assertEqual(Pages({}).huge_share, 0)


class Report(unittest.TestCase):
    def test_counts_what_was_done_for_the_buffers_before_main(self) -> None:
        self.assertEqual(buffers.parse(report(hugetlb_at_start=128 * MIB)).usable, 0.75)
        self.assertEqual(buffers.parse(report(hugetlb_at_start=2 * MIB)).usable, 0.5)

    def test_of_memory_that_is_not_zero_or_not_in_place_is_no_measurement(self) -> None:
        taken = buffers.parse(report(not_zero=7))
        self.assertEqual(taken.why_not(wants_zero=True), "of 32768 places 7 weren't zero")
        self.assertEqual(taken.why_not(wants_zero=False), "")
        self.assertEqual(buffers.parse(report(page_faults=300)).why_not(False), "")
        self.assertIn("weren't in place", buffers.parse(report(page_faults=400)).why_not(False))


class PagesOfProcess(unittest.TestCase):
    def test_are_those_of_large_mappings(self) -> None:
        found = mapped.pages_of(mapped.entries(SMAPS, NUMA_MAPS, 64 * MIB))
        self.assertEqual(found.of_size, {4096: 64 * MIB + 4096, 2 * MIB: 64 * MIB})
        self.assertEqual(found.transparent, 40 * MIB)
        self.assertEqual(found.of_node, {0: 16000 * 4096, 1: 385 * 4096 + 64 * MIB})
        self.assertAlmostEqual(found.node_share(1), 0.512, places=3)
        self.assertEqual(found.node_share(2), 0)
        self.assertEqual(mapped.pages_of(mapped.entries(SMAPS, "", 64 * MIB)).of_node, {})  # a kernel that knows no nodes
