"""What may be asked, where in the tree a question stands, and one that is sent twice."""

import threading
from datetime import timedelta

import pytest
from sqlalchemy import update

from mom.chats.question import MAX_MESSAGE_BYTES
from mom.chats.tables import Message, now
from mom.errors import EmptyMessageError, MessageTooLongError, NotFoundError, ParameterError, UnknownCommandError
from tests.chats.holding import STREAMING, hold
from tests.chats.waiting import wait_for
from tests.scripted import Gate, ScriptedLanguageModel


def test_the_same_client_id_gives_the_same_turn(stage):
    first = stage.ask("hello", client_id="abc")
    assert stage.ask("hello", client_id="abc") == first
    stage.events(first)
    assert stage.ask("something else", client_id="abc") == first
    assert len(stage.history.read_chat(stage.owner, stage.chat)["messages"]) == 2


def test_the_same_client_id_at_the_same_time_gives_one_turn(stage):
    barrier = threading.Barrier(6)
    started = []

    def ask():
        barrier.wait()
        started.append(stage.ask("hello", client_id="abc"))

    threads = [threading.Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(started) == 6
    assert len(set(started)) == 1
    stage.events(started[0])
    assert len(stage.history.read_chat(stage.owner, stage.chat)["messages"]) == 2


def test_a_turn_that_is_stored_and_about_to_begin_is_running_and_can_be_stopped(stage):
    stage.parts.large_llm = ScriptedLanguageModel([Gate()])
    held = threading.Event()
    stage.loop.call_soon_threadsafe(held.wait, 20)  # the loop has much to do
    asking = threading.Thread(target=stage.ask, kwargs={"client_id": "abc"})
    asking.start()
    wait_for(lambda: stage.turns._records.find_by_client_id(stage.owner, "abc"), "the question to be stored")
    again = stage.ask(client_id="abc")
    stopping = threading.Thread(target=stage.turns.stop, args=(stage.owner, again.turn_id))
    try:
        assert stage.status(again) == "running"
        stopping.start()
    finally:
        held.set()
        asking.join()
    stopping.join()
    assert stage.names(again)[-1] == "turn_stopped"


def test_an_edited_question_is_a_sibling_of_the_first(stage):
    stage.answered("first")
    second = stage.answered("second")
    edited = stage.answered("second, edited", parent_id=stage.question(second)["parent_id"])
    assert stage.question(edited)["parent_id"] == stage.question(second)["parent_id"]
    words = [message.content for message in stage.parts.large_llm.questions[-1]]
    assert words[1:] == ["first", "Hello!", "second, edited"]


def test_the_first_question_can_be_edited_too(stage):
    stage.answered("first")
    edited = stage.answered("first, edited", parent_id="root")
    assert stage.question(edited)["parent_id"] is None
    assert [message.content for message in stage.parts.large_llm.questions[-1]][1:] == ["first, edited"]


def test_a_question_cannot_follow_a_question_or_another_chats_answer(stage):
    first = stage.answered()
    with pytest.raises(ParameterError):
        stage.ask(parent_id=first.question_id)
    elsewhere = stage.history.create_chat(stage.owner)
    with pytest.raises(ParameterError):
        stage.turns.ask(stage.owner, elsewhere, "hello", parent_id=first.message_id)
    with pytest.raises(NotFoundError):
        stage.ask(parent_id="nowhere")


def test_what_follows_comes_after_what_it_follows_also_where_the_clock_was_set_back(stage):
    first = stage.answered("one")
    with stage.database.session() as session:  # as it was written by a clock that was ahead
        session.execute(update(Message).values(created_at=now() + timedelta(hours=2)))
    second = stage.answered("two")
    again = stage.turns.retry(stage.owner, first.turn_id)
    third = stage.answered("three", parent_id=second.message_id)
    messages = stage.history.read_chat(stage.owner, stage.chat)["messages"]
    order = [second.question_id, second.message_id, again.message_id, third.question_id, third.message_id]
    assert [message["id"] for message in messages][2:] == order


def test_a_question_asked_meanwhile_follows_the_newest_answer(stage):
    gate = hold(stage, STREAMING)
    first = stage.ask("one")
    gate.wait_until_reached()
    wait_for(lambda: stage.message(first)["content"], "the text so far to be stored")
    stage.parts.large_llm = ScriptedLanguageModel(["done"])
    second = stage.answered("two")
    assert stage.question(second)["parent_id"] == first.message_id
    assert [message.content for message in stage.parts.large_llm.questions[-1]][1:] == ["one", "so far", "two"]
    gate.open()
    assert stage.names(first)[-1] == "turn_finished"


@pytest.mark.parametrize(
    ("content", "error"),
    [
        ("", EmptyMessageError),
        (" \n", EmptyMessageError),
        ("/image", EmptyMessageError),
        ("/draw a cat", UnknownCommandError),
        ("ä" * (MAX_MESSAGE_BYTES // 2) + "!", MessageTooLongError),
        ("a\0b", ParameterError),
        ("half \ud83d", ParameterError),
    ],
)
def test_what_cannot_be_asked_is_refused_before_anything_is_stored(sqlite_stage, content, error):
    with pytest.raises(error):
        sqlite_stage.ask(content)
    assert sqlite_stage.history.read_chat(sqlite_stage.owner, sqlite_stage.chat)["messages"] == []


@pytest.mark.parametrize("wishes", [{"seed": -1}, {"seed": 2**32}, {"client_id": ""}])
def test_what_cannot_be_wished_for_is_refused(sqlite_stage, wishes):
    with pytest.raises(ParameterError):
        sqlite_stage.ask("hello", **wishes)


def test_a_client_id_that_no_database_takes_is_refused(stage):
    for client_id in ("a\0b", "\ud83d"):
        with pytest.raises(ParameterError, match="client_id"):
            stage.ask("hello", client_id=client_id)


def test_a_message_of_the_greatest_length_is_taken(stage):
    started = stage.answered("a" * MAX_MESSAGE_BYTES)
    assert len(stage.question(started)["content"]) == MAX_MESSAGE_BYTES
