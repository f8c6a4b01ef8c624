"""Chats are listed, read as a tree, renamed and deleted; a path of the tree is the conversation."""

import threading

import pytest
from sqlalchemy import insert, select

from mom.chats.history import History, short_title, spoken_until
from mom.chats.tables import Chat, Message, new_id, utc_text
from mom.errors import NotFoundError, ParameterError, PartBrokenError
from mom.mixture.conversation import Drawing
from tests.scripted import ScriptedImageModel, ScriptedLanguageModel


def test_a_chat_of_more_than_a_thousand_messages_can_be_deleted(stage):
    ids = [new_id() for _ in range(1200)]
    rows = [
        {"id": each, "owner_id": stage.owner, "chat_id": stage.chat, "parent_id": above, "role": "user"}
        for above, each in zip([None, *ids], ids, strict=False)
    ]
    with stage.database.session() as session:
        session.execute(insert(Message), rows)
    stage.history.delete_chat(stage.owner, stage.chat)
    with stage.database.session() as session:
        assert session.scalar(select(Message.id)) is None


def test_half_characters_and_nul_in_a_title_are_replaced(database):
    history = History(database)
    owner = history.local_user_id()
    chat = history.create_chat(owner, "a\0b")
    assert history.read_chat(owner, chat)["title"] == "a\ufffdb"
    history.rename_chat(owner, chat, "half \ud83d")
    assert history.read_chat(owner, chat)["title"] == "half \ufffd"


def test_the_local_person_is_made_once(database):
    ids = []
    barrier = threading.Barrier(4)

    def ask():
        barrier.wait()
        ids.append(History(database).local_user_id())

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(ids) == 4
    assert len(set(ids)) == 1


def test_a_chat_is_named_after_its_first_question(stage):
    stage.answered("Why is the sky blue?\nPlease be brief.")
    stage.answered("And the sea?")
    assert stage.history.read_chat(stage.owner, stage.chat)["title"] == "Why is the sky blue?"


def test_a_command_word_is_no_part_of_the_title(stage):
    stage.answered("/image a lighthouse")
    assert stage.history.read_chat(stage.owner, stage.chat)["title"] == "a lighthouse"


@pytest.mark.parametrize(("words", "title"), [("\n\nWhy?", "Why?"), ("\n\n/text Why?", "Why?"), ("", "File: a.py")])
def test_a_file_names_a_chat_only_where_there_are_no_words(stage, words, title):
    stage.answered(f"File: a.py\n```\nx = 1\n```{words}")
    assert stage.history.read_chat(stage.owner, stage.chat)["title"] == title


def test_a_long_title_is_cut_at_a_words_end():
    assert short_title("word " * 40) == "word " * 15 + "word …"
    assert len(short_title("x" * 500)) <= 82


def test_the_chat_that_was_used_last_comes_first(stage):
    other = stage.history.create_chat(stage.owner, "other")
    assert [chat["id"] for chat in stage.history.list_chats(stage.owner)] == [other, stage.chat]
    stage.answered()
    assert [chat["id"] for chat in stage.history.list_chats(stage.owner)] == [stage.chat, other]


def test_a_chat_is_renamed_and_keeps_its_name(stage):
    stage.history.rename_chat(stage.owner, stage.chat, "  Colours ")
    stage.answered("Why is the sky blue?")
    assert stage.history.read_chat(stage.owner, stage.chat)["title"] == "Colours"
    with pytest.raises(ParameterError):
        stage.history.rename_chat(stage.owner, stage.chat, "  ")


def test_a_chat_is_read_with_all_its_messages_as_a_tree(stage):
    first = stage.answered("one")
    second = stage.turns.retry(stage.owner, first.turn_id)
    stage.events(second)
    chat = stage.history.read_chat(stage.owner, stage.chat)
    assert [(message["id"], message["parent_id"]) for message in chat["messages"]] == [
        (first.question_id, None),
        (first.message_id, first.question_id),
        (second.message_id, first.question_id),
    ]
    question, answer, _ = chat["messages"]
    assert answer.keys() >= {"id", "parent_id", "role", "content", "images", "verdict", "turn"}
    assert (question["verdict"], question["turn"], question["images"]) == (None, None, [])
    assert answer["turn"]["id"] == first.turn_id
    assert question["created_at"].endswith("+00:00")


def test_a_chat_that_is_deleted_while_it_is_read_is_gone_in_plain_words(database):
    with pytest.raises(NotFoundError, match="deleted"), database.session() as session:
        spoken_until(session, new_id())


def test_a_deleted_chat_is_gone(stage):
    stage.answered("/image a ring")
    assert len(stage.history.delete_chat(stage.owner, stage.chat)) == 1
    with pytest.raises(NotFoundError):
        stage.history.read_chat(stage.owner, stage.chat)
    assert stage.history.list_chats(stage.owner) == []


def test_a_deleted_chats_words_are_in_no_file_any_more(sqlite_stage, tmp_path):
    words = "that the sourdough is called Bertold"
    sqlite_stage.answered(words)

    def files_with_them():
        return [file for file in tmp_path.glob("mom.sqlite3*") if words.encode() in file.read_bytes()]

    assert files_with_them()
    sqlite_stage.history.delete_chat(sqlite_stage.owner, sqlite_stage.chat)
    assert not files_with_them()


def test_the_conversation_is_the_path_to_the_question_and_nothing_beside_it(stage):
    first = stage.answered("one")
    stage.parts.large_llm = ScriptedLanguageModel(["Another."])
    second = stage.turns.retry(stage.owner, first.turn_id)
    stage.events(second)
    followed = stage.answered("two", parent_id=first.message_id)
    words = [message.content for message in stage.history.conversation(stage.owner, followed.question_id).messages]
    assert words == ["one", "Hello!", "two"]


def test_a_picture_is_part_of_the_conversation(stage):
    [image] = stage.message(stage.answered("/image a red boat", seed=9))["images"]
    following = stage.answered("make it bluer")
    conversation = stage.history.conversation(stage.owner, following.question_id)
    assert conversation.last_drawing == Drawing("a red boat", 9, image["id"])


def test_a_picture_that_failed_is_spoken_of_all_the_same(stage):
    """As while the image part is being installed: "now three of them" is said of what was asked for."""
    stage.parts.image_model = ScriptedImageModel([PartBrokenError("It broke.", part="image_model")])
    failed = stage.answered("/image a red boat")
    following = stage.answered("now three of them")
    assert stage.history.conversation(stage.owner, following.question_id).last_drawing == Drawing("a red boat")
    assert stage.message(failed)["image_prompt"] == "a red boat"


def test_an_answer_that_failed_before_its_first_word_is_no_empty_message(stage):
    stage.parts.large_llm = ScriptedLanguageModel([PartBrokenError("It broke.", part="large_llm")])
    stage.answered("one")
    following = stage.answered("two")
    spoken = stage.history.conversation(stage.owner, following.question_id).messages
    assert [(message.role, message.content) for message in spoken] == [
        ("user", "one"), ("assistant", "[no answer]"), ("user", "two"),
    ]  # fmt: skip


def test_a_long_conversation_keeps_its_order(stage):
    for number in range(12):
        last = stage.answered(f"question {number}")
    spoken = stage.history.conversation(stage.owner, last.question_id).messages
    assert [message.content for message in spoken if message.role == "user"] == [f"question {n}" for n in range(12)]


def test_times_are_told_in_utc_by_every_database(stage):
    [chat] = stage.history.list_chats(stage.owner)
    assert chat["created_at"].endswith("+00:00")
    with stage.database.session() as session:
        assert utc_text(session.get(Chat, stage.chat).created_at) == chat["created_at"]
