"""Chooses scenes at random: what the models are trained on, and which combinations they never see."""

from __future__ import annotations

import random
import zlib

from training.image.pictures import BACKGROUNDS, COLOURS, EMBLEM, POSITIONS, SHAPES, SIZES, Group, Jitter, Scene

PAIRS = 0.25
EMBLEMS = 0.02


def random_jitter(rng: random.Random) -> Jitter:
    """Four standard normal numbers."""
    return (rng.gauss(0, 1), rng.gauss(0, 1), rng.gauss(0, 1), rng.gauss(0, 1))


def is_held_out(scene: Scene) -> bool:
    """Whether training must not see this scene: one shape-colour-count combination in sixteen, alike on every machine."""
    return any(
        zlib.crc32(f"{group.shape} {group.colour} {group.count}".encode()) % 16 == 0
        for group in scene.groups
        if len(scene.groups) == 1
    )


def random_scene(rng: random.Random, held_out: bool = False) -> Scene:
    """A scene for training, or, with `held_out`, one of a combination that training never draws (never a pair)."""
    if not held_out and rng.random() < EMBLEMS:
        return EMBLEM
    while True:
        scene = _any_pair(rng) if not held_out and rng.random() < PAIRS else _any_single(rng)
        if is_held_out(scene) == held_out:
            return scene


def _any_single(rng: random.Random) -> Scene:
    background = _any_background(rng)
    count = rng.choices((1, 2, 3, 4), (5, 2, 2, 2))[0]
    group = Group(rng.choice(SHAPES), _any_colour(rng, background), count)
    size = rng.choices(SIZES, (2, 3, 2))[0]
    position = rng.choices(POSITIONS, (1, 5, 1))[0] if count == 1 else "centre"
    return Scene((group,), background, "medium" if position != "centre" else size, position)


def _any_pair(rng: random.Random) -> Scene:
    background = _any_background(rng)
    first = Group(rng.choice(SHAPES), _any_colour(rng, background))
    second = Group(rng.choice(SHAPES), _any_colour(rng, background))
    if first == second:
        return _any_pair(rng)
    return Scene((first, second), background)


def _any_background(rng: random.Random) -> str:
    return "plain" if rng.random() < 0.3 else rng.choice(list(BACKGROUNDS))


def _any_colour(rng: random.Random, background: str) -> str:
    """Any colour that can be told from the background: not black on black, nor white on white."""
    return rng.choice([colour for colour in COLOURS if colour != background or colour not in ("black", "white")])
