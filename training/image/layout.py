"""Where the things of a scene stand, and which cells of the latents belong to which of them.

The borders between things lie on the cells' own borders, so that no cell holds parts of two.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from training.image.grid import GRID
from training.image.scenes import EMBLEM, SIZES, Jitter, Scene

HALVES, THIRDS = (0.26, 0.74), (0.172, 0.5, 0.828)
HALF_BORDERS, THIRD_BORDERS = (8,), (5, 11)
_ASIDE = {"left": 0.27, "centre": 0.5, "right": 0.73, "top": 0.27, "middle": 0.5, "bottom": 0.73}
_SINGLE, _SEVERAL, _MANY = (0.14, 0.24, 0.34), (0.095, 0.13, 0.156), (0.07, 0.08, 0.086)
_STAND = ("tree", "house", "boat", "cat", "fox", "car", "mushroom", "apple", "flower", "face")
_FLY = ("sun", "moon", "cloud", "balloon", "rocket", "star")
_SHAPES = ("circle", "square", "triangle", "star", "heart", "diamond", "ring", "cross", "flower", "apple", "balloon")


@dataclass(frozen=True)
class Placed:
    """One thing on the canvas: centre and radius as fractions of the picture's side, turn in radians."""

    glyph: str
    colour: str
    across: float
    down: float
    radius: float
    turn: float


@dataclass(frozen=True)
class Layout:
    """All things, and the owner of every cell as (GRID, GRID) indices into them."""

    things: tuple[Placed, ...]
    owners: Tensor


def lay_out(scene: Scene, jitter: Jitter) -> Layout:
    """The scene's things: a fixed layout for its counts, moved, turned and scaled a little by the jitter."""
    kinds = [(group.glyph, group.colour) for group in scene.groups for _ in range(group.count)]
    spots, owners, radii = _spots(scene)
    radius = radii[SIZES.index(scene.size)]
    alone = len(kinds) == 1
    if alone and (scene.across, scene.down) != ("centre", "middle"):
        spots, radius = [(_ASIDE[scene.across], _ASIDE[scene.down])], 0.62 * radius
    across, down, turning, growing = (max(-2.0, min(2.0, z)) for z in jitter)
    radius *= 1 + 0.03 * growing
    reach = 0.02 if alone else 0.007
    things = []
    for (glyph, colour), (x, y) in zip(kinds, spots, strict=True):
        turn = math.radians(4.0 * turning) if glyph in _SHAPES else 0.0
        height = _height(scene, glyph, y, radius)
        things.append(Placed(glyph, colour, x + reach * across, height + reach * down, radius, turn))
    return Layout(tuple(things), owners)


def _height(scene: Scene, glyph: str, down: float, radius: float) -> float:
    """In a landscape, single things in a row stand on the ground or fly above it, if nothing else was asked for."""
    in_a_row = len(scene.groups) < 3 and all(group.count == 1 for group in scene.groups) and not scene.stacked
    if not (scene.place and in_a_row and scene.down == "middle"):
        return down
    if glyph in _STAND:
        return 0.86 - 0.9 * radius if radius < 0.3 else 0.56
    return max(0.3, radius + 0.05) if glyph in _FLY else down


def _spots(scene: Scene) -> tuple[list[tuple[float, float]], Tensor, tuple[float, ...]]:
    """The spots in reading order, the owner of each cell, and the radii that fit."""
    counts = [group.count for group in scene.groups]
    if scene.groups == EMBLEM.groups:
        counts = [4]
    if len(counts) == 1:
        rows = {1: (1,), 2: (2,), 3: (1, 2), 4: (2, 2), 5: (3, 2), 6: (3, 3)}[counts[0]]
        spots, owners = _rows(rows)
        radii = _SINGLE if counts[0] == 1 else _SEVERAL if counts[0] < 5 else _MANY
        return spots, owners, radii
    if scene.stacked:
        spots, owners = _rows((1, 1))
    else:
        spots, owners = _rows(tuple(counts))
        spots, owners = [(y, x) for x, y in spots], owners.T
    return spots, owners, _SEVERAL if max(counts) < 3 else _MANY


def _rows(rows: tuple[int, ...]) -> tuple[list[tuple[float, float]], Tensor]:
    """Spots for rows of so many things each, from the top."""
    downs, borders = _along(len(rows))
    owners = torch.zeros(GRID, GRID, dtype=torch.long)
    spots: list[tuple[float, float]] = []
    edges = (0, *borders, GRID)
    for row, count in enumerate(rows):
        acrosses, inner = _along(count)
        sides = (0, *inner, GRID)
        for column, across in enumerate(acrosses):
            owners[edges[row] : edges[row + 1], sides[column] : sides[column + 1]] = len(spots)
            spots.append((across, downs[row]))
    return spots, owners


def _along(count: int) -> tuple[tuple[float, ...], tuple[int, ...]]:
    return {1: ((0.5,), ()), 2: (HALVES, HALF_BORDERS), 3: (THIRDS, THIRD_BORDERS)}[count]
