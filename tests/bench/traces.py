"""What a run leaves behind, told apart from what others do on the machine at the same time."""

import fcntl
import time
from collections.abc import Callable
from pathlib import Path

SETTING = Path("/sys/kernel/mm/transparent_hugepage/enabled")


def eventually(holds: Callable[[], bool], seconds: float = 20) -> bool:
    end = time.monotonic() + seconds
    while not holds() and time.monotonic() < end:
        time.sleep(0.005)
    return holds()


def thp_setting() -> str:
    """While nobody else has changed it for a moment: who does holds this lock. Empty where there is no such setting."""
    if not SETTING.exists():
        return ""
    with SETTING.open() as setting:
        fcntl.flock(setting, fcntl.LOCK_EX)
        return setting.read()


def is_clean(folder: Path) -> bool:
    """Of the folder for a run's temporary ones: the guardian of pages removes its own last, when they are given back."""
    mounted = any(line.split()[1].startswith(f"{folder}/") for line in Path("/proc/mounts").read_text().splitlines())
    return not mounted and not any(folder.iterdir())
