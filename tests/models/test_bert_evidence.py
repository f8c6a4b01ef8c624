import numpy as np

from mom.mixture.classifier import Classifier
from mom.mixture.conversation import Conversation, Message
from mom.mixture.explaining import explain
from mom.models.bert.evidence import words_that_speak
from mom.models.bert.features import BITS
from mom.models.bert.head import Head, read_head
from mom.models.bert.stage import BertStage


def conversation(words: str) -> Conversation:
    return Conversation((Message("user", words),))


def test_the_word_that_decides_is_named_first():
    first, *_ = words_that_speak(read_head(), conversation("write a prompt for an image of a castle"))
    assert first.startswith("without “write” the probability of an image is 0.9")


def test_a_word_that_speaks_against_the_verdict_is_not_named():
    assert not any("“drawing”" in clause for clause in words_that_speak(read_head(), conversation("what is a drawing")))


def test_a_head_that_knows_nothing_has_no_evidence():
    head = Head(np.zeros(2**BITS, "<f2"), bias=0.0, scale=1.0, shift=0.0, text_threshold=0.3, image_threshold=0.7)
    assert words_that_speak(head, conversation("please draw a red fox")) == []
    assert words_that_speak(read_head(), conversation("…")) == []


def test_of_a_message_of_a_megabyte_only_what_is_read_is_tried():
    long = conversation("x " * 400_000 + "draw a fox" + " x" * 400_000)
    assert not any("draw" in clause for clause in words_that_speak(read_head(), long))
    at_its_end = conversation("incomprehensibilities " * 40_000 + "draw a fox")
    assert any("“draw”" in clause for clause in words_that_speak(read_head(), at_its_end))


async def test_the_explanation_of_the_stage_carries_its_words():
    (opinion,) = await explain(conversation("please draw a red fox"), Classifier([BertStage()], 5))
    assert opinion.stage == "bert"
    assert any("“draw”" in clause for clause in opinion.evidence)
