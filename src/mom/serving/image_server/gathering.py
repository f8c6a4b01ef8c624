"""Takes requests together while a picture is drawn on the processor, in place of one by one.

Each waking of the event loop stops a thread that draws, for which all others wait, and costs it what it had in its caches; and
the loop's own code is read from memory anew (docs/image-engine.md has the figures).
"""

import selectors
import time
from collections.abc import Iterator
from contextlib import contextmanager

REST_S = 0.03  # nothing beside a step, and less than `/healthz` may take


class GatheringSelector(selectors.DefaultSelector):
    """What an event loop waits with. While `gathering`, it rests once something has come in: what comes next waits so long."""

    def __init__(self) -> None:
        super().__init__()
        self.gathers = False
        self._rests_until = 0.0

    @contextmanager
    def gathering(self) -> Iterator[None]:
        self.gathers = True
        try:
            yield
        finally:
            self.gathers = False

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        rest = self._rests_until - time.monotonic()
        if self.gathers and rest > 0 and (timeout is None or timeout > 0):  # at 0 the loop only looks in passing
            time.sleep(rest if timeout is None else min(rest, timeout))
            timeout = 0
        ready = super().select(timeout)
        if ready:
            self._rests_until = time.monotonic() + REST_S
        return ready
