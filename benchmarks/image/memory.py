"""A process's memory, in GB."""

import re
from pathlib import Path

import psutil


def peak_gb(pid: int | None = None) -> float:
    """The most it ever held (Linux tells; elsewhere what it holds now), the weights' mapped files with it."""
    status = Path(f"/proc/{pid or 'self'}/status")
    if status.exists() and (found := re.search(r"VmHWM:\s+(\d+) kB", status.read_text())):
        return int(found[1]) * 1024 / 1e9
    return held_gb(pid)


def held_gb(pid: int | None = None) -> float:
    return float(psutil.Process(pid).memory_info().rss / 1e9)
