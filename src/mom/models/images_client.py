"""An image model behind MoM's own image server, or behind any other that answers in OpenAI's shape.

Our own streams progress and previews and takes a seed and steps; another is asked only what OpenAI's API names, and
answers with one picture after a silence.
"""

import asyncio
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
        body = self._make_body(request)
        if not await self._is_ours():
            yield await self._finish(await self._ask_once(body), request)
            return
        extensions = {"stream": True, "seed": request.seed, "steps": request.steps}
        ours = {**body, **{name: value for name, value in extensions.items() if value is not None}}
        async with (
            self._upstream.stream(self._url, ours) as response,
            aclosing(read_image_stream(response, self._upstream)) as events,
        ):
            async for event in events:
                yield await self._finish(event, request) if isinstance(event, DrawnImage) else event

    def _make_body(self, request: DrawingRequest) -> dict[str, Any]:
        body: dict[str, Any] = {"prompt": request.prompt, "n": 1, "response_format": "b64_json"}
        if self._model:
            body["model"] = self._model
        if request.width is not None and request.height is not None:
            body["size"] = f"{request.width}x{request.height}"
        return body

    async def _is_ours(self) -> bool:
        """MoM's image server names itself as its model's owner. Raises `PartUnavailableError` where nothing answers."""
        listed = await self._upstream.probe("/v1/models") or {}
        models = listed.get("data")
        entries = models if isinstance(models, list) else []
        return any(isinstance(entry, dict) and entry.get("owned_by") == OWNER for entry in entries)

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
