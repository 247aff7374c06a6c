"""The documents: links lead somewhere, the README fits a screen and a few minutes, each of its commands is one that a test runs, and the Chinese
README has the same commands and figures."""

import re
import unicodedata
import unittest
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
FOLDERS = (".", "bench", "docs", "docs/dev", "shim", "tools/ctl")
READMES = ("README.md", "README.zh.md")
# vm.readme runs the commands of the last two; docs.Install and package.IsInstalledAndPurgedInAFreshSystem those of the first.
RUN_BY_TESTS = ("Install", "Quick start", "Nothing happened?")


def text_of(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def without_code(text: str) -> str:
    return re.sub(r"^```.*?^```$|`[^`\n]*`", "", text, flags=re.M | re.S)


def anchors(path: Path) -> set[str]:
    """As GitHub makes them of headings."""
    headings = re.findall(r"^#+ (.*)$", text_of(path), flags=re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def width(line: str) -> int:
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in line)


def blocks(text: str) -> list[tuple[str, str]]:
    """Each fenced block, with the heading that it is below."""
    found = []
    for section in re.split(r"^## ", text, flags=re.M)[1:]:
        found += [(section.split("\n")[0], block) for block in re.findall(r"^```[a-z]*\n(.*?)^```$", section, flags=re.M | re.S)]
    return found


def commands(text: str) -> list[str]:
    return [line for _, block in blocks(text) for line in block.splitlines() if line.startswith("$ ")]


def table(text: str) -> list[list[str]]:
    """Rows of the first one, without their names."""
    rows = re.search(r"(?:^\|.*\n)+", text, flags=re.M)
    assert rows
    return [[cell.strip() for cell in row.strip("|").split("|")[1:]] for row in rows.group().splitlines()[2:]]


class Documents(unittest.TestCase):
    def test_have_links_that_lead_somewhere(self) -> None:
        documents = [path for folder in FOLDERS for path in (PROJECT / folder).glob("*.md")]
        links = [(path, link) for path in documents for link in re.findall(r"\]\(([^)\s]+)\)", without_code(text_of(path)))]
        self.assertGreater(len(links), 50)
        for path, link in links:
            if re.match(r"[a-z]+:", link):
                continue
            name, _, anchor = link.partition("#")
            target = path.parent / name if name else path
            with self.subTest(document=path.relative_to(PROJECT), link=link):
                self.assertTrue(target.exists())
                if anchor:
                    self.assertIn(anchor, anchors(target))

    def test_are_all_in_the_index(self) -> None:
        index = text_of(PROJECT / "docs/README.md")
        for path in (PROJECT / "docs").rglob("*.md"):
            name = path.relative_to(PROJECT / "docs").as_posix()
            self.assertTrue(name == "README.md" or f"]({name})" in index, name)


class Readme(unittest.TestCase):
    def test_shows_the_gain_and_the_picture_on_the_first_screen(self) -> None:
        for name in READMES:
            screen = text_of(PROJECT / name).splitlines()[:40]
            with self.subTest(name):
                self.assertEqual([line for line in screen if width(line) > 80], [])
                self.assertEqual(len([line for line in screen if line.startswith("| ")]), 5)
                picture = next(i for i, line in enumerate(screen) if line.startswith("!["))
                self.assertIn("docs/pool.svg", screen[picture])
                self.assertRegex("\n".join(screen[picture + 1 :]), r"^\n\*[^*]+\*\n")  # its caption, whole

    def test_is_short(self) -> None:
        self.assertLessEqual(len(text_of(PROJECT / "README.md").split()), 1500)
        self.assertLessEqual(len(text_of(PROJECT / "README.md").splitlines()), 140)

    def test_has_no_command_but_those_that_tests_run(self) -> None:
        text = text_of(PROJECT / "README.md")
        self.assertNotRegex(text, r"(?m)^(    |\t)\S")  # every block is fenced
        self.assertEqual(tuple(dict.fromkeys(heading for heading, _ in blocks(text))), RUN_BY_TESTS)
        for _, block in blocks(text):
            self.assertTrue(block.startswith("$ "), block)

    def test_has_times_that_were_measured(self) -> None:
        results = text_of(PROJECT / "bench/RESULTS.md")
        times = re.findall(r"[\d,]+ ns", str(table(text_of(PROJECT / "README.md"))))
        self.assertGreater(len(times), 8)
        for time in times:
            self.assertIn(f"| {time} |", results)

    def test_is_the_same_in_chinese(self) -> None:
        english, chinese = (text_of(PROJECT / name) for name in READMES)
        self.assertEqual(commands(chinese), commands(english))
        self.assertEqual(table(chinese), table(english))


if __name__ == "__main__":
    unittest.main()
