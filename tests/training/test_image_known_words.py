"""The list of words that is written beside the demo image model's weights."""

import random
from collections import Counter
from pathlib import Path

import pytest

pytest.importorskip("torch")

from mom.serving.image_server.vocabulary import FILE, Vocabulary, read_vocabulary
from training.image.known_words import known_words, write_known_words
from training.image.prompts import HELD_OUT_FRAMES, TRAINING_FRAMES, write_prompt
from training.image.scenes import EMBLEM, random_scene
from training.image.words import DOINGS, FILLERS, OTHER_NOUNS

SHIPPED = Path(__file__).parents[2] / "src/mom/serving/demo/image"


def test_the_shipped_list_is_the_one_of_the_words_that_are_trained():
    assert (SHIPPED / FILE).read_text(encoding="utf-8").split() == known_words()


def test_the_server_reads_what_is_written(tmp_path):
    write_known_words(tmp_path)
    vocabulary = read_vocabulary(str(tmp_path))
    assert vocabulary
    assert vocabulary.unknown_in("two light blue cats on the sea at night") == []
    assert vocabulary.unknown_in("a castle at night") == ["castle"]


def test_only_words_that_change_no_picture_are_unknown_in_the_prompts_of_the_training():
    vocabulary, rng = Vocabulary(frozenset(known_words())), random.Random(4)
    ignored = {*FILLERS, *OTHER_NOUNS, *(word for doing in DOINGS for word in doing.split())}
    scenes = [scene for scene in (random_scene(rng) for _ in range(3000)) if scene.groups != EMBLEM.groups]
    frames = TRAINING_FRAMES + HELD_OUT_FRAMES
    unknown = [vocabulary.unknown_in(write_prompt(scene, rng, frames, filler=0.0)) for scene in scenes]
    often = Counter(word.lower() for words in unknown for word in words)
    assert {word for word, times in often.items() if times > 2} <= ignored  # an invented word comes once
    assert unknown.count([]) > 1500


def test_what_it_was_taught_that_it_cannot_draw_is_unknown():
    assert not set(OTHER_NOUNS) & set(known_words())
