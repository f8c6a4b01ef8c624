"""Chat servers as test programs: real HTTP on a loopback port, with the replies that a test lays down."""

import asyncio
import json
import socket
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from mom.models.parts import Endpoint
from tests.listening import listening

DEADLINE_S = 20.0


@dataclass
class FakeServer:
    """Answers each path with the next of its replies, the last one again and again; notes what it was asked, and from which ports."""

    replies: Mapping[str, list[Response | Callable[[], Response]]]
    asked: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    root: str = ""
    callers: list[int] = field(default_factory=list)

    @property
    def endpoint(self) -> Endpoint:
        return Endpoint(f"{self.root}/v1", "some-model", "secret-key-0123456789")

    def bodies(self, path: str) -> list[dict[str, Any]]:
        return [body for asked_path, body in self.asked if asked_path == path]

    async def answer(self, request: Request) -> Response:
        path = request.url.path
        self.callers.append(request.client.port)
        raw = await request.body()
        self.asked.append((path, json.loads(raw) if raw else {}))
        replies = self.replies.get(path)
        if replies is None:
            return JSONResponse({"detail": "Not Found"}, status_code=404)
        reply = replies[min(len(self.bodies(path)) - 1, len(replies) - 1)]
        return reply() if callable(reply) and not isinstance(reply, Response) else reply


@contextmanager
def running(replies: Mapping[str, list[Any]]) -> Iterator[FakeServer]:
    """Serve the replies until the context is left."""
    fake = FakeServer(replies)
    app = Starlette(routes=[Route("/{path:path}", fake.answer, methods=["GET", "POST"])])
    with serving(app) as root:
        fake.root = root
        yield fake


@contextmanager
def serving(app: Starlette) -> Iterator[str]:
    """Serve an ASGI app on a free loopback port; gives its address."""
    listener = socket.create_server(("127.0.0.1", 0))
    # As servers do: otherwise a body waits 40 ms behind its head.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    config = uvicorn.Config(app, log_level="critical", lifespan="off", timeout_graceful_shutdown=0)
    started, ended = threading.Event(), Future[None]()

    async def serve() -> None:
        async with listening(uvicorn.Server(config), listener):
            started.set()
            await asyncio.wrap_future(ended)

    thread = threading.Thread(target=asyncio.run, args=(serve(),), daemon=True)
    thread.start()
    try:
        assert started.wait(DEADLINE_S)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        ended.set_result(None)
        thread.join(DEADLINE_S)


def chunk(content: str | None = None, *, finish_reason: str | None = None, **delta: Any) -> dict[str, Any]:
    """One chunk of a stream."""
    words = {"content": content, **delta} if content is not None else delta
    return {"choices": [{"index": 0, "delta": words, "finish_reason": finish_reason}]}


STOP = chunk(finish_reason="stop")
USAGE = {"choices": [], "usage": {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10}}


def sse(
    *events: dict[str, Any] | str,
    done: bool = True,
    then: Callable[[], Any] | None = None,
    headers: dict[str, str] | None = None,
) -> Callable[[], Response]:
    """A stream of events; `then` is awaited before it ends."""

    async def body() -> AsyncIterator[str]:
        for event in events:
            yield f"data: {event if isinstance(event, str) else json.dumps(event)}\n\n"
        if then is not None:
            await then()
        if done:
            yield "data: [DONE]\n\n"

    return lambda: StreamingResponse(body(), headers=headers, media_type="text/event-stream")


def completion(content: str, *, finish_reason: str = "stop", positions: list[dict[str, Any]] | None = None) -> Response:
    """A whole reply, OpenAI's shape."""
    choice: dict[str, Any] = {"message": {"role": "assistant", "content": content}, "finish_reason": finish_reason}
    if positions is not None:
        choice["logprobs"] = {"content": positions}
    return JSONResponse({"choices": [choice], "usage": {"prompt_tokens": 1, "completion_tokens": 1}})


def refused(status: int, message: str, headers: dict[str, str] | None = None, **fields: Any) -> Response:
    """An error, OpenAI's shape."""
    return JSONResponse({"error": {"message": message, **fields}}, status_code=status, headers=headers)
