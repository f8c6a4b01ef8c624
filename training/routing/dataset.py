"""The development set, and generated rows as conversations."""

import json
from collections.abc import Iterable
from pathlib import Path

from mom.evaluation.routing_data import Example, read_example
from mom.mixture.conversation import Conversation, Message

DEV = Path(__file__).parent / "dev"


def conversation_of(turns: Iterable[tuple[str, str]]) -> Conversation:
    """A conversation of (role, content) pairs; an answer `[image] PROMPT` was a picture."""
    return Conversation(
        tuple(Message.from_words("user" if role == "user" else "assistant", content) for role, content in turns)
    )


def read_dev() -> tuple[list[Example], list[Example]]:
    """The development set in two halves, by id: one calibrates, the other is reported."""
    halves: tuple[list[Example], list[Example]] = ([], [])
    for path in sorted(DEV.glob("*.jsonl")):
        for line in path.read_bytes().rstrip(b"\n").split(b"\n"):
            halves[int(json.loads(line)["id"][-1], 16) % 2].append(read_example(line))
    return halves
