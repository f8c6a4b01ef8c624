"""An image model behind MoM's own image server, or behind any other that answers in OpenAI's shape.

Our own streams progress and previews and takes all that a `DrawingRequest` says. AUTOMATIC1111's web UI has an API of its
own (`images_a1111`). Any other is asked only what OpenAI's API names, and answers with one picture after a silence.
"""

import asyncio
import base64
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing, asynccontextmanager
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx
from pydantic import ValidationError

from mom.errors import PartRefusedError
from mom.mixture.events import ImageProgress, ImageQueued
from mom.mixture.ports import DrawingRequest, Picture
from mom.models.bounded import ByteLimits
from mom.models.http_client import TimeLimits
from mom.models.images_a1111 import A1111
from mom.models.images_stream import read_image_stream
from mom.models.images_wire import DrawnImage, ImagesReply, decode_base64
from mom.models.parts import Endpoint, PartName
from mom.models.picture_file import NoPictureError, read_picture
from mom.models.upstream import Upstream

# A picture on a busy CPU takes minutes, and no other server says anything meanwhile.
IMAGE_LIMITS = TimeLimits(first_token_s=900, between_tokens_s=60, reply_s=900)
IMAGE_BYTES = ByteLimits(reply=64_000_000, line=64_000_000)
OWNER = "mom"


class ImagesClient:
    """Implements `ports.ImageModel`."""

    def __init__(self, endpoint: Endpoint, http: httpx.AsyncClient, limits: TimeLimits = IMAGE_LIMITS) -> None:
        self._upstream = Upstream(endpoint, http, PartName.IMAGE_MODEL, limits, IMAGE_BYTES)
        self._model = endpoint.model
        self._url = f"{self._upstream.base_url}/images/generations"
        self._speaks_a1111: bool | None = None

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
            events = A1111(self._upstream).draw(request)
        elif (ours := await self._find_ours()) is not None:
            events = self._draw_at_ours(request, can_edit=bool((ours.get("abilities") or {}).get("edits")))
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
            aclosing(read_image_stream(response, self._upstream)) as events,
        ):
            async for event in events:
                yield event

    async def _draw_at_openais(
        self, request: DrawingRequest
    ) -> AsyncGenerator[ImageQueued | ImageProgress | DrawnImage]:
        yield await self._ask_once(self._make_body(request))

    def _refuse_source(self, request: DrawingRequest) -> None:
        if request.source is not None and request.must_begin_from_source:
            raise PartRefusedError(
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
            self._speaks_a1111 = await A1111(self._upstream).is_there()
        return self._speaks_a1111

    async def _find_ours(self) -> Mapping[str, Any] | None:
        """MoM's image server names itself as its model's owner."""
        listed = await self._upstream.probe("/v1/models") or {}
        models = listed.get("data")
        entries = models if isinstance(models, list) else []
        return next((entry for entry in entries if isinstance(entry, dict) and entry.get("owned_by") == OWNER), None)

    async def _ask_once(self, body: Mapping[str, Any]) -> DrawnImage:
        try:
            reply = await self._upstream.post(self._url, body)
        except PartRefusedError as error:
            if "response_format" not in error.message:  # OpenAI's newer models know base64 only, and refuse to be asked
                raise
            without = {name: value for name, value in body.items() if name != "response_format"}
            reply = await self._upstream.post(self._url, without)
        try:
            images = ImagesReply.model_validate(reply).data
        except ValidationError as error:
            raise self._upstream.broken("sent an answer that no image server sends") from error
        if not images:
            raise self._upstream.broken("sent no picture")
        return images[0]

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
            scheduler=drawn.scheduler,
            strength=drawn.strength,
        )

    async def _read_bytes(self, drawn: DrawnImage) -> bytes:
        if drawn.b64_json:
            data = decode_base64(drawn.b64_json)
        elif drawn.url and drawn.url.startswith("data:"):
            data = decode_base64(drawn.url.partition(";base64,")[2])
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
