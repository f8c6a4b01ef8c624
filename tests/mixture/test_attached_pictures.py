"""A picture that is drawn begins from the one that a person has attached, or says that it did not."""

import pytest

from mom.mixture.conversation import Attachment, Conversation, Drawing, Message
from mom.mixture.events import ImageFinished, Routed, TextDelta
from mom.mixture.paths import Wishes, answer
from mom.mixture.verdict import Need
from tests.mixture.album import Album
from tests.scripted import ScriptedImageModel, ScriptedLanguageModel, ScriptedParts

PHOTO = Attachment(b"photo", "image/png")
DRAWN_HERE = Attachment(b"boat", "image/png", Drawing("a red boat", 7, png=b"boat"))
AFTER_A_BOAT = (Message("user", "a red boat"), Message("assistant", "", drawing=Drawing("a red boat", 7, "boat")))
IMAGE = Wishes(need=Need.IMAGE)


async def answered(content, *attachments, parts=None, wishes=None, earlier=()):
    """The request that reached the image model, the words after the picture, and what the large LLM was asked."""
    parts = parts or ScriptedParts(large_llm=ScriptedLanguageModel(structure={"prompt": "a watercolour"}))
    conversation = Conversation((*earlier, Message("user", content, attachments)))
    mixture = parts.mixture_for(Album(files={"boat": b"boat"}))
    events = [event async for event in answer(conversation, mixture, wishes)]
    assert isinstance(events[0], Routed)
    assert any(isinstance(event, ImageFinished) for event in events)
    (request,) = parts.image_model.requests
    words = "".join(event.text for event in events if isinstance(event, TextDelta))
    return request, words, [messages[-1].content for messages in parts.large_llm.questions]


def parts_that_cannot_edit(**image_model) -> ScriptedParts:
    return ScriptedParts(image_model=ScriptedImageModel(can_edit=False, **image_model))


@pytest.mark.parametrize("picture", [PHOTO, DRAWN_HERE])
async def test_the_image_message_path_begins_from_an_attached_picture(picture):
    request, words, questions = await answered("/image a watercolour", picture)
    assert (request.prompt, request.source, request.strength) == ("a watercolour", picture.data, 0.7)
    assert (words, questions) == ("", [])


async def test_a_text_that_is_overruled_begins_from_the_attached_picture():
    request, words, questions = await answered("make it a watercolour", PHOTO, wishes=IMAGE)
    assert (request.prompt, request.source) == ("a watercolour", b"photo")
    assert (words, questions) == ("", ["Message: make it a watercolour"])


async def test_an_attached_picture_stands_in_for_the_one_that_was_drawn_before():
    talk = (*AFTER_A_BOAT, Message("user", "thanks"), Message("assistant", "Welcome."))
    request, _, [question] = await answered("make it a watercolour", PHOTO, wishes=IMAGE, earlier=talk)
    assert (request.source, request.seed) == (b"photo", None)
    assert "boat" not in question
    assert "assistant: Welcome." in question


async def test_a_model_that_cannot_begin_from_a_picture_says_that_it_was_not_used():
    _, words, _ = await answered("/image a watercolour", PHOTO, parts=parts_that_cannot_edit())
    assert words == (
        "I cannot begin from a picture, so the one that you attached was not used: "
        "this one is drawn from your words alone."
    )
    _, words, _ = await answered("/image a watercolour", PHOTO, PHOTO, parts=parts_that_cannot_edit())
    assert "those that you attached were not used" in words


async def test_of_several_attached_pictures_the_last_is_begun_from_and_the_others_are_named():
    request, words, _ = await answered("/image a watercolour", DRAWN_HERE, PHOTO)
    assert request.source == b"photo"
    assert words == "I begin from one picture only: the last that you attached. The others were not used."


async def test_unused_pictures_and_unknown_words_are_two_paragraphs():
    _, words, _ = await answered("/image a castle", PHOTO, parts=parts_that_cannot_edit(unknown_words=("castle",)))
    unused, unknown = words.split("\n\n")
    assert unused.startswith("I cannot begin")
    assert unknown.startswith("I don't know “castle”")


async def test_a_follow_up_that_a_model_cannot_begin_from_says_nothing_of_attached_pictures():
    parts = parts_that_cannot_edit()
    parts.large_llm = ScriptedLanguageModel(structure={"prompt": "a blue boat"})
    request, words, _ = await answered("make it bluer", parts=parts, wishes=IMAGE, earlier=AFTER_A_BOAT)
    assert (request.source, words) == (b"boat", "")
