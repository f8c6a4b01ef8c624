"""A MoM to ask: the one that is running, otherwise one that runs for this command alone and ends with it."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

import click
import httpx
from pydantic_core import from_json

from mom.cli.environment import plan_of
from mom.errors import InputError, MomError, ParameterError, PartBrokenError, PartUnavailableError, ServingError
from mom.models.parts import PartName, State
from mom.serving.child import free_port
from mom.serving.programs import WebAddress, web_program
from mom.serving.start_checks import check_data_dir, check_host
from mom.serving.supervisor import Supervisor
from mom.settings import Settings

PROBE_S = 2.0
POLL_S = 0.25
ANSWER_S = 600.0  # a picture on a slow machine
UNSETTLED = {State.STARTING, State.DOWNLOADING}


@dataclass(frozen=True)
class Server:
    """A MoM that answers; `http` has its address as base URL."""

    http: httpx.AsyncClient

    async def parts(self) -> dict[str, dict[str, Any]]:
        """Each part as `/readyz` shows it. Raises `PartBrokenError`."""
        try:
            parts: dict[str, dict[str, Any]] = (await self.http.get("/api/parts")).raise_for_status().json()["parts"]
        except (httpx.HTTPError, ValueError, LookupError) as error:
            raise PartBrokenError(
                f"MoM did not say which models play its parts ({type(error).__name__}). Look at its terminal, and try again.",
                part="web",
            ) from error
        return parts

    async def wait_until_settled(self, *names: PartName) -> None:
        """Return when neither the web process, which may still load its classifier, nor one of these parts is starting or being
        downloaded any more. A download is told on stderr: it may take an hour.
        """
        told = set[str]()
        while True:
            parts = await self.parts()
            if not any(name in parts and parts[name]["state"] in UNSETTLED for name in ("web", *names)):
                return
            for name in names:
                if name in parts and parts[name]["state"] == State.DOWNLOADING and name not in told:
                    told.add(name)
                    click.echo(f"The {name.words} is being downloaded: {parts[name]['model']}.", err=True)
            await asyncio.sleep(POLL_S)

    async def classify(self, body: dict[str, Any]) -> dict[str, Any]:
        """The verdict as JSON. Raises the `MomError` that the server tells."""
        try:
            answer = await self.http.post("/v1/classify", json=body)
        except httpx.HTTPError as error:
            raise PartBrokenError(f"MoM gave no verdict ({type(error).__name__}). Try again.", part="web") from error
        value: dict[str, Any] = answer.json()
        if not answer.is_success:
            raise failure_from(value)
        return value


@asynccontextmanager
async def running_server(settings: Settings) -> AsyncIterator[Server | None]:
    """The server that runs with these settings, or None. Raises `PartUnavailableError` where it cannot be told: a MoM that is
    too busy to answer runs all the same, and a second one must not take its data.
    """
    async with _client(WebAddress(settings.host, settings.port).url) as http:
        try:
            answer = await http.get("/healthz", timeout=PROBE_S)
            is_mom = answer.is_success and answer.json() == {"status": "ok"}
        except httpx.ReadTimeout as error:
            raise PartUnavailableError(
                f"What listens at {settings.host}:{settings.port} gave no answer within {PROBE_S:g} s. If it is MoM, it is busy: "
                "try again. Otherwise set MOM_PORT to another port.",
                part="web",
            ) from error
        except (httpx.HTTPError, ValueError):
            is_mom = False
        yield Server(http) if is_mom else None


@asynccontextmanager
async def server_at_hand(settings: Settings) -> AsyncIterator[Server]:
    """The running server, or one of this command's own with the same data. Raises `ServingError`, `StorageError`,
    `PartUnavailableError`.
    """
    check_host(settings.host, in_container=settings.container is not None)
    async with running_server(settings) as running:
        if running is not None:
            yield running
            return
    async with _own_server(settings) as own:
        yield own


@asynccontextmanager
async def _own_server(settings: Settings) -> AsyncIterator[Server]:
    plan = plan_of(settings, port=free_port())
    check_data_dir(plan)
    web = WebAddress(plan.host, plan.port)
    supervisor = Supervisor(plan, lambda control: web_program(web, control.url, control.token))
    running = asyncio.create_task(supervisor.run())
    ready = asyncio.create_task(supervisor.web_is_ready.wait())
    try:
        await asyncio.wait({running, ready}, return_when=asyncio.FIRST_COMPLETED)
        if running.done():
            raise ServingError(f"MoM cannot be started for this. {await running}")
        async with _client(web.url) as http:
            yield Server(http)
    finally:
        ready.cancel()
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running


def _client(url: str) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=url, timeout=httpx.Timeout(ANSWER_S, connect=PROBE_S), trust_env=False)


def check_words(asked: object) -> None:
    """Raises `ParameterError` where this JSON value cannot be sent and read, before a server is started for it."""
    try:
        from_json(json.dumps(asked, ensure_ascii=False).encode(), allow_inf_nan=False)
    except UnicodeEncodeError as error:
        raise ParameterError(
            "The message is not UTF-8: it is in another encoding, or holds half of a character. Write it in UTF-8."
        ) from error
    except (ValueError, RecursionError) as error:  # NaN, deep nesting
        raise ParameterError(f"The message cannot be sent as JSON: {error}.") from error


def failure_from(answer: dict[str, Any]) -> MomError:
    """The error in an envelope of MoM's, as the kind that decides the exit code."""
    error = answer["error"]
    message = str(error["message"])
    if error["code"] == PartUnavailableError.code:
        return PartUnavailableError(message, part="")
    if error["type"] == InputError.type:
        return ParameterError(message, param=error["param"])
    return MomError(message)
