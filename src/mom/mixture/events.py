"""The one language of server, stream and screen: what happens while a message is being answered.

Text and image answers travel as the same stream: first `TurnStarted`, last exactly one of the `LastEvent`s. An event's
`name` is its class name in snake_case and stands in the `event:` line; `as_json()` is its `data:` line.
`TurnSnapshot` is never appended to a turn; a reader gets it in place of events that are no longer kept.
"""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import ClassVar

from mom.mixture.verdict import Verdict


@dataclass(frozen=True, slots=True)
class Event:
    """Base of all events."""

    name: ClassVar[str]

    def __init_subclass__(cls) -> None:
        cls.name = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", cls.__name__).lower()

    def as_json(self) -> dict[str, object]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class TurnStarted(Event):
    """`models` maps each part that may speak (`small_llm`, `large_llm`, …) to its model's name."""

    models: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Routed(Event):
    verdict: Verdict

    def as_json(self) -> dict[str, object]:
        return self.verdict.as_json()


@dataclass(frozen=True, slots=True)
class TextDelta(Event):
    text: str


@dataclass(frozen=True, slots=True)
class ReasoningDelta(Event):
    """What a thinking model says to itself before it answers; kept apart from the answer."""

    text: str


@dataclass(frozen=True, slots=True)
class ToolCallDelta:
    """A piece of the call number `index`: its `id` and `tool` come with the first, `arguments` is a fragment of JSON.

    `extra` is what the model's server adds to a call for itself, such as a signature of what was thought: it comes whole.
    No `Event`, as no screen shows it: tools are the programs', and a chat has none.
    """

    index: int
    id: str | None
    tool: str | None
    arguments: str
    extra: Mapping[str, object] | None = None


@dataclass(frozen=True, slots=True)
class ImagePromptWritten(Event):
    """For one of so many `pictures`; `dropped_tail` is what the image model's text encoder will not read of an over-long
    prompt, or empty.
    """

    prompt: str
    dropped_tail: str = ""
    pictures: int = 1


@dataclass(frozen=True, slots=True)
class ImageQueued(Event):
    """`position` is the number of pictures to be drawn before this one; `estimate_s` is how many seconds that takes, where
    the server has an idea.
    """

    position: int
    estimate_s: float | None = None

    def as_json(self) -> dict[str, object]:
        known = {} if self.estimate_s is None else {"estimate_s": self.estimate_s}
        return {"position": self.position, **known}


@dataclass(frozen=True, slots=True)
class ImageProgress(Event):
    """`preview` is a small JPEG as a data URL, or None. Previews are not replayed: a log keeps the last only."""

    step: int
    steps: int
    preview: str | None = None


@dataclass(frozen=True, slots=True)
class Image:
    """A picture that has been stored. `width` and `height` in px; `dropped_tail` is the prompt's end that was not read."""

    id: str
    url: str
    width: int
    height: int
    seed: int | None
    steps: int | None
    prompt: str
    alt: str
    dropped_tail: str = ""


@dataclass(frozen=True, slots=True)
class ImageFinished(Event):
    image: Image


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens read and written by the large LLM, as it counted them."""

    prompt_tokens: int
    completion_tokens: int

    @property
    def total_tokens(self) -> int:
        return self.prompt_tokens + self.completion_tokens


@dataclass(frozen=True, slots=True)
class TurnFinished(Event):
    """`finish_reason` is OpenAI's (`stop`, `length`, …); `timings` maps a step's name to ms."""

    finish_reason: str
    usage: Usage | None
    timings: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class TurnStopped(Event):
    """A person stopped the answer; what was shown is kept."""


@dataclass(frozen=True, slots=True)
class TurnFailed(Event):
    """`error` has OpenAI's shape: message, type, code, param."""

    error: Mapping[str, str | None]


@dataclass(frozen=True, slots=True)
class TurnInterrupted(Event):
    """The web process ended in mid-answer; what had been stored is kept and can be retried."""


@dataclass(frozen=True, slots=True)
class TurnSnapshot(Event):
    """The answer's message as it is stored, for a reader whose event id is of another epoch."""

    message: Mapping[str, object]
    status: str


LastEvent = TurnFinished | TurnStopped | TurnFailed | TurnInterrupted
AnswerEvent = Routed | TextDelta | ReasoningDelta | ImagePromptWritten | ImageQueued | ImageProgress | ImageFinished
