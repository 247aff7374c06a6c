"""Real huge pages, a mount, a setting and a folder: there while they are needed, gone afterwards, also after SIGKILL.

As an ordinary user it ends with status 77.
"""

import os
import signal
import subprocess
import sys
import time
import unittest
from pathlib import Path

import made_up  # noqa: F401  (where the suite is)
from suite import pages
from suite.machine import chosen, read_machine
from suite.result import NotMeasured

PAGE = 2 << 20
COUNT = 8
NODES = Path("/sys/devices/system/node")
SETTING = Path("/sys/kernel/mm/transparent_hugepage/defrag")
# Takes everything, says where, and waits to be killed.
HOLDER = """
import sys, time
from suite import pages
with (pages.scratch_folder() as scratch, pages.setting(sys.argv[1], sys.argv[2]),
      pages.huge_pages(int(sys.argv[3]), int(sys.argv[4]), int(sys.argv[5])) as folder):
    (folder / "numa_0").mkdir()
    with open(folder / "numa_0" / "file", "wb") as file:
        file.truncate(int(sys.argv[3]))
    print(scratch, folder, flush=True)
    time.sleep(60)
"""
# Maps a file, says what is in it, and waits to be killed.
USER = """
import mmap, sys, time
with open(sys.argv[1], "r+b") as file:
    mapping = mmap.mmap(file.fileno(), 0)
print(mapping[0], flush=True)
time.sleep(60)
"""


def is_mounted(folder: str) -> bool:
    return any(line.split()[1] == folder for line in Path("/proc/mounts").read_text().splitlines())


def eventually(holds, seconds: float = 10) -> bool:
    end = time.monotonic() + seconds
    while not holds() and time.monotonic() < end:
        time.sleep(0.02)
    return holds()


class Pages(unittest.TestCase):
    def setUp(self) -> None:
        self.node = read_machine().node
        self.before = self.asked_for()

    def tearDown(self) -> None:
        self.assertEqual(self.asked_for(), self.before)

    def number(self, name: str) -> int:
        return int((NODES / f"node{self.node}/hugepages/hugepages-{PAGE >> 10}kB" / name).read_text())

    def asked_for(self) -> int:
        return self.number("nr_hugepages") - self.number("surplus_hugepages")

    def test_they_are_added_to_those_there_and_can_be_used(self) -> None:
        with pages.huge_pages(PAGE, COUNT * PAGE - 1, self.node) as folder:
            self.assertEqual(self.asked_for(), self.before + COUNT)
            self.assertTrue(is_mounted(str(folder)))
            subprocess.run(["fallocate", "-l", str(COUNT * PAGE), folder / "all"], check=True)
            over = subprocess.run(["fallocate", "-l", str(PAGE), folder / "more"], capture_output=True)
            self.assertNotEqual(over.returncode, 0)
        self.assertFalse(folder.exists())

    def test_two_at_once_have_pages_of_their_own(self) -> None:
        with pages.huge_pages(PAGE, COUNT * PAGE, self.node) as first, pages.huge_pages(PAGE, PAGE, self.node) as second:
            self.assertNotEqual(first, second)
            self.assertEqual(self.asked_for(), self.before + COUNT + 1)

    def test_a_page_size_that_the_kernel_has_not_got_is_a_shortage(self) -> None:
        with self.assertRaisesRegex(NotMeasured, "the kernel has no huge pages of 8 KiB"):
            with pages.huge_pages(8192, 8192, self.node):
                self.fail("there are none of that size")

    def test_memory_is_not_called_fragmented_when_too_little_was_taken(self) -> None:
        before = pages.PROACTIVENESS.read_text()
        with self.assertRaisesRegex(NotMeasured, "could not fragment memory: .* free, .* in blocks of 2 MiB"):
            with pages.fragmented_memory(self.node, 64 << 20):
                self.fail("most of it is in blocks")
        self.assertEqual(pages.PROACTIVENESS.read_text(), before)
        self.assertLessEqual(pages.free_bytes(self.node, pages.HUGE), pages.free_bytes(self.node))

    def test_nothing_is_left_when_the_holder_is_killed(self) -> None:
        setting = chosen(SETTING.read_text())
        other = "defer" if setting != "defer" else "madvise"
        for number in (signal.SIGKILL, signal.SIGINT, signal.SIGTERM):
            with self.subTest(signal=number.name):
                arguments = [str(SETTING), other, str(PAGE), str(COUNT * PAGE), str(self.node)]
                holder = subprocess.Popen([sys.executable, "-c", HOLDER, *arguments], stdout=subprocess.PIPE,
                                          stderr=subprocess.DEVNULL, text=True, start_new_session=True)  # fmt: skip
                scratch, folder = holder.stdout.readline().split()
                self.assertEqual(chosen(SETTING.read_text()), other)
                self.assertEqual(self.asked_for(), self.before + COUNT)
                os.killpg(holder.pid, number)
                holder.wait()
                holder.stdout.close()
                self.assertTrue(eventually(lambda: self.asked_for() == self.before))
                self.assertTrue(eventually(lambda: not Path(folder).exists() and not Path(scratch).exists()))
                self.assertTrue(eventually(lambda: chosen(SETTING.read_text()) == setting))
                self.assertFalse(is_mounted(folder))

    def test_pages_still_in_use_by_another_are_given_back_when_it_ends(self) -> None:
        with pages.huge_pages(PAGE, COUNT * PAGE, self.node) as folder:
            subprocess.run(["fallocate", "-l", str(PAGE), folder / "file"], check=True)
            process = subprocess.Popen([sys.executable, "-c", USER, folder / "file"], stdout=subprocess.PIPE)
            self.assertEqual(process.stdout.readline(), b"0\n")
        self.assertFalse(is_mounted(str(folder)))
        self.assertEqual(self.asked_for(), self.before)
        process.kill()
        process.wait()
        process.stdout.close()
        self.assertTrue(eventually(lambda: self.number("nr_hugepages") == self.before))


if __name__ == "__main__":
    if os.geteuid() != 0:
        print("needs root")
        sys.exit(77)
    unittest.main()
