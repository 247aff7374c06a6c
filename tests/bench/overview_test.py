"""The tables that go into documents."""

import unittest

from made_up import made_up_result
from suite import overview, targets
from suite.rows import Row


class Markdown(unittest.TestCase):
    def setUp(self) -> None:
        self.result = made_up_result()
        self.text = overview.markdown(self.result)

    def test_has_each_target_and_each_peer_on_a_line_of_its_own(self) -> None:
        before_pc1 = self.text[: self.text.index("PC1,")]
        firsts = [line.split(" | ")[0].removeprefix("| ") for line in before_pc1.splitlines() if line.startswith("|")]
        names = [each.name for each in targets.outcomes(self.result)] + [peer.name for peer in overview.peers(self.result)]
        self.assertEqual([firsts.count(name) for name in names], [1] * len(names))

    def test_has_as_many_cells_in_each_line_of_a_table(self) -> None:
        for block in self.text.split("\n\n"):
            lines = [line for line in block.splitlines() if line.startswith("|")]
            self.assertLessEqual(len({line.count("|") for line in lines}), 1, block)

    def test_says_what_was_left_out_and_why(self) -> None:
        for left in self.result.left_out:
            self.assertIn(left.why, self.text)

    def test_compares_pc1_with_plain_in_the_same_scenario(self) -> None:
        self.result.rows = [
            Row("pc1", "plain", "s", [1e-6, 2e-6], {"path": "multicore", "sealers": 1}),
            Row("pc1", "plain", "s", [9e-6, 9e-6], {"path": "multicore", "sealers": 2}),
            Row("pc1", "shim 2 MiB", "s", [0.8e-6, 1.8e-6], {"path": "multicore", "sealers": 1}),
        ]
        self.assertRegex(overview.markdown(self.result), r"\| shim 2 MiB \| 1\.30 µs \| 800 ns – 1\.80 µs \| 0\.850 \|")


if __name__ == "__main__":
    unittest.main()
