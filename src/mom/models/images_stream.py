"""Reads event streams of image servers: of MoM's own queue position, progress and previews; of others partial images."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing

import httpx
from httpx_sse import EventSource, SSEError
from pydantic import ValidationError

from mom.errors import PartBrokenError, PartError, PartTimeoutError
from mom.mixture.events import ImageProgress, ImageQueued
from mom.models.images_wire import DrawnImage, ImageEvent, decode_base64, preview_url
from mom.models.picture_file import make_preview
from mom.models.refusals import stream_refusal
from mom.models.upstream import Upstream


async def read_our_stream(
    response: httpx.Response, upstream: Upstream
) -> AsyncGenerator[ImageQueued | ImageProgress | DrawnImage]:
    """The events of MoM's image server, and last the picture. A stream without one raises `PartBrokenError`."""
    async with aclosing(_read_events(response, upstream, upstream.limits.between_tokens_s)) as events:
        async for event in events:
            if event.failure is not None:
                raise _failure(event.failure, upstream)
            match event.name:
                case "completed":
                    yield event
                    return
                case "queued":
                    yield ImageQueued(event.position, event.estimate_s)
                case "progress":
                    yield ImageProgress(event.step, event.steps or 0, preview_url(event.b64_json))


async def read_openais_stream(
    response: httpx.Response, upstream: Upstream, partial_images: int
) -> AsyncGenerator[ImageProgress | DrawnImage]:
    """Another server's partial images as previews, and last the picture. Nothing is to be heard between them.

    They are counted as steps, the picture being one more: no server that sends them tells its own steps.
    """
    async with aclosing(_read_events(response, upstream, upstream.limits.reply_s)) as events:
        async for event in events:
            if event.failure is not None:
                raise stream_refusal(upstream.server, event.failure, has_begun=True)
            if event.name == "completed":
                yield event
                return
            if event.name == "partial_image":
                shown = decode_base64(event.b64_json or "")
                preview = await asyncio.to_thread(make_preview, shown) if shown else None
                yield ImageProgress(min(event.partial_image_index + 1, partial_images), partial_images + 1, preview)


async def _read_events(response: httpx.Response, upstream: Upstream, silence_s: float) -> AsyncGenerator[ImageEvent]:
    """Each event; the reader stops at the picture. An end before that raises `PartBrokenError`, silence `PartTimeoutError`."""
    assert isinstance(response.stream, httpx.AsyncByteStream)
    response.stream = LivelyStream(response.stream, upstream, silence_s)
    async with aclosing(EventSource(response).aiter_sse()) as events:
        with upstream.failures():
            try:
                async for raw in events:
                    if raw.data and raw.data != "[DONE]":
                        yield _read_event(raw.data, upstream)
            except SSEError as error:
                raise upstream.broken("answered no stream of events") from error
    raise upstream.broken("ended before the picture was finished")


class LivelyStream(httpx.AsyncByteStream):
    """The bytes of `stream`, which have to keep coming: our server sends a heartbeat while a step takes long."""

    def __init__(self, stream: httpx.AsyncByteStream, upstream: Upstream, silence_s: float) -> None:
        self._stream = stream
        self._upstream = upstream
        self._silence_s = silence_s

    async def __aiter__(self) -> AsyncIterator[bytes]:
        chunks = aiter(self._stream)
        while True:
            try:
                async with asyncio.timeout(self._silence_s):
                    chunk = await anext(chunks, None)
            except TimeoutError as error:
                raise self._upstream.too_slow(f"no sign of life for {self._silence_s:g} s") from error
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
    words = upstream.server.without_keys(
        str(error.get("message") or "The image model failed and did not say why. Try again.")
    )
    kind = PartTimeoutError if error.get("code") == PartTimeoutError.code else PartBrokenError
    return kind(words, part=upstream.server.part)
