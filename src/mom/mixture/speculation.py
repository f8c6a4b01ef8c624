"""Speculative start: a text answer that is begun before the verdict, held back, and then released or dropped.

While the small LLM decides, the large LLM would stand idle. Most messages need text, so its answer is begun meanwhile;
nothing of it is shown before the verdict. Each answer is begun at most once, early or not.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass
from typing import Generic, TypeVar

log = logging.getLogger(__name__)

Item = TypeVar("Item")

# After so many items without a verdict no more are read: the server then stands still at its full connection.
HELD_ITEMS = 64


@dataclass(frozen=True, slots=True)
class _End:
    failure: Exception | None = None


class EarlyAnswer(Generic[Item]):
    """The answer that `write` streams. Its owner closes it at the end, which frees the backend in every state."""

    def __init__(self, write: Callable[[], AsyncGenerator[Item]], held_items: int = HELD_ITEMS) -> None:
        self._write = write
        self._held: asyncio.Queue[Item | _End] = asyncio.Queue(held_items)
        self._writing: asyncio.Task[None] | None = None

    def begin(self) -> None:
        """Let the backend begin; what it writes is held until `read`."""
        if self._writing is None:
            self._writing = asyncio.create_task(self._hold(), name="answer ahead of the verdict")

    async def read(self) -> AsyncGenerator[Item]:
        """The answer from its first item on: what was held, then the rest. One that was not begun is begun now."""
        if self._writing is None:
            async with aclosing(self._write()) as items:
                async for item in items:
                    yield item
            return
        while not isinstance(held := await self._held.get(), _End):
            yield held
        if held.failure is not None:
            raise held.failure

    async def aclose(self) -> None:
        """End the backend's work; returns when its connection is closed, so that its slot is the next request's."""
        if self._writing is not None:
            self._writing.cancel()
            await asyncio.wait({self._writing})

    async def _hold(self) -> None:
        failure = None
        try:
            async with aclosing(self._write()) as items:
                async for item in items:
                    await self._held.put(item)
        except Exception as error:  # noqa: BLE001 - raised where the answer is read; one that is dropped fails nothing
            log.info("an answer begun ahead of the verdict failed: %s", error)
            failure = error
        await self._held.put(_End(failure))
