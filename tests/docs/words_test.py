"""scripts/check-words.py finds the phrases of scripts/phrases.tsv wherever a person reads them, and nothing else."""

import importlib.util
import sys
import unittest
from pathlib import Path

SCRIPT = Path(__file__).resolve().parents[2] / "scripts/check-words.py"
spec = importlib.util.spec_from_file_location("check_words", SCRIPT)
assert spec and spec.loader
check_words = importlib.util.module_from_spec(spec)
sys.modules["check_words"] = check_words
spec.loader.exec_module(check_words)


def lines(text: str) -> list[int]:
    return [found.line for found in check_words.found_in(text)]


class Words(unittest.TestCase):
    def test_are_found_in_a_document(self) -> None:
        self.assertEqual(lines("# A page\n\nNo file is to be had.\n"), [3])

    def test_are_found_across_lines_of_a_comment_a_text_and_a_list(self) -> None:
        self.assertEqual(lines("int a;\n// It fails for want\n// of pages.\n"), [2])
        self.assertEqual(lines('say("it fails for want "\n    "of pages");\n'), [1])
        self.assertEqual(lines("- it fails for want\n  of pages\n"), [1])

    def test_are_found_in_the_name_of_a_test(self) -> None:
        self.assertEqual(lines("\nTEST(Pool, FailsForWantOfPages) {}\n"), [2])
        self.assertEqual(lines("    def test_fails_for_want_of_pages(self) -> None:\n"), [1])

    def test_are_not_found_in_other_words(self) -> None:
        self.assertEqual(lines("The maybe it of latency is a kindred pyramid, wanted for wanton offers; no size is given.\n"), [])

    def test_have_something_better(self) -> None:
        rows = check_words.phrases()
        self.assertGreater(len(rows), 25)
        for phrase, better in rows:
            self.assertGreater(len(better), 3, phrase.pattern)
            self.assertEqual([words for pattern, _ in rows for words in pattern.findall(better)], [], better)


if __name__ == "__main__":
    unittest.main()
