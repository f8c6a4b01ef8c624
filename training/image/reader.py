"""Reads what a picture shows from its pixels alone: which shapes, in which colours, how many, on which background.

It knows nothing of the models. Pixels are sorted by the nearest known colour, patches of one colour that hang together are taken as
one shape, and a patch is named after the reference outline that it overlaps best.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from training.image.pictures import BACKGROUNDS, COLOURS, GROUND, HORIZON, RGB, SHAPES, Scene, backdrop, outline

Mask = NDArray[np.bool_]

SIDE = 128
SMALLEST = 0.006
SURE = 0.8
_STENCIL = 40
_TURNS = range(-12, 13, 4)


@dataclass(frozen=True)
class Sight:
    """One shape found in a picture; `overlap` is how well it fits the outline it is named after, 0 to 1."""

    shape: str
    colour: str
    centre: tuple[float, float]
    area: float
    overlap: float


@dataclass(frozen=True)
class Reading:
    """All that was found, and whether the rest of the picture has the expected background."""

    sights: tuple[Sight, ...]
    background_is_right: bool


def read_picture(image: Image.Image, scene: Scene) -> Reading:
    """What the picture shows. Of the scene only the background is used: which pixels are not part of any shape."""
    pixels = np.asarray(image.convert("RGB").resize((SIDE, SIDE), Image.Resampling.BOX), dtype=np.float64)
    behind = _nearest(pixels, _behind(backdrop(scene)))
    sights = [
        _name(patch, colour)
        for colour in COLOURS
        for patch in _patches(behind.names == colour)
        if patch.mean() >= SMALLEST
    ]
    rest = behind.names == "background"
    return Reading(tuple(sights), bool(rest.any()) and float(np.median(behind.distance[rest])) < 12)


def shows(image: Image.Image, scene: Scene) -> dict[str, bool]:
    """Whether colours, count and shapes are those of the scene, whether the background is, and whether everything is."""
    reading = read_picture(image, scene)
    wanted = Counter((group.shape, group.colour) for group in scene.groups for _ in range(group.count))
    seen = Counter((sight.shape, sight.colour) for sight in reading.sights if sight.overlap >= SURE)
    verdict = {
        "colour": {sight.colour for sight in reading.sights} == {group.colour for group in scene.groups},
        "count": len(reading.sights) == wanted.total(),
        "shape": wanted == seen
        if len(scene.groups) > 1
        else {s.shape for s in reading.sights} == {scene.groups[0].shape},
        "background": reading.background_is_right,
    }
    if len(scene.groups) == 2 and len(reading.sights) == 2:
        left = min(reading.sights, key=lambda sight: sight.centre[0])
        verdict["order"] = (left.shape, left.colour) == (scene.groups[0].shape, scene.groups[0].colour)
    if scene.position != "centre" and len(reading.sights) == 1:
        x = reading.sights[0].centre[0]
        verdict["position"] = x < 0.42 if scene.position == "left" else x > 0.58
    verdict["all"] = all(verdict.values()) and wanted == seen
    return verdict


@dataclass(frozen=True)
class _Sorted:
    names: NDArray[np.str_]
    distance: NDArray[np.float64]


def _behind(background: str) -> NDArray[np.float64]:
    """The background's colour at each pixel, (SIDE, SIDE, 3)."""
    colours = np.empty((SIDE, SIDE, 3))
    colours[:] = BACKGROUNDS[background]
    if background == "day":
        colours[round(HORIZON * SIDE) :] = GROUND
    return colours


def _nearest(pixels: NDArray[np.float64], behind: NDArray[np.float64]) -> _Sorted:
    """Name each pixel after the nearest colour, or "background"."""
    names = [*COLOURS, "background"]
    palette: list[RGB] = list(COLOURS.values())
    distances = [np.linalg.norm(pixels - np.array(colour), axis=2) for colour in palette]
    distances.append(np.linalg.norm(pixels - behind, axis=2) - 0.5)
    stacked = np.stack(distances)
    return _Sorted(np.array(names)[stacked.argmin(0)], stacked[-1])


def _patches(mask: Mask) -> list[Mask]:
    """The parts of the mask that hang together, after dropping the thin lines that smoothed edges leave."""
    left = _erode(mask)
    patches = []
    while left.any():
        patch = np.zeros_like(mask)
        start = np.unravel_index(int(left.argmax()), left.shape)
        patch[start] = True
        while True:
            grown = _dilate(patch) & mask
            if grown.sum() == patch.sum():
                break
            patch = grown
        patches.append(patch)
        left &= ~patch
    return patches


def _dilate(mask: Mask) -> Mask:
    padded = np.pad(mask, 1)
    return padded[1:-1, 1:-1] | padded[:-2, 1:-1] | padded[2:, 1:-1] | padded[1:-1, :-2] | padded[1:-1, 2:]


def _erode(mask: Mask) -> Mask:
    return ~_dilate(~mask)


def _name(patch: Mask, colour: str) -> Sight:
    """Name the patch after the outline that it overlaps best, both fitted to the same square."""
    rows, columns = np.where(patch)
    stencil = _fit(patch)
    overlaps = {
        shape: max(float((stencil & other).sum() / (stencil | other).sum()) for other in _references(shape))
        for shape in SHAPES
    }
    best = max(overlaps, key=lambda shape: overlaps[shape])
    centre = (float(columns.mean()) / SIDE, float(rows.mean()) / SIDE)
    return Sight(best, colour, centre, float(patch.mean()), overlaps[best])


def _fit(mask: Mask) -> Mask:
    """The mask's bounding box scaled to fit the stencil, keeping its proportions."""
    rows, columns = np.where(mask)
    box = Image.fromarray(mask).crop((int(columns.min()), int(rows.min()), int(columns.max()) + 1, int(rows.max()) + 1))
    scale = _STENCIL / max(box.size)
    grey = box.convert("L").resize(
        (max(1, round(box.width * scale)), max(1, round(box.height * scale))), Image.Resampling.BILINEAR
    )
    paper = Image.new("L", (_STENCIL, _STENCIL))
    paper.paste(grey, ((_STENCIL - grey.width) // 2, (_STENCIL - grey.height) // 2))
    return np.asarray(paper) > 127


@cache
def _references(shape: str) -> tuple[Mask, ...]:
    """The shape's outline in several turns, as fitted masks."""
    references = []
    for turn in _TURNS:
        image = Image.new("L", (400, 400))
        pen = ImageDraw.Draw(image)
        pen.polygon([(200 + 150 * x, 200 + 150 * y) for x, y in outline(shape)], fill=255)
        if shape == "ring":
            pen.ellipse((122, 122, 278, 278), fill=0)
        references.append(_fit(np.asarray(image.rotate(turn)) > 127))
    return tuple(references)
