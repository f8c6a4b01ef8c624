import re
from dataclasses import replace

import pytest

from mom.mixture.verdict import Need
from mom.models.bert.encoder import read_encoder
from mom.models.bert.head import write_head
from mom.models.bert.reader import Reader
from training.routing.calibrate import (
    ASKING,
    WRONG_IMAGE,
    WRONG_TEXT,
    alone_threshold,
    fit_shares,
    image_threshold,
    text_threshold,
)
from training.routing.dataset import conversation_of, read_dev
from training.routing.generate import generate, plain
from training.routing.grammar import make_sentence, read_frames
from training.routing.known import LeftOut, digest, known_words, left_out
from training.routing.train import Lesson, lesson_of, lesson_of_case, make_head
from training.routing.written import read_written, split_written

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


@pytest.fixture(scope="module")
def encoder():
    return read_encoder()


@pytest.fixture(scope="module")
def calibrating():
    return [lesson_of_case(case) for case in read_dev()[0][::4]]


def test_the_same_rows_train_the_same_head_to_the_bit(rows, encoder, calibrating, tmp_path):
    few = [lesson_of(row) for row in rows[::400]]
    for name in ("a", "b"):
        write_head(make_head(few, calibrating, encoder, rounds=8), tmp_path / name)

    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_the_ngrams_of_a_small_share_of_the_rows_already_teach_something(rows, encoder, calibrating):
    head = make_head([lesson_of(row) for row in rows[::100]], calibrating, encoder, rounds=15)
    by_ngrams = Reader(encoder, replace(head, encoder_share=0.0, ngrams_share=1.0, shift=0.0))
    _, reported = read_dev()
    right = [(by_ngrams.image_probability(case.conversation) > 0.5) == (case.route is Need.IMAGE) for case in reported]
    assert np.mean(right) > 0.7


def test_a_lesson_that_counts_more_moves_the_ngrams_more(rows, encoder, calibrating):
    few = [lesson_of(row) for row in rows[::400]]
    fox = conversation_of((("user", "the fox of my neighbours"),))
    logits = [
        make_head([*few, Lesson(fox, wants_image=True, weight=weight)], calibrating, encoder, rounds=8).ngrams_logit(
            fox
        )
        for weight in (1.0, 50.0)
    ]
    assert logits[1] > logits[0]


def test_a_message_of_a_set_that_is_not_ours_is_left_out_by_its_digest():
    ours = LeftOut(frozenset({"draw a fox"}), frozenset({digest("paint a bear please")}))
    assert "draw a fox" in ours
    assert "paint a bear please" in ours
    assert "paint a bear" not in ours
    shipped = left_out()
    assert len(shipped.digests) > 1000
    kept = (plain(row.turns[-1][1]) for row in split_written(without=shipped)[0])
    assert not [words for words in kept if len(words.split()) >= 3 and digest(words) in shipped.digests]


def test_what_was_written_by_hand_can_be_read_and_is_balanced():
    rows = [row for rows in read_written().values() for row in rows]
    assert len(rows) > 5000
    assert 0.4 < sum(row.route == "image" for row in rows) / len(rows) < 0.6
    assert len({row.lang for row in rows}) >= 20
    assert all(row.turns[-1][0] == "user" and row.turns[-1][1].strip() for row in rows)


def test_of_the_written_rows_some_only_measure_and_none_is_of_the_development_set():
    known = known_words()
    trained, held_out = split_written(without=known)
    assert not {plain(row.turns[-1][1]) for row in trained} & {plain(row.turns[-1][1]) for row in held_out}
    assert 0.05 < len(held_out) / (len(trained) + len(held_out)) < 0.12
    dev = {words for words in known if len(words.split()) >= 3}
    assert not [row for row in (*trained, *held_out) if plain(row.turns[-1][1]) in dev]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("= picture request en\ndraw a fox\n", "line 1: a header reads"),
        ("draw a fox\n", "line 1: turns"),
        ("= text after en chat\nhello || hi\n", "line 2: turns"),
    ],
)
def test_a_written_line_that_cannot_be_read_is_named(tmp_path, text, why):
    (tmp_path / "a.txt").write_text(text)
    with pytest.raises(ValueError, match=why):
        read_written(tmp_path)


def test_the_shares_are_those_under_which_the_labels_are_likeliest():
    wants = np.array([0.0, 0.0, 1.0, 1.0, 0.0, 1.0])
    telling = np.where(wants == 1, 1.0, -1.0) * np.array([2.0, 1.0, 2.0, 1.0, -0.5, 3.0])
    misleading = np.array([1.0, -1.0, 1.0, -1.0, 1.0, -1.0])
    shares, _ = fit_shares(np.stack([telling, misleading], axis=1), wants)
    assert shares[0] > 0.5
    assert 0 <= shares[1] < shares[0]


def test_at_the_thresholds_deciding_costs_what_asking_costs():
    assert (1 - image_threshold()) * WRONG_IMAGE == pytest.approx(ASKING)
    assert text_threshold() * WRONG_TEXT == pytest.approx(ASKING)
    alone = alone_threshold()
    assert (1 - alone) * WRONG_IMAGE == pytest.approx(alone * WRONG_TEXT)
    assert text_threshold() < 0.5 < alone < image_threshold()


def test_a_picture_in_the_turns_becomes_a_drawing():
    conversation = conversation_of((("user", "a fox"), ("assistant", "[image] a fox"), ("user", "bluer")))
    assert conversation.last_drawing is not None
