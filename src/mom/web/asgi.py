"""The outermost layer under uvicorn: Flask in a few threads, and every answer that takes its time on the event loop."""

import asyncio
import io
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing, asynccontextmanager
from typing import Any

from a2wsgi.wsgi import build_environ
from flask import Flask, Response
from werkzeug.test import run_wsgi_app

from mom.web.streams import HEARTBEAT, StreamedResponse, TakeOver, made

Scope = MutableMapping[str, Any]
Event = MutableMapping[str, Any]
Headers = list[tuple[bytes, bytes]]
Receive = Callable[[], Awaitable[Event]]
Send = Callable[[Event], Awaitable[None]]

THREADS = 8  # views are short: they start work and read the database
BODY_LIMIT = 64_000_000  # bytes kept of any request; views set lower limits
DRAIN_LIMIT = 256_000_000  # bytes read of one that is too large, so that its sender comes to read the answer


class AsgiApp:
    """The Flask `app` as an ASGI application."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="views")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":  # MoM has no WebSockets
            await send({"type": f"{scope['type']}.close"})
            return
        take_over = TakeOver()
        answer = await self._ask_flask(_in_origin_form(scope), receive, take_over)
        if answer is None:
            return
        start, body = answer
        if take_over.make is None:
            await send(start)
            await send({"type": "http.response.body", "body": body})
        else:
            kept = [pair for pair in start["headers"] if pair[0] not in {b"content-length", b"content-type"}]
            await _answer_unless_left(take_over, kept, receive, send)

    async def _ask_flask(self, scope: Scope, receive: Receive, take_over: TakeOver) -> tuple[Event, bytes] | None:
        """What `_answer_of` gives, or None where the client left. While a stream is open nothing of its request is kept."""
        read = await _read_body(receive)
        if read is None:
            return None
        length, body = read
        # WSGI reads a body by its length alone, and a chunked request tells none.
        headers = [pair for pair in scope["headers"] if pair[0] not in {b"content-length", b"transfer-encoding"}]
        headers.append((b"content-length", str(length).encode()))
        environ = build_environ({**scope, "headers": headers, "mom.take_over": take_over}, io.BytesIO(body))
        return await asyncio.get_running_loop().run_in_executor(self._threads, _answer_of, self._app, environ)


def _in_origin_form(scope: Scope) -> Scope:
    """A request for `http://HOST/path` as one for `/path` at that host, whatever its header says (RFC 9112, section 3.2.2)."""
    host, _, path = scope["path"].partition("://")[2].partition("/")
    if scope["path"].startswith("/") or not host:
        return scope
    headers = [*(pair for pair in scope["headers"] if pair[0] != b"host"), (b"host", host.encode())]
    return {**scope, "path": f"/{path}", "headers": headers}


def _answer_of(app: Flask, environ: dict[str, Any]) -> tuple[Event, bytes]:
    """The start of the answer, and its body as a whole: handed to the event loop piece by piece, each would wait for it to be free."""
    pieces, status, headers = run_wsgi_app(app, environ, buffered=True)
    pairs = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers]
    kept = [pair for pair in pairs if pair[0] != b"date"]  # uvicorn writes one; werkzeug has its own for files
    return {"type": "http.response.start", "status": int(status.split(" ")[0]), "headers": kept}, b"".join(pieces)


async def _read_body(receive: Receive) -> tuple[int, bytes] | None:
    """The body's length and bytes, or None where the client left. Of one over the limit no bytes are kept:
    Flask sees its length and refuses it.

    Read here so that a slow sender occupies no thread.
    """
    body, length, more = bytearray(), 0, True
    while more and length <= DRAIN_LIMIT:
        event = await receive()
        if event["type"] == "http.disconnect":
            return None
        length += len(event.get("body", b""))
        if length <= BODY_LIMIT:
            body += event.get("body", b"")
        more = event.get("more_body", False)
    return length, bytes(body) if length <= BODY_LIMIT else b""


async def _answer_unless_left(take_over: TakeOver, headers: Headers, receive: Receive, send: Send) -> None:
    """Answer; where the client leaves first, cancel the answer and with it the work behind it."""
    answering = asyncio.create_task(_answer(take_over, headers, send))
    leaving = asyncio.create_task(_client_left(receive))
    try:
        await asyncio.wait({answering, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if answering.done():
            await answering
    finally:
        answering.cancel()
        leaving.cancel()
        await asyncio.gather(answering, leaving, return_exceptions=True)


async def _client_left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _answer(take_over: TakeOver, headers: Headers, send: Send) -> None:
    assert take_over.make is not None
    response = await made(take_over.make)
    if not isinstance(response, StreamedResponse):
        body = response.get_data()
        response.headers["Content-Length"] = str(len(body))
        await send(_start(response, headers))
        await send({"type": "http.response.body", "body": body})
        return
    await send(_start(response, headers))
    async with _heartbeat(take_over.heartbeat_s, send), aclosing(response.chunks):
        async for chunk in response.chunks:
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
    await send({"type": "http.response.body", "body": b""})


@asynccontextmanager
async def _heartbeat(seconds: float, send: Send) -> AsyncIterator[None]:
    """A comment every so often, so that nobody between takes a slow answer for a dead connection."""

    async def beat() -> None:
        while True:
            await asyncio.sleep(seconds)
            await send({"type": "http.response.body", "body": HEARTBEAT, "more_body": True})

    beating = asyncio.create_task(beat())
    try:
        yield
    finally:
        beating.cancel()
        await asyncio.wait({beating})


def _start(response: Response, headers: Headers) -> Event:
    own = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in response.headers]
    names = {name for name, _ in own}
    kept = [pair for pair in headers if pair[0] not in names]
    return {"type": "http.response.start", "status": response.status_code, "headers": [*kept, *own]}
