"""The diagram, path by path, with scripted models."""

import pytest

from mom.errors import EmptyMessageError, PartUnavailableError, UnknownCommandError
from mom.mixture import paths
from mom.mixture.conversation import Attachment, Conversation, Drawing, Message
from mom.mixture.events import (
    ImageFinished,
    ImageProgress,
    ImagePromptWritten,
    ImageQueued,
    Routed,
    TextDelta,
    TurnFinished,
)
from mom.mixture.image_pipeline import name_unknown
from mom.mixture.paths import Wishes, answer, read_command
from mom.mixture.ports import DrawingRequest
from mom.mixture.verdict import DecidedBy, Need
from tests.mixture.album import Album
from tests.scripted import ScriptedImageModel, ScriptedLabelModel, ScriptedLanguageModel, ScriptedParts, png_of


def asked(content: str, *earlier: Message, attachments: tuple[Attachment, ...] = ()) -> Conversation:
    return Conversation((*earlier, Message("user", content, attachments)))


async def events_of(
    conversation: Conversation, parts: ScriptedParts, wishes: Wishes | None = None, album: Album | None = None
) -> list:
    return [event async for event in answer(conversation, parts.mixture_for(album or Album()), wishes)]


def parts_that(*, see_an_image: float = 0.02, **large_llm) -> ScriptedParts:
    return ScriptedParts(small_llm=ScriptedLabelModel(see_an_image), large_llm=ScriptedLanguageModel(**large_llm))


async def test_the_image_message_path_asks_no_llm():
    parts = ScriptedParts()
    events = await events_of(asked("/image a green square"), parts)
    assert parts.small_llm.questions == []
    assert parts.large_llm.questions == []
    assert [request.prompt for request in parts.image_model.requests] == ["a green square"]
    assert [type(event) for event in events] == [
        Routed, ImagePromptWritten, ImageQueued, ImageProgress, ImageFinished, TurnFinished,
    ]  # fmt: skip
    assert events[0].verdict.decided_by is DecidedBy.COMMAND


async def test_a_message_that_needs_text_is_streamed_by_the_large_llm():
    parts = parts_that(reply=["Hel", "lo"])
    events = await events_of(asked("hello"), parts)
    assert [event.text for event in events if isinstance(event, TextDelta)] == ["Hel", "lo"]
    assert events[0].verdict.need is Need.TEXT
    assert events[0].verdict.decided_by is DecidedBy.SMALL_LLM
    assert events[-1].finish_reason == "stop"
    assert parts.image_model.requests == []


async def test_a_message_that_needs_an_image_gets_a_prompt_by_the_large_llm_then_a_picture():
    parts = parts_that(see_an_image=0.98, structure={"prompt": "a fox in the snow"})
    album = Album()
    events = await events_of(asked("draw me a fox in the snow please"), parts, album=album)
    assert [request.prompt for request in parts.image_model.requests] == ["a fox in the snow"]
    assert next(event for event in events if isinstance(event, ImageFinished)).image.prompt == "a fox in the snow"
    assert album.words == ["draw me a fox in the snow please"]


async def test_the_prompt_writer_reads_the_picture_that_is_to_be_changed():
    parts = parts_that(see_an_image=0.98, structure={"prompt": "a blue boat"})
    earlier = (Message("user", "a red boat"), Message("assistant", "", drawing=Drawing("a red boat")))
    await events_of(asked("make it bluer", *earlier), parts)
    [(system, question)] = parts.large_llm.questions
    assert system.role == "system"
    assert "assistant: [image] a red boat" in question.content
    assert question.content.endswith("Message: make it bluer")


async def test_several_pictures_are_drawn_one_after_the_other_and_told_of_once():
    parts = parts_that(see_an_image=0.98, structure={"prompt": "a zorp", "others": ["a zorp", "a zorp at night"]})
    parts.image_model.unknown_words = ("zorp",)
    events = await events_of(asked("two pictures of a zorp and one at night"), parts)
    told = [ImagePromptWritten, ImageQueued, ImageProgress, ImageFinished]
    assert [type(event) for event in events] == [Routed, *told, *told, *told, TextDelta, TurnFinished]
    prompts = [event for event in events if isinstance(event, ImagePromptWritten)]
    assert [(event.prompt, event.pictures) for event in prompts] == [
        ("a zorp", 3),
        ("a zorp", 3),
        ("a zorp at night", 3),
    ]
    assert events[-2].text == name_unknown(("zorp",))


@pytest.mark.parametrize(("seed", "seeds"), [(None, [None, None]), (5, [5, 6]), (2**32 - 1, [2**32 - 1, 0])])
async def test_each_of_several_pictures_has_a_seed_of_its_own(seed: int | None, seeds: list[int | None]):
    parts = parts_that(see_an_image=0.98, structure={"prompt": "a fox", "others": ["a fox"]})
    await events_of(asked("a fox, twice"), parts, Wishes(drawing=DrawingRequest(seed=seed)))
    assert [request.seed for request in parts.image_model.requests] == seeds


async def test_of_several_changes_of_a_picture_the_first_alone_keeps_its_seed():
    parts = parts_that(see_an_image=0.98, structure={"prompt": "a blue boat", "others": ["a blue boat"]})
    earlier = (Message("user", "a red boat"), Message("assistant", "", drawing=Drawing("a red boat", image_id="1")))
    await events_of(asked("two bluer versions", *earlier), parts, album=Album(files={"1": png_of()}))
    assert [(request.seed, request.source) for request in parts.image_model.requests] == [
        (7, png_of()),
        (None, png_of()),
    ]


async def test_an_attached_picture_goes_to_the_vision_llm():
    parts = ScriptedParts(vision_llm=ScriptedLanguageModel(["A cat."]))
    picture = Attachment(b"...", "image/png")
    events = await events_of(asked("what is this?", attachments=(picture,)), parts)
    assert events[0].verdict.decided_by is DecidedBy.ATTACHMENT
    assert parts.vision_llm.questions[0][-1].attachments == (picture,)
    assert parts.small_llm.questions == []
    assert parts.large_llm.questions == []


async def test_a_person_can_overrule_the_classifier():
    parts = parts_that(see_an_image=0.98, reply=["A fox is"])
    events = await events_of(asked("a fox"), parts, Wishes(need=Need.TEXT))
    assert events[0].verdict.decided_by is DecidedBy.CORRECTION
    assert events[0].verdict.confidence == 1.0
    assert parts.small_llm.questions == []


async def test_a_text_command_leaves_its_command_word_out_of_the_question():
    parts = parts_that(see_an_image=0.98)
    await events_of(asked("/text a lighthouse at dusk"), parts)
    assert parts.large_llm.questions[0][-1].content == "a lighthouse at dusk"


async def test_the_seed_and_size_that_were_wished_for_reach_the_image_model():
    parts = ScriptedParts()
    wishes = Wishes(drawing=paths.DrawingRequest(seed=7, width=64, height=64))
    await events_of(asked("/image a ring"), parts, wishes)
    [request] = parts.image_model.requests
    assert (request.prompt, request.seed, request.width) == ("a ring", 7, 64)


async def test_a_prompt_that_is_too_long_says_what_was_dropped():
    parts = ScriptedParts(image_model=ScriptedImageModel(dropped_tail="and a tree"))
    events = await events_of(asked("/image a long prompt and a tree"), parts)
    assert [event.dropped_tail for event in events if isinstance(event, ImagePromptWritten)] == ["", "and a tree"]


async def test_words_that_the_image_model_does_not_know_are_named_after_the_picture():
    parts = ScriptedParts(image_model=ScriptedImageModel(unknown_words=("castle", "dragon")))
    events = await events_of(asked("/image a castle and a dragon"), parts)
    *_, picture, words, _ = events
    assert isinstance(picture, ImageFinished)
    assert isinstance(words, TextDelta)
    assert words.text.startswith("I don't know “castle” or “dragon” yet, so they are not in the picture")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["castle"], "“castle” yet, so it is not"),
        (["a", "b", "c"], "“a”, “b” or “c” yet, so they are not"),
        (list("abcdefg"), "“a”, “b”, “c”, “d”, “e” or others yet"),
    ],
)
def test_unknown_words_are_listed_as_people_list_them(words, said):
    assert said in name_unknown(words)


async def test_a_part_that_fails_raises_its_error():
    parts = parts_that(reply=[PartUnavailableError("The large LLM is not there.", part="large_llm")])
    with pytest.raises(PartUnavailableError):
        await events_of(asked("hello"), parts)


def test_an_unknown_command_is_explained():
    with pytest.raises(UnknownCommandError, match="no command /draw"):
        read_command("/draw a cat")


@pytest.mark.parametrize("content", ["/image", "/image   ", "/text\n"])
def test_a_command_without_words_is_explained(content):
    with pytest.raises(EmptyMessageError):
        read_command(content)


@pytest.mark.parametrize("content", ["/etc/hosts is what?", "/ is a slash", "a /image b", "//image x", "and/or"])
def test_what_only_looks_like_a_command_is_a_message(content):
    assert read_command(content) is None


async def test_the_timings_name_each_step_that_was_taken():
    parts = parts_that(see_an_image=0.98, structure={"prompt": "a fox"})
    events = await events_of(asked("a fox"), parts)
    assert list(events[-1].timings) == ["routed_ms", "image_prompt_ms", "total_ms"]


DRAWN_HERE = Attachment(b"png", "image/png", Drawing("a red boat", 7, png=b"png"))


async def test_a_picture_that_was_drawn_here_is_taken_up_as_the_last_picture():
    parts = parts_that(see_an_image=0.98, structure={"prompt": "a blue boat"})
    events = await events_of(asked("make it bluer", attachments=(DRAWN_HERE,)), parts)
    assert events[0].verdict.decided_by is DecidedBy.SMALL_LLM
    (request,) = parts.image_model.requests
    assert (request.prompt, request.seed) == ("a blue boat", 7)  # its subject stays
    assert "[image] a red boat" in parts.large_llm.questions[0][-1].content


async def test_a_question_about_a_picture_that_was_drawn_here_goes_to_the_vision_llm():
    parts = parts_that(see_an_image=0.02)
    events = await events_of(asked("what is in it?", attachments=(DRAWN_HERE,)), parts)
    assert [event.text for event in events if isinstance(event, TextDelta)] == ["I see it."]


async def test_without_a_vision_llm_the_large_one_is_told_what_was_drawn_in_it():
    parts = ScriptedParts(can_see=False)
    first = Message("user", "and in this?", (DRAWN_HERE,))
    events = await events_of(asked("who lives here?", first, attachments=(DRAWN_HERE,)), parts)
    assert (events[0].verdict.need, events[0].verdict.expert) == (Need.TEXT, None)
    [(_, *told)] = parts.large_llm.questions
    assert [(message.content, message.attachments) for message in told] == [
        ("[image] a red boat\n\nand in this?", ()), ("[image] a red boat\n\nwho lives here?", ()),
    ]  # fmt: skip
    assert parts.vision_llm.questions == []


async def test_a_picture_that_was_drawn_here_without_a_word_is_drawn_again():
    parts = parts_that(see_an_image=0.02)
    events = await events_of(asked(" ", attachments=(DRAWN_HERE,)), parts)
    assert events[0].verdict.decided_by is DecidedBy.ATTACHMENT
    (request,) = parts.image_model.requests
    assert (request.prompt, request.seed) == ("a red boat", 7)
    assert parts.large_llm.questions == []


async def test_a_picture_from_elsewhere_beside_it_leaves_both_to_the_vision_llm():
    parts = parts_that(see_an_image=0.98)
    both = (DRAWN_HERE, Attachment(b"png", "image/png"))
    for parts.can_see in (True, False):  # where nobody sees, its error says what to do
        events = await events_of(asked("make it bluer", attachments=both), parts)
        assert (events[0].verdict.need, events[0].verdict.expert) == (Need.TEXT, "vision_llm")


async def test_a_text_command_that_a_person_overrules_is_drawn_like_any_message():
    parts = parts_that(structure={"prompt": "a blue boat"})
    earlier = (Message("user", "a red boat"), Message("assistant", "", drawing=Drawing("a red boat")))
    await events_of(asked("/text make it bluer", *earlier), parts, Wishes(need=Need.IMAGE))
    assert [request.prompt for request in parts.image_model.requests] == ["a blue boat"]
    [(_, question)] = parts.large_llm.questions
    assert question.content.endswith("Message: make it bluer")


@pytest.mark.parametrize("earlier", [(), (Message("assistant", "", drawing=Drawing("a red boat")),)])
async def test_nothing_is_drawn_of_a_picture_from_elsewhere_without_a_word(earlier):
    parts = ScriptedParts()
    question = asked("", *earlier, attachments=(Attachment(b"...", "image/png"),))
    with pytest.raises(EmptyMessageError, match="what is to be drawn"):
        await events_of(question, parts, Wishes(need=Need.IMAGE))
    assert parts.image_model.requests == []
