"""What is another person's looks exactly like what is nowhere: to read, to change, and to follow."""

from collections.abc import Callable

import pytest

from mom.chats.corrections import Corrections
from mom.errors import NotFoundError
from mom.mixture.conversation import Attachment
from tests.chats.stage import Stage, another_person
from tests.scripted import png_of

ACTIONS: dict[str, Callable[[Stage, str, dict], object]] = {
    "read a chat": lambda stage, owner, ids: stage.history.read_chat(owner, ids["chat"]),
    "rename a chat": lambda stage, owner, ids: stage.history.rename_chat(owner, ids["chat"], "mine"),
    "delete a chat's rows": lambda stage, owner, ids: stage.history.delete_chat(owner, ids["chat"]),
    "delete a chat": lambda stage, owner, ids: stage.turns.delete_chat(owner, ids["chat"]),
    "read a message": lambda stage, owner, ids: stage.history.read_message(owner, ids["message"]),
    "continue a conversation": lambda stage, owner, ids: stage.history.conversation(owner, ids["question"]),
    "ask in a chat": lambda stage, owner, ids: stage.turns.ask(owner, ids["chat"], "hello"),
    "follow an answer": lambda stage, owner, ids: stage.turns.ask(
        owner, stage.history.create_chat(owner), "hello", parent_id=ids["message"]
    ),
    "read a turn": lambda stage, owner, ids: stage.turns.read(owner, ids["turn"]),
    "follow a turn's events": lambda stage, owner, ids: stage.turns.events(owner, ids["turn"]),
    "stop a turn": lambda stage, owner, ids: stage.turns.stop(owner, ids["turn"]),
    "retry a turn": lambda stage, owner, ids: stage.turns.retry(owner, ids["turn"]),
    "overrule a turn": lambda stage, owner, ids: stage.turns.overrule(owner, ids["turn"], "text"),
    "delete a correction": lambda stage, owner, ids: Corrections(stage.database).delete(owner, ids["correction"]),
    "read a picture": lambda stage, owner, ids: stage.pictures.read_png(owner, ids["image"]),
}


@pytest.fixture
def ids(stage):
    started = stage.answered("/image a ring", client_id="abc")
    stage.events(stage.turns.overrule(stage.owner, started.turn_id, "text"))
    return {
        "chat": stage.chat,
        "turn": started.turn_id,
        "message": started.message_id,
        "question": started.question_id,
        "correction": Corrections(stage.database).read_all(stage.owner)[0]["id"],
        "image": stage.message(started)["images"][0]["id"],
    }


@pytest.mark.parametrize("action", ACTIONS)
def test_another_person_cannot(stage, ids, action):
    stranger = another_person(stage.database)
    before = stage.history.read_chat(stage.owner, stage.chat)
    with pytest.raises(NotFoundError) as of_another:
        ACTIONS[action](stage, stranger, ids)
    with pytest.raises(NotFoundError) as of_nobody:
        ACTIONS[action](stage, stranger, dict.fromkeys(ids, "nowhere"))
    assert of_another.value.as_json() == of_nobody.value.as_json()
    assert stage.history.read_chat(stage.owner, stage.chat) == before


@pytest.mark.parametrize("words", ["a\0b", "\ud83d", "ä"])
def test_what_is_no_id_at_all_is_nowhere(stage, words):
    for look in (stage.history.read_chat, stage.turns.read, stage.pictures.read_png):
        with pytest.raises(NotFoundError):
            look(stage.owner, words)
    with pytest.raises(NotFoundError):
        stage.ask(parent_id=words)


@pytest.mark.parametrize("action", sorted(ACTIONS.keys() - {"follow an answer"}))  # that one asks in another chat
def test_the_owner_can(stage, ids, action):
    ACTIONS[action](stage, stage.owner, ids)


def test_another_person_sees_none_of_the_chats(stage):
    assert stage.history.list_chats(another_person(stage.database)) == []


def test_a_client_id_is_each_persons_own(stage):
    mine = stage.answered(client_id="abc")
    stranger = another_person(stage.database)
    theirs = stage.turns.ask(stranger, stage.history.create_chat(stranger), "hello", client_id="abc")
    assert theirs.turn_id != mine.turn_id


def test_another_persons_attachments_are_not_loaded(stage):
    started = stage.answered("what is it?", attachments=[Attachment(png_of(), "image/png")])
    assert len(stage.pictures.attachments_of(stage.owner, started.question_id)) == 1
    assert stage.pictures.attachments_of(another_person(stage.database), started.question_id) == ()
