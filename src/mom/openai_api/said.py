"""A message as a request says it: what each of OpenAI's formats is read into, and what conversations are made of."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from mom.mixture.conversation import Drawing, ToolCall


@dataclass(frozen=True, slots=True)
class SentFile:
    """A PDF or a text file: its name, and a data URL or bare base64."""

    name: str
    data: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Said:
    """One message. `place` is where it stands in the request, `answers` the id of the call whose result it is."""

    place: str
    role: Literal["system", "developer", "user", "assistant", "tool"]
    words: str = ""
    thinking: str = ""
    picture_urls: Sequence[str] = ()
    files: Sequence[SentFile] = ()
    calls: Sequence[ToolCall] = ()
    answers: str | None = None
    drawing: Drawing | None = None

    @property
    def length(self) -> int:
        """In characters."""
        calls = sum(len(call.arguments) + len(json.dumps(call.extra or {})) for call in self.calls)
        drawn = len(self.drawing.prompt) if self.drawing else 0
        return len(self.words) + len(self.thinking) + calls + drawn


@dataclass(frozen=True, slots=True)
class Names:
    """What a format calls what a refusal names: the field of all messages, those of a result, and in words call and result."""

    messages: str
    call_id: str
    output: str
    call: str
    result: str
