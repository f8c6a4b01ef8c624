"""Reads what a picture shows from its pixels alone: which things, in which colours, how many, where, how large, on what background.

It knows nothing of the models. Pixels that differ from the expected backdrop and hang together are one thing; its colour is the known
colour that most of its pixels are nearest to; and it is named after the drawing whose coloured parts it matches best. How sharp a
picture is does not matter to it: near an edge, where colours mix, a pixel says nothing.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from training.image.backdrops import COLOURS, landscape
from training.image.glyphs import MATERIALS, NAMES, NOTHING, REACH, STENCIL, stencils
from training.image.layout import lay_out
from training.image.pictures import SIZE
from training.image.scenes import NO_JITTER, Scene, backdrop_of

Mask = NDArray[np.bool_]
Floats = NDArray[np.float64]

DIFFERENT = 34.0
KNOWN = 48.0
SMALLEST = 0.0016
SURE = 0.7
# How far from an edge colours may mix, in pixels.
SOFT = 1.5
# How far a thing may be from where it belongs, as a fraction of the side, and how much larger or smaller, as a factor.
ASTRAY = 0.085
SWOLLEN = 1.25
CLEAN = 0.015
_FITTED = 48
COARSE = 3
_TURNS = (-8, 0, 8)
_BACKDROP, _ASKED, _OTHER = range(3)


@dataclass(frozen=True)
class Sight:
    """One thing found; `overlap` is how well it matches the drawing it is named after, 0 to 1; `radius` is in sides, as in a layout."""

    glyph: str
    colour: str
    across: float
    down: float
    radius: float
    overlap: float


@dataclass(frozen=True)
class Reading:
    """All that was found, and whether the rest of the picture is the expected backdrop."""

    sights: tuple[Sight, ...]
    background_is_right: bool


def read_picture(image: Image.Image, scene: Scene) -> Reading:
    """What the picture shows. Of the scene only the backdrop is used: which pixels are not part of any thing."""
    pixels = np.asarray(image.convert("RGB"), dtype=np.float64)
    behind = _behind(scene)
    away = _away(pixels, behind)
    different = ndimage.binary_opening(away > DIFFERENT, iterations=1)
    parts, count = ndimage.label(ndimage.binary_dilation(different, iterations=3))
    sights, rest = [], np.ones_like(different)
    for index in range(1, count + 1):
        patch = (parts == index) & (away > DIFFERENT)
        if patch.mean() >= SMALLEST:
            rest &= parts != index
            sights.append(_name(patch, pixels, behind))
    median = float(np.median(away[rest])) if rest.any() else math.inf
    spoilt = float((away[rest] > DIFFERENT).mean()) if rest.any() else 1.0
    return Reading(tuple(sights), median < 10 and spoilt < CLEAN)


def shows(image: Image.Image, scene: Scene) -> dict[str, bool]:
    """Whether what the picture shows is what the scene asks for, question by question, and whether all of it is."""
    reading = read_picture(image, scene)
    sights, things = reading.sights, lay_out(scene, NO_JITTER).things
    pairs = []
    for thing in things:
        near = [s for s in sights if math.hypot(s.across - thing.across, s.down - thing.down) < ASTRAY]
        pairs.append((thing, min(near, key=lambda s: abs(math.log(s.radius / thing.radius)), default=None)))
    verdict = {
        "shape": Counter(s.glyph for s in sights if s.overlap >= SURE) == Counter(t.glyph for t in things),
        "colour": Counter(s.colour for s in sights) == Counter(t.colour for t in things),
        "count": len(sights) == len(things),
        "position": all(s and (s.glyph, s.colour) == (t.glyph, t.colour) for t, s in pairs),
        "size": all(s and 1 / SWOLLEN < s.radius / t.radius < SWOLLEN for t, s in pairs),
        "background": reading.background_is_right,
    }
    verdict["all"] = all(verdict.values())
    return verdict


@cache
def _backdrop(place: str, background: str) -> Floats:
    image = Image.fromarray(landscape(place, background))
    return np.asarray(image.resize((SIZE, SIZE), Image.Resampling.BOX), dtype=np.float64)


def _behind(scene: Scene) -> Floats:
    return _backdrop(scene.place, backdrop_of(scene))


def _away(pixels: Floats, behind: Floats) -> Floats:
    """How far each pixel's colour is from those that the backdrop has around it, and from their mixtures."""
    side = 2 * math.ceil(SOFT) + 1
    lowest, highest = (one(behind, size=(side, side, 1)) for one in (ndimage.minimum_filter, ndimage.maximum_filter))
    distances: Floats = np.linalg.norm(pixels - pixels.clip(lowest, highest), axis=2)
    return distances


def _name(patch: Mask, pixels: Floats, behind: Floats) -> Sight:
    """Name the patch after the drawing that it matches best, both fitted to the same square."""
    rows, columns = np.where(patch)
    colour = _colour(pixels[patch])
    backdrop = tuple(int(v) for v in np.median(behind[patch], axis=0))
    seen = np.zeros(patch.shape, dtype=np.uint8)
    seen[patch] = _parts(pixels[patch], colour, np.asarray(backdrop, dtype=np.float64))
    longer = max(int(np.ptp(columns)), int(np.ptp(rows))) + 1
    soft = max(1, round(SOFT * _FITTED / longer))
    fitted, _ = _fit(seen)
    best, overlap, turn = "", -1.0, 0
    for name in NAMES:
        for angle in _TURNS:
            other, _ = _reference(name, colour, backdrop, angle)
            either = ((fitted > 0) | (other > 0)) & _firm(name, colour, backdrop, angle, soft)
            match = float(((fitted == other) & either).sum() / max(1, either.sum()))
            if match > overlap:
                best, overlap, turn = name, match, angle
    _, (left, top, right, bottom) = _reference(best, colour, backdrop, turn)
    radius = longer / max(right - left, bottom - top)
    across = (columns.min() + columns.max() + 1) / 2 - radius * (left + right) / 2
    down = (rows.min() + rows.max() + 1) / 2 - radius * (top + bottom) / 2
    return Sight(best, colour, across / SIZE, down / SIZE, radius / SIZE, overlap)


def _colour(pixels: Floats) -> str:
    """The known colour that most of the pixels are nearest to."""
    distances = np.stack([np.linalg.norm(pixels - np.array(colour), axis=1) for colour in COLOURS.values()])
    nearest = distances.argmin(0)[distances.min(0) < KNOWN]
    names = list(COLOURS)
    return names[int(np.bincount(nearest, minlength=len(names)).argmax())] if len(nearest) else "none"


def _materials(colour: str) -> Floats:
    asked = np.array(COLOURS.get(colour, (0, 0, 0)), dtype=np.float64)
    return np.array([share * asked + weight * np.array(fixed) for share, fixed, weight in MATERIALS.values()])


def _parts(pixels: Floats, colour: str, behind: Floats) -> NDArray[np.uint8]:
    """Each pixel (n, 3) as backdrop, asked colour or any other part of a drawing, by what it is nearest to."""
    palette = _materials(colour)
    palette[NOTHING] = behind
    nearest = np.linalg.norm(pixels[:, None] - palette, axis=2).argmin(1)
    return np.select([nearest == NOTHING, nearest == 1], [_BACKDROP, _ASKED], _OTHER).astype(np.uint8)


@cache
def _reference(
    name: str, colour: str, backdrop: tuple[int, ...], turn: int
) -> tuple[NDArray[np.uint8], tuple[float, float, float, float]]:
    """The drawing's parts in that colour, fitted, and its box in its own units; parts too like the backdrop are backdrop."""
    palette = _materials(colour)
    faint = np.linalg.norm(palette - np.array(backdrop), axis=1) <= DIFFERENT
    parts = np.full(len(palette), _OTHER, dtype=np.uint8)
    parts[1] = _ASKED
    parts[faint] = _BACKDROP
    parts[NOTHING] = _BACKDROP
    drawn = Image.fromarray(parts[stencils()[NAMES.index(name)][::COARSE, ::COARSE]]).rotate(-turn)
    fitted, box = _fit(np.asarray(drawn))
    scale = 2 * REACH * COARSE / STENCIL
    left, top, right, bottom = (scale * edge - REACH for edge in box)
    return fitted, (left, top, right, bottom)


@cache
def _firm(name: str, colour: str, backdrop: tuple[int, ...], turn: int, soft: int) -> Mask:
    """Where the fitted drawing is of one part as far as `soft` cells around."""
    parts, _ = _reference(name, colour, backdrop, turn)
    lowest, highest = (
        one(parts, size=2 * soft + 1, mode="constant") for one in (ndimage.minimum_filter, ndimage.maximum_filter)
    )
    firm: Mask = lowest == highest
    return firm


def _fit(parts: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], tuple[int, int, int, int]]:
    """The map's bounding box scaled to fit a square, keeping its proportions, and the box."""
    rows, columns = np.where(parts > 0)
    if not len(rows):
        return np.zeros((_FITTED, _FITTED), dtype=np.uint8), (0, 0, 1, 1)
    box = (int(columns.min()), int(rows.min()), int(columns.max()) + 1, int(rows.max()) + 1)
    cut = Image.fromarray(parts).crop(box)
    scale = _FITTED / max(cut.size)
    small = cut.resize((max(1, round(cut.width * scale)), max(1, round(cut.height * scale))), Image.Resampling.NEAREST)
    paper = Image.new("L", (_FITTED, _FITTED))
    paper.paste(small, ((_FITTED - small.width) // 2, (_FITTED - small.height) // 2))
    return np.asarray(paper), box
