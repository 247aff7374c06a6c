"""The documents: links lead somewhere, each command is one that a test runs, versions and variables are the code's, the README fits a screen
and a few minutes, and the Chinese pages have the same commands and figures."""

import os
import re
import tomllib
import unicodedata
import unittest
from pathlib import Path

# Another folder: the documents of a package, of which only the links are looked at.
PROJECT = Path(os.environ.get("DOCUMENTS") or Path(__file__).resolve().parents[2])
READMES = ("README.md", "README.zh.md")
# These are installed too, and are about the source, which isn't.
ABOUT_THE_SOURCE = ("CONTRIBUTING.md", "RELEASING.md", "docs/dev/")
# Blocks that no test runs, each with its reason.
MOST_NOT_RUN = 7


def text_of(path: Path | str) -> str:
    return (PROJECT / path).read_text(encoding="utf-8")


def documents() -> list[Path]:
    return [path for path in sorted(PROJECT.rglob("*.md")) if not path.relative_to(PROJECT).as_posix().startswith("build")]


def without_code(text: str) -> str:
    return re.sub(r"^```.*?^```$|`[^`\n]*`", "", text, flags=re.M | re.S)


def anchors(path: Path) -> set[str]:
    """As GitHub makes them of headings."""
    headings = re.findall(r"^#+ (.*)$", text_of(path), flags=re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def width(line: str) -> int:
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in line)


def blocks(text: str, language: str = "console") -> list[tuple[str, str]]:
    """Each fenced block, with the comment before it."""
    return re.findall(rf"(?:^<!-- ([^\n]*) -->\n)?^ *```{language}\n(.*?)^ *```$", text, flags=re.M | re.S)


def commands(text: str) -> list[str]:
    return [command for _, block in blocks(text) for command in re.findall(r"^ *(\$ (?:.*\\\n)*.*)$", block, flags=re.M)]


def typed(text: str) -> list[str]:
    """What the last column of tables tells to type."""
    rows = re.findall(r"^\| .*$", text, flags=re.M)
    return [code for row in rows for code in re.findall(r"`([^`]+)`", row.rsplit(" | ", 1)[-1])]


def table(text: str) -> list[list[str]]:
    """Rows of the first one, without their names."""
    rows = re.search(r"(?:^\|.*\n)+", text, flags=re.M)
    assert rows
    return [[cell.strip() for cell in row.strip("|").split("|")[1:]] for row in rows.group().splitlines()[2:]]


class Documents(unittest.TestCase):
    def test_have_links_that_lead_somewhere(self) -> None:
        links = [(path, link) for path in documents() for link in re.findall(r"\]\(([^)\s]+)\)", without_code(text_of(path)))]
        self.assertGreater(len(links), 90)
        for path, link in links:
            if re.match(r"[a-z]+:", link):
                continue
            name, _, anchor = link.partition("#")
            target = path.parent / name if name else path
            document = path.relative_to(PROJECT).as_posix()
            if "DOCUMENTS" in os.environ and document.startswith(ABOUT_THE_SOURCE):
                continue
            with self.subTest(document=document, link=link):
                self.assertTrue(target.exists())
                if anchor:
                    self.assertIn(anchor, anchors(target))

    def test_are_all_in_the_index(self) -> None:
        index = text_of("docs/README.md") + text_of("docs/dev/decisions/README.md").replace("](", "](dev/decisions/")
        for path in (PROJECT / "docs").rglob("*.md"):
            name = path.relative_to(PROJECT / "docs").as_posix().removesuffix("/README.md")
            self.assertTrue(name == "README.md" or f"]({name})" in index or f"]({name}/README.md)" in index, name)

    def test_have_tables_whose_rows_are_whole(self) -> None:
        tables = [(path, table) for path in documents() for table in re.findall(r"(?:^\|.*\n)+", text_of(path), flags=re.M)]
        self.assertGreater(len(tables), 50)
        for path, rows in tables:
            cells = {len(re.findall(r"(?<!\\)\|", row)) for row in rows.splitlines()}
            self.assertEqual(len(cells), 1, f"{path.relative_to(PROJECT)}: {rows.splitlines()[0]}")

    def test_have_no_commands_but_those_that_a_test_runs(self) -> None:
        lists = "\n".join(path.read_text() for path in (PROJECT / "tests").rglob("CMakeLists.txt"))
        run_in_machine = re.search(r"^set\(documents (.*)\)$", lists, flags=re.M)
        assert run_in_machine
        not_run = []
        for path in [PROJECT / "README.md", *(PROJECT / "docs").rglob("*.md")]:
            name = path.relative_to(PROJECT).as_posix()
            if name.startswith("docs/zh/"):
                continue  # has the same commands as another page: see below
            text = text_of(path)
            unfenced = re.sub(r"^ *```.*?^ *```$", "", text, flags=re.M | re.S)
            self.assertFalse(re.findall(r"^(?:    |\t)[^ ].*", unfenced, flags=re.M), f"{name}: blocks are fenced")
            self.assertFalse(re.findall(r"^```(?:sh|bash|shell)?\n\$ .*", text, flags=re.M), f"{name}: commands are in blocks of ```console")
            for comment, block in blocks(text):
                with self.subTest(document=name, block=block):
                    self.assertTrue(block.startswith("$ "))
                    kind, _, what = comment.partition(" run: " if comment.startswith("not") else "run by ")
                    if kind == "not":
                        self.assertGreater(len(what), 10)
                        not_run.append(name)
                    elif comment:
                        self.assertTrue(what in lists, f"no test {what}")
                    else:
                        self.assertIn(name, run_in_machine.group(1).split())
        self.assertLessEqual(len(not_run), MOST_NOT_RUN, not_run)

    def test_have_the_same_commands_in_chinese(self) -> None:
        pairs = [READMES, *((f"docs/{path.name}", f"docs/zh/{path.name}") for path in (PROJECT / "docs/zh").glob("*.md"))]
        self.assertGreater(len(pairs), 3)
        for names in pairs:
            with self.subTest(names[1]):
                english, chinese = map(text_of, names)
                self.assertEqual(commands(chinese), commands(english))
                self.assertEqual(blocks(chinese, "toml"), blocks(english, "toml"))
                if names[1].endswith("troubleshooting.md"):
                    self.assertEqual(typed(chinese), typed(english))

    def test_name_variables_that_the_library_reads(self) -> None:
        known = set(re.findall(r"HUGEPAGE_[A-Z_]+", text_of("shim/base/config.cpp")))
        self.assertGreater(len(known), 10)
        for path in documents():
            for name in set(re.findall(r"\bHUGEPAGE_(?!SHIM_)[A-Z]+(?:_[A-Z]+)*\b", text_of(path))):
                self.assertIn(name, known, path.relative_to(PROJECT))

    def test_have_configurations_that_can_be_read(self) -> None:
        processors = [tomllib.loads(block)["processors"]["pc1"] for _, block in blocks(text_of("docs/recipes.md"), "toml")]
        self.assertEqual([processor["numa_preferred"] for processor in processors[0]], [0, 1])

    def test_have_diagrams_that_mermaid_can_read(self) -> None:
        diagrams = [(path, block) for path in documents() for _, block in blocks(text_of(path), "mermaid")]
        self.assertTrue(diagrams)
        for path, block in diagrams:
            self.assertNotRegex(block, "[;#]", f"{path.relative_to(PROJECT)}: these end a statement")

    def test_have_the_version_in_one_place(self) -> None:
        version = re.search(r"project\(hugepage_shim VERSION (\S+)", text_of("CMakeLists.txt"))
        assert version
        released = re.search(r"^## (\d+\.\d+\.\d+) - \d{4}-\d\d-\d\d$", text_of("CHANGELOG.md"), flags=re.M)
        assert released
        self.assertEqual(released.group(1), version.group(1))
        for path in (PROJECT / "deploy").rglob("*"):
            if path.is_file():
                self.assertNotIn(version.group(1), path.read_text(), path)


class Readme(unittest.TestCase):
    def test_shows_the_gain_and_the_picture_on_the_first_screen(self) -> None:
        for name in READMES:
            screen = text_of(name).splitlines()[:40]
            with self.subTest(name):
                self.assertEqual([line for line in screen if width(line) > 80], [])
                self.assertEqual(len([line for line in screen if line.startswith("| ")]), 5)
                picture = next(i for i, line in enumerate(screen) if line.startswith("!["))
                self.assertIn("docs/pool.svg", screen[picture])
                self.assertRegex("\n".join(screen[picture + 1 :]), r"^\n\*[^*]+\*\n")  # its caption, whole

    def test_is_short(self) -> None:
        self.assertLessEqual(len(text_of("README.md").split()), 1500)
        self.assertLessEqual(len(text_of("README.md").splitlines()), 140)

    def test_has_times_that_were_measured(self) -> None:
        results = text_of("bench/RESULTS.md")
        times = re.findall(r"[\d,]+ ns", str(table(text_of("README.md"))))
        self.assertGreater(len(times), 8)
        for time in times:
            self.assertIn(f"| {time} |", results)

    def test_has_the_same_figures_in_chinese(self) -> None:
        english, chinese = map(text_of, READMES)
        self.assertEqual(table(chinese), table(english))


if __name__ == "__main__":
    unittest.main()
