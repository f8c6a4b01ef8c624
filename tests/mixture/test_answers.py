"""Needs text and needs image, where the models do not do as they are told."""

import pytest

from mom.errors import ContextFullError, StructureError
from mom.mixture.conversation import Conversation, Drawing, Message, ToolRequest, ToolResult
from mom.mixture.events import TextDelta
from mom.mixture.needs_image import write_image_prompts
from mom.mixture.needs_text import FILES_LEFT_OUT, stream_text
from mom.mixture.ports import SamplingOptions
from tests.scripted import ScriptedLanguageModel


class ForgetfulModel(ScriptedLanguageModel):
    """Its context holds only so many messages."""

    def __init__(self, context_messages: int) -> None:
        super().__init__()
        self.context_messages = context_messages

    def stream_text(self, messages, options=SamplingOptions()):  # noqa: B008 - frozen
        self.reply = ["ok"]
        if len(messages) > self.context_messages:
            self.reply = [ContextFullError("too long", part="large_llm")]
        return super().stream_text(messages, options)


BROKEN = StructureError("no JSON", part="large_llm")
FULL = ContextFullError("too long", part="large_llm")


def dialogue(turns: int, last: str = "and now?") -> Conversation:
    pairs = [(Message("user", f"question {n}"), Message("assistant", f"answer {n}")) for n in range(turns)]
    return Conversation((*(message for pair in pairs for message in pair), Message("user", last)))


async def words_of(conversation: Conversation, model: ScriptedLanguageModel) -> list:
    return [item async for item in stream_text(conversation, model, SamplingOptions())]


async def test_a_conversation_that_is_too_long_loses_its_older_half_until_it_fits():
    model = ForgetfulModel(4)
    await words_of(dialogue(4), model)
    assert [len(question) for question in model.questions] == [10, 6, 4]
    assert [message.content for message in model.questions[-1][1:]] == ["question 3", "answer 3", "and now?"]


async def test_a_message_that_alone_is_too_long_is_an_error():
    model = ForgetfulModel(1)
    with pytest.raises(ContextFullError):
        await words_of(dialogue(2), model)
    assert [len(question) for question in model.questions] == [6, 4, 2]


async def test_what_is_left_of_a_conversation_that_is_too_long_begins_with_a_question():
    model = ForgetfulModel(4)
    await words_of(dialogue(3), model)
    assert [message.content for message in model.questions[-1][1:]] == ["question 2", "answer 2", "and now?"]


async def test_that_a_file_was_left_out_is_told_once_after_the_answer():
    with_file = Message("user", "File: tale.txt\n```\nA fox.\n```\n\nSummarise it")
    asked, format_of_a_program = Message("user", "Translate it"), {"response_format": {"type": "json_object"}}
    talk = Conversation((with_file, Message("assistant", "A tale."), asked))
    told = Conversation((*talk.messages, Message("assistant", f"ok{FILES_LEFT_OUT}"), asked))
    for conversation, context, passed_on, remarks in (
        (talk, 2, {}, [FILES_LEFT_OUT]),
        (talk, 4, {}, []),  # it was not left out
        (talk, 1, format_of_a_program, []),
        (told, 2, {}, []),
        (dialogue(1), 2, {}, []),
    ):
        stream = stream_text(conversation, ForgetfulModel(context), SamplingOptions(passed_on=passed_on))
        assert [item.text async for item in stream if isinstance(item, TextDelta)] == ["ok", *remarks]


async def test_a_callers_system_message_takes_the_place_of_ours():
    model = ScriptedLanguageModel()
    await words_of(Conversation((Message("system", "Be a pirate."), Message("user", "hi"))), model)
    assert [message.content for message in model.questions[0]] == ["Be a pirate.", "hi"]


async def test_a_format_is_asked_for_without_instructions_of_ours():
    model = ScriptedLanguageModel()
    sampling = SamplingOptions(passed_on={"response_format": {"type": "json_object"}})
    assert [item async for item in stream_text(dialogue(0), model, sampling)]
    assert [message.content for message in model.questions[0]] == ["and now?"]


async def test_the_steps_of_tools_stay_with_their_question_and_leave_with_it():
    steps = (ToolRequest("", ()), ToolResult("c1", "rain"))
    first, second = (Message("user", words, tool_steps=steps) for words in ("Oslo?", "Rome?"))
    model = ForgetfulModel(4)
    answered = Message("assistant", "rain")
    await words_of(Conversation((first, answered, second, answered, Message("user", "thanks"))), model)
    assert [[len(message.tool_steps) for message in question] for question in model.questions] == [
        [0, 2, 0, 2, 0, 0],
        [0, 2, 0, 0],
    ]


async def test_pictures_read_as_words():
    model = ScriptedLanguageModel()
    drawn = Message("assistant", "", drawing=Drawing("a red boat"))
    await words_of(Conversation((Message("user", "a boat"), drawn, Message("user", "what is in it?"))), model)
    assert model.questions[0][2].content == "[image] a red boat"


async def test_a_model_that_breaks_the_structure_does_not_cost_the_picture():
    model = ScriptedLanguageModel(structure=[BROKEN])
    assert await write_image_prompts(Conversation((Message("user", "draw  a fox"),)), model) == ["draw a fox"]


@pytest.mark.parametrize(
    ("written", "drawn"),
    [
        ("three tractors by an old barn by an old barn by an old barn by an old barn", "three tractors by an old barn"),
        ("a fox, in the style of van Gogh, in the style of van Gogh, in the style of van Gogh,,",
         "a fox, in the style of van Gogh"),
        ("a \ud83e\udd8a and a \ud83e fox", "a \N{FOX FACE} and a \N{REPLACEMENT CHARACTER} fox"),
        ("three nooooooooooooo", "three no"),
        ("a zebreatreatreatreatreatreatreat, hahaha, No. 10000000", "a zebreat, hahaha, No. 10000000"),
        ("a very, very, very big cat and a cat and a dog", "a very, very, very big cat and a cat and a dog"),
    ],
)  # fmt: skip
async def test_a_prompt_that_runs_in_circles_is_said_once(written: str, drawn: str):
    model = ScriptedLanguageModel(structure={"prompt": written})
    assert await write_image_prompts(Conversation((Message("user", "draw it"),)), model) == [drawn]


async def test_each_of_several_pictures_has_its_prompt():
    model = ScriptedLanguageModel(
        structure={"prompt": "a fox,", "others": ["a red fox", ", ", "a blue fox, a blue fox, a blue fox"]}
    )
    asked = Conversation((Message("user", "three versions of a fox"),))
    assert await write_image_prompts(asked, model) == ["a fox", "a red fox", "a blue fox"]


async def test_a_conversation_that_is_too_long_for_the_prompt_writer_is_quoted_less():
    model = ScriptedLanguageModel(structure=[FULL])
    earlier = (Message("user", "a boat"), Message("assistant", "", drawing=Drawing("a red boat")))
    drawn = await write_image_prompts(Conversation((*earlier, Message("user", "at night"))), model)
    assert [question[-1].content for question in model.questions] == [
        "Earlier:\nuser: a boat\nassistant: [image] a red boat\nMessage: at night",
        "Earlier:\nassistant: [image] a red boat\nMessage: at night",
    ]
    assert drawn == ["a red boat, at night"]


async def test_own_words_are_merged_with_the_last_picture():
    model = ScriptedLanguageModel(structure=[BROKEN])
    drawn = Message("assistant", "", drawing=Drawing("a red boat"))
    conversation = Conversation((Message("user", "a boat"), drawn, Message("user", "make it bluer")))
    assert await write_image_prompts(conversation, model) == ["a red boat, make it bluer"]
