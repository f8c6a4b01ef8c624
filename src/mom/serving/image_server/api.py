"""The routes: `/healthz`, `/v1/models`, `/v1/images/generations`, `/v1/images/edits`. Answers from the first moment on, also while the model loads."""

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import asdict
from http import HTTPStatus

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from mom.errors import (
    BusyError,
    InputError,
    MomError,
    NotFoundError,
    ParameterError,
    PartTimeoutError,
    PartUnavailableError,
)
from mom.serving.image_server.answers import Wanted, collect_answer, stream_answer
from mom.serving.image_server.config import ServerConfig
from mom.serving.image_server.drawing import Engine
from mom.serving.image_server.edits import MAX_EDIT_BYTES, read_edit
from mom.serving.image_server.gate import Gate
from mom.serving.image_server.jobs import PART, RETRY_AFTER_S, Gathering, Job, JobQueue, QueueLimits
from mom.serving.image_server.parameters import Defaults, GenerationRequest, read_object, read_request
from mom.serving.image_server.vocabulary import read_vocabulary

MAX_BODY_BYTES = 256 * 1024
CLIENT_LEFT = 499  # nginx's word; nobody reads it
STATUS = (
    (InputError, 400),
    (NotFoundError, 404),
    (BusyError, 429),
    (PartUnavailableError, 503),
    (PartTimeoutError, 504),
)


class ImageServer:
    """The model, once it is loaded, and its queue, behind the routes. `gathering` is entered while the processor draws."""

    def __init__(self, config: ServerConfig, gathering: Gathering = nullcontext) -> None:
        self._config = config
        self._engine: Engine | None = None
        self._vocabulary = read_vocabulary(config.model)
        limits = QueueLimits(
            waiting=config.max_waiting, drawing_s=config.time_limit_s, waiting_s=config.waiting_limit_s
        )
        self._jobs = JobQueue(limits, gathering)

    async def work(self, engine: Engine, thread: ThreadPoolExecutor) -> None:
        """From now on the model is loaded: draw what is asked for, until cancelled."""
        self._engine = engine
        await self._jobs.work(engine, thread)

    def make_app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/healthz", self._show_health),
                Route("/v1/models", self._list_models),
                Route("/v1/images/generations", self._generate, methods=["POST"]),
                Route("/v1/images/edits", self._edit, methods=["POST"]),
            ],
            middleware=[Middleware(Gate, host=self._config.host, api_key=self._config.api_key)],
            exception_handlers={
                MomError: _answer_error,
                HTTPException: _answer_http_error,
                ClientDisconnect: _answer_nobody,
            },
        )

    async def _show_health(self, _request: Request) -> Response:
        body = {"model": self._config.model_name, "queue": self._jobs.as_json()}
        if self._engine is None:
            return JSONResponse({"status": "loading", **body}, status_code=503)
        return JSONResponse({"status": "ok", "engine": self._engine.description, **body})

    async def _list_models(self, _request: Request) -> Response:
        # `owned_by` tells MoM's client that progress, previews, seed and steps are to be had here.
        model = {"id": self._config.model_name, "object": "model", "created": 0, "owned_by": "mom"}
        if self._engine is not None:
            model["abilities"] = asdict(self._engine.abilities)
        return JSONResponse({"object": "list", "data": [model]})

    async def _generate(self, request: Request) -> Response:
        defaults = self._defaults()
        fields = read_object(await _read_body(request, MAX_BODY_BYTES))
        return await self._answer(request, read_request(fields, defaults), "image_generation")

    async def _edit(self, request: Request) -> Response:
        defaults = self._defaults()
        body = await _read_body(request, MAX_EDIT_BYTES)
        kind = request.headers.get("content-type", "")
        # Decoding a large picture takes a tenth of a second, in which others want to hear how they stand.
        return await self._answer(request, await asyncio.to_thread(read_edit, body, kind, defaults), "image_edit")

    def _defaults(self) -> Defaults:
        if self._engine is None:
            raise PartUnavailableError("The image model is still loading. Try again in a moment.", part=PART)
        return Defaults(self._config.model_name, self._config.steps, self._engine.abilities)

    async def _answer(self, request: Request, asked: GenerationRequest, kind: str) -> Response:
        job = Job(asked.specs, owner=asked.owner, is_batch=asked.is_batch)
        wanted = Wanted(self._config.model_name, kind, asked.partial_images, asked.as_url, self._vocabulary)
        self._jobs.submit(job)
        if asked.stream:
            return JobStream(stream_answer(job, wanted), whenever_it_ends=lambda: self._jobs.drop(job))
        return await self._answer_at_once(job, wanted, request)

    async def _answer_at_once(self, job: Job, wanted: Wanted, request: Request) -> Response:
        answering = asyncio.create_task(collect_answer(job, wanted))
        leaving = asyncio.create_task(_wait_until_left(request))
        try:
            await asyncio.wait({answering, leaving}, return_when=asyncio.FIRST_COMPLETED)
            if not answering.done():
                return Response(status_code=CLIENT_LEFT)
            return JSONResponse(answering.result())
        finally:
            answering.cancel()
            leaving.cancel()
            self._jobs.drop(job)


class JobStream(StreamingResponse):
    """A stream of a job's events that calls back when it is over, also when the client left before its first byte."""

    def __init__(self, events: AsyncIterator[bytes], *, whenever_it_ends: Callable[[], None]) -> None:
        super().__init__(events, media_type="text/event-stream", headers={"cache-control": "no-store"})
        self._whenever_it_ends = whenever_it_ends

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._whenever_it_ends()


async def _read_body(request: Request, limit: int) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit:
            raise ParameterError(f"The request is larger than {limit} bytes. Shorten the prompt, or send less.")
    return bytes(body)


async def _wait_until_left(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


async def _answer_error(_request: Request, error: Exception) -> Response:
    assert isinstance(error, MomError)
    status = next((status for kind, status in STATUS if isinstance(error, kind)), 500)
    headers = {"retry-after": str(RETRY_AFTER_S)} if status in {429, 503} else None
    return JSONResponse({"error": error.as_json()}, status_code=status, headers=headers)


async def _answer_http_error(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    code = HTTPStatus(error.status_code).name.lower()  # not_found, method_not_allowed
    fields = {"message": error.detail, "type": "invalid_request_error", "code": code, "param": None}
    return JSONResponse({"error": fields}, status_code=error.status_code, headers=error.headers)


async def _answer_nobody(_request: Request, _error: Exception) -> Response:
    """The client left in the middle of its request."""
    return Response(status_code=CLIENT_LEFT)
