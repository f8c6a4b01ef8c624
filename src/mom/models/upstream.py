"""One model's server, and the two ways of asking it: for a whole JSON reply, and for a stream of events.

Whatever goes wrong here leaves as one of `mom.errors`; leaving a request, also by cancellation, closes its connection,
which is how a server learns that nobody waits any more.
"""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from typing import Any
from urllib.parse import urlsplit

import httpx

from mom.errors import PartBrokenError, PartRefusedError, PartTimeoutError, PartUnavailableError
from mom.models.bounded import DEFAULT_BYTES, NOT_PACKED, ByteLimits, ReplyTooLargeError, bound
from mom.models.endpoints import root_of
from mom.models.http_client import TimeLimits
from mom.models.optional_fields import OptionalFields
from mom.models.parts import Endpoint, PartName
from mom.models.refusals import Answer, Server, refusal, says_model_is_missing

REFUSAL_BYTES = 64_000
_NOBODY_THERE = "All connection attempts failed"  # anyio's words, which say no more than that
_CONNECTION_CUT = ("peer closed connection", "Server disconnected")  # h11's and httpcore's words

log = logging.getLogger(__name__)


class Upstream:
    """The server at `endpoint`, which plays `part`."""

    def __init__(
        self,
        endpoint: Endpoint,
        http: httpx.AsyncClient,
        part: PartName,
        limits: TimeLimits | None = None,
        byte_limits: ByteLimits = DEFAULT_BYTES,
    ) -> None:
        self.base_url = endpoint.base_url.rstrip("/")
        self.root = root_of(endpoint.base_url)
        self.limits = limits or TimeLimits()
        address = urlsplit(self.base_url)
        host = f"{address.hostname}:{address.port}" if address.port else str(address.hostname)
        self.server = Server(part, host, endpoint.model, endpoint.api_key)
        self._byte_limits = byte_limits
        self._http = http
        self._model = endpoint.model
        self._optional = OptionalFields()
        self._headers = dict(NOT_PACKED)
        if endpoint.api_key:
            self._headers["Authorization"] = f"Bearer {endpoint.api_key}"

    async def model(self) -> str:
        """The model's name as the server knows it; a server that serves a single one is asked for it once."""
        if not self._model:
            listed = await self.get(f"{self.base_url}/models")
            entries = listed.get("data") if isinstance(listed, dict) else None
            names = [str(entry["id"]) for entry in entries or () if isinstance(entry, dict) and "id" in entry]
            if len(names) != 1:
                raise PartRefusedError(
                    f"{self.server.words} serves {len(names)} models. Write the name of one after the address, behind "
                    f"#{f', such as #{names[0]}' if names else ''}, {self.server.part.address_remedy}.",
                    part=self.server.part,
                )
            self._model = names[0]
        return self._model

    async def probe(self, path: str) -> Mapping[str, Any] | None:
        """The JSON object that the server has at `path` beside its OpenAI face, or None where it has none.

        Raises `PartUnavailableError` where there is no server, or one that is still loading, `PartTimeoutError`, and
        `PartBrokenError` where the connection breaks off: that is no word about what is there.
        """
        url = f"{self.root}{path}"
        try:
            async with asyncio.timeout(self.limits.probe_s), self._response("GET", url, None) as response:
                value = await self.read_json(response)
        except PartRefusedError:
            return None
        except PartBrokenError as error:
            if isinstance(error.__cause__, httpx.TransportError):
                raise
            return None
        except TimeoutError as error:
            raise self.too_slow(f"no word about itself within {self.limits.probe_s:g} s") from error
        return value if isinstance(value, dict) else None

    async def get(self, url: str) -> Any:  # noqa: ANN401 - JSON
        """The JSON at `url`."""
        return await self._whole("GET", url, None)

    async def get_bytes(self, url: str) -> bytes:
        """The body at `url`, whatever it is. Redirects are not followed."""
        try:
            async with asyncio.timeout(self.limits.reply_s), self._response("GET", url, None) as response:
                with self.failures():
                    return await response.aread()
        except TimeoutError as error:
            raise self.too_slow(f"no reply within {self.limits.reply_s:g} s") from error

    async def post(self, url: str, body: Mapping[str, Any]) -> Any:  # noqa: ANN401 - JSON
        """The JSON reply to `body`."""
        return await self._whole("POST", url, body)

    @asynccontextmanager
    async def stream(self, url: str, body: Mapping[str, Any]) -> AsyncIterator[httpx.Response]:
        """The response to `body`, its headers read; leaving the context closes the connection."""
        async with self._response("POST", url, body) as response:
            yield response

    async def _whole(self, method: str, url: str, body: Mapping[str, Any] | None) -> Any:  # noqa: ANN401 - JSON
        try:
            async with asyncio.timeout(self.limits.reply_s), self._response(method, url, body) as response:
                return await self.read_json(response)
        except TimeoutError as error:
            raise self.too_slow(f"no reply within {self.limits.reply_s:g} s") from error

    @asynccontextmanager
    async def _response(self, method: str, url: str, body: Mapping[str, Any] | None) -> AsyncIterator[httpx.Response]:
        response = await self._send_without_refused_fields(method, url, body)
        try:
            yield response
        finally:
            await response.aclose()

    async def _send_without_refused_fields(
        self, method: str, url: str, body: Mapping[str, Any] | None
    ) -> httpx.Response:
        while True:
            fitting = None if body is None else self._optional.fit(body)
            try:
                return await self._send(method, url, fitting)
            except PartRefusedError as error:
                if body is None or fitting is None:
                    raise
                if says_model_is_missing(error.message) and await self._has_another_model(body):
                    body = {**body, "model": self._model}
                elif not self._optional.learn(fitting, error.message):
                    raise

    async def _has_another_model(self, body: Mapping[str, Any]) -> bool:
        """Where the server was asked for its model's name: does it serve another by now than the one that `body` names?"""
        if self.server.model or not body.get("model"):
            return False
        self._model = ""
        return bool(await self.model() != body["model"])

    async def _send(self, method: str, url: str, body: Mapping[str, Any] | None) -> httpx.Response:
        """Send the request and read the answer's headers; an open response with a good status, or an error."""
        limits = self.limits
        timeout = httpx.Timeout(None, connect=limits.connect_s, pool=limits.connect_s)
        with self.failures():
            request = self._http.build_request(method, url, json=body, headers=self._headers, timeout=timeout)
            try:
                async with asyncio.timeout(limits.first_token_s):
                    response = await self._http.send(request, stream=True)
            except TimeoutError as error:
                raise self.too_slow(f"nothing within {limits.first_token_s:g} s") from error
            bound(response, self._byte_limits)
            if response.status_code == httpx.codes.OK:
                return response
            try:
                raise await self._refusal(response)
            finally:
                await response.aclose()

    async def _refusal(self, response: httpx.Response) -> Exception:
        body = b""
        async with asyncio.timeout(self.limits.connect_s):
            async for chunk in response.aiter_bytes():
                body += chunk
                if len(body) > REFUSAL_BYTES:
                    break
        words = body.decode(errors="replace")
        return refusal(Answer(self.server, response.status_code, response.headers, words))

    async def read_json(self, response: httpx.Response) -> Any:  # noqa: ANN401 - JSON
        """The JSON in an open response."""
        with self.failures():
            body = await response.aread()
        try:
            return json.loads(body)
        except (ValueError, RecursionError) as error:
            raise self.broken("answered something that is not JSON") from error

    def broken(self, what: str) -> PartBrokenError:
        return PartBrokenError(f"{self.server.words} {what}.", part=self.server.part)

    def too_slow(self, what: str) -> PartTimeoutError:
        return PartTimeoutError(f"{self.server.words} is too slow: {what}.", part=self.server.part)

    def unavailable(self, why: str) -> PartUnavailableError:
        words = f"{self.server.words} cannot be reached. Is it running, and is its address right?"
        return PartUnavailableError(words if why == _NOBODY_THERE else f"{words} ({why})", part=self.server.part)

    @contextmanager
    def failures(self) -> Iterator[None]:
        """Turn what httpx raises into MoM's errors."""
        try:
            yield
        except (httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            raise self.too_slow(f"no connection within {self.limits.connect_s:g} s") from error
        except (httpx.TimeoutException, TimeoutError) as error:
            raise self.too_slow("it stopped in mid-answer") from error
        except (httpx.ConnectError, httpx.UnsupportedProtocol, httpx.InvalidURL, httpx.ProxyError) as error:
            raise self.unavailable(self.server.without_keys(str(error))) from error
        except (httpx.TransportError, httpx.DecodingError, httpx.StreamError, ReplyTooLargeError) as error:
            why = self.server.without_keys(str(error)).removesuffix(".")
            if isinstance(error, httpx.NetworkError) or why.startswith(_CONNECTION_CUT):
                log.warning("%s cut its answer off: %s", self.server.words, why or type(error).__name__)
                raise self.broken("closed the connection before its answer was whole. Try again in a moment") from error
            raise self.broken(f"broke the protocol: {why}") from error
