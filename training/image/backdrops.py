"""What is behind the things: plain colours, or a landscape by day, at night or at sunset, each a few flat areas."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

RGB = tuple[int, int, int]
Point = tuple[float, float]

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
_STARS: tuple[Point, ...] = (
    (0.1, 0.12),
    (0.3, 0.06),
    (0.88, 0.1),
    (0.95, 0.34),
    (0.06, 0.4),
    (0.62, 0.05),
    (0.2, 0.27),
    (0.79, 0.22),
)
_STARLIGHT: RGB = (226, 228, 240)
_LOW_SUN: RGB = (255, 232, 170)
SIDE = 768


def _hill(left: float, top: float, bottom: float, bends: float) -> list[Point]:
    """The area under a wave from the left edge to the right one, as fractions of the side."""
    xs = [i / 64 for i in range(65)]
    line = [(x, top + bottom * float(np.cos(2 * np.pi * (bends * x + left)))) for x in xs]
    return [*line, (1.0, 1.0), (0.0, 1.0)]


def _blocks(tops: tuple[float, ...], shift: float) -> list[Point]:
    step, points = 1.0 / len(tops), [(0.0, 1.0)]
    for i, top in enumerate(tops):
        points += [(i * step + shift, top), ((i + 1) * step + shift, top)]
    return [*points, (1.0, tops[-1]), (1.0, 1.0)]


def _firs(count: int, top: float, bottom: float, shift: float) -> list[Point]:
    step = 1.0 / count
    points: list[Point] = [(-0.2, 1.0)]
    for i in range(-1, count + 1):
        points += [((i + shift) * step, bottom), ((i + 0.5 + shift) * step, top)]
    return [*points, (1.2, bottom), (1.2, 1.0)]


_SHAPES: dict[str, tuple[list[Point], list[Point]]] = {
    "meadow": (_hill(0.1, 0.72, 0.045, 1.0), _hill(0.62, 0.84, 0.035, 0.9)),
    "sea": (_hill(0.0, 0.7, 0.0, 1.0), _hill(0.0, 0.85, 0.012, 4.0)),
    "snow": (_hill(0.75, 0.72, 0.06, 0.8), _hill(0.2, 0.83, 0.03, 1.0)),
    "city": (_blocks((0.62, 0.74, 0.56, 0.7, 0.64, 0.76, 0.58, 0.68), 0.0), _hill(0.0, 0.86, 0.0, 1.0)),
    "forest": (_firs(7, 0.58, 0.76, 0.0), _hill(0.3, 0.84, 0.02, 1.0)),
    "desert": (_hill(0.45, 0.74, 0.05, 0.7), _hill(0.95, 0.85, 0.04, 0.8)),
}


def sky_colour(background: str) -> RGB:
    """The colour behind everything: of a flat background, or of the sky."""
    return SKIES.get(background) or FLAT[background]


@cache
def landscape(place: str, background: str) -> NDArray[np.uint8]:
    """The backdrop as (SIDE, SIDE, 3) RGB; `place` may be empty."""
    image = Image.new("RGB", (SIDE, SIDE), sky_colour(background))
    pen = ImageDraw.Draw(image)
    if background == "night":
        for x, y in _STARS:
            _disc(pen, x, y, 0.0105, _STARLIGHT)
    if background == "sunset":
        _disc(pen, 0.74, 0.66, 0.15, _LOW_SUN)
    if place:
        share, added = _LIGHT[background]
        for colour, points in zip(_GROUND[place], _SHAPES[place], strict=True):
            red, green, blue = (round(share * c + a) for c, a in zip(colour, added, strict=True))
            pen.polygon([(x * SIDE, y * SIDE) for x, y in points], fill=(red, green, blue))
    return np.asarray(image)


def _disc(pen: ImageDraw.ImageDraw, x: float, y: float, radius: float, colour: RGB) -> None:
    pen.ellipse([(x - radius) * SIDE, (y - radius) * SIDE, (x + radius) * SIDE, (y + radius) * SIDE], fill=colour)
