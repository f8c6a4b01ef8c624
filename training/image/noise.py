"""Ties a picture to the noise that it starts from, so that one seed means one definite picture.

With independent noise the first step can only answer with the average of all pictures a prompt allows, which is a blur, and later
steps must choose. Here the four numbers that place a picture's shapes (`Jitter`) are also the averages of the four channels of its
starting noise. The first step can then read them off, and the picture is a definite function of prompt and noise. The noise stays
standard normal: an average of n independent normal values is normal with deviation 1/sqrt(n), and any other direction is untouched.
"""

from __future__ import annotations

import torch
from torch import Tensor


def tied_noise(jitter: Tensor) -> Tensor:
    """Standard normal noise (batch, 4, 16, 16) whose channel averages, times 16, are the jitter (batch, 4)."""
    noise = torch.randn(*jitter.shape, 16, 16, device=jitter.device)
    return noise + (jitter / 16 - noise.mean((2, 3)))[:, :, None, None]


def jitter_of(noise: Tensor) -> Tensor:
    """The four numbers hidden in the noise: the inverse of `tied_noise`."""
    return 16 * noise.mean((2, 3))
