"""Routing data: conversations with the need that a person says they have, one JSON object a line.

`{"messages": [{"role", "content"}…], "route": "text"|"image", "source", "kind", "lang"?}`; an assistant's message that was a
picture has the content `[image] PROMPT`. Nothing is repaired: a line that cannot be read is named with its number.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from mom.errors import ParameterError, StorageError
from mom.mixture.conversation import Conversation, Message, Role
from mom.mixture.verdict import Need

SLICE_FIELDS = ("kind", "source", "lang")
_ROLES: Mapping[str, Role] = {"system": "system", "user": "user", "assistant": "assistant"}


@dataclass(frozen=True, slots=True)
class Example:
    """One conversation and what its last message needs; `slices` holds the fields of `SLICE_FIELDS` that it names."""

    conversation: Conversation
    route: Need
    slices: Mapping[str, str]


def take_any(_conversation: Conversation) -> None:
    """For classifiers that take conversations of any length."""


def read_routing_data(paths: Iterable[Path], check: Callable[[Conversation], None] = take_any) -> list[Example]:
    """All examples of these files, in their order. `check` raises `ValueError` with a clause, as `read_example` does.

    Raises `ParameterError` with file and line, and `StorageError`.
    """
    examples = [example for path in paths for example in _read_file(path, check)]
    if not examples:
        raise ParameterError("The data holds no conversation, so there is nothing to measure.", param="data")
    return examples


def _read_file(path: Path, check: Callable[[Conversation], None]) -> Iterator[Example]:
    try:
        lines = path.read_bytes().split(b"\n")
    except OSError as error:
        raise StorageError(f"{path} cannot be read: {error.strerror}.") from error
    for number, line in enumerate(lines, 1):
        if line.strip():
            try:
                example = read_example(line)
                check(example.conversation)
            except ValueError as error:
                raise ParameterError(f"{path}, line {number}: {error}.", param="data") from error
            yield example


def read_example(line: bytes) -> Example:
    """One line. Raises `ValueError` with a clause that says what is amiss."""
    row = _read_object(line)
    messages = row.get("messages")
    if not isinstance(messages, list) or not messages:
        raise ValueError("'messages' is no list of messages")
    route = row.get("route")
    if route not in [need.value for need in Need]:
        raise ValueError(f"the route is 'text' or 'image', not {route!r}")
    spoken = tuple(_read_message(message) for message in messages)
    if spoken[-1].role != "user" or not spoken[-1].content.strip():
        raise ValueError("the last message must be the user's, and not empty")
    return Example(Conversation(spoken), Need(route), _read_slices(row))


def _read_object(line: bytes) -> dict[str, object]:
    try:
        row = json.loads(line.decode("utf-8-sig"))  # Windows writes a byte order mark
    except UnicodeDecodeError as error:
        raise ValueError(f"not UTF-8 at byte {error.start + 1}") from error
    except RecursionError as error:
        raise ValueError("the JSON is nested too deeply") from error
    except json.JSONDecodeError as error:
        raise ValueError(f"not JSON ({error.msg} at character {error.pos + 1})") from error
    if not isinstance(row, dict):
        raise ValueError("not a JSON object")  # noqa: TRY004 - one kind of failure for all that is amiss in a line
    return row


def _read_message(value: object) -> Message:
    role = value.get("role") if isinstance(value, dict) else None
    content = value.get("content") if isinstance(value, dict) else None
    if not isinstance(role, str) or role not in _ROLES or not isinstance(content, str):
        raise ValueError("a message has a 'role' (user or assistant) and a 'content' in words")
    _check_words(content, "a message")
    return Message.from_words(_ROLES[role], content)


def _read_slices(row: Mapping[str, object]) -> dict[str, str]:
    slices = {field: row[field] for field in SLICE_FIELDS if row.get(field) is not None}
    for field, value in slices.items():
        if not isinstance(value, str):
            raise ValueError(f"{field!r} is no word")  # noqa: TRY004 - as above
        _check_words(value, repr(field))
    return {field: str(value) for field, value in slices.items()}


def _check_words(words: str, where: str) -> None:
    """Raises `ValueError` where they are no UTF-8: such words can be measured, but stand in no report."""
    try:
        words.encode()
    except UnicodeEncodeError as error:
        raise ValueError(f"{where} holds half of a character") from error
