"""An answer in the making, read by another task than the one that makes it.

A generator with a deadline or a task group inside must be driven by one task from its first step to its last. Whoever reads
it through a relay may wait with a limit of their own, and may hand the reading on.
"""

import asyncio
import logging
from collections import deque
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from typing import Generic, TypeVar

from mom.mixture.events import ImagePromptWritten

log = logging.getLogger(__name__)

Item = TypeVar("Item")

FAIL_EARLY_S = 0.25  # a part that is not there says so at once


class Relay(Generic[Item]):
    """`items` begin at once; `close` cancels what is left of them, and with it the work behind them."""

    def __init__(self, items: AsyncGenerator[Item, None]) -> None:
        self._queue: asyncio.Queue[Item | None] = asyncio.Queue()
        self._ahead: deque[Item | None] = deque()
        self._task = asyncio.create_task(self._drive(items))

    async def next(self) -> Item | None:
        """The next item, or None after the last. Raises what the items raised."""
        return self._ahead.popleft() if self._ahead else await self._wait()

    async def _wait(self) -> Item | None:
        item = await self._queue.get()
        if item is None:
            await self._task
        return item

    async def look_ahead(self) -> None:
        """Wait a moment for the next item: a failure which comes at once is raised here, where there can still be a status.
        That a prompt is written is no sign yet of the model that is to draw it.
        """
        with suppress(TimeoutError):
            async with asyncio.timeout(FAIL_EARLY_S):
                while not self._ahead or isinstance(self._ahead[-1], ImagePromptWritten):
                    self._ahead.append(await self._wait())

    async def close(self) -> None:
        self._task.cancel()
        (ended,) = await asyncio.gather(self._task, return_exceptions=True)
        if isinstance(ended, Exception):
            log.debug("an answer that nobody waited for any more ended with: %s", ended)

    async def _drive(self, items: AsyncGenerator[Item, None]) -> None:
        try:
            async with aclosing(items):
                async for item in items:
                    self._queue.put_nowait(item)
        finally:
            self._queue.put_nowait(None)
