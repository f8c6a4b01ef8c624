"""What the mixture needs from the outside, as protocols. `models/` and `chats/` implement them.

Every method is asyncio. Cancelling the task that awaits one frees the backend behind it (an aborted request, an idle
slot, a dropped job); an implementation that cannot do that is wrong. All raise `errors.PartError`s.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field, replace
from typing import Protocol, Self

from mom.mixture.conversation import Conversation, Drawing, Message
from mom.mixture.events import Image, ImageProgress, ImageQueued, ReasoningDelta, TextDelta, ToolCallDelta, Usage
from mom.mixture.verdict import Need, Verdict

MAX_SEED = 2**32 - 1  # what image servers of all kinds take


@dataclass(frozen=True, slots=True)
class Ended:
    """The last item of a text stream."""

    finish_reason: str
    usage: Usage | None = None


Written = TextDelta | ReasoningDelta | ToolCallDelta | Ended
"""An item of a text stream."""


@dataclass(frozen=True, slots=True)
class SamplingOptions:
    """What a caller may ask of the large LLM. None leaves the choice to the model's server.

    `passed_on` are fields that the server is handed as they are: a program's tools, and the format of the answer.
    """

    max_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    stop: tuple[str, ...] = ()
    seed: int | None = None
    passed_on: Mapping[str, object] = field(default_factory=dict)


class LanguageModel(Protocol):
    """A large language model behind any server."""

    @property
    def name(self) -> str: ...

    def stream_text(
        self, messages: Sequence[Message], options: SamplingOptions = ...
    ) -> AbstractAsyncContextManager[AsyncIterator[Written]]:
        """Stream the reply; the last item is `Ended`. Leaving the context ends the request at the server."""
        ...

    async def write_structure(
        self, messages: Sequence[Message], schema: Mapping[str, object], *, max_tokens: int
    ) -> Mapping[str, object]:
        """Write one JSON object that was validated against `schema`.

        Raises `StructureError` where the reply does not fit after one more try.
        """
        ...


class LabelModel(Protocol):
    """A small language model as classifier."""

    @property
    def name(self) -> str: ...

    async def weigh_labels(self, messages: Sequence[Message], labels: Sequence[str]) -> Mapping[str, float]:
        """The probability of each label as the reply, summing to 1. `messages` begin with a static system message."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawingRequest:
    """What is to be drawn. None leaves the choice to the image server. Sizes in px, multiples of 8.

    `source` is a picture file to begin from, `strength` how much of it is painted over, from 0.1 to 1. A server that cannot
    do it draws from the words alone, where `must_begin_from_source` does not forbid it. Where several people share a
    server, `owner` is who waits, and `is_batch` says that no person does.
    """

    prompt: str = ""
    seed: int | None = None
    steps: int | None = None
    width: int | None = None
    height: int | None = None
    negative_prompt: str = ""
    cfg_scale: float | None = None
    source: bytes | None = None
    strength: float | None = None
    must_begin_from_source: bool = False
    owner: str = ""
    is_batch: bool = False

    def further(self, number: int) -> Self:
        """The request for the picture with this number, from 0, of several: where the seed is fixed, each has its own."""
        return self if self.seed is None else replace(self, seed=(self.seed + number) % (MAX_SEED + 1))


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A picture as it comes from an image model: PNG bytes and how it was made. `strength` is set where it was begun from
    another picture; `unknown_words` are those of the prompt that a model which knows few words has left out.
    """

    png: bytes
    prompt: str
    width: int
    height: int
    seed: int | None
    steps: int | None
    model: str
    dropped_tail: str = ""
    unknown_words: tuple[str, ...] = ()
    scheduler: str = ""
    cfg_scale: float | None = None
    negative_prompt: str = ""
    strength: float | None = None


class ImageModel(Protocol):
    """An image model behind any server."""

    @property
    def name(self) -> str: ...

    def draw(
        self, request: DrawingRequest
    ) -> AbstractAsyncContextManager[AsyncIterator[ImageQueued | ImageProgress | Picture]]:
        """Draw one picture; the last item is the `Picture`. Leaving the context drops the job within one step."""
        ...


class PictureKeeper(Protocol):
    """Where pictures are stored for good."""

    async def keep(self, picture: Picture, *, words: str) -> Image:
        """Store a picture with its record (`words`: what the person wrote). Raises `StorageError`."""
        ...

    async def read(self, image_id: str) -> Drawing | None:
        """A picture that was kept for the same person, with its file, or None where it is gone. Raises `StorageError`."""
        ...


class ClassifierStage(Protocol):
    """One stage of the classifier: cheap ones come first."""

    @property
    def name(self) -> str: ...

    async def classify(self, conversation: Conversation) -> Verdict | None:
        """The verdict, or None where this stage is not sure enough and the next is to be asked."""
        ...


@dataclass(frozen=True, slots=True)
class Correction:
    """A message and what a person said it needs; `follows_picture`: the answer before it was a picture. `answered` is the end
    of the answer before it, where that was in words.
    """

    words: str
    need: Need
    follows_picture: bool = False
    answered: str | None = None


class KnownCorrections(Protocol):
    """What the person who asks has corrected."""

    async def known(self) -> Sequence[Correction]:
        """The corrections that a message is compared with, the newest first. Raises `StorageError`."""
        ...
