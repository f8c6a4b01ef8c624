"""A process's memory, in GB, and what NVIDIA's own tool knows of the GPU."""

import re
import shutil
import subprocess
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


def on_gpu(pid: int) -> dict[str, float]:
    """`gpu_gb`: what the process holds of a GPU's memory now, with PyTorch's cache and the driver's own half a GB. Empty
    where there is none, or where it is not told.
    """
    for line in ask_nvidia("--query-compute-apps=pid,used_memory"):
        its_pid, _, mib = line.partition(",")
        if its_pid.strip() == str(pid) and mib.strip().isdecimal():
            return {"gpu_gb": int(mib) * 2**20 / 1e9}
    return {}


def ask_nvidia(query: str) -> list[str]:
    """The lines of its answer; none where there is no such tool, or no GPU."""
    tool = shutil.which("nvidia-smi")
    if tool is None:
        return []
    told = subprocess.run([tool, query, "--format=csv,noheader,nounits"], check=False, capture_output=True, text=True)
    return told.stdout.splitlines() if told.returncode == 0 else []
