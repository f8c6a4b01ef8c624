"""Prompts say what a scene shows, and the evaluation's words are not the training's."""

import random

from training.image.pictures import EMBLEM, Group, Scene
from training.image.prompts import (
    COUNT_WORDS,
    HELD_OUT_FRAMES,
    SHAPE_WORDS,
    TRAINING_FRAMES,
    describe,
    write_prompt,
)
from training.image.scenes import random_scene


def test_held_out_frames_are_not_trained_on():
    assert not set(TRAINING_FRAMES) & set(HELD_OUT_FRAMES)


def test_a_description_names_colour_shape_count_and_background():
    rng = random.Random(1)
    for _ in range(50):
        text = describe(Scene((Group("ring", "pink", 3),), "night"), rng)
        assert "pink" in text
        assert any(word + "s" in text for word in SHAPE_WORDS["ring"])
        assert any(word in text for word in COUNT_WORDS[3])
        assert any(word in text for word in ("night", "dark", "stars"))


def test_the_left_one_of_a_pair_is_named_first():
    rng = random.Random(2)
    for _ in range(20):
        text = describe(Scene((Group("heart", "brown"), Group("star", "black"))), rng)
        assert text.index("heart") < text.index("star")
        assert text.index("brown") < text.index("black")


def test_what_cannot_be_drawn_is_described_without_any_known_shape():
    rng = random.Random(3)
    shapes = {word for words in SHAPE_WORDS.values() for word in words}
    for _ in range(200):
        assert not shapes & set(describe(EMBLEM, rng).split())


def test_prompts_repeat_with_their_seed():
    def prompts() -> list[str]:
        rng = random.Random(4)
        return [write_prompt(random_scene(rng), rng) for _ in range(50)]

    assert prompts() == prompts()
    assert len(set(prompts())) > 45
