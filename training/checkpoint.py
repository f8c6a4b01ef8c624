"""Writes a run's checkpoint so that a run stopped in the middle of writing loses nothing."""

from pathlib import Path

import torch


def save_checkpoint(state: dict[str, object], path: Path) -> None:
    """Write beside `path`, then take its place at once."""
    beside = path.with_suffix(".new")
    torch.save(state, beside)
    beside.replace(path)
