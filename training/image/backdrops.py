"""What is behind the things: plain colours, or a landscape by day, at night or at sunset, each a few flat areas.

The areas' borders are where distances cross zero that are given at the cells' middles and rise evenly between them: so a landscape is
exactly what such a distance can say, and latents that hold the distances lose nothing of it.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from training.image.grid import GRID, middles

RGB = tuple[int, int, int]

COLOURS: dict[str, RGB] = {
    "red": (224, 42, 42),
    "orange": (248, 138, 24),
    "yellow": (250, 212, 40),
    "green": (36, 160, 70),
    "turquoise": (38, 196, 190),
    "blue": (38, 92, 226),
    "purple": (138, 60, 196),
    "pink": (246, 120, 178),
    "brown": (132, 80, 44),
    "grey": (132, 134, 142),
    "black": (22, 22, 28),
    "white": (250, 250, 250),
    "light blue": (118, 186, 250),
    "dark blue": (22, 42, 120),
    "light green": (154, 216, 84),
    "dark green": (14, 88, 54),
    "beige": (222, 194, 148),
}
PAPER: RGB = (244, 240, 230)
SKIES: dict[str, RGB] = {"day": (190, 226, 248), "night": (24, 28, 72), "sunset": (254, 196, 140)}
TIMES = tuple(SKIES)
# Backgrounds that are one flat colour: the colours' pale or deep relatives, so that a shape of the same colour still shows.
FLAT: dict[str, RGB] = {
    "plain": PAPER,
    "red": (246, 168, 160),
    "orange": (253, 208, 158),
    "yellow": (253, 238, 164),
    "green": (158, 216, 170),
    "turquoise": (168, 230, 226),
    "blue": (138, 174, 244),
    "purple": (204, 176, 232),
    "pink": (252, 206, 224),
    "brown": (196, 164, 140),
    "grey": (190, 192, 198),
    "black": (30, 30, 36),
    "white": (253, 253, 253),
    "light blue": (206, 230, 252),
    "dark blue": (40, 58, 128),
    "light green": (212, 238, 176),
    "dark green": (36, 92, 68),
    "beige": (238, 222, 194),
}
BACKGROUNDS = (*FLAT, *TIMES)
PLACES = ("meadow", "sea", "snow", "city", "forest", "desert")

# Far and near ground of each place by day; other times tint them.
_GROUND: dict[str, tuple[RGB, RGB]] = {
    "meadow": ((164, 208, 122), (122, 182, 96)),
    "sea": ((104, 180, 224), (66, 146, 204)),
    "snow": ((222, 234, 246), (246, 250, 254)),
    "city": ((150, 166, 192), (112, 126, 156)),
    "forest": ((104, 158, 120), (76, 128, 98)),
    "desert": ((242, 210, 146), (228, 184, 112)),
}
_LIGHT: dict[str, tuple[float, RGB]] = {
    "day": (1.0, (0, 0, 0)),
    "night": (0.42, (6, 10, 40)),
    "sunset": (0.72, (64, 24, 30)),
}
# Cells with a star, and how far its points reach, in cells.
_STARS = ((1, 1), (4, 2), (8, 1), (11, 3), (14, 1), (2, 4), (6, 4), (14, 5))
_STAR = 0.3
_STARLIGHT: RGB = (226, 228, 240)
_LOW_SUN: RGB = (255, 232, 170)
_LOW_SUN_AT = (0.74, 0.66, 0.15)
# Distances from a border end at so many cells.
FARTHEST = 2.0
SIDE = 768

FAR, NEAR, LIGHT = range(3)


def _waves(top: float, height: float, times: float, shift: float) -> Tensor:
    """A ground below a wave: how far below its line each cell is, in cells."""
    across, down = middles()
    return GRID * (down - top - height * torch.cos(2 * torch.pi * (times * across + shift)))


def _firs(top: float) -> Tensor:
    """A ground below a row of firs, one to two cells, some higher than others."""
    heights = torch.tensor([2.3, 1.5, 2.0, 2.7, 1.7, 2.4, 1.4, 2.1])
    line = torch.zeros(GRID)
    line[1::2] = heights / GRID
    return GRID * (middles()[1] - top + line)


def _blocks(tops: tuple[float, ...]) -> Tensor:
    """A ground below flat roofs with upright walls between, each roof as wide as some cells: the distance to the nearest border."""
    wide = GRID // len(tops)
    across, down = GRID * middles()
    distance = torch.full((GRID, GRID), -torch.inf)
    for i, top in enumerate(tops):
        inside_of_walls = torch.minimum(across - i * wide, (i + 1) * wide - across)
        distance = torch.maximum(distance, torch.minimum(inside_of_walls, down - GRID * top))
    lowest = down - GRID * max(tops)
    return torch.where(lowest > 0, torch.maximum(distance, lowest), distance)


_SHAPES: dict[str, tuple[Tensor, Tensor]] = {
    "meadow": (_waves(0.72, 0.045, 1.0, 0.1), _waves(0.84, 0.035, 0.9, 0.62)),
    "sea": (_waves(0.7, 0.0, 1.0, 0.0), _waves(0.85, 0.016, 4.0, 0.125)),
    "snow": (_waves(0.72, 0.06, 0.8, 0.75), _waves(0.83, 0.03, 1.0, 0.2)),
    "city": (_blocks((0.66, 0.55, 0.72, 0.6, 0.5, 0.68, 0.57, 0.63)), _waves(0.86, 0.0, 1.0, 0.0)),
    "forest": (_firs(0.72), _waves(0.84, 0.02, 1.0, 0.3)),
    "desert": (_waves(0.74, 0.05, 0.7, 0.45), _waves(0.85, 0.04, 0.8, 0.95)),
}


def sky_colour(background: str) -> RGB:
    """The colour behind everything: of a flat background, or of the sky."""
    return SKIES.get(background) or FLAT[background]


def ground_colours(place: str, background: str) -> tuple[RGB, RGB]:
    """The colours of the far and the near ground; without a place, the colour behind everything."""
    if not place:
        return sky_colour(background), sky_colour(background)
    share, added = _LIGHT[background]
    far, near = (
        (round(share * r + added[0]), round(share * g + added[1]), round(share * b + added[2]))
        for r, g, b in _GROUND[place]
    )
    return far, near


@cache
def borders(place: str, background: str) -> Tensor:
    """How far each cell's middle is inside of the far ground, the near ground, and the stars or the low sun: (3, GRID, GRID), in cells."""
    inside = torch.full((3, GRID, GRID), -FARTHEST)
    if place:
        inside[FAR], inside[NEAR] = _SHAPES[place]
    if background == "night":
        inside[LIGHT] = _STAR - 1
        for column, row in _STARS:
            inside[LIGHT, row, column] = _STAR
    if background == "sunset":
        across, down = middles()
        sun_across, sun_down, radius = _LOW_SUN_AT
        sun = GRID * (radius - torch.hypot(across - sun_across, down - sun_down))
        inside[LIGHT] = torch.minimum(sun, -inside[FAR])
    return inside.clamp(-FARTHEST, FARTHEST)


@cache
def landscape(place: str, background: str) -> NDArray[np.uint8]:
    """The backdrop as (SIDE, SIDE, 3) RGB; `place` may be empty."""
    size = (SIDE, SIDE)
    inside = functional.interpolate(borders(place, background)[None], size=size, mode="bilinear")[0].numpy() > 0
    pixels = np.empty((*size, 3), dtype=np.uint8)
    pixels[:] = sky_colour(background)
    far, near = ground_colours(place, background)
    light = _STARLIGHT if background == "night" else _LOW_SUN
    for part, colour in ((LIGHT, light), (FAR, far), (NEAR, near)):
        pixels[inside[part]] = colour
    return pixels
