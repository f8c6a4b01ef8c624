"""The messages of the self-test, and what is concluded from the answers to them.

The small LLM is asked about what `bert` leaves undecided, so it is judged there: the messages are those, of all that nothing was
trained on, of which `bert` is least sure (`training/routing/pick_self_test.py`).
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from mom.mixture.conversation import Conversation, Message
from mom.mixture.verdict import Need

ENOUGH = 20  # fewer answers, by a server that is slow, prove nothing
MARGIN = 0.1  # so much better than "always text" must a small LLM be that is asked


@dataclass(frozen=True, slots=True)
class TestMessage:
    """A conversation and what its last message needs."""

    conversation: Conversation
    need: Need


@cache
def read_messages() -> Sequence[TestMessage]:
    """The shipped messages: text and image by turns, so that a part of them is as balanced as the whole."""
    lines = files("mom.models.self_test").joinpath("messages.jsonl").read_text(encoding="utf-8").splitlines()
    return [_read(json.loads(line)) for line in lines]


def _read(row: dict[str, object]) -> TestMessage:
    messages = row["messages"]
    assert isinstance(messages, list)
    return TestMessage(Conversation(tuple(map(_message, messages))), Need(str(row["route"])))


def _message(value: dict[str, str]) -> Message:
    return Message.from_words("user" if value["role"] == "user" else "assistant", value["content"])


@dataclass(frozen=True, slots=True)
class Report:
    """How a small LLM did on `asked` messages. `rival_right` is what the `bert` stage had right of them, where there is one.

    `is_speechless`: none of its answers had a label. `late_s`: its quickest verdict took so long, too long to be waited for.
    """

    asked: int
    right: int
    texts: int
    rival_right: int | None = None
    rereads_prompt: bool = False
    is_speechless: bool = False
    late_s: float | None = None

    @property
    def more_than_text(self) -> float:
        """So many must it have right to be worth more than text for everything."""
        return self.texts + MARGIN * self.asked

    @property
    def needed(self) -> float:
        return max(self.more_than_text, self.rival_right or 0)

    @property
    def is_bypassed(self) -> bool:
        return self.is_speechless or self.late_s is not None or (self.asked >= ENOUGH and self.right < self.needed)

    @property
    def sentence(self) -> str:
        """What people are told, or nothing where all is well."""
        if self.is_speechless:
            return "It is not asked: it answered none of the test messages with text or image."
        if self.late_s is not None:
            return (
                f"It is not asked: its quickest answer to a test message took {self.late_s:.1f} s, "
                "longer than MOM_CLASSIFIER_DEADLINE_MS lets anyone wait."
            )
        if self.is_bypassed:
            right = f"It is not asked: of {self.asked} test messages it was right on {self.right}"
            if self.rival_right is not None and self.rival_right >= self.more_than_text:
                return f"{right}, the built-in classifier on {self.rival_right}. That one decides alone until a better small LLM plays."
            return f"{right}, hardly more than if it took every message for text ({self.texts})."
        if self.rereads_prompt:
            return "It reads its whole prompt again for every message, which makes verdicts slow."
        return ""
