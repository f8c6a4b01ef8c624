"""The control API: the web process asks the supervisor, on loopback, for states and for changes of models."""

import asyncio
import hmac
import json
import secrets
import socket
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any, Protocol

import psutil
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from mom.errors import (
    ConflictError,
    ForbiddenError,
    InputError,
    MomError,
    NotFoundError,
    ParameterError,
    PartUnavailableError,
    SettingsError,
)
from mom.models.part_sources import LONG_POLL_S
from mom.models.parts import Part, PartName
from mom.serving.board import Board
from mom.serving.program import LOOPBACK

STATUS: dict[type[Exception], int] = {
    ForbiddenError: 403,
    NotFoundError: 404,
    ConflictError: 409,
    InputError: 400,
    SettingsError: 400,
    PartUnavailableError: 400,  # the address that was asked for is not right
}


class Controlled(Protocol):
    """What the control API acts on; the supervisor."""

    @property
    def board(self) -> Board: ...

    def swap(self, part: PartName, address: str, api_key: str | None) -> None:
        """Raises `SettingsError` for an address that cannot play the part."""

    def reset(self, part: PartName) -> None: ...

    def cancel(self, part: PartName) -> None:
        """Raises `ConflictError` where nothing is under way that could be given up."""

    async def models_at(self, part: PartName, address: str, api_key: str | None) -> list[str]:
        """Raises `SettingsError`, and `PartUnavailableError` where no such server answers, or not to this key."""

    async def offers(self) -> dict[str, Any]: ...

    async def choices(self, part: PartName) -> dict[str, Any]: ...


def create_control_app(controlled: Controlled, token: str, host: str, closing: asyncio.Event) -> ASGIApp:
    """The whole URL table. Long polls answer at once when `closing` is set."""

    async def read_parts(request: Request) -> Response:
        board = controlled.board
        after = request.query_params.get("after", "")
        if after.isdecimal():
            waits = {asyncio.create_task(board.wait_for_change(int(after))), asyncio.create_task(closing.wait())}
            try:
                await asyncio.wait(waits, timeout=LONG_POLL_S, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for wait in waits:
                    wait.cancel()
        return JSONResponse(
            {"version": board.version, "parts": [_with_memory(part).as_json() for part in board.parts.values()]}
        )

    async def swap_part(request: Request) -> Response:
        part = _part_of(request)
        controlled.swap(part, *await _read_address(request))
        return JSONResponse({}, status_code=202)

    async def list_models(request: Request) -> Response:
        part = _part_of(request)
        return JSONResponse({"models": await controlled.models_at(part, *await _read_address(request))})

    async def reset_part(request: Request) -> Response:
        controlled.reset(_part_of(request))
        return JSONResponse({}, status_code=202)

    async def cancel_change(request: Request) -> Response:
        controlled.cancel(_part_of(request))
        return JSONResponse({}, status_code=202)

    async def read_offers(_request: Request) -> Response:
        return JSONResponse(await controlled.offers())

    async def read_choices(request: Request) -> Response:
        return JSONResponse(await controlled.choices(_part_of(request)))

    app = Starlette(
        routes=[
            Route("/parts", _in_envelope(read_parts)),
            Route("/parts/{name}/swap", _in_envelope(swap_part), methods=["POST"]),
            Route("/parts/{name}/models", _in_envelope(list_models), methods=["POST"]),
            Route("/parts/{name}/choices", _in_envelope(read_choices)),
            Route("/parts/{name}/reset", _in_envelope(reset_part), methods=["POST"]),
            Route("/parts/{name}/cancel", _in_envelope(cancel_change), methods=["POST"]),
            Route("/offers", _in_envelope(read_offers)),
        ]
    )
    return Guard(app, token, host)


class Guard:
    """Lets in only who knows the token and names this address: a web page can do neither (DNS rebinding)."""

    def __init__(self, app: ASGIApp, token: str, host: str) -> None:
        self._app = app
        self._authorization = f"Bearer {token}".encode()
        self._host = host.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = dict(scope.get("headers", ()))
        is_known = hmac.compare_digest(headers.get(b"authorization", b""), self._authorization)
        if headers.get(b"host") != self._host or not is_known:
            await _refusal(ForbiddenError("The control API is for MoM's own processes."))(scope, receive, send)
            return
        await self._app(scope, receive, send)


class ControlServer:
    """Serves the control API in the running loop, without uvicorn's main loop, which would wake ten times a second."""

    def __init__(self, controlled: Controlled) -> None:
        self.token = secrets.token_urlsafe(32)
        self._socket = socket.create_server((LOOPBACK, 0))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # as the web process's `listen` has it
        host = f"{LOOPBACK}:{self._socket.getsockname()[1]}"
        self.url = f"http://{host}"
        self._closing = asyncio.Event()
        app = create_control_app(controlled, self.token, host, self._closing)
        self._config = uvicorn.Config(
            app, http="h11", log_level="warning", lifespan="off", date_header=False, timeout_graceful_shutdown=1
        )
        self._server = uvicorn.Server(self._config)

    async def start(self) -> None:
        self._config.load()
        self._server.lifespan = self._config.lifespan_class(self._config)
        await self._server.startup(sockets=[self._socket])

    async def stop(self) -> None:
        self._closing.set()
        await self._server.shutdown(sockets=[self._socket])


Handler = Callable[[Request], Awaitable[Response]]


def _in_envelope(handler: Handler) -> Handler:
    async def handle(request: Request) -> Response:
        try:
            return await handler(request)
        except MomError as error:
            return _refusal(error)

    return handle


def _refusal(error: MomError) -> Response:
    status = next((code for kind, code in STATUS.items() if isinstance(error, kind)), 500)
    return JSONResponse({"error": error.as_json()}, status_code=status)


def _part_of(request: Request) -> PartName:
    name = request.path_params["name"]
    if name not in [part.value for part in PartName]:
        raise NotFoundError(f"There is no part {name!r}.")
    return PartName(name)


async def _read_address(request: Request) -> tuple[str, str | None]:
    """The model address in the body, and the key for it."""
    wanted = await _read_json(request)
    address, api_key = wanted.get("address"), wanted.get("api_key")
    if not isinstance(address, str) or not isinstance(api_key, str | None):
        raise ParameterError("This needs an 'address'.", param="address")
    return address, api_key


async def _read_json(request: Request) -> dict[str, Any]:
    try:
        value = json.loads(await request.body())
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise ParameterError("The body is not a JSON object.")
    return value


def _with_memory(part: Part) -> Part:
    if part.pid is None:
        return part
    try:
        return replace(part, memory_bytes=psutil.Process(part.pid).memory_info().rss)
    except psutil.Error:
        return part
