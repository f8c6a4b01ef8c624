"""Draws the truth: any point of a scene's picture in its colour, or the whole picture, smoothed by taking nine points a pixel."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from training.image.backdrops import COLOURS, landscape
from training.image.backdrops import SIDE as LANDSCAPE_SIDE
from training.image.glyphs import MATERIALS, NAMES, REACH, STENCIL, stencils
from training.image.grid import GRID
from training.image.layout import lay_out
from training.image.scenes import NO_JITTER, Jitter, Scene, backdrop_of

SIZE = 256
SUPERSAMPLE = 3

Floats = NDArray[np.float32]


def paint(scene: Scene, jitter: Jitter, points: Floats) -> Floats:
    """The colours (n, 3), 0 to 255, of the points (n, 2) given as fractions of the side."""
    layout = lay_out(scene, jitter)
    at = np.clip((points * LANDSCAPE_SIDE).astype(np.int32), 0, LANDSCAPE_SIDE - 1)
    colours = landscape(scene.place, backdrop_of(scene))[at[:, 1], at[:, 0]].astype(np.float32)
    cells = np.clip((points * GRID).astype(np.int32), 0, GRID - 1)
    owners = layout.owners.numpy()[cells[:, 1], cells[:, 0]]
    for index, thing in enumerate(layout.things):
        near = np.abs(points - np.array([thing.across, thing.down], dtype=np.float32)).max(axis=1) < 1.3 * thing.radius
        mine = np.flatnonzero((owners == index) & near)
        x, y = ((points[mine] - np.array([thing.across, thing.down], dtype=np.float32)) / thing.radius).T
        cosine, sine = np.cos(thing.turn), np.sin(thing.turn)
        inside = np.stack([x * cosine + y * sine, y * cosine - x * sine])
        pixel = np.floor((inside + REACH) * (STENCIL / (2 * REACH))).astype(np.int32).clip(0, STENCIL - 1)
        materials = stencils()[NAMES.index(thing.glyph)][pixel[1], pixel[0]]
        drawn = materials > 0
        colours[mine[drawn]] = _palette(thing.colour)[materials[drawn]]
    return colours


def _palette(colour: str) -> Floats:
    asked = np.array(COLOURS[colour])
    mixed = [share * asked + weight * np.array(fixed) for share, fixed, weight in MATERIALS.values()]
    return np.array(mixed, dtype=np.float32)


def paint_pixels(scene: Scene, jitter: Jitter, centres: Floats) -> Floats:
    """The smoothed colours of the pixels around the centres (n, 2)."""
    steps = (np.arange(SUPERSAMPLE) - (SUPERSAMPLE - 1) / 2) / (SUPERSAMPLE * SIZE)
    offsets = np.stack(np.meshgrid(steps, steps), axis=-1).reshape(-1, 2).astype(np.float32)
    points = (centres[:, None] + offsets).reshape(-1, 2)
    colours: Floats = paint(scene, jitter, points).reshape(len(centres), -1, 3).mean(axis=1)
    return colours


def pixel_centres() -> Floats:
    """The centres of all pixels in reading order, (SIZE * SIZE, 2)."""
    line = (np.arange(SIZE, dtype=np.float32) + 0.5) / SIZE
    return np.stack(np.meshgrid(line, line), axis=-1).reshape(-1, 2).astype(np.float32)


def draw_picture(scene: Scene, jitter: Jitter = NO_JITTER) -> Image.Image:
    """The scene as an RGB picture."""
    colours = paint_pixels(scene, jitter, pixel_centres())
    return Image.fromarray(colours.round().astype(np.uint8).reshape(SIZE, SIZE, 3))
