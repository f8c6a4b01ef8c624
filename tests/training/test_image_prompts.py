"""Prompts say what a scene shows, and the evaluation's words are not the training's."""

import random

import pytest

pytest.importorskip("torch")

from training.image.prompts import HELD_OUT_FRAMES, TRAINING_FRAMES, describe, write_prompt
from training.image.scenes import EMBLEM, Group, Scene, random_scene
from training.image.words import COUNT_WORDS, GLYPH_WORDS, PLACE_PHRASES, TIME_PHRASES


def test_held_out_frames_are_not_trained_on():
    assert not set(TRAINING_FRAMES) & set(HELD_OUT_FRAMES)


def test_a_description_names_colour_thing_count_place_and_time():
    rng = random.Random(1)
    for _ in range(50):
        text = describe(Scene((Group("ring", "pink", 3),), "night", "sea"), rng)
        assert "pink" in text
        assert any(word + "s" in text for word in GLYPH_WORDS["ring"])
        assert any(word in text for word in COUNT_WORDS[3])
        assert any(phrase in text for phrase in PLACE_PHRASES["sea"])
        assert any(phrase in text for phrase in TIME_PHRASES["night"])


def test_the_left_one_of_a_pair_is_named_first_unless_the_words_say_otherwise():
    rng = random.Random(2)
    for _ in range(40):
        text = describe(Scene((Group("heart", "brown"), Group("star", "black"))), rng)
        turned = "right of" in text
        assert (text.index("heart") < text.index("star")) != turned
        assert (text.index("brown") < text.index("black")) != turned


def test_the_upper_one_of_a_stack_is_said_to_be_above():
    rng = random.Random(2)
    for _ in range(40):
        text = describe(Scene((Group("heart", "brown"), Group("star", "black")), stacked=True), rng)
        turned = any(word in text for word in ("below", "under", "beneath"))
        assert turned or any(word in text for word in ("above", "over", "on top of"))
        assert (text.index("heart") < text.index("star")) != turned


def test_a_corner_is_named_by_both_its_sides():
    rng = random.Random(3)
    for _ in range(20):
        text = describe(Scene((Group("heart", "brown"),), across="left", down="top"), rng)
        assert "left" in text
        assert "top" in text


def test_what_cannot_be_drawn_is_described_without_any_known_thing():
    rng = random.Random(3)
    things = {word for words in GLYPH_WORDS.values() for word in words}
    for _ in range(200):
        assert not things & set(describe(EMBLEM, rng).split())


def test_prompts_repeat_with_their_seed():
    def prompts() -> list[str]:
        rng = random.Random(4)
        return [write_prompt(random_scene(rng), rng) for _ in range(50)]

    assert prompts() == prompts()
    assert len(set(prompts())) > 45
