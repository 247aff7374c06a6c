"""The tables that go into documents, and the charts."""

import tempfile
import unittest
from pathlib import Path
from xml.etree import ElementTree

import made_up
from suite import charts, tables, targets
from suite.result import Fact, Row


class Tables(unittest.TestCase):
    def setUp(self) -> None:
        self.result = made_up.full_result()
        self.text = tables.summary(self.result)

    def test_have_each_target_and_each_peer_on_a_line_of_its_own(self) -> None:
        before_labels = self.text[: self.text.index("Labels")]
        firsts = [line.split(" | ")[0].removeprefix("| ") for line in before_labels.splitlines() if line.startswith("|")]
        names = [each.name for each in targets.outcomes(self.result)] + ["plain", "mlock", "shim", "shim, ZERO=never"]
        self.assertEqual([firsts.count(name) for name in names], [1] * len(names))

    def test_have_as_many_cells_in_each_line(self) -> None:
        for block in f"{self.text}\n{tables.others(self.result)}".split("\n\n"):
            lines = [line for line in block.splitlines() if line.startswith("|")]
            self.assertLessEqual(len({line.count("|") for line in lines}), 1, block)

    def test_have_no_column_that_nothing_was_measured_for(self) -> None:
        heads = next(line for line in self.text.splitlines() if line.startswith("| peer"))
        self.assertEqual(heads, "| peer | page size | usable after | given back in |")

    def test_name_the_right_node_once_where_all_peers_have_the_same(self) -> None:
        others = [Fact("peers", name, "right node", "yes") for name in ("mlock", "shim", "shim, ZERO=never")]
        self.result.facts += [Fact("peers", "plain", "right node", "yes"), *others]
        text = tables.summary(self.result)
        self.assertIn("| peer | page size | usable after | given back in |\n", text)
        self.assertIn("\nRight node: yes.\n", text)
        self.result.facts = [fact for fact in self.result.facts if fact.subject != "plain"] + [Fact("peers", "plain", "right node", "no")]
        self.assertIn("| peer | right node | page size |", tables.summary(self.result))

    def test_say_what_was_left_out_and_why(self) -> None:
        self.assertIn(f"Left out: reads: random ({self.result.left_out[0].why}).", self.text)

    def test_compare_labels_by_their_medians_within_a_scenario(self) -> None:
        multicore, single_core = ({"path": path, "layer": 2} for path in ("multicore", "single-core"))
        self.result.rows = [
            Row("sealer", "plain", "s", [1e-6, 2e-6], multicore),
            Row("sealer", "plain", "s", [9e-6, 9e-6], single_core),
            Row("sealer", "shim 2 MiB", "s", [0.8e-6, 1.8e-6], multicore),
        ]
        self.result.facts += [Fact("sealer", "shim 2 MiB", "path multicore", "2 MiB"), Fact("sealer", "memory", "path multicore", "16 GiB free")]
        self.result.facts.append(Fact("compare", "SHA-256 alone", "a label", "640 ns"))
        text = tables.summary(self.result)
        self.assertIn("A label, whatever the memory: SHA-256 alone: 640 ns.", text)
        self.assertIn("| shim 2 MiB | 2 MiB | 1,300 ns | 800 ns – 1,800 ns | 0.867 | 0.800 – 0.900 |", text)
        self.assertIn("filecoin-proofs, path multicore, layer 2, 2 rounds, 16 GiB free:", text)

    def test_of_the_rest_have_every_row(self) -> None:
        lines = [line for line in tables.others(self.result).splitlines() if line.startswith("| ") and "---" not in line]
        rest = [row for row in self.result.rows if row.group in tables.OTHERS]
        self.assertEqual(len([line for line in lines if "| median |" not in line]), len(rest))


class Charts(unittest.TestCase):
    def test_are_svg_files_of_what_there_are_rows_for(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            charts.write(made_up.full_result(), Path(folder))
            texts = {file.name: file.read_text() for file in Path(folder).iterdir()}
        for text in texts.values():
            self.assertTrue(ElementTree.fromstring(text).tag.endswith("svg"))
        self.assertEqual(texts.keys(), {
            "usable.svg", "release.svg", "sealer-single-core.svg", "compare-single-core.svg", "reads.svg",
            "zeroing-2-MiB.svg", "creating.svg", "lease.svg", "contention.svg",
        })  # fmt: skip
        self.assertIn("1.89 µs", texts["sealer-single-core.svg"])

    def test_are_none_of_nothing(self) -> None:
        self.assertEqual(list(charts.all_charts(made_up.result())), [])
