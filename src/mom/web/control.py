"""The supervisor's control API, asked for what the web process cannot do itself: swap a part's model, find offers."""

from dataclasses import dataclass
from typing import Any

import httpx

from mom.errors import ConflictError, ParameterError, ServingError
from mom.models.http_client import make_http_client
from mom.models.parts import PartName

TIMEOUT_S = 10.0


@dataclass(frozen=True, slots=True)
class ControlAddress:
    """Where the supervisor is asked, and the bearer token that it told its child."""

    url: str
    token: str


class ControlApi:
    """Used on the event loop; `close` ends its connections."""

    def __init__(self, address: ControlAddress) -> None:
        self._url = address.url
        self._headers = {"Authorization": f"Bearer {address.token}"}
        self._http = make_http_client()

    async def close(self) -> None:
        await self._http.aclose()

    async def swap(self, part: PartName, address: str, api_key: str | None = None) -> None:
        """Have `address` play `part`; how it goes is seen in the part's state. An empty key has the one given before forgotten."""
        await self._ask("POST", f"/parts/{part.value}/swap", {"address": address, "api_key": api_key})

    async def models_at(self, part: PartName, address: str, api_key: str | None = None) -> dict[str, Any]:
        """The names of the models that the server at `address` lists. Raises `ParameterError`, also where none answers there."""
        return await self._ask("POST", f"/parts/{part.value}/models", {"address": address, "api_key": api_key})

    async def reset(self, part: PartName) -> None:
        """Have the model that the settings name play `part`; where they name none, nobody."""
        await self._ask("POST", f"/parts/{part.value}/reset")

    async def cancel(self, part: PartName) -> None:
        """Give up the change or the download under way. Raises `ConflictError` where there is none."""
        await self._ask("POST", f"/parts/{part.value}/cancel")

    async def offers(self) -> dict[str, Any]:
        """Models that are found on this machine, such as a running Ollama's."""
        return await self._ask("GET", "/offers")

    async def choices(self, part: PartName) -> dict[str, Any]:
        """The models that are at hand for `part`, and the one that the settings name."""
        return await self._ask("GET", f"/parts/{part.value}/choices")

    async def _ask(self, method: str, path: str, body: dict[str, str | None] | None = None) -> dict[str, Any]:
        try:
            response = await self._http.request(
                method, self._url + path, json=body, headers=self._headers, timeout=TIMEOUT_S
            )
            answer: dict[str, Any] = response.json()
        except (httpx.HTTPError, ValueError) as error:
            raise ServingError("MoM's supervisor does not answer. Start `mom serve` again.") from error
        if response.status_code == httpx.codes.CONFLICT:
            raise ConflictError(answer["error"]["message"])
        if response.is_client_error:
            raise ParameterError(answer["error"]["message"], param=answer["error"]["param"])
        if response.is_error:
            raise ServingError(answer["error"]["message"])
        return answer
