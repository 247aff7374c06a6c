"""The command lines of scripts/bench.sh and scripts/bench-sealer.sh, as far as they measure nothing."""

import subprocess
import tempfile
import unittest
from pathlib import Path

import made_up

SCRIPTS = Path(__file__).resolve().parents[2] / "scripts"


def call(*arguments: str, script: str = "bench.sh") -> subprocess.CompletedProcess[str]:
    return subprocess.run([SCRIPTS / script, *arguments], capture_output=True, text=True)


class Usage(unittest.TestCase):
    def test_wrong_usage_is_one_line_and_status_two(self) -> None:
        wrong = (
            ("--minutes", "0"),
            ("--minutes", "soon"),
            ("--buffer", "65MiB"),
            ("--buffer", "4 PiB"),
            ("--buffer", "1024TiB"),
            ("--only", "nothing"),
            ("--only", "peers,"),
            ("--build", "/nowhere"),
            ("--report", "/nowhere"),
            ("--sector", "100MiB"),
            ("--sector", "1MiB"),
            ("--variants", "plain,other"),
            ("--rounds", "x"),
            ("--fast",),
            ("more",),
        )
        for arguments in wrong:
            with self.subTest(arguments=arguments):
                ended = call(*arguments)
                self.assertEqual((ended.returncode, ended.stdout, len(ended.stderr.splitlines())), (2, "", 1), ended.stderr)
        ended = call("--label", "/nowhere", "--build", "/", script="bench-sealer.sh")
        self.assertEqual(ended.returncode, 2)
        self.assertRegex(ended.stderr, "^bench-sealer: there is no /.*; see scripts/bench-sealer.sh --help\n$")

    def test_help_names_every_option(self) -> None:
        own = {
            "bench.sh": ("--minutes", "--out", "--build", "--only", "--buffer", "--fragmented", "--list", "--report"),
            "bench-sealer.sh": ("--sector", "--path", "--rounds", "--minutes", "--variants", "--fragmented", "--json", "--label"),
        }
        for script, options in own.items():
            ended = call("--help", script=script)
            self.assertEqual((ended.returncode, ended.stderr), (0, ""))
            for option in options:
                self.assertIn(option, ended.stdout)

    def test_the_list_has_a_line_for_each_step(self) -> None:
        steps = {path.stem for path in (SCRIPTS.parent / "bench/suite/steps").glob("[!_]*.py")}
        ended = call("--list")
        self.assertEqual((ended.returncode, {line.split()[0] for line in ended.stdout.splitlines()}), (0, steps))

    def test_a_report_is_made_anew_and_the_run_stays(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "run.json"
            made_up.full_result().write(path)
            before = path.read_text()
            ended = call("--report", folder)
            self.assertEqual(ended.returncode, 0, ended.stderr)
            self.assertEqual(path.read_text(), before)
            self.assertIn("Starting /bin/true", (Path(folder) / "results.md").read_text())
            self.assertTrue((Path(folder) / "usable.svg").is_file())
