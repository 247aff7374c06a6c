"""A pool on a tmpfs, which takes no huge pages and no rights, and a sealer that is served from it."""

import os
import subprocess
from pathlib import Path

from programs import end_with_parent

MIB = 1 << 20


def add_file(pool: Path, node: int, name: str, size: int, mode: int = 0o600) -> Path:
    folder = pool / f"numa_{node}"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_bytes(bytes(size))
    path.chmod(mode)
    return path


def sealer(build: Path, pool: Path, log: Path, size: int, layers: int = 2, **variables: str) -> subprocess.Popen[bytes]:
    """pc1-label on node 0, whose two buffers of the size the shim is asked for."""
    return subprocess.Popen(
        [build / "tools/pc1/pc1-label", "--sector-size", str(size), "--layers", str(layers), "--alloc", "mmap"],
        env={
            **{name: value for name, value in os.environ.items() if not name.startswith("HUGEPAGE_")},
            "LD_PRELOAD": str(build / "libhugepage_shim.so"), "HUGEPAGE_FILES_PATH": str(pool), "HUGEPAGE_LOG_FILE": str(log),
            "HUGEPAGE_NODE": "0", **variables,
        },
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, preexec_fn=end_with_parent,
    )
