"""A question that is edited takes the place of the first: what is still being answered there is stopped."""

import threading

import pytest

from mom.errors import NotFoundError, ParameterError, StorageError
from mom.mixture.verdict import Need
from tests.chats.holding import DENOISING, STREAMING, hold
from tests.chats.stage import another_person
from tests.chats.waiting import wait_for
from tests.scripted import Gate, ScriptedLanguageModel


def running(stage, content="a long story", state=STREAMING, **wishes):
    """A turn that stands still."""
    gate = hold(stage, state)
    started = stage.ask(content, **wishes)
    gate.wait_until_reached()
    return started


def test_an_edited_question_stops_the_answer_of_the_first_and_keeps_what_it_had(stage):
    first = running(stage)
    stage.parts.large_llm = ScriptedLanguageModel(["Once."])
    edited = stage.answered("a short story", instead_of=first.question_id)
    assert stage.status(first) == "stopped"
    assert stage.message(first)["content"] == "so far"
    assert stage.message(edited)["content"] == "Once."
    assert stage.question(edited)["parent_id"] == stage.question(first)["parent_id"]
    assert [message.content for message in stage.parts.large_llm.questions[-1]][1:] == ["a short story"]


def test_the_backend_is_free_before_the_edited_question_is_answered(stage):
    first = running(stage, "/image a fox", DENOISING)
    freed = stage.parts.image_model
    gate = Gate()
    stage.parts.large_llm = ScriptedLanguageModel([gate])
    stage.ask("What is a fox?", instead_of=first.question_id, need=Need.TEXT)
    gate.wait_until_reached()
    assert freed.at_work == 0
    gate.open()


def test_whoever_hears_of_the_stop_finds_the_edited_question(stage):
    first = running(stage)
    seen = []

    def follow():
        assert stage.names(first)[-1] == "turn_stopped"
        seen.extend(message["content"] for message in stage.history.read_chat(stage.owner, stage.chat)["messages"])

    following = threading.Thread(target=follow)
    following.start()
    stage.parts.large_llm = ScriptedLanguageModel(["Once."])
    stage.answered("a short story", instead_of=first.question_id)
    following.join()
    assert "a short story" in seen


def test_an_edited_question_stops_what_is_answered_further_below_and_nothing_beside(stage):
    other = running(stage, "another branch")
    stage.parts.large_llm = ScriptedLanguageModel(["Hello!"])
    first = stage.answered("hello", parent_id="root")
    below = running(stage, "and then?", parent_id=first.message_id)
    stage.parts.large_llm = ScriptedLanguageModel(["Hi!"])
    stage.answered("hi", instead_of=first.question_id)
    assert stage.status(below) == "stopped"
    assert stage.status(other) == "running"
    assert stage.status(first) == "finished"


def test_a_question_edited_in_two_places_at_once_is_answered_twice(stage):
    first = running(stage)
    stage.parts.large_llm = ScriptedLanguageModel(["Once."])
    edited, barrier = [], threading.Barrier(4)

    def edit(number):
        barrier.wait()
        edited.append(stage.answered(f"story {number}", instead_of=first.question_id))

    threads = [threading.Thread(target=edit, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert stage.status(first) == "stopped"
    assert [stage.status(one) for one in edited] == ["finished"] * 4


def test_an_edit_that_is_refused_stops_nothing(stage):
    first = running(stage)
    answered = stage.message(first)["id"]
    elsewhere = stage.history.create_chat(stage.owner)
    for wrong in ({"instead_of": answered}, {"instead_of": first.question_id, "parent_id": "root"}):
        with pytest.raises(ParameterError):
            stage.ask("a short story", **wrong)
    with pytest.raises(ParameterError, match="of this chat"):
        stage.turns.ask(stage.owner, elsewhere, "a short story", instead_of=first.question_id)
    stranger = another_person(stage.database)
    with pytest.raises(NotFoundError):
        stage.turns.ask(stranger, stage.history.create_chat(stranger), "mine", instead_of=first.question_id)
    assert stage.status(first) == "running"


def test_nobody_waits_for_an_edited_question_whose_answer_never_began(stage, monkeypatch):
    first = running(stage)
    begun, go_on = threading.Event(), threading.Event()

    def fail(*_whose):
        begun.set()
        assert go_on.wait(20)
        raise StorageError("The database is gone.")

    def edit():
        with pytest.raises(StorageError):
            stage.ask("a short story", instead_of=first.question_id, client_id="abc")

    monkeypatch.setattr(stage.turns._records, "running_below", fail)
    editing = threading.Thread(target=edit)
    editing.start()
    assert begun.wait(20)
    edited = stage.ask("a short story", client_id="abc")
    names = []
    following = threading.Thread(target=lambda: names.extend(stage.names(edited)))
    following.start()
    wait_for(lambda: stage.turns._beginning[edited.turn_id]._waiters, "somebody to wait for the answer to begin")
    go_on.set()
    editing.join()
    following.join(20)
    assert names[-1] == "turn_interrupted"
    assert stage.status(edited) == "interrupted"
