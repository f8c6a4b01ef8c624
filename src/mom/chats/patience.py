"""Writes what must not be lost, also where the database is away for a while: it is started anew, or somebody holds it."""

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from mom.errors import DatabaseError

log = logging.getLogger(__name__)

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Patience:
    """How long the database is waited for, and how long between two tries."""

    at_most_s: float = 30.0
    pause_s: float = 1.0

    async def write(self, write: Callable[[], Result]) -> Result:
        """What `write` gives in a thread, once the database takes it. Cancelled, it lets the try under way end first, so that a later
        write never overtakes it. Raises what `write` raises, `DatabaseError` only after `at_most_s`.
        """
        give_up_at = time.monotonic() + self.at_most_s
        while True:
            writing = asyncio.ensure_future(asyncio.to_thread(write))
            try:
                return await asyncio.shield(writing)
            except asyncio.CancelledError:
                await asyncio.wait({writing})
                raise
            except DatabaseError as error:
                if time.monotonic() >= give_up_at:
                    raise
                log.warning("written later: %s", error.message)
            await asyncio.sleep(self.pause_s)


PATIENT = Patience()
