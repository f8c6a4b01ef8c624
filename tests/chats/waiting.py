"""Wait for a state, with a deadline."""

import threading
import time
from collections.abc import Callable

DEADLINE_S = 30.0


def wait_for(is_so: Callable[[], object], what: str) -> None:
    """Return once `is_so()` is true; fail when it is not within `DEADLINE_S`."""
    end = time.monotonic() + DEADLINE_S
    pause = threading.Event()
    while not is_so():
        assert time.monotonic() < end, f"waited in vain for {what}"
        pause.wait(0.02)
