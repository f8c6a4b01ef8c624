from mom.mixture.classifier import Classifier
from mom.mixture.conversation import Conversation, Message
from mom.mixture.explaining import explain
from mom.models.bert.encoder import read_encoder
from mom.models.bert.evidence import words_that_speak
from mom.models.bert.reader import Reader, load_reader
from mom.models.bert.stage import BertStage
from tests.heads import flat_head


def conversation(words: str) -> Conversation:
    return Conversation((Message("user", words),))


def test_the_word_that_decides_is_named_first():
    first, *_ = words_that_speak(load_reader(), conversation("write a prompt for an image of a castle"))
    assert first.startswith("without “write” the probability of an image is 0.")


def test_a_word_that_speaks_against_the_verdict_is_not_named():
    assert not any(
        "“drawing”" in clause for clause in words_that_speak(load_reader(), conversation("what is a drawing"))
    )


def test_a_head_that_knows_nothing_has_no_evidence():
    knows_nothing = Reader(read_encoder(), flat_head())
    assert words_that_speak(knows_nothing, conversation("please draw a red fox")) == []
    assert words_that_speak(load_reader(), conversation("…")) == []


def test_of_a_message_of_a_megabyte_only_what_is_read_is_tried():
    long = conversation("x " * 400_000 + "draw a fox" + " x" * 400_000)
    assert not any("draw" in clause for clause in words_that_speak(load_reader(), long))
    at_its_end = conversation("incomprehensibilities " * 40_000 + "what does translate mean?")
    assert any("“translate”" in clause for clause in words_that_speak(load_reader(), at_its_end))


async def test_the_explanation_of_the_stage_carries_its_words():
    (opinion,) = await explain(conversation("please draw a red fox"), Classifier([BertStage()], 5))
    assert opinion.stage == "bert"
    assert any("“draw”" in clause for clause in opinion.evidence)
