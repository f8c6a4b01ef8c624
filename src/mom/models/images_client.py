"""An image model behind MoM's own image server, or behind any other that answers in OpenAI's shape.

Our own streams progress and previews and takes all that a `DrawingRequest` says. AUTOMATIC1111's web UI has an API of its
own (`images_a1111`). Any other is asked only what OpenAI's API names: for a stream with partial images, which few give, and
otherwise for one picture after a silence.
"""

import asyncio
import base64
import re
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx
from pydantic import ValidationError

from mom.errors import PartRefusedError, RequestRefusedError
from mom.mixture.events import ImageProgress, ImageQueued
from mom.mixture.ports import DrawingRequest, Picture
from mom.models.bounded import ByteLimits
from mom.models.http_client import TimeLimits
from mom.models.image_sizes import shrink
from mom.models.images_a1111 import A1111
from mom.models.images_stream import read_openais_stream, read_our_stream
from mom.models.images_wire import DrawnImage, ImagesReply, decode_base64
from mom.models.parts import Endpoint, PartName
from mom.models.picture_file import NoPictureError, read_picture
from mom.models.refusals import stream_refusal
from mom.models.upstream import Upstream

# A picture on a busy CPU takes minutes, and no other server says anything meanwhile.
IMAGE_LIMITS = TimeLimits(first_token_s=900, between_tokens_s=60, reply_s=900)
IMAGE_BYTES = ByteLimits(reply=64_000_000, line=64_000_000)
OWNER = "mom"
# Two show what becomes of the picture; each is paid for where pictures are.
PARTIAL_IMAGES = 2
# What OpenAI's own models differ in: the newer know base64 only and refuse to be asked for it, the older know no streams.
_REFUSALS = (
    (re.compile(r"\bresponse_format\b"), frozenset({"response_format"})),
    (re.compile(r"\b(stream|streaming|partial_images)\b", re.IGNORECASE), frozenset({"stream", "partial_images"})),
)


class ImagesClient:
    """Implements `ports.ImageModel`."""

    def __init__(self, endpoint: Endpoint, http: httpx.AsyncClient, limits: TimeLimits = IMAGE_LIMITS) -> None:
        self._upstream = Upstream(endpoint, http, PartName.IMAGE_MODEL, limits, IMAGE_BYTES)
        self._model = endpoint.model
        self._url = f"{self._upstream.base_url}/images/generations"
        self._a1111 = A1111(self._upstream)
        self._speaks_a1111: bool | None = None
        self._refused: frozenset[str] = frozenset()  # fields of OpenAI's API that this model was found not to take

    @property
    def name(self) -> str:
        return self._model or self._upstream.server.host

    @asynccontextmanager
    async def draw(
        self, request: DrawingRequest
    ) -> AsyncIterator[AsyncIterator[ImageQueued | ImageProgress | Picture]]:
        """Draw one picture; leaving the context closes the connection, at which the server drops the job."""
        async with aclosing(self._draw(request)) as drawing:
            yield drawing

    async def _draw(self, request: DrawingRequest) -> AsyncGenerator[ImageQueued | ImageProgress | Picture]:
        events: AsyncGenerator[ImageQueued | ImageProgress | DrawnImage]
        if await self._is_a1111():
            events = self._a1111.draw(shrink(request))
        elif (ours := await self._find_ours()) is not None:
            events = self._draw_at_ours(shrink(request), can_edit=bool(ours["abilities"].get("edits")))
        else:
            self._refuse_source(request)
            events = self._draw_at_openais(request)
        async with aclosing(events):
            async for event in events:
                yield await self._finish(event, request) if isinstance(event, DrawnImage) else event

    async def _draw_at_ours(
        self, request: DrawingRequest, *, can_edit: bool
    ) -> AsyncGenerator[ImageQueued | ImageProgress | DrawnImage]:
        extensions = {
            "stream": True,
            "seed": request.seed,
            "steps": request.steps,
            "negative_prompt": request.negative_prompt or None,
            "cfg_scale": request.cfg_scale,
            "user": request.owner or None,
            "priority": "batch" if request.is_batch else None,
        }
        url = self._url
        if request.source is not None and can_edit:
            url = f"{self._upstream.base_url}/images/edits"
            source = base64.b64encode(request.source).decode()
            extensions |= {"image": f"data:image/png;base64,{source}", "strength": request.strength}
        else:
            self._refuse_source(request)
        body = self._make_body(request) | {name: value for name, value in extensions.items() if value is not None}
        async with (
            self._upstream.stream(url, body) as response,
            aclosing(read_our_stream(response, self._upstream)) as events,
        ):
            async for event in events:
                yield event

    async def _draw_at_openais(
        self, request: DrawingRequest
    ) -> AsyncGenerator[ImageQueued | ImageProgress | DrawnImage]:
        body = self._make_body(request) | {"stream": True, "partial_images": PARTIAL_IMAGES}
        async with self._ask_openais(body) as response:
            if response.headers.get("content-type", "").startswith("text/event-stream"):
                async with aclosing(read_openais_stream(response, self._upstream, PARTIAL_IMAGES)) as events:
                    async for event in events:
                        yield event
            else:
                yield await self._read_reply(response)

    @asynccontextmanager
    async def _ask_openais(self, body: Mapping[str, Any]) -> AsyncIterator[httpx.Response]:
        """The response to as much of `body` as the server takes: what it refuses by name is left out from then on."""
        refused = self._refused
        async with AsyncExitStack() as stack:
            response: httpx.Response | None = None
            while response is None:
                fitting = {name: value for name, value in body.items() if name not in refused}
                try:
                    response = await stack.enter_async_context(self._upstream.stream(self._url, fitting))
                except PartRefusedError as error:
                    named = frozenset().union(*(fields for words, fields in _REFUSALS if words.search(error.message)))
                    if not named & fitting.keys():
                        raise
                    refused |= named
            self._refused = refused  # only now, as other refusals speak of streams too
            yield response

    def _refuse_source(self, request: DrawingRequest) -> None:
        if request.source is not None and request.must_begin_from_source:
            raise RequestRefusedError(
                f"{self._upstream.server.words} cannot begin from a picture. Ask for one from words alone.",
                part=PartName.IMAGE_MODEL,
            )

    def _make_body(self, request: DrawingRequest) -> dict[str, Any]:
        body: dict[str, Any] = {"prompt": request.prompt, "n": 1, "response_format": "b64_json"}
        if self._model:
            body["model"] = self._model
        if request.width is not None and request.height is not None:
            body["size"] = f"{request.width}x{request.height}"
        return body

    async def _is_a1111(self) -> bool:
        """By the address, or by what the server has; asked once. Raises `PartUnavailableError` where nothing answers."""
        if self._speaks_a1111 is None:
            self._speaks_a1111 = await self._a1111.is_there()
        return self._speaks_a1111

    async def _find_ours(self) -> Mapping[str, Any] | None:
        """MoM's image server names itself as its model's owner, and what it can do. (MoM's web process does the first only.)"""
        listed = await self._upstream.probe("/v1/models") or {}
        models = listed.get("data")
        entries = models if isinstance(models, list) else []
        ours = (each for each in entries if isinstance(each, dict) and each.get("owned_by") == OWNER)
        return next((entry for entry in ours if isinstance(entry.get("abilities"), dict)), None)

    async def _read_reply(self, response: httpx.Response) -> DrawnImage:
        limit_s = self._upstream.limits.reply_s
        try:
            async with asyncio.timeout(limit_s):
                reply = await self._upstream.read_json(response)
        except TimeoutError as error:
            raise self._upstream.too_slow(f"no reply within {limit_s:g} s") from error
        try:
            parsed = ImagesReply.model_validate(reply)
        except ValidationError as error:
            raise self._upstream.broken("sent an answer that no image server sends") from error
        if parsed.data:
            return parsed.data[0]
        if parsed.error:
            raise stream_refusal(self._upstream.server, parsed.error, has_begun=False)
        raise self._upstream.broken("sent no picture")

    async def _finish(self, drawn: DrawnImage, request: DrawingRequest) -> Picture:
        try:
            png, width, height = await asyncio.to_thread(read_picture, await self._read_bytes(drawn))
        except NoPictureError as error:
            raise self._upstream.broken(f"sent {error}") from error
        return Picture(
            png=png,
            prompt=request.prompt,
            width=width,
            height=height,
            seed=drawn.seed,
            steps=drawn.steps,
            model=self.name,
            dropped_tail=drawn.dropped_tail,
            unknown_words=drawn.unknown_words,
            scheduler=drawn.scheduler,
            cfg_scale=drawn.cfg_scale,
            negative_prompt=drawn.negative_prompt,
            strength=drawn.strength,
        )

    async def _read_bytes(self, drawn: DrawnImage) -> bytes:
        if drawn.b64_json:
            data = decode_base64(drawn.b64_json)
        elif drawn.url and drawn.url.startswith("data:"):
            data = decode_base64(drawn.url)
        else:
            data = await self._fetch(drawn.url) if drawn.url else None
        if not data:
            raise self._upstream.broken("sent no picture")
        return data

    async def _fetch(self, url: str) -> bytes:
        """The picture at an address that the server gave, if it is the server's own: no other is ever fetched."""
        url = urljoin(f"{self._upstream.base_url}/", url)
        if _origin(url) != _origin(self._upstream.base_url):
            raise self._upstream.broken(
                f"keeps its picture on another host ({urlsplit(url).hostname}), which is not asked"
            )
        return await self._upstream.get_bytes(url)


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port
