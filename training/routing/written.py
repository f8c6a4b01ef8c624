"""Reads the messages that people of this project wrote by hand: `written/*.txt` (its README tells the form), `written/*.jsonl`, and
whole chats (`training/chats`).
"""

import zlib
from collections.abc import Container, Iterator
from pathlib import Path

from mom.evaluation.routing_data import Example, read_example
from mom.mixture.conversation import PICTURE_MARK
from mom.mixture.verdict import Need
from training.chats import written_chats
from training.routing.dataset import conversation_of
from training.routing.generate import Row, plain

FOLDER = Path(__file__).parent / "written"
BLIND = Path(__file__).parent / "blind"
ROUTES = ("text", "image")
# What stands for the answers in words of whole chats, in which only what people type was written.
ANSWERS = (
    "Yes, that is so.", "I am not sure about that.", "You are welcome!", "Good question: it depends on what you want to do.",
    "There is more than one answer to that. The short one is yes.", "I'm sorry, that is more than I know.",
    "Sure. First think about what matters to you, then take it step by step.", "Thank you! What shall we try next?",
)  # fmt: skip


def read_written(folder: Path = FOLDER) -> dict[str, list[Row]]:
    """The rows of each file, by the file's name. Raises `ValueError` with file and line."""
    found = {}
    for path in sorted(folder.iterdir()):
        if path.suffix in {".txt", ".jsonl"}:
            read = _read_blocks if path.suffix == ".txt" else _read_lines
            found[path.name] = list(dict.fromkeys(read(path)))
    return found


def _read_blocks(path: Path) -> Iterator[Row]:
    route, kind, lang, is_chat = "", "", "", False
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        if line.startswith("= "):
            words = line[2:].split()
            is_chat = words[3:] == ["chat"]
            if len(words) != 3 + is_chat or words[0] not in ROUTES:
                raise ValueError(f"{path.name}, line {number}: a header reads `= route kind lang [chat]`, not {line!r}")
            route, kind, lang = words[:3]
        elif line.strip():
            turns = [turn.strip() for turn in line.split("||")] if is_chat else [line.strip()]
            if not route or len(turns) % 2 == 0 or not all(turns):
                raise ValueError(f"{path.name}, line {number}: turns are a user's and an assistant's, in turn")
            yield Row(
                tuple(
                    (("assistant" if at % 2 else "user"), turn.replace("\\n", "\n")) for at, turn in enumerate(turns)
                ),
                route,
                kind,
                lang,
            )


def _read_lines(path: Path) -> Iterator[Row]:
    for number, line in enumerate(path.read_bytes().split(b"\n"), 1):
        if line.strip():
            try:
                example = read_example(line)
            except ValueError as error:
                raise ValueError(f"{path.name}, line {number}: {error}") from error
            turns = tuple((message.role, message.as_words) for message in example.conversation.messages)
            yield Row(turns, str(example.route), example.slices.get("kind", "other"), example.slices.get("lang", "en"))


def chat_rows() -> Iterator[Row]:
    """A row for each message of the whole chats, after those before it."""
    for chat in written_chats():
        turns: tuple[tuple[str, str], ...] = ()
        for asked in chat:
            turns += (("user", asked.words),)
            yield Row(turns, "image" if asked.prompts else "text", "chat", "en")
            said = ANSWERS[zlib.crc32(asked.words.encode()) % len(ANSWERS)]
            turns += (("assistant", f"{PICTURE_MARK}{asked.prompts[-1]}" if asked.prompts else said),)


def read_blind(*parts: str) -> list[Example]:
    """The blind set: written after the others, and only measured. Of `parts`, which are beginnings of names, alone."""
    return [
        example_of(row) for name, rows in read_written(BLIND).items() if name.startswith(parts or "") for row in rows
    ]


def example_of(row: Row) -> Example:
    return Example(conversation_of(row.turns), Need(row.route), {"kind": row.kind, "lang": row.lang})


HELD_OUT = 12  # one in so many of each file's rows, by its words, measures only


def split_written(*, without: Container[str], files: tuple[str, ...] = ("",)) -> tuple[list[Row], list[Row]]:
    """The written rows that are trained on, and those that only measure; none whose plain words are in `without`, unless few.

    Of `files`, which are beginnings of names, alone.
    """
    trained: list[Row] = []
    held: list[Row] = []
    for name, rows in [*read_written().items(), ("chats", list(dict.fromkeys(chat_rows())))]:
        for row in rows if name.startswith(files) else ():
            words = plain(row.turns[-1][1])
            if words in without and len(words.split()) >= 3:
                continue
            (held if zlib.crc32(words.encode()) % HELD_OUT == 0 else trained).append(row)
    return trained, held
