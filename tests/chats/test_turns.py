"""A question is answered in the background, and what was shown is what is kept."""

import logging

import pytest

from mom.errors import BusyError, PartBrokenError
from mom.mixture.events import ReasoningDelta, ToolCallDelta
from mom.mixture.ports import Ended
from tests.chats.holding import PREFILL, hold
from tests.chats.stage import Stage
from tests.chats.waiting import wait_for
from tests.scripted import Gate, ScriptedLabelModel, ScriptedLanguageModel


def test_a_question_is_answered_with_text(stage):
    started = stage.ask("hello")
    assert stage.names(started) == ["turn_started", "routed", "text_delta", "text_delta", "turn_finished"]
    answer = stage.message(started)
    assert (answer["role"], answer["content"], answer["parent_id"]) == ("assistant", "Hello!", started.question_id)
    assert answer["verdict"]["need"] == "text"
    assert answer["turn"]["status"] == "finished"
    assert answer["turn"]["finish_reason"] == "stop"
    assert answer["turn"]["usage"] == {"prompt_tokens": 3, "completion_tokens": 2}
    assert answer["turn"]["models"]["large_llm"] == "scripted-llm"
    assert stage.question(started)["content"] == "hello"
    assert stage.turns.read(stage.owner, started.turn_id)["message_id"] == started.message_id


def test_a_question_is_answered_with_a_picture(stage):
    stage.parts.small_llm = ScriptedLabelModel(0.98)
    started = stage.ask("a fox please", seed=7)
    assert stage.names(started) == [
        "turn_started", "routed", "image_prompt_written", "image_queued", "image_progress", "image_finished",
        "turn_finished",
    ]  # fmt: skip
    [image] = stage.message(started)["images"]
    assert (image["prompt"], image["seed"], image["width"]) == ("a fox", 7, 64)
    assert image["url"] == f"/images/{image['id']}.png"
    assert stage.pictures.read_png(stage.owner, image["id"]).startswith(b"\x89PNG")


def test_what_a_model_thinks_is_kept_apart_from_what_it_says(stage):
    stage.parts.large_llm = ScriptedLanguageModel([ReasoningDelta("hm"), "Yes."])
    answer = stage.message(stage.answered("is it so?"))
    assert (answer["reasoning"], answer["content"]) == ("hm", "Yes.")


def test_a_call_of_a_tool_that_the_model_was_not_given_does_not_cost_the_answer(stage):
    stage.parts.large_llm = ScriptedLanguageModel([ToolCallDelta(0, "c1", "weather", "{}"), "It rains."])
    started = stage.ask("is it raining?")
    assert stage.names(started) == ["turn_started", "routed", "text_delta", "turn_finished"]
    assert stage.message(started)["content"] == "It rains."


def test_the_question_is_stored_before_the_answer_begins(stage):
    gate = Gate()
    stage.parts.small_llm = ScriptedLabelModel(steps=[gate])
    started = stage.ask("hello")
    assert stage.question(started)["content"] == "hello"
    assert stage.status(started) == "running"
    gate.open()
    assert stage.names(started)[-1] == "turn_finished"


def test_the_answer_is_stored_as_it_grows(stage):
    gate = Gate()
    stage.parts.large_llm = ScriptedLanguageModel(["half of ", gate, "it"])
    started = stage.ask()
    wait_for(lambda: stage.message(started)["content"] == "half of ", "the first half to be stored")
    assert stage.message(started)["verdict"]["need"] == "text"
    gate.open()
    stage.events(started)
    assert stage.message(started)["content"] == "half of it"


def test_half_characters_and_nul_in_an_answer_do_not_lose_it(stage):
    stage.parts.large_llm = ScriptedLanguageModel(["\ud83d", "\ude00", "\ud83d", "\0", "!"])
    assert stage.message(stage.answered())["content"] == "😀\ufffd\ufffd!"


def test_a_server_that_tells_at_length_why_it_ended_loses_no_answer(stage):
    """As Gemini's does, in more characters than PostgreSQL has been promised."""
    stage.parts.large_llm = ScriptedLanguageModel(["Well", Ended("content_filter: PROHIBITED_CONTENT")])
    started = stage.answered()
    assert stage.names(started)[-1] == "turn_finished"
    assert stage.message(started)["turn"]["finish_reason"] == "content_filter: PROHIBITED_CONTE"


def test_a_part_that_fails_in_mid_answer_says_so_and_the_text_is_kept(stage):
    failure = PartBrokenError("The large LLM ended in mid-answer.", part="large_llm")
    stage.parts.large_llm = ScriptedLanguageModel(["The beginning", failure])
    started = stage.ask()
    last = stage.events(started)[-1]
    assert (last.name, last.data["error"]) == ("turn_failed", failure.as_json())
    answer = stage.message(started)
    assert (answer["content"], answer["turn"]["status"]) == ("The beginning", "failed")
    assert answer["turn"]["error"] == failure.as_json()


def test_a_defect_is_logged_whole_and_shown_as_a_plain_sentence(stage, caplog):
    stage.parts.large_llm = ScriptedLanguageModel(["Once", ZeroDivisionError("inner detail")])
    with caplog.at_level(logging.ERROR):
        started = stage.ask()
        last = stage.events(started)[-1]
    assert last.name == "turn_failed"
    assert last.data["error"]["code"] == "internal_error"
    assert "inner detail" not in last.data["error"]["message"]
    assert "inner detail" in caplog.text
    assert "Traceback" in caplog.text


def test_no_more_than_so_many_answers_are_written_at_a_time(database, tmp_path, loop):
    stage = Stage(database, tmp_path, loop, running_per_owner=2)
    gate = hold(stage, PREFILL)
    first, second = stage.ask(), stage.ask()
    with pytest.raises(BusyError) as refused:
        stage.ask()
    assert refused.value.retry_after_s > 0
    gate.open()
    for started in (first, second):
        assert stage.names(started)[-1] == "turn_finished"
    wait_for(lambda: not stage.turns._running, "the places to be free again")
    stage.answered()
