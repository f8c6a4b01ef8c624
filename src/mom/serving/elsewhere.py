"""A part played by a server that MoM does not run: a URL, a hosted API, Ollama. It is asked whether it is there until it is."""

import asyncio
from collections.abc import Awaitable, Callable

import httpx

from mom.errors import MomError, PartUnavailableError
from mom.models.addresses import AddressKind, ModelAddress, hide_password
from mom.models.bounded import get_bounded
from mom.models.endpoints import endpoint_of, is_loopback
from mom.models.ollama import check_ollama_model
from mom.models.parts import Endpoint, PartName, State
from mom.serving.performance import Player, Report, Standing
from mom.serving.trial import try_out

FIRST_PAUSE_S, LONGEST_PAUSE_S = 2.0, 60.0
TIMEOUT_S = 5.0
CONTAINERS_OWN = " This machine's own servers are at host.docker.internal: MoM is in a container, whose 127.0.0.1 is the container itself."

Check = Callable[[], Awaitable[object]]
NOT_READY = {httpx.codes.BAD_GATEWAY, httpx.codes.SERVICE_UNAVAILABLE, httpx.codes.GATEWAY_TIMEOUT}


def player_elsewhere(
    part: PartName,
    address: ModelAddress,
    api_key: str | None,
    *,
    ollama_url: str,
    http: httpx.AsyncClient,
    in_container: bool = False,
    is_tried: bool = False,
) -> Player:
    """A player for a `url` or `ollama` address. `is_tried`: it plays only once it has begun an answer."""
    endpoint = endpoint_of(address, api_key=api_key, ollama_url=ollama_url)

    async def check() -> None:
        await check_answers(part, address, api_key, ollama_url=ollama_url, http=http, in_container=in_container)
        if is_tried:
            await try_out(part, endpoint, http)

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
    part: PartName,
    address: ModelAddress,
    api_key: str | None,
    *,
    ollama_url: str,
    http: httpx.AsyncClient,
    in_container: bool = False,
) -> frozenset[str] | None:
    """The models that are listed at a `url` or `ollama` address, or None where it has no such list.

    Raises `PartUnavailableError` where nobody answers there, Ollama has no such model or the key is wrong.
    """
    if address.kind is AddressKind.OLLAMA:
        model = await check_ollama_model(http, ollama_url, address.target, part)
        return frozenset({address.target, model.name})
    endpoint = endpoint_of(address, api_key=api_key, ollama_url=ollama_url)
    return await _list_models(http, endpoint, part, in_container=in_container)


async def _problem(check: Check) -> str:
    try:
        await check()
    except MomError as error:
        return error.message
    return ""


async def _list_models(
    http: httpx.AsyncClient, endpoint: Endpoint, part: PartName, *, in_container: bool
) -> frozenset[str] | None:
    where = hide_password(endpoint.base_url)
    headers = {"Authorization": f"Bearer {endpoint.api_key}"} if endpoint.api_key else {}
    try:
        answer = await get_bounded(http, f"{endpoint.base_url}/models", headers=headers, timeout_s=TIMEOUT_S)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        remedy = CONTAINERS_OWN if in_container and is_loopback(endpoint) else ""
        raise PartUnavailableError(
            f"Nothing answers at {where}. Start that server, or correct its address.{remedy}", part=part
        ) from error
    if answer.status_code in NOT_READY:
        raise PartUnavailableError(f"{where} is not ready: it answers {answer.status_code}.", part=part)
    if answer.status_code in {httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN}:
        what = "refuses the key: give another" if endpoint.api_key else "wants a key: give one"
        raise PartUnavailableError(f"{where} {what} {part.key_remedy}.", part=part)
    try:
        return frozenset(str(model["id"]) for model in answer.raise_for_status().json()["data"])
    except (httpx.HTTPStatusError, ValueError, RecursionError, LookupError, TypeError):
        return None
