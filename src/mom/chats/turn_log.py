"""The live events of turns, in memory: appended by one turn, read by any number of followers.

An event's id is `EPOCH-N`: the epoch is this log's own, N counts a turn's events from 1. Of the pictures on the way only
the newest is kept. A turn that has ended is forgotten when newer ones need its room; the database has its answer.
Everything here happens on the event loop's thread.
"""

import asyncio
import json
import re
import secrets
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from mom.mixture.events import Event, ImageProgress

EVENTS_KEPT_AFTER_END = 20_000
EVENTS_AT_ONCE = 100
"""So many a reader who comes late is given together: one by one, a long answer would hold up everybody's for as long as that takes."""
REPLAYED_END = 0
"""The number of the last event of a turn that is no longer kept, when it is told from the database."""


@dataclass(frozen=True)
class LoggedEvent:
    """One event as it goes over the wire: its id, its name, and what its `data:` line says."""

    id: str
    name: str
    data: Mapping[str, object]

    @cached_property
    def text(self) -> str:
        """`data` as JSON, in ASCII, so that it can be sent whatever a model wrote. Made once, for all readers."""
        return json.dumps(self.data)


class _Turn:
    """One turn's events. A place is None where a newer preview has taken over."""

    def __init__(self) -> None:
        self.events: list[LoggedEvent | None] = []
        self.newest_preview: int | None = None
        self.has_ended = False
        self.grown = asyncio.Event()

    def wake_followers(self) -> None:
        self.grown.set()
        self.grown = asyncio.Event()


class TurnLog:
    """Followers hold a position and no queue: a slow one costs no memory and passes over old previews."""

    def __init__(self, events_kept_after_end: int = EVENTS_KEPT_AFTER_END) -> None:
        self.epoch = secrets.token_hex(4)
        self._turns: dict[str, _Turn] = {}
        self._ended: dict[str, int] = {}
        self._events_kept_after_end = events_kept_after_end

    def append(self, turn_id: str, event: Event) -> str:
        """Add an event and give its id."""
        turn = self._turns.setdefault(turn_id, _Turn())
        logged = self.entry(len(turn.events) + 1, event)
        turn.events.append(logged)
        if isinstance(event, ImageProgress):
            if turn.newest_preview is not None:
                turn.events[turn.newest_preview] = None
            turn.newest_preview = len(turn.events) - 1
        turn.wake_followers()
        return logged.id

    def end(self, turn_id: str) -> None:
        """Say that the turn's last event was appended; older turns that ended may be forgotten now."""
        turn = self._turns[turn_id]
        turn.has_ended = True
        turn.wake_followers()
        self._ended[turn_id] = len(turn.events)
        while len(self._ended) > 1 and sum(self._ended.values()) > self._events_kept_after_end:
            oldest = next(iter(self._ended))
            del self._ended[oldest], self._turns[oldest]

    def entry(self, number: int, event: Event) -> LoggedEvent:
        return LoggedEvent(f"{self.epoch}-{number}", event.name, event.as_json())

    def length(self, turn_id: str) -> int:
        """How many events the turn has had."""
        return len(self._turns[turn_id].events)

    def position(self, turn_id: str, last_event_id: str | None) -> int | None:
        """How many of the turn's events a reader has seen, or None where this log cannot tell it the rest."""
        turn = self._turns.get(turn_id)
        if turn is None:
            return None
        if not last_event_id:
            return 0
        epoch, _, number = last_event_id.rpartition("-")
        # Of more digits `int` may refuse to read a number, and no turn has as many events.
        if epoch != self.epoch or not re.fullmatch(r"[0-9]{1,18}", number) or int(number) > len(turn.events):
            return None
        return int(number)

    def has_told_all(self, turn_id: str, last_event_id: str | None) -> bool:
        """Whether a reader has seen the turn's last event, so that nothing more will come."""
        turn = self._turns.get(turn_id)
        if turn is None:
            return last_event_id == f"{self.epoch}-{REPLAYED_END}"
        return turn.has_ended and self.position(turn_id, last_event_id) == len(turn.events)

    async def follow(self, turn_id: str, position: int) -> AsyncGenerator[Sequence[LoggedEvent]]:
        """What is kept from `position` on, then what comes, until the turn's last event: each time as many as there are,
        `EVENTS_AT_ONCE` at most.
        """
        turn = self._turns[turn_id]
        while True:
            while position < len(turn.events):
                next_ones = turn.events[position : position + EVENTS_AT_ONCE]
                position += len(next_ones)
                if kept := [logged for logged in next_ones if logged is not None]:
                    yield kept
            if turn.has_ended:
                return
            await turn.grown.wait()
