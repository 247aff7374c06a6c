"""Prometheus, node exporter and mtail from the distribution: installed, or unpacked by scripts/install-packages.sh."""

import contextlib
import ctypes
import json
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
UNPACKED = PROJECT / "build/monitoring/usr/bin"
MONITORING = PROJECT / "deploy/monitoring"
DASHBOARD = MONITORING / "hugepage-shim.dashboard.json"
RULES = MONITORING / "hugepage-shim.rules.yml"
MTAIL = MONITORING / "hugepage-shim.mtail"
SKIPPED = 77


def program(name: str) -> str:
    """Its path. Ends this test as skipped where there is none."""
    found = shutil.which(name, path=f"/usr/bin:/usr/local/bin:{UNPACKED}")
    if not found:
        print(f"skipped: no {name}: scripts/install-packages.sh full")
        sys.exit(SKIPPED)
    return found


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def end_with_parent() -> None:
    pr_set_pdeathsig = 1
    ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGKILL)


@contextlib.contextmanager
def running(command: list[str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A daemon until the end of the block; what it says is in the log."""
    with log.open("wb") as output:
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, preexec_fn=end_with_parent)
    try:
        yield child
    finally:
        child.kill()
        child.wait()


def until(what: str, is_so: Callable[[], bool]) -> None:
    """Asks again and again. The limit is only there so that a test that fails ends."""
    deadline = time.monotonic() + 300
    while not is_so():
        if time.monotonic() > deadline:
            raise TimeoutError(what)
        time.sleep(0.1)


def asked(url: str) -> str | None:
    """What the server answers; None while it isn't there yet."""
    try:
        with urllib.request.urlopen(url, timeout=60) as answer:
            return str(answer.read().decode())
    except urllib.error.HTTPError as error:
        raise RuntimeError(f"{url}: {error.read().decode()}") from error
    except (urllib.error.URLError, ConnectionError):
        return None


class Prometheus:
    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"

    def get(self, path: str, **parameters: str) -> list[dict]:
        """The data of an answer of its interface; nothing until it is up."""
        text = asked(f"{self.url}/api/v1/{path}?{urllib.parse.urlencode(parameters)}")
        if text is None:
            return []
        answer = json.loads(text)
        assert answer["status"] == "success", answer
        data = answer["data"]
        return next(data[key] for key in ("result", "groups", "alerts", "activeTargets") if key in data)

    def query(self, expression: str) -> list[dict]:
        return self.get("query", query=expression)

    def value(self, expression: str) -> float | None:
        """Of an expression with one sample at most."""
        samples = self.query(expression)
        assert len(samples) <= 1, (expression, samples)
        return float(samples[0]["value"][1]) if samples else None
