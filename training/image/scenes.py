"""Scenes: all that a prompt can ask for, and random ones for training with the combinations that training never sees."""

from __future__ import annotations

import random
import zlib
from dataclasses import dataclass, replace

from training.image.backdrops import COLOURS, FLAT, PLACES, TIMES, sky_colour
from training.image.glyphs import NAMES

SIZES = ("small", "medium", "large")
ACROSS = ("left", "centre", "right")
DOWN = ("top", "middle", "bottom")
MOST = 6
MOST_IN_PAIR = 3
# Colours this near to the backdrop's would not show.
FAINT = 70.0

DEFAULT_COLOURS = {
    "circle": "red", "square": "blue", "triangle": "orange", "star": "yellow", "heart": "red", "diamond": "turquoise",
    "ring": "purple", "cross": "green", "sun": "yellow", "moon": "yellow", "cloud": "white", "tree": "green", "house": "red",
    "boat": "red", "face": "yellow", "flower": "pink", "fish": "orange", "cat": "grey", "fox": "orange", "car": "blue",
    "apple": "red", "balloon": "red", "mushroom": "red", "rocket": "grey",
}  # fmt: skip

Jitter = tuple[float, float, float, float]
NO_JITTER: Jitter = (0.0, 0.0, 0.0, 0.0)


@dataclass(frozen=True)
class Group:
    """`count` equal things of one colour."""

    glyph: str
    colour: str
    count: int = 1


@dataclass(frozen=True)
class Scene:
    """Two groups stand left and right of each other, or one above the other if `stacked`; a side means one single thing.

    `background` is a flat colour or a time of day; `place` needs a time of day.
    """

    groups: tuple[Group, ...]
    background: str = "plain"
    place: str = ""
    size: str = "medium"
    across: str = "centre"
    down: str = "middle"
    stacked: bool = False


# What is drawn for a prompt that names nothing this model knows.
EMBLEM = Scene((Group("circle", "red"), Group("square", "green"), Group("triangle", "blue"), Group("star", "yellow")))


def random_jitter(rng: random.Random) -> Jitter:
    """Four standard normal numbers."""
    return (rng.gauss(0, 1), rng.gauss(0, 1), rng.gauss(0, 1), rng.gauss(0, 1))


def is_held_out(scene: Scene) -> bool:
    """Whether training must not see this scene: one combination of thing, colour and count in sixteen, alike on every machine."""
    if len(scene.groups) != 1:
        return False
    group = scene.groups[0]
    return zlib.crc32(f"{group.glyph} {group.colour} {group.count}".encode()) % 16 == 0


def random_scene(rng: random.Random, kind: str = "any", held_out: bool = False) -> Scene:
    """A scene of a kind ("single", "pair" or "any", which includes the emblem on any backdrop).

    With `held_out`, a single of a combination that training never draws.
    """
    if held_out:
        kind = "single"
    if kind == "any":
        kind = rng.choices(("single", "pair", "emblem"), (64, 32, 4))[0]
    if kind == "emblem":
        return replace(_any_backdrop(rng), groups=EMBLEM.groups)
    while True:
        scene = _any_single(rng) if kind == "single" else _any_pair(rng)
        if is_held_out(scene) == held_out:
            return scene


def backdrop_of(scene: Scene) -> str:
    """The background that is drawn: the scene's, except that white things on an unnamed background get one to stand out from."""
    white = any(group.colour == "white" for group in scene.groups)
    return "light blue" if white and scene.background == "plain" else scene.background


def _any_single(rng: random.Random) -> Scene:
    count = rng.choices(range(1, MOST + 1), (60, 14, 14, 14, 5, 5))[0]
    scene = _any_backdrop(rng)
    group = _any_group(rng, scene, count)
    size = rng.choices(SIZES, (2, 3, 2))[0]
    across, down = "centre", "middle"
    if count == 1 and rng.random() < 0.4:
        across, down = rng.choices(ACROSS, (3, 2, 3))[0], rng.choices(DOWN, (2, 4, 2))[0]
    return replace(scene, groups=(group,), size=size, across=across, down=down)


def _any_pair(rng: random.Random) -> Scene:
    scene = _any_backdrop(rng)
    stacked = rng.random() < 0.3
    many = not stacked and rng.random() < 0.35
    counts = [rng.choices((1, 2, 3), (4, 3, 2))[0] if many else 1 for _ in range(2)]
    first, second = (_any_group(rng, scene, count) for count in counts)
    if (first.glyph, first.colour) == (second.glyph, second.colour):
        return _any_pair(rng)
    size = rng.choices(SIZES, (1, 4, 1))[0]
    return replace(scene, groups=(first, second), stacked=stacked, size=size)


def _any_group(rng: random.Random, scene: Scene, count: int) -> Group:
    glyph = rng.choice(NAMES)
    shown = [colour for colour in COLOURS if _shows(colour, replace(scene, groups=(Group(glyph, colour),)))]
    default = DEFAULT_COLOURS[glyph]
    return Group(glyph, default if default in shown and rng.random() < 0.25 else rng.choice(shown), count)


def _shows(colour: str, scene: Scene) -> bool:
    behind = sky_colour(backdrop_of(scene))
    return sum((a - b) ** 2 for a, b in zip(COLOURS[colour], behind, strict=True)) > FAINT**2


def _any_backdrop(rng: random.Random) -> Scene:
    kind = rng.random()
    if kind < 0.35:
        return Scene(())
    if kind < 0.6:
        return Scene((), rng.choice(list(FLAT)[1:]))
    place = rng.choice(("", *PLACES))
    return Scene((), rng.choices(TIMES, (3, 3, 1))[0], place)
