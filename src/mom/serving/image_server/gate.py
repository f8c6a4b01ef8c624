"""The gate before the API: which hosts and keys are let in. The server is for MoM's web process, never for the public."""

import secrets

from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from mom.errors import ForbiddenError

LOOPBACK_NAMES = frozenset({"127.0.0.1", "localhost", "[::1]"})
OPEN_PATHS = frozenset({"/healthz"})


class Gate:
    """ASGI middleware: the `Host` has to be ours (a web page elsewhere may point its own name at 127.0.0.1), and the
    bearer key too, except to ask how the server is.
    """

    def __init__(self, app: ASGIApp, *, host: str, api_key: str) -> None:
        self._app = app
        self._hosts = LOOPBACK_NAMES | {host}
        self._authorization = f"Bearer {api_key}".encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        if _host_name(headers.get("host", "")) not in self._hosts:
            error = ForbiddenError("This server answers under its own address only.")
            await JSONResponse({"error": error.as_json()}, status_code=403)(scope, receive, send)
        elif scope["path"] not in OPEN_PATHS and not self._has_key(headers):
            error = ForbiddenError("The key is missing or wrong: send it as Authorization: Bearer KEY.")
            await JSONResponse({"error": error.as_json()}, status_code=401)(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    def _has_key(self, headers: Headers) -> bool:
        return secrets.compare_digest(headers.get("authorization", "").encode(), self._authorization)


def _host_name(host: str) -> str:
    """`[::1]:80` -> `[::1]`, `localhost:80` -> `localhost`."""
    name, _, port = host.rpartition(":")
    return name if name and port.isdecimal() else host
