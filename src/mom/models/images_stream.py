"""Reads the event stream of MoM's image server: queue position, progress with previews, and the picture's bytes."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing

import httpx
from httpx_sse import EventSource, SSEError
from pydantic import ValidationError

from mom.errors import PartBrokenError, PartError, PartTimeoutError
from mom.mixture.events import ImageProgress, ImageQueued
from mom.models.images_wire import DrawnImage, ImageEvent, preview_url
from mom.models.upstream import Upstream


async def read_image_stream(
    response: httpx.Response, upstream: Upstream
) -> AsyncGenerator[ImageQueued | ImageProgress | DrawnImage]:
    """The events, and last the picture. A stream that ends without one raises `PartBrokenError`."""
    assert isinstance(response.stream, httpx.AsyncByteStream)
    response.stream = LivelyStream(response.stream, upstream)
    async with aclosing(EventSource(response).aiter_sse()) as events:
        with upstream.failures():
            try:
                async for raw in events:
                    event = _read_event(raw.data, upstream)
                    if event.error is not None:
                        raise _failure(event.error, upstream)
                    match event.type.removeprefix("image_generation.").removeprefix("image_edit."):
                        case "completed":
                            yield event
                            return
                        case "queued":
                            yield ImageQueued(event.position, event.estimate_s)
                        case "progress":
                            yield ImageProgress(event.step, event.steps or 0, preview_url(event.b64_json))
            except SSEError as error:
                raise upstream.broken("answered no stream of events") from error
    raise upstream.broken("ended before the picture was finished")


class LivelyStream(httpx.AsyncByteStream):
    """The bytes of `stream`, which have to keep coming: the server sends a heartbeat while a step takes long."""

    def __init__(self, stream: httpx.AsyncByteStream, upstream: Upstream) -> None:
        self._stream = stream
        self._upstream = upstream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        chunks = aiter(self._stream)
        limit_s = self._upstream.limits.between_tokens_s
        while True:
            try:
                async with asyncio.timeout(limit_s):
                    chunk = await anext(chunks, None)
            except TimeoutError as error:
                raise self._upstream.too_slow(f"no sign of life for {limit_s:g} s") from error
            if chunk is None:
                return
            yield chunk

    async def aclose(self) -> None:
        await self._stream.aclose()


def _read_event(data: str, upstream: Upstream) -> ImageEvent:
    try:
        return ImageEvent.model_validate_json(data)
    except ValidationError as error:
        raise upstream.broken("sent an event that no image server sends") from error


def _failure(error: dict[str, object], upstream: Upstream) -> PartError:
    """The server's own sentence: it is ours, and says what to do."""
    words = upstream.server.without_keys(str(error.get("message") or "The image model failed without a word."))
    kind = PartTimeoutError if error.get("code") == PartTimeoutError.code else PartBrokenError
    return kind(words, part=upstream.server.part)
