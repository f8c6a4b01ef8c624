"""Decides what the latents are: a small map that says what stands where in which colours, instead of a small picture.

Each of the 16 x 16 cells holds 25 numbers about its middle: where it is inside its thing's own drawing and how far from its edge (3),
which thing it is (10), the thing's colour (3), the colour behind (3), the landscape (3), the time of day (1), and where the cell is in
the picture (2). All are flat or rise evenly between the borders of things, so they can be scaled up without loss, and the decoder draws
sharp edges at any size. What a denoiser gets a little wrong moves or bends a drawing a little, but never blurs it.

Learned latents would hold any picture; these hold this model's only, and that is why so small a model can draw them.
"""

from __future__ import annotations

import itertools
from functools import cache

import torch
from torch import Tensor
from torch.nn import functional

from training.image.backdrops import COLOURS, PLACES, sky_colour
from training.image.glyphs import NAMES
from training.image.layout import GRID, lay_out
from training.image.scenes import Jitter, Scene, backdrop_of

INSIDE, CODE, COLOUR, BEHIND, PLACE, TIME, WHERE = (
    slice(0, 3), slice(3, 13), slice(13, 16), slice(16, 19), slice(19, 22), slice(22, 23), slice(23, 25),
)  # fmt: skip
CHANNELS = 25
FARTHEST = 2.0
EDGE = 1.6
HALF_WIDTH = 1.5
_TIMES = {"night": 1.0, "sunset": -1.0}


@cache
def codes() -> Tensor:
    """One row of ten -1 or 1 for each thing, any two of which differ in at least four places."""
    chosen: list[tuple[int, ...]] = []
    for word in itertools.product((-1, 1), repeat=10):
        if all(sum(a != b for a, b in zip(word, other, strict=True)) >= 4 for other in chosen):
            chosen.append(word)
    return torch.tensor(chosen[: len(NAMES)], dtype=torch.float32)


@cache
def _place_code(place: str) -> Tensor:
    words = list(itertools.product((-1.0, 1.0), repeat=3))
    return torch.tensor(words[1 + PLACES.index(place)]) if place else torch.zeros(3)


def _rgb(colour: tuple[int, int, int]) -> Tensor:
    return torch.tensor(colour) / 127.5 - 1


@cache
def _middles() -> Tensor:
    """The cells' middles as fractions of the side, (2, GRID, GRID)."""
    line = (torch.arange(GRID) + 0.5) / GRID
    return torch.stack([line.expand(GRID, GRID), line[:, None].expand(GRID, GRID)])


def latents_of(scene: Scene, jitter: Jitter) -> Tensor:
    """The scene's latents, (CHANNELS, GRID, GRID)."""
    layout = lay_out(scene, jitter)
    owners, middles = layout.owners, _middles()
    things = layout.things
    numbers = torch.tensor([(t.across, t.down, t.radius, t.turn) for t in things])
    across, down, radius, turn = numbers[owners].permute(2, 0, 1)
    x, y = (middles[0] - across) / radius, (middles[1] - down) / radius
    u, v = x * turn.cos() + y * turn.sin(), y * turn.cos() - x * turn.sin()
    latents = torch.empty(CHANNELS, GRID, GRID)
    latents[INSIDE] = torch.stack(
        [u.clamp(-FARTHEST, FARTHEST), v.clamp(-FARTHEST, FARTHEST), (EDGE - torch.hypot(u, v)).clamp(min=-1)]
    )
    latents[CODE] = codes()[[NAMES.index(t.glyph) for t in things]][owners].permute(2, 0, 1)
    latents[COLOUR] = torch.stack([_rgb(COLOURS[t.colour]) for t in things])[owners].permute(2, 0, 1)
    background = backdrop_of(scene)
    latents[BEHIND] = _rgb(sky_colour(background))[:, None, None]
    latents[PLACE] = _place_code(scene.place)[:, None, None]
    latents[TIME] = _TIMES.get(background, 0.0)
    latents[WHERE] = HALF_WIDTH * (2 * middles - 1)
    return latents


def at_points(latents: Tensor, points: Tensor) -> Tensor:
    """The latents (n, CHANNELS, GRID, GRID) scaled up evenly, at points (n, p, 2) given as fractions of the side: (n, p, CHANNELS)."""
    grid = (2 * points - 1)[:, None]
    return functional.grid_sample(latents, grid, padding_mode="border", align_corners=False)[:, :, 0].mT
