"""Scripted models: small real implementations of the mixture's ports that do what a test wrote down, step by step.

A script is a sequence of steps. A `Gate` waits until the test opens it (from any thread), so that a test can hold an
answer in every state; an exception is raised; words are streamed; anything else is handed on as it is.
"""

import asyncio
import io
import threading
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from concurrent.futures import Future
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field

from PIL import Image as Pixels

from mom.mixture.classifier import Classifier, SmallLlmStage
from mom.mixture.conversation import Message
from mom.mixture.events import ImageProgress, ImageQueued, ReasoningDelta, TextDelta, ToolCallDelta, Usage
from mom.mixture.paths import Mixture
from mom.mixture.ports import DrawingRequest, Ended, Picture, PictureKeeper, SamplingOptions, Written

DEADLINE_S = 20.0
NO_OPTIONS = SamplingOptions()


class Gate:
    """A place in a script where an answer stands still until `open()`; both sides may be in different threads."""

    def __init__(self) -> None:
        self._reached = threading.Event()
        self._opened: Future[None] = Future()

    def open(self) -> None:
        if not self._opened.done():
            self._opened.set_result(None)

    def wait_until_reached(self) -> None:
        """Block until an answer stands here; from the loop's own thread use `until_reached`."""
        assert self._reached.wait(DEADLINE_S), "no answer came to this gate"

    async def until_reached(self) -> None:
        await asyncio.to_thread(self.wait_until_reached)

    async def pass_through(self) -> None:
        self._reached.set()
        await asyncio.shield(asyncio.wrap_future(self._opened))


Step = (
    str | Gate | Exception | TextDelta | ReasoningDelta | ToolCallDelta | Ended | ImageQueued | ImageProgress | Picture
)


async def _play(script: Sequence[Step]) -> AsyncGenerator:
    for step in script:
        if isinstance(step, Gate):
            await step.pass_through()
        elif isinstance(step, Exception):
            raise step
        else:
            yield TextDelta(step) if isinstance(step, str) else step


class _Backend:
    """Counts the requests that are at work, as a server's slots would."""

    def __init__(self) -> None:
        self.at_work = 0
        self.freed = threading.Event()

    @asynccontextmanager
    async def request(self) -> AsyncIterator[None]:
        self.at_work += 1
        self.freed.clear()
        try:
            yield
        finally:
            self.at_work -= 1
            self.freed.set()


class ScriptedLanguageModel(_Backend):
    """Streams `reply` and writes `structure` (a mapping, or steps that end in one); remembers the `questions`."""

    def __init__(
        self,
        reply: Sequence[Step] = ("Hello", "!"),
        structure: Mapping[str, object] | Sequence[Gate | Exception | Mapping[str, object]] = {"prompt": "a fox"},
        name: str = "scripted-llm",
    ) -> None:
        super().__init__()
        self.name = name
        self.reply = reply
        self.structure = structure
        self.questions: list[Sequence[Message]] = []
        self.options: list[SamplingOptions] = []

    @asynccontextmanager
    async def stream_text(
        self, messages: Sequence[Message], options: SamplingOptions = NO_OPTIONS
    ) -> AsyncIterator[AsyncIterator[Written]]:
        self.questions.append(messages)
        self.options.append(options)
        async with self.request(), aclosing(self._stream()) as stream:
            yield stream

    async def _stream(self) -> AsyncGenerator[Written]:
        written = 0
        async for step in _play(self.reply):
            written += isinstance(step, TextDelta)
            yield step
            if isinstance(step, Ended):
                return
        yield Ended("stop", Usage(prompt_tokens=3, completion_tokens=written))

    async def write_structure(
        self, messages: Sequence[Message], schema: Mapping[str, object], *, max_tokens: int
    ) -> Mapping[str, object]:
        self.questions.append(messages)
        steps = [self.structure] if isinstance(self.structure, Mapping) else self.structure
        async with self.request(), aclosing(_play(steps)) as played:
            async for step in played:
                return step
        raise AssertionError("the script of a structure ends with a mapping")


class ScriptedLabelModel(_Backend):
    """Weighs `image` as often as told; `steps` come before its answer."""

    def __init__(
        self, image_probability: float = 0.02, steps: Sequence[Gate | Exception] = (), name: str = "scripted-classifier"
    ) -> None:
        super().__init__()
        self.name = name
        self.image_probability = image_probability
        self.steps = steps
        self.questions: list[Sequence[Message]] = []

    async def weigh_labels(self, messages: Sequence[Message], labels: Sequence[str]) -> Mapping[str, float]:
        self.questions.append(messages)
        async with self.request():
            async for _ in _play(self.steps):
                pass
        return {"text": 1.0 - self.image_probability, "image": self.image_probability}


class ScriptedImageModel(_Backend):
    """Plays `steps`, then draws one plain picture, begun from another where it `can_edit`; remembers the `requests`."""

    def __init__(
        self,
        steps: Sequence[Step] = (ImageQueued(0), ImageProgress(1, 4, "data:image/jpeg;base64,cHJldmlldw==")),
        name: str = "scripted-sd",
        dropped_tail: str = "",
        unknown_words: tuple[str, ...] = (),
        can_edit: bool = True,
    ) -> None:
        super().__init__()
        self.name = name
        self.steps = steps
        self.dropped_tail = dropped_tail
        self.unknown_words = unknown_words
        self.can_edit = can_edit
        self.requests: list[DrawingRequest] = []

    @asynccontextmanager
    async def draw(
        self, request: DrawingRequest
    ) -> AsyncIterator[AsyncIterator[ImageQueued | ImageProgress | Picture]]:
        self.requests.append(request)
        async with self.request(), aclosing(self._drawing(request)) as drawing:
            yield drawing

    async def _drawing(self, request: DrawingRequest) -> AsyncGenerator[ImageQueued | ImageProgress | Picture]:
        async for step in _play(self.steps):
            yield step
        width, height = request.width or 64, request.height or 64
        yield Picture(
            png=png_of(width, height), prompt=request.prompt, width=width, height=height,
            seed=42 if request.seed is None else request.seed, steps=request.steps or 4, model=self.name,
            dropped_tail=self.dropped_tail, unknown_words=self.unknown_words,
            strength=request.strength if request.source and self.can_edit else None,
        )  # fmt: skip


def png_of(width: int = 64, height: int = 64, colour: str = "green", form: str = "PNG") -> bytes:
    """The bytes of a real picture of one colour."""
    buffer = io.BytesIO()
    Pixels.new("RGB", (width, height), colour).save(buffer, form)
    return buffer.getvalue()


@dataclass
class ScriptedParts:
    """All four parts. `mixture_for` is what `chats.turns.Turns` wants."""

    small_llm: ScriptedLabelModel = field(default_factory=ScriptedLabelModel)
    large_llm: ScriptedLanguageModel = field(default_factory=ScriptedLanguageModel)
    large_labels: ScriptedLabelModel = field(default_factory=lambda: ScriptedLabelModel(0.98, name="scripted-llm"))
    vision_llm: ScriptedLanguageModel = field(default_factory=lambda: ScriptedLanguageModel(["I see it."]))
    image_model: ScriptedImageModel = field(default_factory=ScriptedImageModel)
    can_see: bool = True
    is_starting: Callable[[], bool] = lambda: False

    def mixture_for(self, pictures: PictureKeeper) -> Mixture:
        classifier = Classifier([SmallLlmStage(self.small_llm)], deadline_s=DEADLINE_S)
        return Mixture(
            classifier, self.large_llm, self.vision_llm, self.image_model, pictures, can_see=lambda: self.can_see
        )

    def classifier_for(self, name: str) -> Classifier:
        """One that asks the small or the large LLM, and none else."""
        llm = self.small_llm if name == "small-llm" else self.large_labels
        return Classifier([SmallLlmStage(llm)], deadline_s=DEADLINE_S)

    def names(self) -> dict[str, str]:
        return {
            "small_llm": self.small_llm.name,
            "large_llm": self.large_llm.name,
            "image_model": self.image_model.name,
        }

    @property
    def at_work(self) -> int:
        """How many requests are at work in all backends together."""
        return sum(part.at_work for part in (self.small_llm, self.large_llm, self.vision_llm, self.image_model))
