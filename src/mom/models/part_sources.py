"""Where the roster learns which model plays which part: from the settings alone, or from the supervisor."""

import asyncio
import logging
from collections.abc import Mapping
from typing import Protocol

import httpx

from mom.models.addresses import AddressKind, ModelAddress, hide_password
from mom.models.endpoints import endpoint_of
from mom.models.parts import Part, PartName, State

log = logging.getLogger(__name__)

LONG_POLL_S = 25.0  # so long the supervisor waits for a change before it answers
AWAY_S = (0.2, 0.5, 1.0, 2.0, 5.0)  # pauses while the supervisor does not answer; the last one is repeated

Parts = Mapping[PartName, Part]


class PartsSource(Protocol):
    """Gives the parts as they stand now, without waiting."""

    def parts(self) -> Parts: ...

    async def follow(self, http: httpx.AsyncClient) -> None:
        """Keep `parts()` up to date until cancelled."""
        ...


class StaticParts:
    """Parts that others serve, as the settings name them; they never change.

    `addresses` holds the parts that are set; the small LLM may be `same`.
    """

    def __init__(
        self, addresses: Mapping[PartName, ModelAddress], api_keys: Mapping[PartName, str], *, ollama_url: str
    ) -> None:
        self._addresses = addresses
        self._api_keys = api_keys
        self._ollama_url = ollama_url
        self._parts = {name: self._part(name) for name in PartName}

    def parts(self) -> Parts:
        return self._parts

    async def follow(self, http: httpx.AsyncClient) -> None:
        """Nothing changes."""

    def _part(self, name: PartName) -> Part:
        address, key_of = self._addresses.get(name), name
        if address is not None and address.kind is AddressKind.SAME:
            address, key_of = self._addresses.get(PartName.LARGE_LLM), PartName.LARGE_LLM
        if address is None:
            return _not_set_up(name)
        shown = hide_password(str(self._addresses[name]))
        if address.kind not in {AddressKind.URL, AddressKind.OLLAMA}:
            return _failed(name, str(address), f"{name.variable}={address} is run by `mom serve`: start MoM with that.")
        endpoint = endpoint_of(address, api_key=self._api_keys.get(key_of), ollama_url=self._ollama_url)
        model = endpoint.model or hide_password(str(address))
        return Part(name, State.EXTERNAL, model, endpoint=endpoint, address=shown)


class SupervisedParts:
    """Parts as the supervisor's control API tells them; what it told last stands while it is briefly away."""

    def __init__(self, control_url: str, token: str) -> None:
        self._url = f"{control_url.rstrip('/')}/parts"
        self._headers = {"Authorization": f"Bearer {token}"}
        self._version: int | None = None
        self._parts: dict[PartName, Part] = {
            name: Part(name, State.STARTING, "", detail=f"The {name.words} is being started.") for name in PartName
        }

    def parts(self) -> Parts:
        return self._parts

    async def follow(self, http: httpx.AsyncClient) -> None:
        """Ask the supervisor again and again; each answer comes when something has changed."""
        failures = 0
        while True:
            try:
                await self._read_once(http)
                failures = 0
            except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
                if failures == 0:
                    log.warning("the supervisor does not tell the parts, its last word stands: %r", error)
                await asyncio.sleep(AWAY_S[min(failures, len(AWAY_S) - 1)])
                failures += 1

    async def _read_once(self, http: httpx.AsyncClient) -> None:
        after = {} if self._version is None else {"after": self._version}
        timeout = httpx.Timeout(5.0, read=LONG_POLL_S + 10)
        response = await http.get(self._url, params=after, headers=self._headers, timeout=timeout)
        answer = response.raise_for_status().json()
        told = {part.name: part for part in map(Part.from_json, answer["parts"])}
        self._parts = {name: told.get(name) or _not_set_up(name) for name in PartName}
        self._version = int(answer["version"])


def _not_set_up(name: PartName) -> Part:
    if name is PartName.VISION_LLM:
        return Part(name, State.NONE, "")
    return _failed(name, "", f"No {name.words} is set up: set {name.variable}, see .env.example.")


def _failed(name: PartName, model: str, detail: str) -> Part:
    return Part(name, State.FAILED, model, detail=detail)
