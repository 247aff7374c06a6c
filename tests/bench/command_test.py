"""The command line of scripts/bench.sh, as far as it measures nothing."""

import subprocess
import tempfile
import unittest
from pathlib import Path

from made_up import made_up_result

BENCH = Path(__file__).resolve().parents[2] / "scripts/bench.sh"


def call(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(BENCH), *arguments], capture_output=True, text=True)


class Usage(unittest.TestCase):
    def test_wrong_usage_is_one_line_and_status_two(self) -> None:
        wrong = (
            ("--minutes", "0"),
            ("--minutes", "soon"),
            ("--buffer", "65MiB"),
            ("--buffer", "4 PiB"),
            ("--buffer", "1024TiB"),
            ("--only", "nothing"),
            ("--build", "/nowhere"),
            ("--report", "/nowhere"),
            ("--fast",),
            ("more",),
        )
        for arguments in wrong:
            with self.subTest(arguments=arguments):
                ended = call(*arguments)
                self.assertEqual((ended.returncode, ended.stdout, len(ended.stderr.splitlines())), (2, "", 1), ended.stderr)

    def test_help_names_every_option(self) -> None:
        ended = call("--help")
        self.assertEqual((ended.returncode, ended.stderr), (0, ""))
        for option in ("--minutes", "--out", "--build", "--only", "--buffer", "--list", "--report"):
            self.assertIn(option, ended.stdout)

    def test_the_list_has_a_line_for_each_step(self) -> None:
        steps = {path.stem for path in (BENCH.parents[1] / "bench/suite/steps").glob("[!_]*.py")}
        ended = call("--list")
        self.assertEqual((ended.returncode, {line.split()[0] for line in ended.stdout.splitlines()}), (0, steps))

    def test_a_result_is_not_overwritten_by_its_report(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            path = made_up_result().write(Path(folder))
            before = path.read_text()
            ended = call("--report", folder)
            self.assertEqual(ended.returncode, 0, ended.stderr)
            self.assertEqual(path.read_text(), before)


if __name__ == "__main__":
    unittest.main()
