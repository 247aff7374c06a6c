"""The machine as far as the suite needs to know it: read once, from a root folder that tests can make up."""

import os
import platform
import re
from dataclasses import dataclass
from pathlib import Path

PLAIN_PAGE = os.sysconf("SC_PAGESIZE")
LEAST_BUFFER = 64 << 20
MOST_BUFFER = 32 << 30


@dataclass(frozen=True)
class Machine:
    cpu_model: str
    kernel: str
    system: str  # the distribution, by its own name
    architecture: str
    is_virtual: bool
    is_root: bool
    cpus: int  # that we may use, on the node that is measured
    cpus_in_all: int  # that we may use
    node: int  # what is measured is measured on this node
    nodes: list[int]  # those with memory
    memory_bytes: int
    memory_free_bytes: int  # what may be used now: of the node, and of the control group
    page_sizes: list[int]  # of huge pages, in bytes, smallest first
    thp: str  # "always", "madvise" or "never"; "none" where the kernel has none


def chosen(text: str) -> str:
    """What "always [madvise] never" has chosen."""
    found = re.search(r"\[([^]]+)\]", text)
    return found[1] if found else "none"


def cpu_list(text: str) -> set[int]:
    """The numbers in "0-3,8"."""
    cpus: set[int] = set()
    for part in text.strip().split(","):
        if part:
            first, _, last = part.partition("-")
            cpus.update(range(int(first), int(last or first) + 1))
    return cpus


def large_buffer(free_bytes: int) -> int:
    """The largest power of two that fits three times in nine tenths of what is free, from 64 MiB to 32 GiB.

    On ordinary, transparent huge and 2 MiB pages at once: what has to be made anew in each round is hardly measured.
    """
    fits = int(free_bytes * 0.9) // 3
    return min(MOST_BUFFER, max(LEAST_BUFFER, 1 << max(fits.bit_length() - 1, 0)))


def read_machine(root: Path = Path("/")) -> Machine:
    usable = os.sched_getaffinity(0)
    nodes = _nodes(root)
    on_node = {node: usable & cpu_list(_text(root / f"sys/devices/system/node/node{node}/cpulist")) for node in nodes}
    node = max(nodes, key=lambda each: (len(on_node[each]), -each))
    meminfo = _sizes(_text(root / "proc/meminfo"), r"^(\w+):\s+(\d+) kB")
    of_node = _sizes(_text(root / f"sys/devices/system/node/node{node}/meminfo"), r"^Node \d+ (\w+):\s+(\d+) kB")
    free = meminfo.get("MemAvailable", 0)
    if len(nodes) > 1:
        # There is no MemAvailable of a node; file pages can be dropped.
        free = min(free, of_node.get("MemFree", 0) + of_node.get("FilePages", 0) - of_node.get("Shmem", 0))
    cpuinfo = _text(root / "proc/cpuinfo")
    return Machine(
        cpu_model=_cpu_model(cpuinfo),
        kernel=platform.release(),
        system=_system(root),
        architecture=platform.machine(),
        is_virtual=re.search(r"^flags\s*:.*\bhypervisor\b", cpuinfo, re.M) is not None,
        is_root=os.geteuid() == 0,
        cpus=len(on_node[node]) or len(usable),
        cpus_in_all=len(usable),
        node=node,
        nodes=nodes,
        memory_bytes=meminfo.get("MemTotal", 0),
        memory_free_bytes=min([free, *_left_in_control_group(root)]),
        page_sizes=sorted(
            int(folder.name.removeprefix("hugepages-").removesuffix("kB")) << 10
            for folder in (root / "sys/kernel/mm/hugepages").glob("hugepages-*kB")
        ),
        thp=chosen(_text(root / "sys/kernel/mm/transparent_hugepage/enabled")),
    )


def stay_on_node(machine: Machine) -> None:
    """From here on this process and its children use the CPUs of the node that is measured only, as a pinned sealer does."""
    cpus = cpu_list(_text(Path(f"/sys/devices/system/node/node{machine.node}/cpulist"))) & os.sched_getaffinity(0)
    if cpus and machine.cpus < machine.cpus_in_all:
        os.sched_setaffinity(0, cpus)


def _text(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except OSError:
        return ""


def _nodes(root: Path) -> list[int]:
    nodes = cpu_list(_text(root / "sys/devices/system/node/has_memory"))
    return sorted(nodes) or [0]


def _sizes(text: str, pattern: str) -> dict[str, int]:
    return {name: int(kib) << 10 for name, kib in re.findall(pattern, text, re.M)}


def _cpu_model(cpuinfo: str) -> str:
    found = re.search(r"^model name\s*:\s*(.+)", cpuinfo, re.M)
    if found:
        return found[1].strip()
    parts = dict(re.findall(r"^CPU (implementer|part)\s*:\s*(\S+)", cpuinfo, re.M))
    return f"{platform.machine()}, implementer {parts.get('implementer', '?')}, part {parts.get('part', '?')}"


def _system(root: Path) -> str:
    found = re.search(r'^PRETTY_NAME="?([^"\n]+)', _text(root / "etc/os-release"), re.M)
    return found[1] if found else "unknown"


def _left_in_control_group(root: Path) -> list[int]:
    """What the process' control group lets it use still, if it limits that."""
    group = re.search(r"^0::/(.*)$", _text(root / "proc/self/cgroup"), re.M)
    folder = root / "sys/fs/cgroup" / (group[1] if group else "")
    texts = _text(folder / "memory.max").strip(), _text(folder / "memory.current").strip()
    return [max(0, int(texts[0]) - int(texts[1]))] if all(text.isdigit() for text in texts) else []
