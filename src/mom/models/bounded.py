"""A response body that cannot fill the memory: neither as a whole, nor by a single line without end, nor by unfolding."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass

import httpx

REPLY_BYTES = 16_000_000
LINE_BYTES = 4_000_000  # the longest honest line is a hosted catalogue of models


@dataclass(frozen=True, slots=True)
class ByteLimits:
    """How large a reply may be, as a whole and in one line."""

    reply: int = REPLY_BYTES
    line: int = LINE_BYTES


DEFAULT_BYTES = ByteLimits()
NOT_PACKED = {"Accept-Encoding": "identity"}  # so that a size limit is one of what is read


class ReplyTooLargeError(Exception):
    """More came than any answer of a model needs."""


def bound(response: httpx.Response, limits: ByteLimits = DEFAULT_BYTES) -> None:
    """Have the reading of `response`, which was asked for `NOT_PACKED`, raise `ReplyTooLargeError` where there is too much."""
    is_packed = response.headers.get("content-encoding", "identity").lower() != "identity"
    response.stream = BoundedStream(response.stream, limits, is_packed=is_packed)


async def get_bounded(
    http: httpx.AsyncClient, url: str, *, timeout_s: float, headers: Mapping[str, str] | None = None
) -> httpx.Response:
    """The whole answer to `GET url`. Raises `httpx.HTTPError`, also where it is too large."""
    try:
        async with http.stream("GET", url, headers=NOT_PACKED | dict(headers or {}), timeout=timeout_s) as response:
            bound(response)
            await response.aread()
            return response
    except ReplyTooLargeError as error:
        raise httpx.ReadError(str(error)) from error


class BoundedStream(httpx.AsyncByteStream):
    """The bytes of `stream`, until there are more than `limits` allow; of one that `is_packed`, none."""

    def __init__(
        self, stream: httpx.AsyncByteStream | httpx.SyncByteStream, limits: ByteLimits, *, is_packed: bool
    ) -> None:
        if not isinstance(stream, httpx.AsyncByteStream):
            msg = "an asynchronous client gives asynchronous streams"
            raise TypeError(msg)
        self._stream = stream
        self._limits = limits
        self._is_packed = is_packed

    async def __aiter__(self) -> AsyncIterator[bytes]:
        if self._is_packed:
            raise ReplyTooLargeError("a packed answer, which nobody asked for, may unfold to any size")
        total = line = 0
        async for chunk in self._stream:
            total += len(chunk)
            line = len(chunk) - end if (end := chunk.rfind(b"\n")) >= 0 else line + len(chunk)
            if total > self._limits.reply or line > self._limits.line:
                msg = f"more than {self._limits.reply:,} bytes, or {self._limits.line:,} in one line"
                raise ReplyTooLargeError(msg)
            yield chunk

    async def aclose(self) -> None:
        await self._stream.aclose()
