"""The grid that pictures and latents share: `GRID` x `GRID` cells, each of which becomes 16 x 16 px."""

from __future__ import annotations

import torch
from torch import Tensor

GRID = 16


def middles() -> Tensor:
    """Across and down of the cells' middles as fractions of the side, (2, GRID, GRID)."""
    line = (torch.arange(GRID) + 0.5) / GRID
    return torch.stack([line.expand(GRID, GRID), line[:, None].expand(GRID, GRID)])
