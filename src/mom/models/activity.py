"""Who is at work: so that what can wait stands aside while an answer is being made."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

Result = TypeVar("Result")


class Activity:
    """Counts the requests that answers are made of."""

    def __init__(self) -> None:
        self._at_work = 0
        self._pause, self._work = asyncio.Event(), asyncio.Event()
        self._pause.set()

    @contextmanager
    def work(self) -> Iterator[None]:
        self._at_work += 1
        self._pause.clear()
        self._work.set()
        try:
            yield
        finally:
            self._at_work -= 1
            if self._at_work == 0:
                self._work.clear()
                self._pause.set()

    async def in_a_pause(self, do: Callable[[], Coroutine[Any, Any, Result]]) -> Result:
        """What `do` gives, done while nobody works. It is cancelled when someone begins, and done again afterwards."""
        while True:
            await self._pause.wait()
            doing, interrupted = asyncio.create_task(do()), asyncio.create_task(self._work.wait())
            try:
                await asyncio.wait({doing, interrupted}, return_when=asyncio.FIRST_COMPLETED)
                if doing.done():
                    return doing.result()
            finally:
                doing.cancel()
                interrupted.cancel()
                await asyncio.wait({doing, interrupted})
