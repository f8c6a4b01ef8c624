"""Decides what the latents are: a small map that says what stands where in which colours, instead of a small picture.

Each of the 16 x 16 cells holds 28 numbers about its middle: where it is inside its thing's own drawing and how far from its edge (3),
which thing it is (10), the colours of the thing, the sky, the far and the near ground (12), and how far it is inside of either ground
and of the stars or the low sun (3). All are flat or rise evenly between the borders of things, so they can be scaled up without loss,
and the decoder draws sharp edges at any size. What a denoiser gets a little wrong moves or bends a drawing, but never blurs it.

Learned latents would hold any picture; these hold this model's only, and that is why so small a model can draw them.
"""

from __future__ import annotations

import itertools
from functools import cache

import torch
from torch import Tensor
from torch.nn import functional

from training.image.backdrops import COLOURS, borders, ground_colours, sky_colour
from training.image.glyphs import NAMES
from training.image.grid import GRID, middles
from training.image.layout import lay_out
from training.image.scenes import Jitter, Scene, backdrop_of

INSIDE, CODE, COLOUR, BEHIND, GROUNDS, BORDERS = (
    slice(0, 3), slice(3, 13), slice(13, 16), slice(16, 19), slice(19, 25), slice(25, 28),
)  # fmt: skip
CHANNELS = 28
FARTHEST = 2.0
EDGE = 1.6


@cache
def codes() -> Tensor:
    """One row of ten -1 or 1 for each thing, any two of which differ in at least four places."""
    chosen: list[tuple[int, ...]] = []
    for word in itertools.product((-1, 1), repeat=10):
        if all(sum(a != b for a, b in zip(word, other, strict=True)) >= 4 for other in chosen):
            chosen.append(word)
    return torch.tensor(chosen[: len(NAMES)], dtype=torch.float32)


def _rgb(colour: tuple[int, int, int]) -> Tensor:
    return torch.tensor(colour) / 127.5 - 1


def latents_of(scene: Scene, jitter: Jitter) -> Tensor:
    """The scene's latents, (CHANNELS, GRID, GRID)."""
    layout = lay_out(scene, jitter)
    owners, (cells_across, cells_down) = layout.owners, middles()
    things = layout.things
    numbers = torch.tensor([(t.across, t.down, t.radius, t.turn) for t in things])
    across, down, radius, turn = numbers[owners].permute(2, 0, 1)
    x, y = (cells_across - across) / radius, (cells_down - down) / radius
    u, v = x * turn.cos() + y * turn.sin(), y * turn.cos() - x * turn.sin()
    latents = torch.empty(CHANNELS, GRID, GRID)
    latents[INSIDE] = torch.stack(
        [u.clamp(-FARTHEST, FARTHEST), v.clamp(-FARTHEST, FARTHEST), (EDGE - torch.hypot(u, v)).clamp(min=-1)]
    )
    latents[CODE] = codes()[[NAMES.index(t.glyph) for t in things]][owners].permute(2, 0, 1)
    latents[COLOUR] = torch.stack([_rgb(COLOURS[t.colour]) for t in things])[owners].permute(2, 0, 1)
    background = backdrop_of(scene)
    latents[BEHIND] = _rgb(sky_colour(background))[:, None, None]
    far, near = (_rgb(colour) for colour in ground_colours(scene.place, background))
    latents[GROUNDS] = torch.cat([far, near])[:, None, None]
    latents[BORDERS] = borders(scene.place, background)
    return latents


def at_points(latents: Tensor, points: Tensor) -> Tensor:
    """The latents (n, CHANNELS, GRID, GRID) scaled up evenly, at points (n, p, 2) given as fractions of the side: (n, p, CHANNELS)."""
    grid = (2 * points - 1)[:, None]
    return functional.grid_sample(latents, grid, padding_mode="border", align_corners=False)[:, :, 0].mT
