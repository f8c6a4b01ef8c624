"""The `regex` stage on messages of each form; what it reaches as a whole is measured, not tested."""

import pytest

from mom.mixture.conversation import Conversation, Drawing, Message
from mom.mixture.verdict import DecidedBy, Need
from mom.models.regex_stage import RegexStage

PICTURE = (Message("user", "a boat"), Message("assistant", "", drawing=Drawing("a red boat")))


async def need(words: str, *earlier: Message) -> Need:
    verdict = await RegexStage().classify(Conversation((*earlier, Message("user", words))))
    assert verdict.decided_by is DecidedBy.REGEX
    return verdict.need


@pytest.mark.parametrize(
    "words",
    [
        "draw a fox", "Please paint me a castle in the fog", "can you make a picture of my dog?", "a logo for my bakery",
        "two cats on a red sofa", "portrait of a knight, oil painting, highly detailed, 8k", "zeichne einen Hund am Strand",
        "dessine-moi un mouton", "dibuja una casa", "crie uma imagem de um gato", "disegna un albero", "teken een fiets",
        "narysuj smoka", "нарисуй кота в шляпе", "bana bir kedi resmi çiz", "画一只猫", "猫の絵を描いて", "고양이를 그려줘",
        "ارسم قطة", "बिल्ली का चित्र बनाओ",
    ],
)  # fmt: skip
async def test_it_hears_a_request_for_a_picture(words):
    assert await need(words) is Need.IMAGE


@pytest.mark.parametrize(
    "words",
    [
        "what is the capital of France?", "explain how JPEG works", "draw a conclusion from these figures",
        "write a Midjourney prompt about a castle", "draw a cat in ASCII", "hello", "who painted the Mona Lisa?",
        "create an SVG of a circle", "schreib ein Gedicht über den Herbst", "explique la photosynthèse", "a male or a female?",
        "Напиши письмо", "写一首关于猫的诗", "what picture won the Oscar in 1994?", "def draw(): pass",
    ],
)  # fmt: skip
async def test_it_hears_when_words_are_wanted(words):
    assert await need(words) is Need.TEXT


@pytest.mark.parametrize("words", ["make it bluer", "add a second boat", "the same but at night", "mach es heller"])
async def test_after_a_picture_a_change_is_an_image(words):
    assert await need(words, *PICTURE) is Need.IMAGE
    assert await need(words, Message("user", "hi"), Message("assistant", "Hello!")) is Need.TEXT


@pytest.mark.parametrize("words", ["what is in it?", "thanks!", "now as a poem", "how did you make it?"])
async def test_after_a_picture_words_about_it_are_text(words):
    assert await need(words, *PICTURE) is Need.TEXT


@pytest.mark.timeout(20)
@pytest.mark.parametrize("piece", ["make a ", "a", "a, ", " ", "[", "draw", "画", "𝕏\u0301"])
async def test_a_message_of_a_megabyte_costs_no_more_than_a_page(piece):
    assert await need(piece * (1_000_000 // len(piece)) + " x") in Need


async def test_of_a_long_message_the_head_and_tail_alone_are_read():
    filler = "word " * 1_000
    assert await need(f"{filler}draw a fox {filler}") is Need.TEXT
    assert await need(f"{filler}draw a fox") is Need.IMAGE
