"""A response body that cannot fill the memory: neither as a whole nor by a single line without end."""

from collections.abc import AsyncIterator

import httpx

REPLY_BYTES = 16_000_000
LINE_BYTES = 4_000_000  # the longest honest line is a hosted catalogue of models


class ReplyTooLargeError(Exception):
    """More came than any answer of a language model needs."""


class BoundedStream(httpx.AsyncByteStream):
    """The bytes of `stream`, until there are more than `REPLY_BYTES`, or more than `LINE_BYTES` without a line's end."""

    def __init__(self, stream: httpx.AsyncByteStream | httpx.SyncByteStream) -> None:
        if not isinstance(stream, httpx.AsyncByteStream):
            msg = "an asynchronous client gives asynchronous streams"
            raise TypeError(msg)
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        total = line = 0
        async for chunk in self._stream:
            total += len(chunk)
            line = len(chunk) - end if (end := chunk.rfind(b"\n")) >= 0 else line + len(chunk)
            if total > REPLY_BYTES or line > LINE_BYTES:
                msg = f"more than {REPLY_BYTES:,} bytes, or {LINE_BYTES:,} in one line"
                raise ReplyTooLargeError(msg)
            yield chunk

    async def aclose(self) -> None:
        await self._stream.aclose()
