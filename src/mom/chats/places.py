"""How many answers one person may have in the making at a time."""

import threading
from collections import Counter

from mom.errors import BusyError

RETRY_AFTER_S = 5


class Places:
    """May be used from any thread."""

    def __init__(self, per_owner: int) -> None:
        self._per_owner = per_owner
        self._taken: Counter[str] = Counter()
        self._lock = threading.Lock()

    def take(self, owner_id: str) -> None:
        """Raises `BusyError` where all places of this person are taken."""
        with self._lock:
            if self._taken[owner_id] >= self._per_owner:
                raise BusyError(
                    f"{self._per_owner} answers are being written already. Wait until one has ended, or stop one.",
                    retry_after_s=RETRY_AFTER_S,
                )
            self._taken[owner_id] += 1

    def give_back(self, owner_id: str) -> None:
        with self._lock:
            self._taken[owner_id] -= 1
            if not self._taken[owner_id]:
                del self._taken[owner_id]
