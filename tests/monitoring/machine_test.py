"""A machine as Prometheus sees it, from nothing to a sealer that is served, one that fell back, and files on the wrong node: each query of the
dashboard, and each alert, gives what it should. Prometheus, node exporter and mtail are the distribution's, on loopback.

usage: machine_test.py BUILD-FOLDER tmpfs|2MiB SCRATCH-FOLDER [CHART.svg]      run by machine.sh

Nothing here waits for a time to pass: after each change Prometheus is asked until it has scraped it, and then for each expression."""

import contextlib
import fcntl
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pool
from programs import DASHBOARD, MTAIL, PROJECT, RULES, Prometheus, asked, free_port, program, running, until

# Which no other program's buffers have: those count that have the library, on the whole machine.
SIZE = 22 * pool.MIB
FILES = 4
# What they show depends on the time, or on what else is on this machine.
TIMED, SHARED = "Age of these figures", "Huge pages by node"
GREEN, BLUE, RED, ORANGE, PURPLE, GREY = "C2", "C0", "C1", "C5", "C3", "C4"
# Four of the panels with their series, by labels.
CHARTED: dict[str, dict[tuple[str, ...], str]] = {
    "Sealers' buffers": {("served",): GREEN, ("tmpfs",): PURPLE, ("thp",): ORANGE, ("ordinary",): RED, ("untouched",): GREY},
    "Fallbacks by reason": {("all_leased",): RED},
    "Files by node": {("0", "free"): GREEN, ("0", "leased"): BLUE, ("1", "leased"): PURPLE, ("1", "unusable"): RED},
    "Buffers on the wrong node": {("pc1-label",): RED},
}


def resident(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


class Machine:
    def __init__(self, build: Path, pages: str, scratch: Path) -> None:
        self.build, self.pages, self.scratch = build, pages, scratch
        self.pool = scratch / "pool"
        self.log = scratch / "sealer.log"
        self.textfile = scratch / "textfile"
        self.written = self.textfile / "hugepages.prom"
        self.ports = {name: free_port() for name in ("prometheus", "node", "mtail")}
        self.prometheus = Prometheus(self.ports["prometheus"])
        self.modified = 0
        self.shown: list[tuple[str, dict[str, dict[tuple[str, ...], float]]]] = []  # each state, and the panels in it
        self.served = "served" if pages != "tmpfs" else "tmpfs"
        self.textfile.mkdir()
        self.log.touch()
        Path("/etc/hugepage-shim.conf").write_text(
            f"path = {self.pool}\nsize = {SIZE}B\nnum = {FILES}\nnode = 0\n" + (f"page-size = {pages}\n" if pages != "tmpfs" else ""))

    def hugepagectl(self, *arguments: str) -> None:
        subprocess.run([self.build / "tools/ctl/hugepagectl", *arguments], check=True, stdout=subprocess.DEVNULL)

    def make_files(self) -> None:
        if self.pages == "tmpfs":
            for i in range(FILES):
                pool.add_file(self.pool, 0, f"22.0_MiB_{i}", SIZE)
        else:
            # As hugepage-shim.service runs it: `systemctl status` shows the line that it is told.
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
                manager.bind(str(self.scratch / "notify"))
                os.environ["NOTIFY_SOCKET"] = str(self.scratch / "notify")
                self.hugepagectl("setup", "--config", "/etc/hugepage-shim.conf")
                del os.environ["NOTIFY_SOCKET"]
                told = manager.recv(1024, socket.MSG_DONTWAIT).decode()
                assert told == f"STATUS=node 0: {FILES} of {FILES} files", told
        (self.pool / "numa_1").mkdir(exist_ok=True)

    @contextlib.contextmanager
    def watched(self) -> Iterator[None]:
        targets = {job: {"targets": [f"127.0.0.1:{self.ports[job]}"]} for job in ("node", "mtail")}
        config = self.scratch / "prometheus.json"  # which YAML is too
        config.write_text(json.dumps({
            "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
            "rule_files": [str(RULES)],
            "scrape_configs": [{"job_name": job, "static_configs": [target]} for job, target in targets.items()],
        }))
        address = {name: f"--web.listen-address=127.0.0.1:{port}" for name, port in self.ports.items()}
        commands = {
            "node": [program("prometheus-node-exporter"), "--collector.disable-defaults", "--collector.textfile",
                     f"--collector.textfile.directory={self.textfile}", "--web.disable-exporter-metrics", address["node"]],
            "mtail": [program("mtail"), "--progs", str(MTAIL.parent), "--logs", str(self.log), "--logtostderr", "--address", "127.0.0.1",
                      "--port", str(self.ports["mtail"])],
            "prometheus": [program("prometheus"), f"--config.file={config}", f"--storage.tsdb.path={self.scratch / 'tsdb'}", address["prometheus"]],
        }
        with contextlib.ExitStack() as stack:
            for name, command in commands.items():
                stack.enter_context(running(command, self.scratch / f"{name}.log"))
                # mtail counts from the log's end on, as it is when mtail starts.
                url = f"http://127.0.0.1:{self.ports[name]}/metrics"
                until(f"{name} answers", lambda url=url: asked(url) is not None)
            yield

    @contextlib.contextmanager
    def sealer(self, *, is_served: bool) -> Iterator[list[str]]:
        """One that has its two buffers, and is stopped then; and the names of the files that it was served."""
        line = "leased memory file: " if is_served else "unable to alloc numa memory"
        begin = len(self.log.read_text())

        def said() -> str:
            return self.log.read_text()[begin:]

        child = pool.sealer(self.build, self.pool, self.log, SIZE, layers=1000)
        try:
            until("the sealer has its buffers", lambda: said().count(line) == 2 or child.poll() is not None)
            if not is_served:
                until("the sealer has touched them", lambda: resident(child.pid) >= 2 * SIZE or child.poll() is not None)
            assert child.poll() is None, "the sealer ended"
            child.send_signal(signal.SIGSTOP)
            yield re.findall(rf"leased memory file: {self.pool}/(.*?);", said())
        finally:
            child.kill()
            child.wait()

    @contextlib.contextmanager
    def all_files_taken(self) -> Iterator[None]:
        with contextlib.ExitStack() as stack:
            for path in sorted(self.pool.glob("numa_*/*")):
                fcntl.flock(stack.enter_context(path.open("rb+")), fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield

    def look(self, state: str) -> None:
        """Writes the metrics, and waits until Prometheus has them and the log's."""
        self.hugepagectl("status", "--prometheus", str(self.written))
        checked = subprocess.run([program("promtool"), "check", "metrics"], input=self.written.read_text(), capture_output=True, text=True)
        assert (checked.returncode, checked.stdout, checked.stderr) == (0, "", ""), checked
        # Node exporter tells whole seconds, and this look must differ from the last one.
        self.modified = max(self.modified + 1, int(time.time()))
        os.utime(self.written, (self.modified, self.modified))
        logged = self.log.read_text().count("unable to alloc numa memory")

        def has_seen() -> bool:
            seen = self.prometheus.value("max(node_textfile_mtime_seconds)")
            counted = self.prometheus.value("sum(hugepage_shim_fallbacks_total) or vector(0)")
            return seen == self.modified and counted == logged

        until(f"Prometheus has scraped: {state}", has_seen)
        self.shown.append((state, self.panels()))

    def panels(self) -> dict[str, dict[tuple[str, ...], float]]:
        """What each panel shows: values by those labels that tell its series apart, machine, pid and size left out."""
        found: dict[str, dict[tuple[str, ...], float]] = {}
        for panel in json.loads(DASHBOARD.read_text())["panels"]:
            samples = found.setdefault(panel["title"], {})
            for target in panel["targets"]:
                for sample in self.prometheus.query(target["expr"].replace("$host", ".*")):
                    labels = (value for name, value in sorted(sample["metric"].items()) if name not in ("instance", "pid", "size"))
                    # Two targets of a panel show the same labels: that of the files, and of those that are wanted.
                    key = (*labels, *(("wanted",) if "wanted" in target["expr"] and panel["title"] == "Files by node" else ()))
                    samples[key] = float(sample["value"][1])
        return found

    def active_alerts(self) -> set[str]:
        """By what Prometheus makes of each rule's expression at this moment."""
        rules = [rule for group in self.prometheus.get("rules") for rule in group["rules"]]
        assert rules and all(rule["health"] != "err" for rule in rules), rules
        return {rule["name"] for rule in rules if self.prometheus.query(rule["query"])}

    def expect(self, alerts: set[str], panels: dict[str, dict[tuple[str, ...], float]]) -> None:
        if self.pages == "tmpfs" and any(key[1:] == ("tmpfs",) for key in panels["Sealers"]):
            alerts = alerts | {"HugepagePoolNotHuge"}
        state, shown = self.shown[-1]
        found = self.active_alerts()
        assert found == alerts, f"{state}: alerts {found}, not {alerts}"
        # And as its own evaluation of the rules has it.
        until(f"{state}: Prometheus alerts {alerts}", lambda: {alert["labels"]["alertname"] for alert in self.prometheus.get("alerts")} == alerts)
        assert {*panels, TIMED, SHARED} == set(shown), f"not expected, or not shown: {set(shown) ^ set(panels)}"
        assert len(shown[TIMED]) == 1, f"{state}: {shown[TIMED]}"
        if self.pages != "tmpfs" and self.pool.is_dir():
            assert shown[SHARED]["0", "2097152", "files"] == FILES * SIZE, f"{state}: {shown[SHARED]}"
        for title, samples in panels.items():
            is_timed = title == "Leases"
            same = set(shown[title]) == set(samples) if is_timed else shown[title] == samples
            assert same, f"{state}: {title}: {shown[title]}, not {samples}"

    def expected(self, *, sealer: str | None, files: dict[tuple[str, str], int], fallbacks: int = 0, misplaced: int = 0,
                 leases: dict[str, str] | None = None, away: float = 0) -> dict[str, dict[tuple[str, ...], float]]:
        """sealer: what its buffers lie in; files: how many of a node and state; misplaced: buffers; leases: who holds which; away: which share of the
        pages of node 1's files."""
        there = {node: sum(count for (of, _), count in files.items() if of == node) for node in ("0", "1")}
        nodes = ["0", "1"] if there["1"] else ["0"]
        states = ("served", "tmpfs", "thp", "ordinary", "untouched")
        lying = {sealer: 2} if sealer else {}
        by_state = {(node, state): float(files.get((node, state), 0)) for node in nodes for state in ("free", "leased", "unusable", "unknown")}
        return {
            "Sealers served": {(): float(sealer == "served")},
            "Sealers not served": {(): float(sealer not in (None, "served"))},
            "Fallbacks in the logs": {(): float(fallbacks)},
            "Files missing": {(): float(FILES - there["0"])},
            "Files unusable": {(): float(sum(count for (_, state), count in files.items() if state == "unusable"))},
            "Sealers' buffers": {(state,): float(lying.get(state, 0)) for state in states} if sealer else {},
            "Fallbacks by reason": {("all_leased",): float(fallbacks)} if fallbacks else {},
            "Files by node": {**by_state, **{(node, "wanted"): float(FILES if node == "0" else 0) for node in nodes}},
            "Pages on the wrong node": {(node,): away if node == "1" else 0.0 for node in nodes if there[node]},
            "Buffers on the wrong node": {("pc1-label",): float(misplaced)} if sealer else {},
            "Sealers": {("pc1-label", sealer): 2.0} if sealer else {},
            "Leases": {(command, str(self.pool / file), file[5]): 0.0 for file, command in (leases or {}).items()},
        }

    def fallback_state(self) -> str:
        """What the kernel gives without a file: that depends on its settings, and on how much is touched already."""
        samples = self.prometheus.query('hugepage_shim_buffers{state!~"served|tmpfs"} > 0')
        states = [sample["metric"]["state"] for sample in samples]
        assert len(states) == 1 and samples[0]["value"][1] == "2", samples
        return str(states[0])


def run(machine: Machine) -> None:
    free = {("0", "free"): FILES}
    # After a boot without pages: the pool isn't there.
    machine.look("no pool")
    machine.expect({"HugepageFilesShort"}, machine.expected(sealer=None, files={}))
    machine.make_files()
    machine.look("set up")
    machine.expect(set(), machine.expected(sealer=None, files=free))
    names = [f"numa_0/22.0_MiB_{i}" for i in range(FILES)]
    with machine.sealer(is_served=True) as leased:
        machine.look("served")
        by_sealer = {name: "pc1-label" for name in leased}
        two = {("0", "leased"): 2, ("0", "free"): FILES - 2}
        machine.expect(set(), machine.expected(sealer=machine.served, files=two, leases=by_sealer))
    with machine.all_files_taken():
        with machine.sealer(is_served=False):
            machine.look("fell back")
            taken = {name: Path("/proc/self/comm").read_text().strip() for name in names}
            machine.expect({"HugepageFallback", "HugepageFallbackLogged"},
                           machine.expected(sealer=machine.fallback_state(), files={("0", "leased"): FILES}, fallbacks=2, leases=taken))
        # The sealer is gone, and only the log tells.
        machine.look("sealer gone")
        machine.expect({"HugepageFallbackLogged"}, machine.expected(sealer=None, files={("0", "leased"): FILES}, fallbacks=2, leases=taken))
    with machine.sealer(is_served=True) as leased:
        by_sealer = {name: "pc1-label" for name in leased}
        # One of its files is put in the folder of another node.
        moved = machine.pool / "numa_1/moved"
        os.rename(machine.pool / leased[0], moved)
        machine.look("file moved")
        by_sealer["numa_1/moved"] = by_sealer.pop(leased[0])
        machine.expect({"HugepageFallbackLogged", "HugepageFileOnWrongNode", "HugepageBufferOnWrongNode", "HugepageFilesShort"},
                       machine.expected(sealer=machine.served, files={("0", "leased"): 1, ("0", "free"): FILES - 2, ("1", "leased"): 1},
                                        fallbacks=2, misplaced=1, away=1, leases=by_sealer))
    machine.look("file refused")
    machine.expect({"HugepageFallbackLogged", "HugepageFileOnWrongNode", "HugepageFileUnusable", "HugepageFilesShort"},
                   machine.expected(sealer=None, files={("0", "free"): FILES - 1, ("1", "unusable"): 1}, fallbacks=2, away=1))
    os.rename(moved, machine.pool / leased[0])
    machine.look("mended")
    machine.expect({"HugepageFallbackLogged"}, machine.expected(sealer=None, files=free, fallbacks=2))
    (machine.pool / "numa_1").rmdir()


def chart(machine: Machine, path: Path) -> None:
    """What four of the panels showed in each state, as bars."""
    sys.path.insert(0, str(PROJECT / "bench"))
    from matplotlib import pyplot  # noqa: PLC0415
    from suite.charts import STYLE  # noqa: PLC0415

    states = [state for state, _ in machine.shown]
    with pyplot.style.context(STYLE):
        figure, all_axes = pyplot.subplots(2, 2, figsize=(9, 6.5), sharex=True)
        for axes, (title, colours) in zip(all_axes.flat, CHARTED.items(), strict=True):
            below = [0.0] * len(states)
            for labels, colour in colours.items():
                heights = [panels[title].get(labels, 0.0) for _, panels in machine.shown]
                if any(heights):
                    axes.bar(states, heights, bottom=below, color=colour, width=0.7, label=", ".join(labels) if len(labels) == 1 else "node {}, {}".format(*labels))
                    below = [low + high for low, high in zip(below, heights, strict=True)]
            axes.set_title(title)
            axes.grid(visible=False, axis="x")
            axes.set_ylim(0, max(1.0, *below) * 1.45)  # with room for the legend
            axes.yaxis.get_major_locator().set_params(integer=True)
            axes.legend(loc="upper left", ncols=2)
            axes.tick_params("x", labelrotation=30)
        figure.savefig(path, metadata={"Date": None})


def main() -> None:
    build, pages, scratch, *charts = sys.argv[1:]
    for needed in ("promtool", "prometheus", "prometheus-node-exporter", "mtail"):
        program(needed)
    machine = Machine(Path(build), pages, Path(scratch))
    with machine.watched():
        run(machine)
        for path in charts:
            chart(machine, Path(path))


main()
