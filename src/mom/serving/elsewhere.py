"""A part played by a server that MoM does not run: a URL, a hosted API, Ollama. It is asked whether it is there until it is."""

import asyncio
from collections.abc import Awaitable, Callable

import httpx

from mom.errors import PartUnavailableError
from mom.models.addresses import AddressKind, ModelAddress, hide_password
from mom.models.bounded import get_bounded
from mom.models.endpoints import endpoint_of
from mom.models.ollama import check_ollama_model
from mom.models.parts import Endpoint, PartName, State
from mom.serving.performance import Player, Report, Standing

FIRST_PAUSE_S, LONGEST_PAUSE_S = 2.0, 60.0
TIMEOUT_S = 5.0

Check = Callable[[], Awaitable[object]]
NOT_READY = {httpx.codes.BAD_GATEWAY, httpx.codes.SERVICE_UNAVAILABLE, httpx.codes.GATEWAY_TIMEOUT}


def player_elsewhere(
    part: PartName, address: ModelAddress, api_key: str | None, *, ollama_url: str, http: httpx.AsyncClient
) -> Player:
    """A player for a `url` or `ollama` address."""
    endpoint = endpoint_of(address, api_key=api_key, ollama_url=ollama_url)

    async def check() -> None:
        await check_answers(part, address, api_key, ollama_url=ollama_url, http=http)

    async def play(report: Report) -> None:
        pause_s = FIRST_PAUSE_S
        while problem := await _problem(check):
            report(Standing(State.EXTERNAL, problem, endpoint=endpoint, answers=False))
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, LONGEST_PAUSE_S)
        report(Standing(State.EXTERNAL, endpoint=endpoint))
        await asyncio.Event().wait()  # a performance lasts until it is ended

    return Player(endpoint.model or hide_password(address.target), play)


async def check_answers(
    part: PartName, address: ModelAddress, api_key: str | None, *, ollama_url: str, http: httpx.AsyncClient
) -> frozenset[str] | None:
    """The models that are listed at a `url` or `ollama` address, or None where it has no such list.

    Raises `PartUnavailableError` where nobody answers there, Ollama has no such model or the key is wrong.
    """
    if address.kind is AddressKind.OLLAMA:
        model = await check_ollama_model(http, ollama_url, address.target, part)
        return frozenset({address.target, model.name})
    return await _list_models(http, endpoint_of(address, api_key=api_key, ollama_url=ollama_url), part)


async def _problem(check: Check) -> str:
    try:
        await check()
    except PartUnavailableError as error:
        return error.message
    return ""


async def _list_models(http: httpx.AsyncClient, endpoint: Endpoint, part: PartName) -> frozenset[str] | None:
    where = hide_password(endpoint.base_url)
    headers = {"Authorization": f"Bearer {endpoint.api_key}"} if endpoint.api_key else {}
    try:
        answer = await get_bounded(http, f"{endpoint.base_url}/models", headers=headers, timeout_s=TIMEOUT_S)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise PartUnavailableError(
            f"Nothing answers at {where}. Start that server, or correct its address.", part=part
        ) from error
    if answer.status_code in NOT_READY:
        raise PartUnavailableError(f"{where} is not ready: it answers {answer.status_code}.", part=part)
    if answer.status_code in {httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN}:
        raise PartUnavailableError(f"{where} refuses the key: set {part.key_variable}.", part=part)
    try:
        return frozenset(str(model["id"]) for model in answer.raise_for_status().json()["data"])
    except (httpx.HTTPStatusError, ValueError, RecursionError, LookupError, TypeError):
        return None
