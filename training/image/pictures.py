"""Draws the truth: a scene of coloured shapes as a picture, drawn large and scaled down so that edges are smooth.

A scene is what a prompt can say; a jitter is what it cannot (where exactly, how turned, how big). The jitter is four standard
normal numbers, because training hides the same four numbers in the noise a picture starts from: see `noise.py`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from PIL import Image, ImageDraw

SIZE = 256
SUPERSAMPLE = 3

RGB = tuple[int, int, int]
Point = tuple[float, float]
Jitter = tuple[float, float, float, float]

COLOURS: dict[str, RGB] = {
    "red": (224, 42, 42),
    "orange": (248, 140, 24),
    "yellow": (250, 212, 40),
    "green": (36, 160, 70),
    "turquoise": (38, 196, 190),
    "blue": (38, 92, 226),
    "purple": (138, 60, 196),
    "pink": (246, 120, 178),
    "brown": (130, 78, 42),
    "grey": (128, 130, 136),
    "black": (20, 20, 24),
    "white": (250, 250, 250),
}

SHAPES = ("circle", "square", "triangle", "star", "heart", "diamond", "ring", "cross")
SIZES = ("small", "medium", "large")
POSITIONS = ("left", "centre", "right")

PAPER: RGB = (244, 240, 230)
GROUND: RGB = (150, 196, 116)
SKY: RGB = (190, 224, 246)
NIGHT: RGB = (18, 22, 58)
STARLIGHT: RGB = (206, 210, 232)
BACKGROUNDS: dict[str, RGB] = {
    "plain": PAPER,
    "day": SKY,
    "night": NIGHT,
    "white": COLOURS["white"],
    "black": COLOURS["black"],
    "grey": (178, 180, 186),
    "blue": (120, 166, 240),
    "green": (150, 214, 160),
    "pink": (252, 200, 220),
    "yellow": (252, 236, 150),
}
HORIZON = 0.8
NIGHT_STARS: tuple[Point, ...] = (
    (0.08, 0.1),
    (0.9, 0.07),
    (0.94, 0.45),
    (0.06, 0.55),
    (0.12, 0.92),
    (0.88, 0.9),
    (0.5, 0.06),
)

NO_JITTER: Jitter = (0.0, 0.0, 0.0, 0.0)


@dataclass(frozen=True)
class Group:
    """`count` equal shapes of one colour."""

    shape: str
    colour: str
    count: int = 1


@dataclass(frozen=True)
class Scene:
    """All that a prompt can ask for. Two groups stand left and right, one shape each; a position means one single shape."""

    groups: tuple[Group, ...]
    background: str = "plain"
    size: str = "medium"
    position: str = "centre"


@dataclass(frozen=True)
class Placed:
    """One shape on the canvas: centre and radius as fractions of the picture's side, turn in degrees."""

    shape: str
    colour: str
    centre: Point
    radius: float
    turn: float


# What is drawn for a prompt that names no shape this model knows.
EMBLEM = Scene((Group("circle", "red"), Group("square", "green"), Group("triangle", "blue"), Group("star", "yellow")))

_RADII = {1: (0.15, 0.25, 0.36), 2: (0.11, 0.155, 0.195), 3: (0.1, 0.145, 0.19), 4: (0.1, 0.145, 0.19)}
_SPOTS: dict[int, tuple[Point, ...]] = {
    1: ((0.5, 0.5),),
    2: ((0.27, 0.5), (0.73, 0.5)),
    3: ((0.5, 0.28), (0.27, 0.7), (0.73, 0.7)),
    4: ((0.28, 0.28), (0.72, 0.28), (0.28, 0.72), (0.72, 0.72)),
}
_ASIDE = {"left": 0.28, "centre": 0.5, "right": 0.72}


def place_shapes(scene: Scene, jitter: Jitter) -> tuple[Placed, ...]:
    """Where every shape of the scene stands: a fixed layout for its count, moved, turned and scaled a little by the jitter."""
    kinds = [(group.shape, group.colour) for group in scene.groups for _ in range(group.count)]
    spots = _SPOTS[len(kinds)]
    radius = _RADII[len(kinds)][SIZES.index(scene.size)]
    if len(kinds) == 1 and scene.position != "centre":
        spots = ((_ASIDE[scene.position], 0.5),)
        radius *= 0.75
    across, down, turning, growing = (max(-2.0, min(2.0, z)) for z in jitter)
    radius *= 1 + 0.05 * growing
    return tuple(
        Placed(shape, colour, (x + 0.022 * across, y + 0.022 * down), radius, 6.0 * turning)
        for (shape, colour), (x, y) in zip(kinds, spots, strict=True)
    )


def backdrop(scene: Scene) -> str:
    """The background that is drawn: the scene's, except that white shapes on an unnamed background get grey to stand out from."""
    white = any(group.colour == "white" for group in scene.groups)
    return "grey" if white and scene.background == "plain" else scene.background


def outline(shape: str) -> tuple[Point, ...]:
    """The shape's corners around the origin, upright (y down), about inside the unit circle; curves as short lines."""
    return _OUTLINES[shape]


def _circle() -> tuple[Point, ...]:
    angles = [math.tau * i / 96 for i in range(96)]
    return tuple((0.94 * math.cos(t), 0.94 * math.sin(t)) for t in angles)


def _star() -> tuple[Point, ...]:
    corners = [(math.tau * i / 10, 1.05 if i % 2 == 0 else 0.46) for i in range(10)]
    return tuple((radius * math.sin(t), 0.06 - radius * math.cos(t)) for t, radius in corners)


def _cross() -> tuple[Point, ...]:
    arm, half = 0.92, 0.32
    quarter = [(half, -arm), (half, -half), (arm, -half)]
    turns: list[Point] = []
    for _ in range(4):
        turns += quarter
        quarter = [(-y, x) for x, y in quarter]
    return tuple(turns)


def _heart() -> tuple[Point, ...]:
    """The classic curve x = 16 sin^3 t, y = 13 cos t - 5 cos 2t - 2 cos 3t - cos 4t, scaled to the unit circle."""
    angles = [math.tau * i / 96 for i in range(96)]
    heights = [13 * math.cos(t) - 5 * math.cos(2 * t) - 2 * math.cos(3 * t) - math.cos(4 * t) for t in angles]
    return tuple((0.98 * math.sin(t) ** 3, -0.062 * height - 0.13) for t, height in zip(angles, heights, strict=True))


_OUTLINES: dict[str, tuple[Point, ...]] = {
    "circle": _circle(),
    "ring": _circle(),
    "square": ((-0.82, -0.82), (0.82, -0.82), (0.82, 0.82), (-0.82, 0.82)),
    "triangle": ((0.0, -0.95), (0.98, 0.75), (-0.98, 0.75)),
    "diamond": ((0.0, -1.0), (0.72, 0.0), (0.0, 1.0), (-0.72, 0.0)),
    "star": _star(),
    "heart": _heart(),
    "cross": _cross(),
}


def draw_picture(scene: Scene, jitter: Jitter = NO_JITTER, size: int = SIZE) -> Image.Image:
    """The scene as an RGB picture of `size` x `size` px."""
    side = size * SUPERSAMPLE
    background = backdrop(scene)
    image = Image.new("RGB", (side, side), BACKGROUNDS[background])
    pen = ImageDraw.Draw(image)
    _draw_background(pen, background, side)
    for placed in place_shapes(scene, jitter):
        _draw_shape(pen, placed, BACKGROUNDS[background], side)
    return image.resize((size, size), Image.Resampling.BOX)


def _draw_background(pen: ImageDraw.ImageDraw, background: str, side: int) -> None:
    if background == "day":
        pen.rectangle((0, HORIZON * side, side, side), fill=GROUND)
    if background == "night":
        dot = 0.009 * side
        for x, y in NIGHT_STARS:
            pen.ellipse((x * side - dot, y * side - dot, x * side + dot, y * side + dot), fill=STARLIGHT)


def _draw_shape(pen: ImageDraw.ImageDraw, placed: Placed, behind: RGB, side: int) -> None:
    cosine, sine = math.cos(math.radians(placed.turn)), math.sin(math.radians(placed.turn))
    (left, top), radius = placed.centre, placed.radius
    corners = [
        (side * (left + radius * (x * cosine - y * sine)), side * (top + radius * (x * sine + y * cosine)))
        for x, y in outline(placed.shape)
    ]
    pen.polygon(corners, fill=COLOURS[placed.colour])
    if placed.shape == "ring":
        hole = 0.52 * radius
        pen.ellipse(
            (side * (left - hole), side * (top - hole), side * (left + hole), side * (top + hole)),
            fill=behind,
        )
