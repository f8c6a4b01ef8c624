"""The models that are measured: written once, kept in the user's cache folder (2.2 GB)."""

import subprocess
import sys
from pathlib import Path

from platformdirs import user_cache_path

CLONE = Path(__file__).resolve().parents[2]
CACHE = user_cache_path("mom-benchmarks")


def find_sd15() -> Path:
    """A diffusers folder in bfloat16, as it is best kept for a CPU that has it."""
    return _written("sd15-bfloat16", "benchmarks.sd15_model", "model_index.json")


def find_tiny_autoencoder() -> Path:
    """TAESD's shape."""
    return _written("taesd-bfloat16", "benchmarks.image.taesd_model", "config.json")


def _written(name: str, program: str, last_file: str) -> Path:
    folder = CACHE / name
    if not (folder / last_file).exists():
        folder.mkdir(parents=True, exist_ok=True)
        print(f"writing {folder}", flush=True)
        # In a process of its own, whose memory is given back before anything is measured.
        subprocess.run([sys.executable, "-m", program, folder], check=True, cwd=CLONE)
    return folder
