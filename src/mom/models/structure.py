"""From a reply's words to a value that fits: find the JSON in them, validate it, say what is wrong with it."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

import jsonschema

from mom.mixture.conversation import Message

COMPLAINT_CHARS = 200
_FENCED = re.compile(r"```(?:json)?\s*(\{.*?\})\s*```", re.DOTALL)
_TRIES = 20  # opening braces looked at in a reply that is full of them


class MisfitError(ValueError):
    """A reply does not fit; the message says why, for the model to read. `is_json`: at least it was an object."""

    def __init__(self, why: str, *, is_json: bool) -> None:
        super().__init__(why[:COMPLAINT_CHARS])
        self.is_json = is_json


def read_structure(text: str, schema: Mapping[str, object]) -> dict[str, Any]:
    """The JSON object in `text`, valid against `schema`. Raises `MisfitError`."""
    value = find_object(text)
    error = jsonschema.exceptions.best_match(jsonschema.Draft202012Validator(schema).iter_errors(value))
    if error is not None:
        raise MisfitError(f"at {error.json_path}: {error.message}", is_json=True)
    return value


def find_object(text: str) -> dict[str, Any]:
    """The reply's JSON object: the whole of it, in a fence, or among other words. Raises `MisfitError`."""
    fenced = _FENCED.search(text)
    places = [match.start() for match in re.finditer(r"\{", text)]
    for candidate in (text.strip(), fenced[1] if fenced else "", *(text[place:] for place in places[:_TRIES])):
        try:
            value, _ = json.JSONDecoder().raw_decode(candidate)
        except (ValueError, RecursionError):
            continue
        if isinstance(value, dict):
            return value
    raise MisfitError("it is not a JSON object", is_json=False)


def with_schema_in_words(messages: Sequence[Message], schema: Mapping[str, object]) -> list[Message]:
    """The question with the schema at the end of its system message, which stays static and so cached."""
    words = f"Reply with one JSON object that fits this JSON schema, and with nothing else:\n{json.dumps(schema)}"
    first = messages[0]
    if first.role == "system":
        return [Message("system", f"{first.content}\n\n{words}"), *messages[1:]]
    return [Message("system", words), *messages]


def with_complaint(messages: Sequence[Message], reply: str, why: str) -> list[Message]:
    """The question, the reply that did not fit, and what was wrong with it."""
    words = f"That does not fit: {why}. Reply again, with the JSON object only."
    return [*messages, Message("assistant", reply[:COMPLAINT_CHARS] or "…"), Message("user", words)]
