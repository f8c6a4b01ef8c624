"""Fits the whole decoder to pictures, after its middle taps were taught on points.

Between the cells of each level the numbers are scaled up evenly, which blurs what bends within a cell, and at the border of a picture
the convolutions see zeros. Both are mended here. Since the normalisation is fixed (`decoder.py`), a window of a picture is decoded as it
would be inside of the whole, except near the window's own edge; so small windows do, and they cost little.
"""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderKL
from torch import Tensor, nn

from training.image.decoder import keep_fixed
from training.image.grid import GRID
from training.image.latents import latents_of
from training.image.layout import lay_out
from training.image.pictures import SIZE, paint_pixels
from training.image.points import blur_facts
from training.image.run import Run
from training.image.scenes import Scene, random_jitter, random_scene

PEAK_RATE = 6e-5
BATCH = 8
# Windows and the margin inside of them that is not looked at, in cells.
WINDOW, MARGIN = 6, 1
CELL = SIZE // GRID
SEED = 6


def sharpen_decoder(out: Path, vae: AutoencoderKL, minutes: float, device: torch.device) -> None:
    """Train the decoder's blocks of 32 px and up for `minutes`, resuming from `out`/sharpened.pt."""
    torch.manual_seed(SEED)
    vae.to(device)
    decoder = vae.decoder
    trained = nn.ModuleList(
        [decoder.up_blocks[1].resnets, *decoder.up_blocks[2:], decoder.conv_norm_out, decoder.conv_out]
    )
    keep_fixed(vae)
    adam = torch.optim.AdamW(trained.parameters(), betas=(0.9, 0.999), weight_decay=0.0)
    run = Run(out / "sharpened.pt", minutes, PEAK_RATE, trained, adam)
    rng = random.Random(SEED + run.step)
    for _ in run.steps():
        latents, truth, counted = (part.to(device) for part in random_windows(rng))
        with torch.autocast(device.type, dtype=torch.bfloat16):
            drawn = vae.decode(latents).sample
        error = (drawn.float() - truth) * counted
        mean = error.abs().mean()
        run.learn(mean + 2 * error.square().mean(), {"mean error": mean.item() / counted.mean().item()})


def random_windows(rng: random.Random) -> tuple[Tensor, Tensor, Tensor]:
    """Latents of windows, their pictures, and 1 where a pixel counts: away from those edges that are not the picture's own."""
    latents, truth, counted = [], [], []
    for _ in range(BATCH):
        scene, jitter = random_scene(rng), random_jitter(rng)
        left, top = _corner(rng, scene, jitter)
        window = blur_facts(latents_of(scene, jitter)[None])[0, :, top : top + WINDOW, left : left + WINDOW]
        latents.append(window)
        line = (np.arange(WINDOW * CELL, dtype=np.float32) + 0.5) / SIZE
        centres = (
            np.stack(np.meshgrid(line + left / GRID, line + top / GRID), axis=-1).reshape(-1, 2).astype(np.float32)
        )
        colours = torch.from_numpy(paint_pixels(scene, jitter, centres) / 127.5 - 1)
        truth.append(colours.view(WINDOW * CELL, WINDOW * CELL, 3).permute(2, 0, 1))
        down, across = _counted(top), _counted(left)
        counted.append((down[:, None] * across)[None])
    return torch.stack(latents), torch.stack(truth), torch.stack(counted)


def _corner(rng: random.Random, scene: Scene, jitter: tuple[float, float, float, float]) -> tuple[int, int]:
    """The first column and row of a window: mostly around a thing, sometimes anywhere, borders included."""
    most = GRID - WINDOW
    if rng.random() < 0.25:
        anywhere = [max(0, min(most, rng.randrange(-2, most + 3))) for _ in range(2)]
        return anywhere[0], anywhere[1]
    thing = rng.choice(lay_out(scene, jitter).things)
    spread = thing.radius * GRID
    middles = (thing.across * GRID + rng.uniform(-spread, spread), thing.down * GRID + rng.uniform(-spread, spread))
    left, top = (max(0, min(most, round(middle - WINDOW / 2))) for middle in middles)
    return left, top


def _counted(start: int) -> Tensor:
    line = torch.ones(WINDOW * CELL)
    if start > 0:
        line[: MARGIN * CELL] = 0
    if start < GRID - WINDOW:
        line[-MARGIN * CELL :] = 0
    return line
