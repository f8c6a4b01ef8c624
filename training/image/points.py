"""Teaches the decoder to draw, one point at a time.

All that a pixel's colour depends on is in the latents at its place (`latents.py`), so drawing is a function of 28 numbers. It is learned
as one: a residual network on single points, five hundred times cheaper than on pictures. Each of its layers has the shape of one of the
decoder's convolutions, whose middle taps it then becomes (`decoder.py`).
"""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional
from tqdm import trange

from training.image.latents import BORDERS, CHANNELS, COLOUR, GROUNDS, INSIDE, at_points, latents_of
from training.image.layout import lay_out
from training.image.pictures import SIZE, paint, paint_pixels
from training.image.run import Run
from training.image.scenes import Scene, random_jitter, random_scene
from training.muon import AS_ADAMW, Muon

# How many numbers are worked with at 64, 128 and 256 px.
ROOMS = (94, 46, 22)
PEAK_RATE = 6e-3
BATCH = 8192
EXACT_FROM = 0.85
# What the zeros around a picture leave of a number at a side and at a corner, and how many points are treated so.
FADINGS = (1.0, 0.75, 0.75, 0.5625)
BORDER = 0.15
POINTS = 256
SCENES = 12_000
SEED = 1


class PointBlock(nn.Module):  # type: ignore[misc] # torch is untyped to the type checker
    """A residual block of the decoder at one point: scale, SiLU, mix, scale, SiLU, mix, add."""

    def __init__(self, entry: int, width: int) -> None:
        super().__init__()
        self.scale1, self.shift1 = nn.Parameter(torch.ones(entry)), nn.Parameter(torch.zeros(entry))
        self.mix1 = nn.Linear(entry, width)
        self.scale2, self.shift2 = nn.Parameter(torch.ones(width)), nn.Parameter(torch.zeros(width))
        self.mix2 = nn.Linear(width, width)
        self.shortcut = nn.Linear(entry, width) if entry != width else None

    def forward(self, x: Tensor) -> Tensor:
        hidden = self.mix1(functional.silu(x * self.scale1 + self.shift1))
        hidden = self.mix2(functional.silu(hidden * self.scale2 + self.shift2))
        return hidden + (self.shortcut(x) if self.shortcut else x)


class PointDecoder(nn.Module):  # type: ignore[misc] # torch is untyped to the type checker
    """Latents at a point (n, CHANNELS) to its colour (n, 3), -1 to 1."""

    def __init__(self) -> None:
        super().__init__()
        self.blocks = nn.ModuleList()
        self.ups = nn.ModuleList()
        entry = CHANNELS
        for room in ROOMS:
            self.blocks += [PointBlock(entry, room), PointBlock(room, room)]
            if room != ROOMS[-1]:
                self.ups.append(nn.Linear(room, room))
                nn.init.eye_(self.ups[-1].weight)
            entry = room
        self.scale, self.shift = nn.Parameter(torch.ones(entry)), nn.Parameter(torch.zeros(entry))
        self.out = nn.Linear(entry, 3)

    def forward(self, x: Tensor, fading: Tensor | None = None) -> Tensor:
        """`fading` (n, 2) weakens what is scaled up to 128 and to 256 px, as the zeros around a picture do at its border."""
        for i, block in enumerate(self.blocks):
            x = block(x)
            if i % 2 == 1 and i // 2 < len(self.ups):
                x = self.ups[i // 2](x if fading is None else x * fading[:, i // 2, None])
        colours: Tensor = self.out(functional.silu(x * self.scale + self.shift))
        return colours


def random_points(rng: np.random.Generator, scene: Scene, jitter: tuple[float, float, float, float]) -> np.ndarray:
    """`POINTS` pixel centres of the picture, more of them inside of things and at edges than elsewhere."""
    anywhere = rng.random((2 * POINTS, 2))
    things = lay_out(scene, jitter).things
    picked = rng.integers(len(things), size=3 * POINTS)
    middles = np.array([(t.across, t.down) for t in things])[picked]
    reach = np.array([1.25 * t.radius for t in things])[picked, None]
    inside = middles + reach * (2 * rng.random((3 * POINTS, 2)) - 1)
    points = np.concatenate([anywhere, inside]).clip(0, 0.9999)
    points = ((np.floor(points * SIZE) + 0.5) / SIZE).astype(np.float32)
    steps = np.array([(0, 0), (0.7, 0), (-0.7, 0), (0, 0.7), (0, -0.7)], dtype=np.float32) / SIZE
    colours = paint(scene, jitter, (points[:, None] + steps).clip(0, 0.9999).reshape(-1, 2)).reshape(len(points), 5, 3)
    at_edge = np.ptp(colours, axis=1).max(axis=1) > 10
    order = np.argsort(rng.random(len(points)) - 0.75 * at_edge)
    chosen: np.ndarray = points[order[:POINTS]]
    return chosen


def make_points(scenes: int, seed: int) -> tuple[Tensor, Tensor]:
    """Latents at points (scenes * POINTS, CHANNELS), somewhat noisy, and the points' colours, -1 to 1; both half precision."""
    rng, dice = random.Random(seed), np.random.default_rng(seed)
    torch.manual_seed(seed)
    inputs = torch.empty(scenes, POINTS, CHANNELS, dtype=torch.float16)
    colours = torch.empty(scenes, POINTS, 3, dtype=torch.float16)
    for i in trange(scenes, desc="points", mininterval=5):
        scene, jitter = random_scene(rng), random_jitter(rng)
        points = random_points(dice, scene, jitter)
        latents = blur_facts(latents_of(scene, jitter)[None])
        inputs[i] = at_points(latents, torch.from_numpy(points)[None])[0].half()
        colours[i] = torch.from_numpy(paint_pixels(scene, jitter, points) / 127.5 - 1).half()
    return inputs.view(-1, CHANNELS), colours.view(-1, 3)


def blur_facts(latents: Tensor) -> Tensor:
    """The latents (n, CHANNELS, GRID, GRID) as a denoiser might answer them: most numbers a little off, in places or all over."""
    noise = 0.12 * torch.rand(len(latents), 1, 1, 1) * torch.randn_like(latents)
    noise += 0.1 * torch.rand(len(latents), 1, 1, 1) * torch.randn(*latents.shape[:2], 1, 1)
    noise[:, INSIDE] *= 0.1
    noise[:, COLOUR] *= 0.3
    noise[:, GROUNDS] *= 0.3
    noise[:, BORDERS] *= 0.1
    return latents + noise


def at_border(inputs: Tensor) -> tuple[Tensor, Tensor]:
    """The inputs and a fading: some points that belong to nothing become points at the border of the picture."""
    chosen = (torch.rand(len(inputs)) < BORDER) & (inputs[:, 2] < 0)
    fading = torch.tensor(FADINGS)[torch.randint(len(FADINGS), (len(inputs), 3))]
    fading = torch.where(chosen[:, None], fading, 1.0)
    faded = inputs.clone()
    faded[:, INSIDE] *= fading[:, 2:]
    faded[:, BORDERS] *= fading[:, 2:]
    return faded, fading[:, :2]


def train_points(out: Path, minutes: float) -> PointDecoder:
    """Train for `minutes`, resuming from `out`/points.pt."""
    torch.manual_seed(SEED)
    model = PointDecoder()
    inner = [w for name, w in model.named_parameters() if w.ndim == 2 and not name.startswith("out")]
    others = [w for name, w in model.named_parameters() if w.ndim < 2 or name.startswith("out")]
    muon = Muon(inner, PEAK_RATE, weight_decay=0.01, adjust_lr_fn=AS_ADAMW)
    adam = torch.optim.AdamW(others, betas=(0.9, 0.99), weight_decay=0.0)
    run = Run(out / "points.pt", minutes, PEAK_RATE, model, muon, adam)
    if run.fraction == 1:
        return model
    inputs, colours = make_points(SCENES, SEED)
    for _ in run.steps():
        picked = torch.randint(len(inputs), (BATCH,))
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=run.fraction < EXACT_FROM):
            drawn = model(*at_border(inputs[picked].float()))
        error = drawn.float() - colours[picked].float()
        mean = error.abs().mean()
        run.learn(error.square().mean() + 0.5 * mean, {"mean error": mean.item()})
    return model
