"""Runs the web process: one event loop for the server, the turns and the models' clients."""

import asyncio
import logging
import socket
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

import h11
import uvicorn
from flask import Flask
from uvicorn.protocols.http.h11_impl import STATUS_PHRASES, H11Protocol
from werkzeug.exceptions import BadRequest

from mom.errors import PortInUseError
from mom.web.asgi import AsgiApp
from mom.web.failures import failure_response
from mom.web.services import Services, services

log = logging.getLogger(__name__)

CLEAN_EVERY_S = 3600.0
SHUTDOWN_S = 3  # what is still open then is cut off
OPEN_FILES = 8_192  # each open stream is one, and so may be its way to the model; more than macOS lets a process have is refused there


def allow_many_open_files() -> None:
    """Raise this process's own limit, mostly 1,024, as far as the system lets it: at the limit nothing could be accepted, read or stored."""
    if sys.platform == "win32":
        return
    import resource  # noqa: PLC0415 -- not on Windows

    limit, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    enough = OPEN_FILES if most == resource.RLIM_INFINITY else min(OPEN_FILES, most)
    if limit != resource.RLIM_INFINITY and limit < enough:
        resource.setrlimit(resource.RLIMIT_NOFILE, (enough, most))


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 is any free one. Raises `PortInUseError`.

    Its connections send at once. asyncio sees to that for those that it accepts by a socket of its own making only; without it,
    an answer's body waits 40 ms behind its head until the client has acknowledged that.
    """
    try:
        listener = socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as error:
        raise PortInUseError(
            f"MoM cannot listen at {host}:{port}: {error.strerror}. Set MOM_PORT to another."
        ) from error
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


async def serve(app: Flask, listener: socket.socket, *, is_first: bool) -> None:
    """Serve `app`, which was made for the running loop, until SIGINT or SIGTERM. `is_first` as in `at_work`."""
    allow_many_open_files()
    async with at_work(app, is_first=is_first):
        await make_server(app).serve(sockets=[listener])


@asynccontextmanager
async def at_work(app: Flask, *, is_first: bool = True) -> AsyncIterator[None]:
    """Tables are at their newest, turns of a process before this one are marked, the parts are followed; then all is closed.

    Unless this `is_first`, another process works with the same data folder now: the turns that are running may be its own. The same
    holds where one with another folder works with the same PostgreSQL.
    """
    known = services(app)
    database = known.history.database
    await asyncio.to_thread(database.upgrade)
    with database.in_use() as was_free:
        if is_first and was_free:
            await asyncio.to_thread(known.turns.mark_interrupted)
        known.models.start()
        ending = asyncio.Event()
        cleaning = asyncio.create_task(_clean_up(known, ending))
        try:
            yield
        finally:
            ending.set()
            await cleaning
            await known.turns.close()
            await known.models.close()
            if known.control is not None:
                await known.control.close()
            database.close()


async def _clean_up(known: Services, ending: asyncio.Event) -> None:
    """Delete what nobody needs any more: at the start, and then what has grown too old."""
    await _clean(known.pictures.delete_orphans, "files of pictures that are gone could not be deleted")
    while not ending.is_set():
        await _clean(known.kept_responses.delete_old, "responses that are too old could not be deleted")
        with suppress(TimeoutError):
            await asyncio.wait_for(ending.wait(), CLEAN_EVERY_S)


async def _clean(delete: Callable[[], object], failure: str) -> None:
    try:
        await asyncio.to_thread(delete)
    except Exception:
        log.exception(failure)


def make_server(app: Flask) -> uvicorn.Server:
    """The server for `app`; it tells nothing of itself and writes no line per request."""
    config = uvicorn.Config(
        AsgiApp(app), log_level="warning", access_log=False, server_header=False, lifespan="off",
        # httptools, taken where it is installed, loses the body behind `Upgrade: h2c`, as Java's client sends it, and has no limits.
        http=_Http,
        proxy_headers=False,  # `base_url.py` says why
        timeout_graceful_shutdown=SHUTDOWN_S,
    )  # fmt: skip
    return _Server(config, services(app))


class _Http(H11Protocol):
    """Answers what is no HTTP with an error in the same envelope as every other."""

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 -- the envelope's own words say what to do
        body = failure_response(BadRequest())
        headers = [*body.headers.items(), ("Connection", "close")]
        self.transport.write(self.conn.send(h11.Response(status_code=400, headers=headers, reason=STATUS_PHRASES[400])))
        self.transport.write(self.conn.send(h11.Data(body.get_data())))
        self.transport.write(self.conn.send(h11.EndOfMessage()))
        self.transport.close()


class _Server(uvicorn.Server):
    """Ends running turns first: their event streams end by themselves then, and the server need not wait for them."""

    def __init__(self, config: uvicorn.Config, known: Services) -> None:
        super().__init__(config)
        self._known = known

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await self._known.turns.close()
        await super().shutdown(sockets)
