"""Messages are found by their words, and each chat by the newest of them."""

from datetime import timedelta

import pytest

from mom.chats.history import FOUND_CHATS, History
from mom.chats.tables import Chat, Message, now
from tests.chats.stage import another_person


@pytest.fixture
def history(database):
    return History(database)


@pytest.fixture
def owner(history):
    return history.local_user_id()


def store(history, owner, *contents: str, minutes_ago: int = 0) -> str:
    """A chat that was last used so long ago, its messages a minute apart."""
    changed_at = now() - timedelta(minutes=minutes_ago)
    with history.database.session() as session:
        chat = Chat(owner_id=owner, changed_at=changed_at)
        session.add(chat)
        session.flush()
        for number, content in enumerate(contents):
            created_at = changed_at - timedelta(minutes=len(contents) - number)
            session.add(Message(owner_id=owner, chat_id=chat.id, role="user", content=content, created_at=created_at))
        return chat.id


def found(history, owner, words: str) -> list[str]:
    return [one["before"] + one["match"] + one["after"] for one in history.find_messages(owner, words)]


def test_the_newest_message_with_the_words_is_found_in_each_chat_the_last_used_first(history, owner):
    early = store(history, owner, "a red Fox", "a blue fox", "a hare", minutes_ago=20)
    late = store(history, owner, "the FOX", minutes_ago=1)
    store(history, owner, "an owl")
    matches = history.find_messages(owner, "fox")
    assert [one["chat_id"] for one in matches] == [late, early]
    assert [one["before"] + one["match"] + one["after"] for one in matches] == ["the FOX", "a blue fox"]
    assert history.read_message(owner, matches[1]["message_id"])["content"] == "a blue fox"


def test_another_person_finds_nothing(history, owner):
    store(history, owner, "a red fox")
    assert found(history, another_person(history.database), "fox") == []


@pytest.mark.parametrize("words", ["100%", "a_b", "c\\d", "e/f", "'; --", "[x]*"])
def test_signs_stand_for_themselves(history, owner, words):
    store(history, owner, f"so {words} it is")
    store(history, owner, "so 100 a-b acb c d e f x it is")
    assert found(history, owner, words) == [f"so {words} it is"]


@pytest.mark.parametrize("words", ["a\0b", "\ud83d"])
def test_what_no_database_keeps_is_not_found(history, owner, words):
    store(history, owner, "ab")
    assert found(history, owner, words) == []


def test_sqlite_knows_both_cases_of_all_letters(sqlite_database):
    history = History(sqlite_database)
    owner = history.local_user_id()
    store(history, owner, "ÄPFEL und Яблоки")
    assert history.find_messages(owner, "äpfel")[0]["match"] == "ÄPFEL"
    assert history.find_messages(owner, "ЯБЛОКИ")[0]["match"] == "Яблоки"


def test_the_excerpt_of_a_long_message_is_short(history, owner):
    store(history, owner, "before " * 9_000 + "<b>Fox</b>" + " after" * 9_000)
    (match,) = history.find_messages(owner, "<B>fox")
    assert match["match"] == "<b>Fox"
    assert match["before"].startswith("…")
    assert match["before"].endswith("before ")
    assert match["after"].startswith("</b> after")
    assert match["after"].endswith("…")
    assert sum(len(match[part]) for part in ("before", "match", "after")) < 150


def test_of_very_many_chats_those_last_used_are_found(history, owner):
    chats = [store(history, owner, "fox", minutes_ago=number) for number in range(FOUND_CHATS + 5)]
    assert [one["chat_id"] for one in history.find_messages(owner, "fox")] == chats[:FOUND_CHATS]
