"""The metrics and the alerts, as promtool judges them; and that nothing which is shipped asks for a metric that nobody writes.

usage: metrics_test.py BUILD-FOLDER"""

import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import pool
from programs import DASHBOARD, MTAIL, PROJECT, RULES, program

HERE = Path(__file__).parent
NAME = r"\bhugepage_shim_\w+"
# These name metrics too; the test of the dashboard's panels, machine_test.py, would fail for one that isn't there.
DOCUMENTS = ("tools/man/hugepagectl.8.scd", "docs/recipes.md", "docs/operate.md", "docs/manual.zh.md")


def promtool(*arguments: str, given: str = "") -> str:
    done = subprocess.run([program("promtool"), *arguments], input=given, capture_output=True, text=True)
    assert done.returncode == 0, f"promtool {arguments}: {done.stdout}{done.stderr}"
    return done.stdout + done.stderr


def metrics(build: Path, folder: Path) -> str:
    command = [build / "tools/ctl/hugepagectl", "status", "--path", folder, "--prometheus", "-"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def alerts(text: str) -> set[str]:
    return set(re.findall(r"\bHugepage\w+", text))


def main() -> None:
    build = Path(sys.argv[1])
    with tempfile.TemporaryDirectory(dir="/dev/shm") as name:
        folder = Path(name)
        missing = metrics(build, folder / "missing")
        pool.add_file(folder, 0, "right", pool.MIB)
        pool.add_file(folder, 0, "open", pool.MIB, mode=0o604)
        text = metrics(build, folder)
    for written in (missing, text):
        complaints = promtool("check", "metrics", given=written)
        assert complaints == "", complaints
    assert re.search(rf'^hugepage_shim_unusable_files{{pool="{name}",node="0",size="1048576",reason="insecure"}} 1$', text, flags=re.M), text

    promtool("check", "rules", str(RULES))
    promtool("test", "rules", str(HERE / "alerts_test.yml"))
    declared = set(re.findall(r"^ *- alert: (\w+)$", RULES.read_text(), flags=re.M))
    assert declared == alerts((HERE / "alerts_test.yml").read_text()), "an alert has no test"

    written = set(re.findall(rf"^# TYPE ({NAME}) ", text, flags=re.M)) | set(re.findall(rf"^(?:counter|gauge) ({NAME})", MTAIL.read_text(), flags=re.M))
    manual = re.search(r"^# METRICS$(.*?)^# ", (PROJECT / DOCUMENTS[0]).read_text(), flags=re.M | re.S)
    assert manual is not None
    listed = {f"hugepage_shim_{name}" for line in re.findall(r"^\*.*$", manual.group(1), flags=re.M) for name in re.findall(r"\*(\w+)\*", line)}
    assert listed == set(re.findall(rf"^# TYPE ({NAME}) ", text, flags=re.M)), "the manual page lists other metrics"
    shipped = [RULES.read_text(), *(target["expr"] for panel in json.loads(DASHBOARD.read_text())["panels"] for target in panel["targets"])]
    named = set(re.findall(NAME, "\n".join([*shipped, *((PROJECT / path).read_text(encoding="utf-8") for path in DOCUMENTS)])))
    assert named <= written, f"nobody writes {named - written}"


main()
