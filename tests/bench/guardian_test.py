"""The guardian's part of a shortage, on a machine whose kernel has only so many pages to give."""

import tempfile
import unittest
from pathlib import Path
from unittest import mock

import made_up  # noqa: F401  (where the suite is)
from suite import guardian


class Scarce:
    """A counter that can be changed, but up to a limit only; some more can be had after each compaction."""

    folder = Path("/")

    def __init__(self, limit: int, more: int = 0) -> None:
        self.limit, self.more, self.pages, self.writes = limit, more, 5, 0

    def number(self, _: str) -> int:
        return 0

    def change(self, by: int) -> int:
        self.writes += 1
        before, self.pages = self.pages, min(self.pages + by, self.limit)
        return self.pages - before

    def compact(self, _: int) -> None:
        self.limit += self.more


class Reserving(unittest.TestCase):
    def reserve(self, scarce: Scarce, count: int) -> int:
        with mock.patch.object(guardian, "compact", scarce.compact):
            return guardian.reserve(scarce, count, 0)

    def test_pages_that_are_there_are_taken_at_once(self) -> None:
        scarce = Scarce(limit=100)
        self.assertEqual((self.reserve(scarce, 10), scarce.writes), (10, 1))

    def test_the_kernel_is_asked_to_make_room_and_asked_again(self) -> None:
        scarce = Scarce(limit=10, more=4)
        self.assertEqual((self.reserve(scarce, 10), scarce.pages), (10, 15))

    def test_there_is_an_end_to_asking(self) -> None:
        scarce = Scarce(limit=8)
        self.assertEqual((self.reserve(scarce, 10), scarce.writes), (3, guardian.TRIES))

    def test_a_shortage_says_what_was_asked_and_got_and_gives_back(self) -> None:
        scarce = Scarce(limit=8)
        order = {"page_size": 2 << 20, "count": 10, "node": 1}
        with tempfile.TemporaryDirectory() as folder, mock.patch.object(guardian, "compact", scarce.compact):
            own = Path(folder) / "pages"
            own.mkdir()
            with mock.patch.object(guardian, "Counter", lambda *_: scarce):
                asked = "^asked for 10 huge pages of 2 MiB on node 1, got 3: memory is too"
                with self.assertRaisesRegex(guardian.Failure, asked):
                    with guardian.pages({**order, "folder": str(own)}):
                        self.fail("there aren't so many")
        self.assertEqual(scarce.pages, 5)


if __name__ == "__main__":
    unittest.main()
