"""The roster: which model plays which part just now, and an object for each part to ask it by.

What it hands out follows the parts: a model that is swapped while MoM runs answers the next question. Asking a part that
is not ready raises `PartUnavailableError` with the reason. `activity` knows whether anything is being asked just now.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from mom.errors import PartMissingError, PartUnavailableError
from mom.mixture.conversation import Message
from mom.mixture.events import ImageProgress, ImageQueued
from mom.mixture.ports import DrawingRequest, ImageModel, LabelModel, LanguageModel, Picture, SamplingOptions, Written
from mom.models.activity import Activity
from mom.models.chat_client import DEFAULT_OPTIONS, ChatClient
from mom.models.http_client import make_http_client
from mom.models.images_client import ImagesClient
from mom.models.part_sources import Parts, PartsSource
from mom.models.parts import Endpoint, Part, PartName, State

log = logging.getLogger(__name__)


class Roster:
    """One per event loop. `start` begins to follow the parts, `close` ends it and all connections."""

    def __init__(self, source: PartsSource) -> None:
        self.activity = Activity()
        self._source = source
        self._http = make_http_client()
        self._chat_clients: dict[tuple[PartName, Endpoint], ChatClient] = {}
        self._images_client: tuple[Endpoint, ImagesClient] | None = None
        self._following: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Follow the parts from now on, in a task of the running loop."""
        self._following = asyncio.create_task(self._source.follow(self._http), name="follow the parts")
        self._following.add_done_callback(_report_failure)

    async def close(self) -> None:
        if self._following is not None:
            self._following.cancel()
            await asyncio.wait({self._following})
        await self._http.aclose()

    def parts(self) -> Parts:
        return self._source.parts()

    def names(self) -> dict[str, str]:
        """The model's name for each part that can be asked."""
        return {name.value: part.model for name, part in self.parts().items() if part.endpoint is not None}

    def large_llm(self) -> LanguageModel:
        return _Llm(self, PartName.LARGE_LLM)

    def vision_llm(self) -> LanguageModel:
        return _Llm(self, PartName.VISION_LLM)

    def can_see(self) -> bool:
        """Whether a vision LLM is there to be asked."""
        part = self.parts().get(PartName.VISION_LLM)
        return part is not None and part.endpoint is not None

    def small_llm(self) -> LabelModel:
        return _Llm(self, PartName.SMALL_LLM)

    def image_model(self) -> ImageModel:
        return _ImageModel(self)

    def model_name(self, name: PartName) -> str:
        part = self.parts().get(name)
        return part.model if part and part.model else name.words

    def chat_client(self, name: PartName) -> ChatClient:
        """The client of the LLM that plays the part now. Raises `PartUnavailableError`."""
        endpoint = self.endpoint(name)
        large = self.parts().get(PartName.LARGE_LLM)
        if large is not None and endpoint == large.endpoint:
            name = PartName.LARGE_LLM  # `MOM_SMALL_LLM=same`: one model, one client, and errors that name its settings
        client = self._chat_clients.get((name, endpoint))
        if client is None:
            others = {key: other for key, other in self._chat_clients.items() if key[0] is not name}
            client = ChatClient(endpoint, self._http, name)
            self._chat_clients = {**others, (name, endpoint): client}
        return client

    def images_client(self) -> ImagesClient:
        """The client of the image model. Raises `PartUnavailableError`."""
        endpoint = self.endpoint(PartName.IMAGE_MODEL)
        if self._images_client is None or self._images_client[0] != endpoint:
            self._images_client = (endpoint, ImagesClient(endpoint, self._http))
        return self._images_client[1]

    def endpoint(self, name: PartName) -> Endpoint:
        """Where the part is asked now. Raises `PartUnavailableError`."""
        part = self.parts().get(name)
        if part is None or part.endpoint is None:
            is_set_up = part is not None and (part.model or part.state not in {State.FAILED, State.NONE})
            kind = PartUnavailableError if is_set_up else PartMissingError
            raise kind(_why_not(name, part), part=name)
        return part.endpoint


def _report_failure(following: asyncio.Task[None]) -> None:
    if not following.cancelled() and (error := following.exception()) is not None:
        log.error("the parts are not followed any more: what stands now stays so", exc_info=error)


def _why_not(name: PartName, part: Part | None) -> str:
    if part is None or part.state is State.NONE:
        return f'No {name.words} is set up: choose one under "Change" on the page, or set {name.variable}, see .env.example.'
    match part.state:
        case State.DOWNLOADING:
            how_far = f": {part.detail}" if part.detail else ""
            return f"The {name.words} is not ready yet{how_far}. Try again in a while."
        case State.FAILED:
            return part.detail or f"The {name.words} cannot be run. `mom doctor` says why."
        case _:
            return f"The {name.words} is still loading. Try again in a moment."


@dataclass(frozen=True)
class _Llm:
    """Implements `ports.LanguageModel` and `ports.LabelModel` by whichever model plays the part when it is asked."""

    roster: Roster
    part: PartName

    @property
    def name(self) -> str:
        return self.roster.model_name(self.part)

    @asynccontextmanager
    async def stream_text(
        self, messages: Sequence[Message], options: SamplingOptions = DEFAULT_OPTIONS
    ) -> AsyncIterator[AsyncIterator[Written]]:
        with self.roster.activity.work():
            async with self.roster.chat_client(self.part).stream_text(messages, options) as stream:
                yield stream

    async def write_structure(
        self, messages: Sequence[Message], schema: Mapping[str, object], *, max_tokens: int
    ) -> Mapping[str, object]:
        with self.roster.activity.work():
            return await self.roster.chat_client(self.part).write_structure(messages, schema, max_tokens=max_tokens)

    async def weigh_labels(self, messages: Sequence[Message], labels: Sequence[str]) -> Mapping[str, float]:
        with self.roster.activity.work():
            return await self.roster.chat_client(self.part).weigh_labels(messages, labels)


@dataclass(frozen=True)
class _ImageModel:
    """Implements `ports.ImageModel` by whichever model plays the part when it is asked."""

    roster: Roster

    @property
    def name(self) -> str:
        return self.roster.model_name(PartName.IMAGE_MODEL)

    @asynccontextmanager
    async def draw(
        self, request: DrawingRequest
    ) -> AsyncIterator[AsyncIterator[ImageQueued | ImageProgress | Picture]]:
        with self.roster.activity.work():
            async with self.roster.images_client().draw(request) as drawing:
                yield drawing
