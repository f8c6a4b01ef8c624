"""Ties a picture to the noise that it starts from, so that one seed means one definite picture.

With independent noise the first step can only answer with the average of all pictures a prompt allows, and later steps must choose.
Here the four numbers that place a picture's things (`Jitter`) are also the averages of the first four channels of its starting noise.
The first step can then read them off, and the picture is a definite function of prompt and noise. The noise stays standard normal: an
average of n independent normal values is normal with deviation 1/sqrt(n), and any other direction is untouched.
"""

from __future__ import annotations

import torch
from torch import Tensor

from training.image.grid import GRID
from training.image.latents import CHANNELS


def tied_noise(jitter: Tensor) -> Tensor:
    """Standard normal noise (batch, CHANNELS, GRID, GRID) whose first channels' averages, times GRID, are the jitter (batch, 4)."""
    noise = torch.randn(len(jitter), CHANNELS, GRID, GRID, device=jitter.device)
    noise[:, :4] += (jitter / GRID - noise[:, :4].mean((2, 3)))[:, :, None, None]
    return noise
