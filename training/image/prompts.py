"""Puts scenes into words: many ways to ask for the same picture, with words around them that mean nothing to the picture.

Frames (what stands around the description) are split: some are for training, some only for the evaluation.
"""

from __future__ import annotations

import random
import string

from training.image.backdrops import TIMES
from training.image.scenes import DEFAULT_COLOURS, EMBLEM, Group, Scene
from training.image.words import (
    ABOVE_OR_BELOW,
    BESIDE,
    COLOUR_WORDS,
    CORNERS,
    COUNT_WORDS,
    DOINGS,
    FILLERS,
    GLYPH_WORDS,
    ONE_SIDE,
    OTHER_NOUNS,
    OTHER_WORDS,
    PLACE_PHRASES,
    PLURALS,
    SIZE_WORDS,
    SKY_PHRASES,
    STACKED,
    TIME_PHRASES,
)

TRAINING_FRAMES = (
    "{}", "{}", "{}", "{}", "{}", "{}", "{}", "{}",
    "a picture of {}", "an image of {}", "a drawing of {}", "an illustration of {}", "a photo of {}", "a painting of {}",
    "draw {}", "please draw {}", "draw me {}", "draw {} please", "can you draw {}?", "could you please draw me {}?",
    "paint {}", "make a picture of {}", "generate an image of {}", "create {}", "i want {}", "show me {}", "make it {}",
    "a simple picture of {}", "a beautiful digital illustration of {}, highly detailed", "{}, flat design, clean lines",
    "{} in a minimalist style", "{}, high quality, 4k", "{}, soft light", "a logo with {}", "there is {}",
)  # fmt: skip
HELD_OUT_FRAMES = (
    "i would like to see {}", "please paint {} for me", "give me an artwork with {}", "sketch {} now", "{}, vector art, crisp edges",
    "a poster showing {}", "could i have {}?", "render {}, sharp and colourful",
)  # fmt: skip
ADDED = 0.06


def describe(scene: Scene, rng: random.Random) -> str:
    """The scene in words, without a frame, such as "a small blue star at night"."""
    where = _describe_backdrop(scene, rng)
    text = _describe_things(scene, rng)
    if not where:
        return text
    style = rng.random()
    if style < 0.1:
        return f"{where}, {text}"
    return f"{text}, {where}" if style < 0.2 else f"{text} {where}"


def write_prompt(
    scene: Scene, rng: random.Random, frames: tuple[str, ...] = TRAINING_FRAMES, filler: float = 0.3
) -> str:
    """The scene in words inside one of the frames; with probability `filler`, words that mean nothing are strewn in."""
    prompt = rng.choice(frames).format(describe(scene, rng))
    if rng.random() < filler:
        prompt = _strew(prompt, rng)
    return prompt


def _describe_things(scene: Scene, rng: random.Random) -> str:
    if scene.groups == EMBLEM.groups:
        return _describe_something_else(rng)
    groups = [_describe_group(group, scene.size, rng) for group in scene.groups]
    if len(groups) == 2:
        return rng.choice(STACKED if scene.stacked else BESIDE).format(*groups)
    text = groups[0]
    if rng.random() < ADDED:
        text += " " + _describe_addition(rng)
    aside, apart = scene.across != "centre", scene.down != "middle"
    if aside and apart:
        text += " " + rng.choice(CORNERS).format(scene.across, scene.down)
    elif aside:
        text += " " + rng.choice(ONE_SIDE).format(scene.across)
    elif apart:
        text += " " + rng.choice(ABOVE_OR_BELOW).format(scene.down)
    return text


def _describe_group(group: Group, size: str, rng: random.Random) -> str:
    noun = rng.choice(GLYPH_WORDS[group.glyph])
    colour = rng.choice(COLOUR_WORDS.get(group.colour, (group.colour,)))
    adjectives = [colour]
    if group.colour == DEFAULT_COLOURS[group.glyph] and rng.random() < 0.5:
        adjectives = []
    if size != "medium":
        adjectives.insert(0, rng.choice(SIZE_WORDS[size]))
    if rng.random() < 0.1:
        adjectives.insert(rng.randrange(len(adjectives) + 1), rng.choice(FILLERS))
    if group.count > 1:
        return " ".join([rng.choice(COUNT_WORDS[group.count]), *adjectives, PLURALS.get(noun, noun + "s")])
    words = " ".join([*adjectives, noun])
    article = "an" if words[0] in "aeio" else "a"
    return f"{rng.choices((article, 'one', 'the'), (8, 1, 1))[0]} {words}" if rng.random() < 0.85 else words


def _describe_backdrop(scene: Scene, rng: random.Random) -> str:
    background, place = scene.background, scene.place
    if background == "plain":
        return ""
    if background not in TIMES:
        colour = rng.choice(COLOUR_WORDS.get(background, (background,)))
        forms = ("on a {} background", "on a {} background", "on {}", "with a {} background", "{} background")
        return rng.choice((*forms, "in front of a {} wall")).format(colour)
    if not place:
        return rng.choice(SKY_PHRASES[background])
    where, when = rng.choice(PLACE_PHRASES[place]), rng.choice(TIME_PHRASES[background])
    if background == "day" and rng.random() < 0.75:
        return where
    return f"{where} {when}" if rng.random() < 0.75 else f"{when} {where}"


def _describe_something_else(rng: random.Random) -> str:
    """What this model cannot draw, or nothing at all."""
    style = rng.random()
    if style < 0.1:
        return rng.choice(("", "hello", "something", "?"))
    words = [rng.choice(OTHER_WORDS) for _ in range(rng.choice((0, 0, 1, 2)))]
    doing = [rng.choice(DOINGS)] if rng.random() < 0.2 else []
    looks = [rng.choice((*FILLERS, *COLOUR_WORDS))] if rng.random() < 0.4 else []
    return " ".join(["a", *looks, _unknown_noun(rng), *doing, *words])


def _describe_addition(rng: random.Random) -> str:
    """Something that goes with a thing and cannot be drawn."""
    if rng.random() < 0.5:
        return rng.choice(DOINGS)
    return f"{rng.choice(('and', 'with', 'and', 'next to'))} a {_unknown_noun(rng)}"


def _unknown_noun(rng: random.Random) -> str:
    return rng.choice(OTHER_NOUNS) if rng.random() < 0.65 else pseudo_word(rng)


def pseudo_word(rng: random.Random) -> str:
    """A word nobody knows, two to nine letters."""
    return "".join(rng.choice(string.ascii_lowercase) for _ in range(rng.randrange(2, 10)))


def _strew(prompt: str, rng: random.Random) -> str:
    words = prompt.split(" ")
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        kind = rng.random()
        word = rng.choice(FILLERS) if kind < 0.5 else rng.choice(OTHER_WORDS) if kind < 0.75 else pseudo_word(rng)
        at = rng.choice((0, len(words), rng.randrange(len(words) + 1)))
        words.insert(at, word)
    return " ".join(words)
