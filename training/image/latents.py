"""Decides what the latents are, and holds the training set as latents.

A latent is 4 numbers for every 16 x 16 px: the mean colour as lightness, blue against yellow, red against green, and the contrast
inside the square, which tells an edge from a flat mixture. All are scaled to about mean 0 and deviation 1 over the training set.
Learned latents would hold more, but these suffice for flat shapes, need no training, and are a tiny picture as they stand, which is
what a preview shows.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional
from tqdm import trange

from training.image.pictures import SIZE, Jitter, Scene, draw_picture
from training.image.scenes import random_jitter, random_scene

CELL = 16
FROM_RGB = torch.tensor([[1 / 3, 1 / 3, 1 / 3], [-0.5, -0.5, 1.0], [1.0, -1.0, 0.0]])
# Mean and deviation of the four numbers over 800 training scenes, rounded.
MEAN = (0.44, -0.02, -0.01, 0.05)
DEVIATION = (0.53, 0.38, 0.31, 0.116)


@dataclass(frozen=True)
class Dataset:
    """Scenes with their jitters (n, 4) and latents (n, 4, 16, 16)."""

    scenes: list[Scene]
    jitters: Tensor
    latents: Tensor


def to_tensor(image: Image.Image) -> Tensor:
    """The picture as (3, height, width), -1 to 1."""
    return torch.from_numpy(np.array(image)).permute(2, 0, 1).float() / 127.5 - 1


def raw_latents(pictures: Tensor) -> Tensor:
    """The four numbers of each square before scaling: pictures (n, 3, h, w) to (n, 4, h / 16, w / 16)."""
    opposed = torch.einsum("ij,njhw->nihw", FROM_RGB.to(pictures.device), functional.avg_pool2d(pictures, CELL))
    light = pictures.mean(1, keepdim=True)
    variance = functional.avg_pool2d(light.square(), CELL) - functional.avg_pool2d(light, CELL).square()
    return torch.cat([opposed, variance.clamp(min=0).add(1e-4).sqrt()], dim=1)


def latents_of(pictures: Tensor) -> Tensor:
    """The pictures' latents, scaled: what the encoder learns to answer and the decoder to draw."""
    mean, deviation = (torch.tensor(values, device=pictures.device)[:, None, None] for values in (MEAN, DEVIATION))
    return (raw_latents(pictures) - mean) / deviation


def load_dataset(cache: Path, count: int, seed: int = 11) -> Dataset:
    """`count` random training scenes with their latents, the same for the same count and seed; `cache` keeps them for the next run."""
    rng = random.Random(seed)
    scenes = [random_scene(rng) for _ in range(count)]
    jitters: list[Jitter] = [random_jitter(rng) for _ in scenes]
    if cache.exists():
        latents: Tensor = torch.load(cache, weights_only=True)
        if len(latents) == count:
            return Dataset(scenes, torch.tensor(jitters), latents)
    latents = torch.empty(count, 4, SIZE // CELL, SIZE // CELL)
    for i in trange(count, desc="training set", mininterval=5):
        latents[i] = latents_of(to_tensor(draw_picture(scenes[i], jitters[i]))[None])[0]
    torch.save(latents, cache)
    return Dataset(scenes, torch.tensor(jitters), latents)
