"""A part played by a server that MoM does not run: a URL, a hosted API, Ollama. It is asked whether it is there until it is."""

import asyncio
from collections.abc import Awaitable, Callable

import httpx

from mom.errors import PartUnavailableError
from mom.models.addresses import AddressKind, ModelAddress
from mom.models.endpoints import endpoint_of
from mom.models.ollama import check_ollama_model
from mom.models.parts import Endpoint, PartName, State
from mom.serving.performance import Player, Report, Standing

FIRST_PAUSE_S, LONGEST_PAUSE_S = 2.0, 60.0
TIMEOUT_S = 5.0

Check = Callable[[], Awaitable[None]]


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

    return Player(endpoint.model or address.target, play)


async def check_answers(
    part: PartName, address: ModelAddress, api_key: str | None, *, ollama_url: str, http: httpx.AsyncClient
) -> None:
    """Raises `PartUnavailableError` where nobody answers at a `url` or `ollama` address, the model is missing or the key is wrong."""
    if address.kind is AddressKind.OLLAMA:
        await check_ollama_model(http, ollama_url, address.target, part)
    else:
        await _check_url(http, endpoint_of(address, api_key=api_key, ollama_url=ollama_url), part)


async def _problem(check: Check) -> str:
    try:
        await check()
    except PartUnavailableError as error:
        return error.message
    return ""


async def _check_url(http: httpx.AsyncClient, endpoint: Endpoint, part: PartName) -> None:
    headers = {"Authorization": f"Bearer {endpoint.api_key}"} if endpoint.api_key else {}
    try:
        answer = await http.get(f"{endpoint.base_url}/models", headers=headers, timeout=TIMEOUT_S)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise PartUnavailableError(f"Nothing answers at {endpoint.base_url}.", part=part) from error
    if answer.status_code in {httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN}:
        variable = f"MOM_API_KEY_{part.value.upper()}"
        raise PartUnavailableError(f"{endpoint.base_url} refuses the key: set {variable}.", part=part)
