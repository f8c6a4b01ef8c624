"""How one address plays a part: what everyone who can play has in common."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from mom.errors import MomError
from mom.models.parts import Endpoint, Progress, State


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a performance stands; `endpoint` is set where it can be asked, `answers` is false where that was tried in vain.

    `progress` is a download's.
    """

    state: State = State.STARTING
    detail: str = ""
    pid: int | None = None
    endpoint: Endpoint | None = None
    answers: bool = True
    progress: Progress | None = None


Report = Callable[[Standing], None]


@dataclass(frozen=True, slots=True)
class Player:
    """`play` runs until it is cancelled or has failed, reports each change, and leaves no process behind.

    `address` and `chosen` are as in `Part`.
    """

    model: str
    play: Callable[[Report], Awaitable[None]]
    demo: bool = False
    address: str = ""
    chosen: bool = False


class Performance:
    """A player at work, from `start` to `end`."""

    def __init__(self, player: Player, on_change: Callable[["Performance"], None]) -> None:
        self.player = player
        self.standing = Standing()
        self._on_change = on_change
        self._task: asyncio.Task[None] | None = None
        self._is_given_up = False
        self._is_cancelled = False

    def start(self) -> None:
        self._task = asyncio.create_task(self._run())

    async def end(self) -> None:
        """Cancel the player and wait until its processes have ended. Nothing is reported any more. May be called again."""
        self._on_change = lambda _performance: None
        self._cancel()
        if self._task is not None:
            await asyncio.wait({self._task})

    def give_up(self, why: str) -> None:
        """Cancel the player, which is told as having failed for this reason, whatever it still has to say."""
        self._cancel()
        self._is_given_up = True
        self.standing = Standing(State.FAILED, why)

    def _cancel(self) -> None:
        if self._task is None or self._is_cancelled:  # a second time would interrupt the ending of its processes
            return
        self._is_cancelled = True
        self._task.cancel()

    def _report(self, standing: Standing) -> None:
        if self._is_given_up:
            return
        self.standing = standing
        self._on_change(self)

    async def _run(self) -> None:
        try:
            await self.player.play(self._report)
        except MomError as error:
            self._report(Standing(State.FAILED, error.message))
        except Exception as error:
            logging.getLogger(__name__).exception("A defect of MoM, in the supervisor:")
            self._report(Standing(State.FAILED, f"This is a defect of MoM: {error!r}. The terminal has the traceback."))
