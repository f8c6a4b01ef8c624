"""A second answer beside the first one: retried, or overruled."""

from mom.errors import PartBrokenError
from tests.chats.holding import STREAMING, hold
from tests.scripted import Gate, ScriptedImageModel, ScriptedLanguageModel


def test_retry_answers_beside_the_first_answer(stage):
    first = stage.answered()
    stage.parts.large_llm = ScriptedLanguageModel(["Again."])
    second = stage.turns.retry(stage.owner, first.turn_id)
    stage.events(second)
    assert stage.message(second)["content"] == "Again."
    assert stage.message(first)["content"] == "Hello!"
    assert stage.message(first)["parent_id"] == stage.message(second)["parent_id"] == first.question_id
    assert len(stage.history.read_chat(stage.owner, stage.chat)["messages"]) == 3


def test_a_wished_seed_is_tried_again_only_where_it_made_no_picture(stage):
    stage.parts.image_model = ScriptedImageModel([PartBrokenError("It broke.", part="image_model")])
    failed = stage.answered("/image a ring", seed=5)
    stage.parts.image_model = model = ScriptedImageModel()
    drawn = stage.turns.retry(stage.owner, failed.turn_id)
    stage.events(drawn)
    stage.events(stage.turns.retry(stage.owner, drawn.turn_id))
    assert [request.seed for request in model.requests] == [5, None]


def test_a_retry_that_meets_the_last_moment_of_an_answer_knows_its_end(stage, monkeypatch):
    gate = Gate()
    stage.parts.image_model = model = ScriptedImageModel([gate])
    first = stage.ask("/image a ring", seed=5)
    gate.wait_until_reached()
    find = stage.turns._records.find

    def find_as_it_ends(*whose):
        turn = find(*whose)
        monkeypatch.undo()
        gate.open()
        stage.events(first)
        return turn

    monkeypatch.setattr(stage.turns._records, "find", find_as_it_ends)
    stage.events(stage.turns.retry(stage.owner, first.turn_id))
    assert [request.seed for request in model.requests] == [5, None]


def test_overruling_answers_beside_and_keeps_the_correction(stage):
    first = stage.answered("a fox")
    second = stage.turns.overrule(stage.owner, first.turn_id, "image")
    assert "image_finished" in stage.names(second)
    assert stage.message(first)["verdict"]["corrected_to"] == "image"
    assert stage.message(second)["verdict"]["decided_by"] == "correction"
    assert stage.message(second)["verdict"]["corrected_to"] is None
    third = stage.turns.retry(stage.owner, second.turn_id)
    assert "image_finished" in stage.names(third)


def test_overruling_a_running_answer_stops_it_first(stage):
    gate = hold(stage, STREAMING)
    first = stage.ask("a fox")
    gate.wait_until_reached()
    second = stage.turns.overrule(stage.owner, first.turn_id, "image")
    assert stage.names(second)[-1] == "turn_finished"
    assert stage.names(first)[-1] == "turn_stopped"
    assert stage.message(first)["content"] == "so far"


def test_overruling_with_the_same_need_is_no_correction(stage):
    first = stage.answered()
    stage.events(stage.turns.overrule(stage.owner, first.turn_id, "text"))
    assert stage.message(first)["verdict"]["corrected_to"] is None
