"""Small real implementations of the mixture's ports, which answer what they were told and remember what they were asked."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from mom.errors import MomError
from mom.mixture.classifier import Classifier, SmallLlmStage
from mom.mixture.conversation import Message
from mom.mixture.events import Image, ImageProgress, ImageQueued, TextDelta
from mom.mixture.paths import Mixture
from mom.mixture.ports import DrawingRequest, Ended, Picture, SamplingOptions

ANY_SAMPLING = SamplingOptions()


@dataclass
class Model:
    name: str
    reply: Sequence[str] = ("ok",)
    structure: Mapping[str, object] | MomError = field(default_factory=lambda: {"prompt": "a picture"})
    weights: Mapping[str, float] = field(default_factory=dict)
    failures: list[MomError] = field(default_factory=list)
    questions: list[Sequence[Message]] = field(default_factory=list)

    def _note(self, messages: Sequence[Message]) -> None:
        self.questions.append(tuple(messages))
        if self.failures:
            raise self.failures.pop(0)

    @asynccontextmanager
    async def stream_text(self, messages: Sequence[Message], options: SamplingOptions = ANY_SAMPLING):
        self._note(messages)
        yield self._items()

    async def _items(self) -> AsyncIterator[TextDelta | Ended]:
        for word in self.reply:
            yield TextDelta(word)
        yield Ended("stop")

    async def write_structure(self, messages, schema, *, max_tokens):
        self._note(messages)
        if isinstance(self.structure, MomError):
            raise self.structure
        return self.structure

    async def weigh_labels(self, messages, labels):
        self._note(messages)
        return self.weights


@dataclass
class Painter:
    name: str = "painter"
    dropped_tail: str = ""
    requests: list[DrawingRequest] = field(default_factory=list)

    @asynccontextmanager
    async def draw(self, request: DrawingRequest):
        self.requests.append(request)
        yield self._items(request)

    async def _items(self, request: DrawingRequest):
        yield ImageQueued(0)
        yield ImageProgress(1, 1)
        yield Picture(
            png=b"png", prompt=request.prompt, width=8, height=8, seed=1, steps=1, model=self.name,
            dropped_tail=self.dropped_tail,
        )  # fmt: skip


@dataclass
class Album:
    words: list[str] = field(default_factory=list)

    async def keep(self, picture: Picture, *, words: str) -> Image:
        self.words.append(words)
        return Image("1", "/images/1.png", 8, 8, picture.seed, picture.steps, picture.prompt, picture.prompt)


@dataclass
class Parts:
    small_llm: Model
    large_llm: Model
    vision_llm: Model
    image_model: Painter
    pictures: Album

    @property
    def mixture(self) -> Mixture:
        classifier = Classifier([SmallLlmStage(self.small_llm)], deadline_s=5)
        return Mixture(classifier, self.large_llm, self.vision_llm, self.image_model, self.pictures)


def mixture_of(
    *, image_probability=0.0, reply=("ok",), structure=None, dropped_tail="", failure: MomError | None = None
) -> Parts:
    return Parts(
        small_llm=Model("small", weights={"text": 1 - image_probability, "image": image_probability}),
        large_llm=Model(
            "large", reply=reply, structure=structure or {"prompt": "x"}, failures=[failure] if failure else []
        ),
        vision_llm=Model("vision", reply=reply),
        image_model=Painter(dropped_tail=dropped_tail),
        pictures=Album(),
    )
