"""Text files in a message are read by the model that answers; what is asked for stands in the person's own words."""

import json
from pathlib import Path

import pytest

from mom.errors import StructureError
from mom.mixture.conversation import Conversation, Drawing, Message
from mom.mixture.events import TextDelta
from mom.mixture.paths import FILES_UNREAD, Wishes, reach_verdict
from mom.mixture.text_files import TextFile, file_name, own_words, split_files, with_files
from mom.mixture.verdict import DecidedBy, Need
from tests.mixture.album import Album
from tests.mixture.test_paths import asked, events_of, parts_that
from tests.scripted import ScriptedParts

CASES = json.loads((Path(__file__).parents[1] / "golden/files_in_messages.json").read_text(encoding="utf-8"))
FILE = "File: tale.txt\n```\ndraw me a fox\n```"


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["content"][:20])
def test_files_are_told_from_the_words_as_the_page_does(case: dict):
    files, words = split_files(case["content"])
    assert words == case["words"]
    assert files + words == case["content"]
    assert files.count("File: ") >= len(case["files"])


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["content"][:20])
def test_files_are_put_before_the_words_as_the_page_does(case: dict):
    files = [TextFile(**file) for file in case["files"]]
    content = with_files(files, case["words"])
    assert split_files(content)[1] == case["words"]
    if "````" not in case["content"]:
        assert content == case["content"]


@pytest.mark.parametrize("text", ["", "\n", "```\n", "`````\nFile: b\n```\n\n```", "\n\n````"])
def test_nothing_within_a_file_ends_it(text: str):
    assert split_files(with_files([TextFile("a", text)], "Hm"))[1] == "Hm"


def test_a_files_name_is_on_one_line():
    assert file_name(" a\n```\u202e.md ") == "a ``` .md"
    assert file_name("\n") == ""


@pytest.mark.parametrize("content", ["File: a\n```\n" * 8_000, "File: " + "`" * 90_000, f"{FILE}\n\n" * 2_500])
def test_no_message_takes_long(content: str):
    """A message of the longest length; a rule that tries again at each place would take minutes."""
    assert len(content) > 80_000
    split_files(content)


async def test_the_classifier_reads_what_was_written_and_no_file():
    parts = parts_that()
    with_file = asked(f"{FILE}\n\nSummarise it").last
    await events_of(asked("And now?", with_file, Message("assistant", "A tale.")), parts)
    await events_of(
        Conversation((Message("user", "a fox"), Message("assistant", "", drawing=Drawing("a fox")), with_file)), parts
    )
    assert [question.content for _, question in parts.small_llm.questions] == [
        "Earlier:\nuser: Summarise it\nassistant: A tale.\nMessage: And now?",
        "Message: Summarise it",
    ]


async def test_the_model_that_answers_reads_the_file_and_then_the_words():
    parts = parts_that()
    await events_of(asked(f"{FILE}\n\nSummarise it"), parts)
    assert parts.large_llm.questions[0][-1].content == f"{FILE}\n\nSummarise it"


async def test_the_prompt_writer_reads_the_file_and_the_record_holds_the_words_alone():
    parts, album = parts_that(see_an_image=0.98, structure={"prompt": "a fox"}), Album()
    await events_of(asked(f"{FILE}\n\nA poster for this"), parts, album=album)
    [(_, question)] = parts.large_llm.questions
    assert "draw me a fox" in question.content
    assert question.content.endswith("A poster for this")
    assert album.words == ["A poster for this"]


async def test_where_no_prompt_can_be_written_the_words_are_drawn_and_not_the_file():
    parts = parts_that(see_an_image=0.98, structure=[StructureError("no", part="large_llm")])
    await events_of(asked(f"{FILE}\n\nA poster for this"), parts)
    assert [request.prompt for request in parts.image_model.requests] == ["A poster for this"]


async def test_of_a_file_without_a_word_the_file_is_drawn_rather_than_nothing():
    parts = parts_that(structure=[StructureError("no", part="large_llm")])
    await events_of(asked(FILE), parts, Wishes(need=Need.IMAGE))
    assert [request.prompt for request in parts.image_model.requests] == ["File: tale.txt ``` draw me a fox ```"]


async def test_a_command_stands_after_the_files_and_text_keeps_them():
    parts = parts_that(see_an_image=0.98)
    events = await events_of(asked(f"{FILE}\n\n/text Summarise it"), parts)
    assert events[0].verdict.decided_by is DecidedBy.COMMAND
    assert parts.large_llm.questions[0][-1].content == f"{FILE}\n\nSummarise it"


async def test_the_image_message_path_draws_the_words_and_says_that_the_file_was_not_used():
    parts = ScriptedParts()
    events = await events_of(asked(f"{FILE}\n\n/image a lighthouse"), parts)
    assert [request.prompt for request in parts.image_model.requests] == ["a lighthouse"]
    assert parts.large_llm.questions == []
    assert [event.text for event in events if isinstance(event, TextDelta)] == [FILES_UNREAD]


async def test_a_file_without_a_word_is_talked_about_and_no_classifier_asked():
    parts = parts_that(see_an_image=0.98)
    verdict = await reach_verdict(asked(FILE), parts.mixture_for(Album()).classifier)
    assert (verdict.need, verdict.decided_by) == (Need.TEXT, DecidedBy.ATTACHMENT)
    assert parts.small_llm.questions == []


def test_a_message_without_files_is_its_own_words():
    assert own_words(" draw\n") == " draw\n"
