"""Puts scenes into words: many ways to ask for the same picture, with words around them that mean nothing to the picture.

Frames (what stands around the description) are split: some are for training, some only for the evaluation.
"""

from __future__ import annotations

import random
import string

from training.image.pictures import EMBLEM, Group, Scene
from training.image.words import FILLERS, OTHER_NOUNS, OTHER_WORDS

TRAINING_FRAMES = (
    "{}", "{}", "{}", "{}",
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

SHAPE_WORDS: dict[str, tuple[str, ...]] = {
    "circle": ("circle", "circle", "disc", "ball", "dot"),
    "square": ("square", "square", "box"),
    "triangle": ("triangle",),
    "star": ("star",),
    "heart": ("heart",),
    "diamond": ("diamond", "diamond", "rhombus"),
    "ring": ("ring", "ring", "hoop"),
    "cross": ("cross", "cross", "plus sign"),
}
PLURALS = {"box": "boxes", "cross": "crosses", "rhombus": "rhombuses"}
COLOUR_WORDS: dict[str, tuple[str, ...]] = {
    "purple": ("purple", "violet"),
    "turquoise": ("turquoise", "cyan", "teal"),
    "grey": ("grey", "gray"),
}
DEFAULT_COLOURS = {
    "circle": "red", "square": "blue", "triangle": "orange", "star": "yellow",
    "heart": "red", "diamond": "turquoise", "ring": "purple", "cross": "green",
}  # fmt: skip
SIZE_WORDS = {"small": ("small", "little", "tiny"), "large": ("large", "big", "huge")}
COUNT_WORDS = {
    2: ("two", "two", "2", "a pair of", "a couple of"),
    3: ("three", "three", "3"),
    4: ("four", "four", "4", "many", "several", "five"),
}
SCENERY = {
    "day": ("by day", "in the day", "in the daytime", "on a sunny day", "in a meadow", "on the grass", "outside"),
    "night": ("at night", "in the night", "by night", "in the night sky", "under the stars", "in the dark"),
}
PLACES = ("on the {}", "on the {} side", "at the {}", "to the {}", "on the {} of the picture")
BETWEEN = (
    "{} and {}",
    "{} and {}",
    "{} next to {}",
    "{} beside {}",
    "{} with {}",
    "{} left of {}",
    "{} to the left of {}",
    "{}, {}",
)


def describe(scene: Scene, rng: random.Random) -> str:
    """The scene in words, without a frame, such as "a small blue star at night"."""
    if scene == EMBLEM:
        return _describe_something_else(rng)
    groups = [_describe_group(group, scene.size, rng) for group in scene.groups]
    text = groups[0] if len(groups) == 1 else rng.choice(BETWEEN).format(*groups)
    if scene.position != "centre":
        text += " " + rng.choice(PLACES).format(scene.position)
    where = _describe_background(scene.background, rng)
    if not where:
        return text
    style = rng.random()
    if style < 0.1:
        return f"{where}, {text}"
    return f"{text}, {where}" if style < 0.25 else f"{text} {where}"


def write_prompt(
    scene: Scene, rng: random.Random, frames: tuple[str, ...] = TRAINING_FRAMES, filler: float = 0.3
) -> str:
    """The scene in words inside one of the frames; with probability `filler`, words that mean nothing are strewn in."""
    prompt = rng.choice(frames).format(describe(scene, rng))
    if rng.random() < filler:
        prompt = _strew(prompt, rng)
    return prompt


def _describe_group(group: Group, size: str, rng: random.Random) -> str:
    noun = rng.choice(SHAPE_WORDS[group.shape])
    colour = rng.choice(COLOUR_WORDS.get(group.colour, (group.colour,)))
    adjectives = [colour]
    if group.colour == DEFAULT_COLOURS[group.shape] and rng.random() < 0.4:
        adjectives = []
    if size != "medium":
        adjectives.insert(0, rng.choice(SIZE_WORDS[size]))
    if rng.random() < 0.08:
        adjectives.insert(rng.randrange(len(adjectives) + 1), rng.choice(FILLERS))
    if group.count > 1:
        return " ".join([rng.choice(COUNT_WORDS[group.count]), *adjectives, PLURALS.get(noun, noun + "s")])
    words = " ".join([*adjectives, noun])
    article = "an" if words[0] in "aeio" else "a"
    return f"{rng.choices((article, 'one', 'the'), (8, 1, 1))[0]} {words}" if rng.random() < 0.85 else words


def _describe_background(background: str, rng: random.Random) -> str:
    if background == "plain":
        return ""
    if background in SCENERY:
        return rng.choice(SCENERY[background])
    forms = (
        "on a {} background",
        "on a {} background",
        "on {}",
        "with a {} background",
        "{} background",
        "in front of a {} wall",
    )
    return rng.choice(forms).format(background)


def _describe_something_else(rng: random.Random) -> str:
    """What this model cannot draw, or nothing at all."""
    style = rng.random()
    if style < 0.1:
        return rng.choice(("", "hello", "something", "?"))
    noun = rng.choice(OTHER_NOUNS) if style < 0.7 else pseudo_word(rng)
    words = [rng.choice(OTHER_WORDS) for _ in range(rng.randrange(4))]
    return " ".join(["a", *([rng.choice(FILLERS)] if rng.random() < 0.4 else []), noun, *words])


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
