import tracemalloc

import numpy as np

from mom.mixture.conversation import Conversation, Drawing, Message
from mom.models.bert.features import BITS, EARLIER_CHARS, State, features, state_of

DARKER = Message("user", "darker")
PICTURED = (Message("user", "a fox"), Message("assistant", "", drawing=Drawing("a fox")))
TOLD = (Message("user", "a poem"), Message("assistant", "Leaves fall."))


def of(words: str) -> Conversation:
    return Conversation((Message("user", words),))


def test_the_features_of_a_message_never_change():
    indices, values = features(of("draw a fox"))

    assert (int(indices.sum()), indices.size) == (72974899, 134)
    assert indices.max() < 2**BITS
    assert np.isfinite(values).all()


def test_the_state_says_what_the_last_answer_was():
    assert state_of(Conversation((DARKER,))) is State.FIRST
    assert state_of(Conversation((*PICTURED, DARKER))) is State.PICTURE
    assert state_of(Conversation((*TOLD, DARKER))) is State.WORDS
    assert state_of(Conversation((*PICTURED, *TOLD, DARKER))) is State.WORDS_AFTER_PICTURE


def test_a_picture_in_words_is_a_picture_too():
    spoken = Message("assistant", "[image] a fox")
    assert state_of(Conversation((PICTURED[0], spoken, DARKER))) is State.PICTURE


def test_what_came_before_is_part_of_the_features():
    after_picture, _ = features(Conversation((*PICTURED, DARKER)))
    after_words, _ = features(Conversation((*TOLD, DARKER)))

    assert set(after_picture.tolist()) != set(after_words.tolist())


def test_of_a_megabyte_only_the_head_and_the_tail_are_read():
    long = "draw a fox " + "x y z " * 200_000 + "in the snow"
    tracemalloc.start()
    indices, _ = features(Conversation((Message("user", "q"), Message("assistant", long), Message("user", long))))
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert indices.size < 20_000
    assert most < 5_000_000
    other = long.replace("y", "w")
    middle_differs = long[:500] + other[500:-500] + long[-500:]
    assert (features(of(middle_differs))[0] == features(of(long))[0]).all()
    assert EARLIER_CHARS < 1_000


def test_any_text_has_features():
    for words in ("", " ", "?", "\x00", "🙂", "\ud800", "ﷺ" * 1000, "\u202eabc", "e\u0301" * 400):
        indices, values = features(of(words))
        assert indices.size == values.size > 0
