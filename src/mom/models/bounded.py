"""A response body that cannot fill the memory: neither as a whole nor by a single line without end."""

from collections.abc import AsyncIterator
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


class ReplyTooLargeError(Exception):
    """More came than any answer of a model needs."""


class BoundedStream(httpx.AsyncByteStream):
    """The bytes of `stream`, until there are more than `limits` allow."""

    def __init__(
        self, stream: httpx.AsyncByteStream | httpx.SyncByteStream, limits: ByteLimits = DEFAULT_BYTES
    ) -> None:
        if not isinstance(stream, httpx.AsyncByteStream):
            msg = "an asynchronous client gives asynchronous streams"
            raise TypeError(msg)
        self._stream = stream
        self._limits = limits

    async def __aiter__(self) -> AsyncIterator[bytes]:
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
