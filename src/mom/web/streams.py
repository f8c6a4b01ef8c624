"""Answers that take their time: a view decides, the event loop answers, and a client that leaves ends the work.

A Flask view checks what it has to and returns `later(make)`; what `make` gives may be a `StreamedResponse`. Under `asgi.py`
the view's thread is free from then on: the coroutine `make` and the chunks run on the server's event loop, so a thousand open
streams need no thread each. Under plain WSGI (`flask run`, the test client) the same response is fetched through the loop,
chunk by chunk.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from queue import SimpleQueue

from flask import Response, request

from mom.web.failures import failure_response
from mom.web.services import services

Make = Callable[[], Awaitable[Response]]

HEARTBEAT = b": still here\n\n"
EVENT_STREAM_HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}  # nginx would hold events back


class StreamedResponse(Response):
    """A response whose body is `chunks`, an async generator of whole server-sent events."""

    def __init__(self, chunks: AsyncGenerator[bytes, None], headers: Mapping[str, str] | None = None) -> None:
        super().__init__(headers={**EVENT_STREAM_HEADERS, **(headers or {})}, mimetype="text/event-stream")
        self.chunks = chunks


@dataclass
class TakeOver:
    """Put into the ASGI scope by `asgi.py`; a view that answers later leaves its coroutine function here."""

    heartbeat_s: float = 0.0
    make: Make | None = None


def later(make: Make) -> Response:
    """Answer with what `make` returns, on the event loop. It is cancelled when the client leaves."""
    scope = request.environ.get("asgi.scope")
    if scope is not None and request.method != "HEAD":
        take_over: TakeOver = scope["mom.take_over"]
        take_over.heartbeat_s, take_over.make = services().heartbeat_s, make
        return Response()
    return _fetched_through_the_loop(make, services().loop)


async def made(make: Make) -> Response:
    """The response of `make`; its failure is a response, too."""
    try:
        return await make()
    except Exception as error:  # noqa: BLE001 -- the outermost place of this request; `failure_response` logs
        return failure_response(error)


def _fetched_through_the_loop(make: Make, loop: asyncio.AbstractEventLoop) -> Response:
    response = asyncio.run_coroutine_threadsafe(made(make), loop).result()
    if isinstance(response, StreamedResponse):
        response.response = _pulled(response.chunks, loop)
    return response


def _pulled(chunks: AsyncGenerator[bytes, None], loop: asyncio.AbstractEventLoop) -> Iterator[bytes]:
    """The chunks in a plain thread; one task of the loop drives them from the first to the last."""
    arrived: SimpleQueue[bytes | None] = SimpleQueue()

    async def push() -> None:
        try:
            async with aclosing(chunks):
                async for chunk in chunks:
                    arrived.put(chunk)
        finally:
            arrived.put(None)

    pushing = asyncio.run_coroutine_threadsafe(push(), loop)
    try:
        while (chunk := arrived.get()) is not None:
            yield chunk
        pushing.result()
    finally:
        pushing.cancel()
