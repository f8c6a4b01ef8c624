import re

import pytest

from mom.mixture.verdict import Need
from mom.models.bert.head import write_head
from training.routing.calibrate import choose_thresholds
from training.routing.dataset import conversation_of, read_dev
from training.routing.generate import generate, plain
from training.routing.grammar import make_sentence, read_frames
from training.routing.train import known_words, make_head

np = pytest.importorskip("numpy")
pytest.importorskip("scipy")


@pytest.fixture(scope="module")
def rows():
    return generate(without=known_words())


def test_the_same_seed_generates_the_same_rows(rows):
    assert generate(without=known_words())[:2000] == rows[:2000]


def test_rows_are_balanced_and_speak_many_languages(rows):
    images = sum(row.route == "image" for row in rows)
    assert 0.4 < images / len(rows) < 0.6
    assert len({row.lang for row in rows}) >= 20


def test_no_frame_is_left_with_a_slot_or_a_choice(rows):
    for row in rows:
        if row.kind not in {"code", "code_after_picture", "code_after_text"}:
            assert not re.search(r"\{(en\.)?[a-z_]+\}", row.turns[-1][1]), row


def test_nothing_of_the_development_set_is_trained_on(rows):
    dev = {words for words in known_words() if len(words.split()) >= 3}
    assert not [row for row in rows if plain(row.turns[-1][1]) in dev]


def test_the_development_set_has_many_forms_and_languages():
    calibrating, reported = read_dev()
    cases = [*calibrating, *reported]
    assert len(cases) > 400
    assert len({case.slices["lang"] for case in cases}) >= 15
    assert min(len(calibrating), len(reported)) > 0.4 * len(cases)
    assert {case.route for case in reported} == set(Need)


def test_a_slot_is_filled_from_the_own_language_before_english():
    import random

    languages = {"en": {"x": ["one"], "y": ["two"]}, "de": {"x": ["eins"]}}
    made = make_sentence("{x} {y} {en.x} (a|a)", languages["de"], languages["en"], random.Random(1))
    assert made == "eins two one a"
    assert "image:request" in read_frames()["ko"]


def test_the_same_rows_train_the_same_head_to_the_bit(rows, tmp_path):
    few = rows[::400]
    for name in ("a", "b"):
        write_head(make_head(few, rounds=8), tmp_path / name)

    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_a_small_share_of_the_rows_already_teaches_something(rows):
    head = make_head(rows[::100], rounds=15)
    _, reported = read_dev()
    right = [(head.image_probability(case.conversation) > 0.5) == (case.route is Need.IMAGE) for case in reported]
    assert np.mean(right) > 0.7


def test_the_image_threshold_is_the_stricter_one():
    probabilities = np.array([0.05, 0.2, 0.4, 0.6, 0.8, 0.95])
    text, image = choose_thresholds(probabilities, np.array([0.0, 0.0, 1.0, 0.0, 1.0, 1.0]))
    assert 0.6 < image <= 0.8
    assert text < 0.4
    assert image >= 1 - text


def test_a_picture_in_the_turns_becomes_a_drawing():
    conversation = conversation_of((("user", "a fox"), ("assistant", "[image] a fox"), ("user", "bluer")))
    assert conversation.last_drawing is not None
