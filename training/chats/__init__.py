"""Whole chats that people of this project wrote (`*.txt`): what they type, and the right outcome of each message.

A line with `>` is what the person types. It is followed by `=` and the image prompt, once for each picture, or by `~` where
words are to answer. A blank line ends a chat.
"""

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Asked:
    """A message and the prompts of the pictures that it asks for; none where words are to answer."""

    words: str
    prompts: tuple[str, ...]


Chat = tuple[Asked, ...]


@cache
def written_chats() -> tuple[Chat, ...]:
    """All chats, in the order of the files and in them."""
    return tuple(chat for path in sorted(FOLDER.glob("*.txt")) for chat in read_chats(path.read_text("utf-8")))


def read_chats(text: str) -> list[Chat]:
    """The chats of one file. Raises `ValueError` with what is not of the form."""
    return [tuple(map(_read_asked, _messages(block))) for block in re.split(r"\n\s*\n", text.strip())]


def _messages(block: str) -> list[str]:
    before, *messages = re.split(r"^> ", block, flags=re.MULTILINE)
    if before:
        raise ValueError(f"a chat begins with a message: {block}")
    return messages


def _read_asked(message: str) -> Asked:
    words, *outcome = message.strip().splitlines()
    prompts = tuple(line[2:] for line in outcome if line.startswith("= "))
    if outcome != ["~"] and len(prompts) != max(len(outcome), 1):
        raise ValueError(f"after a message come prompts or one ~: {message}")
    return Asked(words, prompts)
