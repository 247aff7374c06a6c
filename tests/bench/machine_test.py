"""Reading the machine, and how large a buffer it can take."""

import os
import tempfile
import unittest
from pathlib import Path

import made_up  # noqa: F401  (where the suite is)
from suite.machine import LEAST_BUFFER, MOST_BUFFER, chosen, cpu_list, large_buffer, read_machine

GIB = 1 << 30


class Reading(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)
        self.write("proc/meminfo", "MemTotal: 67108864 kB\nMemFree: 1024 kB\nMemAvailable: 50331648 kB\n")
        self.write("proc/cpuinfo", "model name\t: Example CPU\nflags\t\t: fpu hypervisor\n")
        self.write("sys/kernel/mm/transparent_hugepage/enabled", "always [madvise] never\n")
        for size in ("2048", "1048576"):
            self.write(f"sys/kernel/mm/hugepages/hugepages-{size}kB/nr_hugepages", "0\n")

    def write(self, path: str, text: str) -> None:
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        (self.root / path).write_text(text)

    def node(self, number: int, cpus: str, free_kib: int) -> None:
        folder = f"sys/devices/system/node/node{number}"
        self.write(f"{folder}/cpulist", cpus + "\n")
        kinds = {"MemFree": free_kib, "FilePages": 100, "Shmem": 40}
        self.write(f"{folder}/meminfo", "".join(f"Node {number} {kind}: {kib} kB\n" for kind, kib in kinds.items()))

    def test_a_machine_without_nodes_has_node_0(self) -> None:
        machine = read_machine(self.root)
        self.assertEqual((machine.nodes, machine.node, machine.cpus), ([0], 0, len(os.sched_getaffinity(0))))
        self.assertEqual((machine.cpu_model, machine.is_virtual, machine.thp), ("Example CPU", True, "madvise"))
        self.assertEqual(machine.page_sizes, [2 << 20, 1 << 30])
        self.assertEqual((machine.memory_bytes, machine.memory_free_bytes), (64 * GIB, 48 * GIB))

    def test_the_node_with_the_most_of_our_cpus_is_measured(self) -> None:
        mine = ",".join(map(str, os.sched_getaffinity(0)))
        self.write("sys/devices/system/node/has_memory", "0-1\n")
        self.node(0, "9000-9001", 10)
        self.node(1, mine, 4096)
        machine = read_machine(self.root)
        self.assertEqual((machine.nodes, machine.node, machine.memory_free_bytes), ([0, 1], 1, (4096 + 60) << 10))

    def test_a_control_group_may_allow_less(self) -> None:
        self.write("proc/self/cgroup", "0::/sealer\n")
        self.write("sys/fs/cgroup/sealer/memory.max", f"{8 * GIB}\n")
        self.write("sys/fs/cgroup/sealer/memory.current", f"{2 * GIB}\n")
        self.assertEqual(read_machine(self.root).memory_free_bytes, 6 * GIB)
        self.write("sys/fs/cgroup/sealer/memory.max", "max\n")
        self.assertEqual(read_machine(self.root).memory_free_bytes, 48 * GIB)


class Sizes(unittest.TestCase):
    def test_the_buffer_fits_three_times_and_leaves_a_tenth(self) -> None:
        self.assertEqual([large_buffer(each * GIB) // GIB for each in (107, 106, 27, 23, 4)], [32, 16, 8, 4, 1])
        self.assertEqual((large_buffer(4096 * GIB), large_buffer(0)), (MOST_BUFFER, LEAST_BUFFER))

    def test_texts_of_the_kernel_are_read(self) -> None:
        self.assertEqual((cpu_list("0-2,8\n"), cpu_list("\n")), ({0, 1, 2, 8}, set()))
        self.assertEqual((chosen("always defer [defer+madvise] never"), chosen("")), ("defer+madvise", "none"))
