"""Chats that people wrote: read, told again with other words as image prompts, and as rows for the router."""

import json
import re

import pytest

pytest.importorskip("tokenizers")

from training.chats import Asked, read_chats, written_chats
from training.llm import chat_prompts
from training.llm.chat_prompts import chat_example
from training.llm.frames import Author
from training.routing.written import chat_rows, split_written

TWO = """> draw a red cat
= a red cat
> what breed is it
~

> a cat, and as a second picture an owl
= a cat
= an owl
"""


def test_a_chat_is_messages_and_what_comes_of_each() -> None:
    assert read_chats(TWO) == [
        (Asked("draw a red cat", ("a red cat",)), Asked("what breed is it", ())),
        (Asked("a cat, and as a second picture an owl", ("a cat", "an owl")),),
    ]


@pytest.mark.parametrize(
    "text", ["= a cat", "> a cat", "> a cat\na cat", "> a cat\n= a cat\n~", "hello\n> a cat\n= a cat"]
)
def test_what_is_not_of_the_form_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"a chat begins|after a message"):
        read_chats(text)


def test_another_word_takes_its_place_throughout(monkeypatch: pytest.MonkeyPatch) -> None:
    chat = read_chats("> draw a red cat\n= a red cat\n> two cats\n= two red cats")[0]
    monkeypatch.setattr(chat_prompts, "_places", lambda *, held_out: ((chat, 1),))
    author, kept, colours = Author(3), 0, set()
    for _ in range(200):
        asked = chat_example(author).turns[0]
        before, prompt = re.findall(r"\[image\] an? (.*)\n", asked.user)[0], json.loads(asked.assistant)["prompt"]
        colour, noun = before.split(" ", 1)
        assert prompt.startswith(f"two {colour} ")
        assert asked.user.endswith(prompt.removeprefix(f"two {colour}"))
        colours.add(colour)
        kept += noun == "cat"
    assert len(colours) > 5
    assert 50 < kept < 150


def test_no_chat_is_held_out_and_learned() -> None:
    held_out, learned = ({chat for chat, _ in chat_prompts._places(held_out=side)} for side in (True, False))
    assert len(held_out) > 100
    assert not held_out & learned


def test_the_router_learns_each_message_after_those_before_it() -> None:
    rows = list(chat_rows())
    assert len(rows) == sum(map(len, written_chats()))
    after_a_picture = next(row for row in rows if len(row.turns) == 3 and row.turns[1][1].startswith("[image] "))
    assert [role for role, _ in after_a_picture.turns] == ["user", "assistant", "user"]
    trained, _ = split_written(without=(), files=("chats",))
    assert {row.route for row in trained} == {"text", "image"}
