"""The things that can be drawn, each a small flat drawing in coordinates of its own: the unit circle, y down.

A drawing is painted in materials, not colours: the asked colour, its shade, its tint, and a few fixed ones (white, dark, wood, ...), so
that one drawing serves every colour.
"""

from __future__ import annotations

import math
from functools import cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

Point = tuple[float, float]
Points = list[Point]

# How each material mixes the asked colour with a fixed one: share of the asked colour, the fixed colour, its share.
NOTHING, ASKED, SHADE, TINT, WHITE, DARK, WOOD, LEAF, GLASS, GLOW = range(10)
MATERIALS: dict[int, tuple[float, tuple[int, int, int], float]] = {
    NOTHING: (0.0, (0, 0, 0), 0.0),
    ASKED: (1.0, (0, 0, 0), 0.0),
    SHADE: (0.74, (10, 12, 40), 0.26),
    TINT: (0.55, (255, 255, 255), 0.45),
    WHITE: (0.0, (252, 252, 250), 1.0),
    DARK: (0.0, (34, 36, 56), 1.0),
    WOOD: (0.0, (122, 80, 52), 1.0),
    LEAF: (0.0, (70, 160, 84), 1.0),
    GLASS: (0.0, (206, 232, 246), 1.0),
    GLOW: (0.0, (255, 196, 60), 1.0),
}

# The stencils' reach in the drawings' own units, and their side in pixels.
REACH = 1.28
STENCIL = 768


def _arc(x: float, y: float, across: float, down: float = 0.0, start: float = 0.0, end: float = 360.0) -> Points:
    """Points along an ellipse around (x, y), clockwise from the right, in degrees."""
    turns = [math.radians(start + (end - start) * i / 72) for i in range(73)]
    return [(x + across * math.cos(t), y + (down or across) * math.sin(t)) for t in turns]


def _mirrored(points: Points) -> Points:
    return [(-x, y) for x, y in points]


def _box(left: float, top: float, right: float, bottom: float) -> Points:
    return [(left, top), (right, top), (right, bottom), (left, bottom)]


def _star(corners: int, outer: float, inner: float, y: float = 0.0) -> Points:
    turns = [(math.pi * i / corners, outer if i % 2 == 0 else inner) for i in range(2 * corners)]
    return [(radius * math.sin(t), y - radius * math.cos(t)) for t, radius in turns]


def _cross() -> Points:
    arm, half = 0.9, 0.32
    quarter = [(half, -arm), (half, -half), (arm, -half)]
    turns: Points = []
    for _ in range(4):
        turns += quarter
        quarter = [(-y, x) for x, y in quarter]
    return turns


def _heart() -> Points:
    """The classic curve x = 16 sin^3 t, y = 13 cos t - 5 cos 2t - 2 cos 3t - cos 4t, scaled to the unit circle."""
    angles = [math.tau * i / 120 for i in range(120)]
    heights = [13 * math.cos(t) - 5 * math.cos(2 * t) - 2 * math.cos(3 * t) - math.cos(4 * t) for t in angles]
    return [(0.98 * math.sin(t) ** 3, -0.062 * height - 0.13) for t, height in zip(angles, heights, strict=True)]


def _crescent() -> Points:
    return _arc(0.0, 0.0, 0.96, start=-62, end=-298) + _arc(0.48, 0.0, 0.84, start=-265, end=-95)


_EAR: Points = [(-0.78, -0.98), (-0.16, -0.5), (-0.74, 0.02)]
_INNER_EAR: Points = [(-0.69, -0.72), (-0.32, -0.44), (-0.66, -0.14)]
_FOX_EAR: Points = [(-0.86, -1.0), (-0.2, -0.5), (-0.7, 0.05)]
_FOX_INNER_EAR: Points = [(-0.76, -0.74), (-0.38, -0.44), (-0.66, -0.12)]
_PETALS: list[tuple[int, Points]] = [
    (ASKED, _arc(0.56 * math.sin(t), -0.56 * math.cos(t), 0.38)) for t in (math.tau * i / 6 for i in range(6))
]

# Painted in this order.
GLYPHS: dict[str, list[tuple[int, Points]]] = {
    "circle": [(ASKED, _arc(0, 0, 0.94))],
    "square": [(ASKED, _box(-0.79, -0.79, 0.79, 0.79))],
    "triangle": [(ASKED, [(0.0, -0.92), (0.96, 0.74), (-0.96, 0.74)])],
    "star": [(ASKED, _star(5, 1.04, 0.45, 0.06))],
    "heart": [(ASKED, _heart())],
    "diamond": [(ASKED, [(0.0, -1.0), (0.72, 0.0), (0.0, 1.0), (-0.72, 0.0)])],
    "ring": [(ASKED, _arc(0, 0, 0.95)), (NOTHING, _arc(0, 0, 0.5))],
    "cross": [(ASKED, _cross())],
    "sun": [(SHADE, _star(12, 1.06, 0.7)), (ASKED, _arc(0, 0, 0.64))],
    "moon": [(ASKED, _crescent())],
    "cloud": [
        (ASKED, _arc(-0.56, 0.2, 0.42)),
        (ASKED, _arc(-0.14, -0.16, 0.52)),
        (ASKED, _arc(0.44, 0.06, 0.48)),
        (ASKED, _box(-0.56, 0.1, 0.5, 0.62)),
        (ASKED, _arc(0.5, 0.18, 0.44)),
    ],
    "tree": [(WOOD, _box(-0.13, 0.2, 0.13, 1.0)), (ASKED, _arc(0, -0.3, 0.68)), (SHADE, _arc(0.18, -0.12, 0.34))],
    "house": [
        (ASKED, _box(-0.68, -0.12, 0.68, 0.88)),
        (SHADE, [(-0.96, -0.08), (0.0, -0.94), (0.96, -0.08)]),
        (DARK, _box(-0.44, 0.28, -0.08, 0.88)),
        (GLASS, _box(0.12, 0.18, 0.48, 0.54)),
    ],
    "boat": [
        (WOOD, _box(-0.08, -0.95, 0.02, 0.4)),
        (TINT, [(0.06, -0.88), (0.8, 0.24), (0.06, 0.24)]),
        (SHADE, [(-0.14, -0.66), (-0.14, 0.24), (-0.68, 0.24)]),
        (ASKED, [(-0.98, 0.36), (0.98, 0.36), (0.62, 0.84), (-0.62, 0.84)]),
    ],
    "face": [
        (ASKED, _arc(0, 0, 0.95)),
        (DARK, _arc(-0.33, -0.22, 0.12, 0.17)),
        (DARK, _arc(0.33, -0.22, 0.12, 0.17)),
        (DARK, _arc(0, 0.12, 0.56, 0.48, 0, 180)),
        (ASKED, _arc(0, 0.06, 0.5, 0.34, 0, 180)),
    ],
    "flower": [*_PETALS, (WOOD, _arc(0, 0, 0.3))],
    "fish": [
        (SHADE, [(0.4, 0.0), (1.0, -0.5), (0.84, 0.0), (1.0, 0.5)]),
        (ASKED, _arc(-0.2, 0, 0.78, 0.5)),
        (TINT, [(-0.1, 0.0), (0.24, -0.2), (0.24, 0.2)]),
        (WHITE, _arc(-0.6, -0.12, 0.14)),
        (DARK, _arc(-0.63, -0.12, 0.07)),
    ],
    "cat": [
        (ASKED, _EAR),
        (ASKED, _mirrored(_EAR)),
        (TINT, _INNER_EAR),
        (TINT, _mirrored(_INNER_EAR)),
        (ASKED, _arc(0, 0.16, 0.84, 0.72)),
        (DARK, _arc(-0.34, 0.06, 0.12, 0.17)),
        (DARK, _arc(0.34, 0.06, 0.12, 0.17)),
        (TINT, _arc(0, 0.5, 0.3, 0.22)),
        (DARK, [(-0.13, 0.34), (0.13, 0.34), (0.0, 0.5)]),
    ],
    "fox": [
        (ASKED, _FOX_EAR),
        (ASKED, _mirrored(_FOX_EAR)),
        (DARK, _FOX_INNER_EAR),
        (DARK, _mirrored(_FOX_INNER_EAR)),
        (ASKED, [(-0.6, -0.5), (0.6, -0.5), (1.0, 0.24), (0.0, 0.98), (-1.0, 0.24)]),
        (WHITE, [(-1.0, 0.24), (-0.2, 0.2), (0.0, 0.98)]),
        (WHITE, [(1.0, 0.24), (0.2, 0.2), (0.0, 0.98)]),
        (DARK, _arc(-0.34, -0.06, 0.1, 0.13)),
        (DARK, _arc(0.34, -0.06, 0.1, 0.13)),
        (DARK, _arc(0, 0.84, 0.15)),
    ],
    "car": [
        (ASKED, [(-0.62, 0.06), (-0.4, -0.46), (0.34, -0.46), (0.66, 0.06)]),
        (GLASS, [(-0.46, 0.04), (-0.32, -0.32), (-0.06, -0.32), (-0.06, 0.04)]),
        (GLASS, [(0.06, 0.04), (0.06, -0.32), (0.27, -0.32), (0.48, 0.04)]),
        (ASKED, [(-0.98, 0.1), (-0.92, 0.0), (0.9, 0.0), (1.0, 0.16), (1.0, 0.44), (-0.98, 0.44)]),
        (DARK, _arc(-0.52, 0.44, 0.25)),
        (DARK, _arc(0.52, 0.44, 0.25)),
        (WHITE, _arc(-0.52, 0.44, 0.11)),
        (WHITE, _arc(0.52, 0.44, 0.11)),
    ],
    "apple": [
        (WOOD, [(-0.05, -0.4), (0.0, -0.96), (0.12, -0.94), (0.06, -0.4)]),
        (LEAF, [(0.08, -0.66), (0.26, -0.94), (0.62, -0.94), (0.42, -0.66)]),
        (ASKED, _arc(-0.34, 0.2, 0.56, 0.7)),
        (ASKED, _arc(0.34, 0.2, 0.56, 0.7)),
        (TINT, _arc(-0.48, -0.02, 0.13, 0.22)),
    ],
    "balloon": [
        (DARK, _box(-0.035, 0.5, 0.035, 1.08)),
        (SHADE, [(0.0, 0.48), (0.2, 0.76), (-0.2, 0.76)]),
        (ASKED, _arc(0, -0.24, 0.68, 0.8)),
        (TINT, _arc(-0.28, -0.5, 0.13, 0.22)),
    ],
    "mushroom": [
        (TINT, [(-0.26, 0.0), (0.26, 0.0), (0.36, 0.92), (-0.36, 0.92)]),
        (ASKED, _arc(0, 0.18, 0.96, 1.04, 180, 360)),
        (WHITE, _arc(-0.46, -0.14, 0.17)),
        (WHITE, _arc(0.06, -0.5, 0.19)),
        (WHITE, _arc(0.54, -0.08, 0.15)),
    ],
    "rocket": [
        (GLOW, [(-0.22, 0.62), (0.22, 0.62), (0.0, 1.08)]),
        (SHADE, [(-0.3, 0.1), (-0.72, 0.74), (-0.2, 0.64)]),
        (SHADE, [(0.3, 0.1), (0.72, 0.74), (0.2, 0.64)]),
        (ASKED, [(0.0, -1.06), (0.26, -0.66), (0.36, -0.2), (0.32, 0.3), (0.2, 0.66),
                 (-0.2, 0.66), (-0.32, 0.3), (-0.36, -0.2), (-0.26, -0.66)]),
        (GLASS, _arc(0, -0.26, 0.18)),
    ],
}  # fmt: skip

NAMES = tuple(GLYPHS)


@cache
def stencils() -> NDArray[np.uint8]:
    """Every drawing's materials, (drawings, STENCIL, STENCIL), over -REACH to REACH both ways."""
    return np.stack([_stencil(name) for name in NAMES])


def _stencil(name: str) -> NDArray[np.uint8]:
    image = Image.new("L", (STENCIL, STENCIL), NOTHING)
    pen = ImageDraw.Draw(image)
    scale = STENCIL / (2 * REACH)
    for material, points in GLYPHS[name]:
        pen.polygon([((x + REACH) * scale, (y + REACH) * scale) for x, y in points], fill=material)
    return np.asarray(image)
