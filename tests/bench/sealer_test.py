"""What is made of what the real sealer says, and of the kernel's tables while it runs."""

import sys
import tempfile
import unittest
from pathlib import Path

import made_up
from suite import buffers, labelling, sealer
from suite.buffers import Failed, Pages
from suite.context import Context
from suite.labelling import PLAIN
from suite.machine import Machine
from suite.sealer import Sealer

MIB = 1 << 20
DIGESTS = ("a" * 64, "b" * 64)
SMALL_PAGES = Pages({4096: 128 * MIB}, 0, {})
SAID = f"layer 1 2.0 {DIGESTS[0]}\nlayer 2 4.0 {DIGESTS[1]}\ntotal 6.0\n"

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


class PagesOfProcess(unittest.TestCase):
    def test_are_those_of_large_mappings(self) -> None:
        found = buffers.pages_of(buffers.entries(SMAPS, NUMA_MAPS, 64 * MIB))
        self.assertEqual(found.of_size, {4096: 64 * MIB + 4096, 2 * MIB: 64 * MIB})
        self.assertEqual(found.transparent, 40 * MIB)
        self.assertEqual(found.of_node, {0: 16000 * 4096, 1: 385 * 4096 + 64 * MIB})

    def test_are_read_also_where_the_kernel_knows_no_nodes(self) -> None:
        self.assertEqual(buffers.pages_of(buffers.entries(SMAPS, "", 64 * MIB)).of_node, {})

    def test_are_looked_at_while_layer_2_is_labelled(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            layer = Path(folder) / "layer"
            takes = f"buffer = bytearray(b'x') * {16 * MIB}; import time; time.sleep(.2); open({str(layer)!r}, 'w'); time.sleep(.3)"
            with labelling.running([[sys.executable, "-c", takes]], {}) as [process]:
                self.assertGreaterEqual(sealer.look(process, layer, 16 * MIB).total, 16 * MIB)
                labelling.output(process)
            with labelling.running([["false"]], {}) as [process], self.assertRaisesRegex(Failed, "status 1"):
                self.assertEqual(sealer.look(process, Path(folder) / "none", 16 * MIB).total, 0)
                labelling.output(process)


class Output(unittest.TestCase):
    def test_gives_the_time_of_a_label_and_the_digest_of_each_layer(self) -> None:
        found = sealer.parse(SAID, SMALL_PAGES, 1000)
        self.assertEqual(found.seconds_per_label, {1: 2e-3, 2: 4e-3})
        self.assertEqual(found.digests, {(1, DIGESTS[0]), (2, DIGESTS[1])})

    def test_without_all_layers_is_no_measurement(self) -> None:
        with self.assertRaisesRegex(Failed, "how long 2 layers took"):
            sealer.parse(SAID.splitlines()[0], SMALL_PAGES, 1000)


class Scenarios(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def context(self, **other) -> Context:
        return Context(self.folder, self.folder, 1, Machine(**{**made_up.MACHINE, **other}), 0)

    def sealer(self, path: str, text: str = SAID) -> Sealer:
        """Its program says the text, and notes how it was called."""
        program = self.folder / "label"
        program.write_text(f"""#!/bin/sh
            echo $* $FIL_PROOFS_USE_MULTICORE_SDR $FIL_PROOFS_MULTICORE_SDR_PRODUCERS >>$0.calls
            mkdir $3
            mkdir -p $FIL_PROOFS_PARENT_CACHE
            echo >$FIL_PROOFS_PARENT_CACHE/file
            printf '{text}'""")
        program.chmod(0o755)
        cpus = ["0"] if path == "single-core" else ["0,0"]
        return Sealer(path, 64 * MIB, cpus, program=program, folder=self.folder)

    def test_take_the_path_that_they_are_named_after(self) -> None:
        for path, variables in (("single-core", "0 0"), ("multicore", "1 1")):
            one = self.sealer(path)
            one.run(self.context(), {})
            last = (self.folder / "label.calls").read_text().splitlines()[-1]
            self.assertEqual(last, f"67108864 2 {self.folder}/layers {variables}")
            self.assertFalse((self.folder / "layers").exists())
        found = one.parameters(1)
        self.assertEqual((found["path"], found["threads"], found["program"], found["layer"]), ("multicore", 2, "filecoin-proofs", 1))

    def test_need_memory_for_layers_and_parents_too(self) -> None:
        one = self.sealer("single-core")
        self.assertEqual(one.other_bytes, (2 * 64 + 112) * MIB)
        self.assertEqual(one.too_large(self.context()), "")
        self.assertEqual(one.too_large(self.context(memory_free_bytes=400 * MIB)), "368 MiB don't fit into what is free")

    def test_whose_buffers_were_not_seen_are_no_measurement(self) -> None:
        measuring = labelling.Measuring(self.context(), self.sealer("single-core"), {})
        self.assertEqual(measuring.once(PLAIN), {})
        self.assertEqual(measuring.failures["plain"], "a sealer's buffers had -")


if __name__ == "__main__":
    unittest.main()
