"""The page: it has every row, and refers to nothing outside itself."""

import dataclasses
import html
import re
import tempfile
import unittest
from html.parser import HTMLParser
from pathlib import Path

from made_up import made_up_result
from suite import charts, drawing, report, words


class Page(HTMLParser):
    """What of a page can be wrong."""

    EMPTY = {"meta", "br", "link", "img", "use", "path"}

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict]] = []
        self.open: list[str] = []
        self.text: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: list) -> None:
        self.tags.append((tag, dict(attributes)))
        if tag not in self.EMPTY:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attributes: list) -> None:
        self.tags.append((tag, dict(attributes)))

    def handle_endtag(self, tag: str) -> None:
        if tag in self.EMPTY:
            return
        assert self.open and self.open[-1] == tag, f"</{tag}> ends {self.open[-1:]}"
        self.open.pop()

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def written(result) -> tuple[str, set[str]]:
    with tempfile.TemporaryDirectory() as folder:
        report.write(result, Path(folder))
        return (Path(folder) / "report.html").read_text(), {path.name for path in Path(folder).iterdir()}


class Report(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.result = made_up_result()
        cls.text, cls.files = written(cls.result)
        cls.page = Page(cls.text)

    def test_every_row_is_in_it_with_its_median_and_spread(self) -> None:
        rows = [html.unescape(re.sub(r"<[^>]*>", "|", each)) for each in re.findall(r"<tr>.*?</tr>", self.text)]
        for row in self.result.rows:
            figures = [words.quantity(row.median, row.unit), words.spread(row)]
            shown = "||".join([row.subject, words.parameters(row.parameters), *figures])
            self.assertTrue(any(shown in each for each in rows), shown)

    def test_every_fact_target_and_reason_is_in_it(self) -> None:
        text = "".join(self.page.text)
        for left in self.result.left_out:
            self.assertIn(left.why, text)
        for fact in self.result.facts:
            self.assertIn(fact.name, text)
        self.assertIn("Zeroing, of the write bandwidth measured beside it", text)

    def test_it_is_well_formed(self) -> None:
        self.assertEqual(self.page.open, [])

    def test_nothing_is_fetched_from_elsewhere(self) -> None:
        self.assertNotRegex(self.text, r"https?:|//\w+\.|@import|url\((?!#)")
        self.assertEqual([tag for tag, _ in self.page.tags if tag in ("script", "link", "img", "iframe", "object")], [])
        attributes = [pair for _, all in self.page.tags for pair in all.items()]
        links = [value for name, value in attributes if name.endswith(("href", "src"))]
        self.assertEqual([link for link in links if not link.startswith("#")], [])

    def test_no_two_parts_have_one_name_and_every_reference_has_a_part(self) -> None:
        names = [attributes["id"] for _, attributes in self.page.tags if "id" in attributes]
        self.assertEqual(len(names), len(set(names)))
        referred = {name for pair in re.findall(r'href="#([^"]+)"|url\(#([^)]+)\)', self.text) for name in pair if name}
        self.assertEqual(referred - {*names}, set())

    def test_each_chart_is_a_picture_too(self) -> None:
        shown = {attributes["id"] for tag, attributes in self.page.tags if tag == "figure"}
        self.assertEqual(self.files, {"report.html", *(f"{name}.png" for name in shown)})
        wanted = {"usable", "reads", "zeroing", "pool-size", "contention", "pc1-single-core", "pc1-multicore", "creating"}
        self.assertLessEqual(wanted, shown)

    def test_charts_follow_light_and_dark(self) -> None:
        for colour in drawing.VARIABLES:
            figures = re.findall(r"<svg.*?</svg>", self.text, re.S)
            self.assertEqual([each for each in figures if colour in each], [])
        for variable in drawing.VARIABLES.values():
            self.assertEqual(len(re.findall(rf"{variable}: #", self.text)), 2, variable)

    def test_a_title_says_what_was_found(self) -> None:
        chart = charts.usable(self.result)
        shim = self.result.find("peers", "shim", what="usable")[0].median
        self.assertIn(words.seconds(shim), chart.title)

    def test_names_from_the_machine_are_no_markup(self) -> None:
        result = made_up_result()
        result.machine["cpu_model"] = "<script>&"
        self.assertIn("&lt;script&gt;&amp;", written(result)[0])

    def test_a_run_that_found_nothing_has_a_page(self) -> None:
        text, files = written(dataclasses.replace(self.result, rows=[], facts=[], cut_short="stopped after 3 s"))
        self.assertEqual(files, {"report.html"})
        self.assertIn("stopped after 3 s", text)

    def test_each_group_alone_makes_a_page(self) -> None:
        for group in {row.group for row in self.result.rows}:
            with self.subTest(group=group):
                rows = [dataclasses.replace(row, values=row.values[:1]) for row in self.result.find(group)]
                self.assertEqual(Page(written(dataclasses.replace(self.result, rows=rows[:1], facts=[]))[0]).open, [])
                self.assertEqual(Page(written(dataclasses.replace(self.result, rows=rows, facts=[]))[0]).open, [])


if __name__ == "__main__":
    unittest.main()
