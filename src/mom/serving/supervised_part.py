"""One part under the supervisor: who plays it, and the change to another player without a gap."""

import asyncio
from collections.abc import Callable
from dataclasses import replace

from mom.errors import ConflictError
from mom.models.parts import Part, PartName, State
from mom.serving.board import Board
from mom.serving.draining import wait_until_disconnected
from mom.serving.performance import Performance, Player, Standing

ON_THE_WAY = {State.STARTING, State.DOWNLOADING}
CAN_TAKE_OVER = {State.READY, State.EXTERNAL, State.NONE}


class SupervisedPart:
    """`current` is shown; `next` starts beside it and takes over when it can be asked."""

    def __init__(self, name: PartName, board: Board) -> None:
        self.name = name
        self._board = board
        self._current: Performance | None = None
        self._next: Performance | None = None
        self._take_back: Callable[[], None] | None = None
        self._note = ""
        self._is_gone = False
        self._endings: dict[asyncio.Task[None], Performance] = {}

    def play(self, player: Player, take_back: Callable[[], None] | None = None) -> None:
        """Have `player` play this part, as soon as it is ready. A change still under way is given up for this one.

        `take_back` is called where it cannot take over, or is cancelled. A choice of an earlier run has none: while another model
        answers, a server that does not answer yet is waited for.
        """
        performance = Performance(player, self._on_change)
        self._note, self._is_gone = "", False
        if self._next is None or self._take_back is None:
            # Of several changes at once the first one's stays: it knows what was chosen before them.
            self._take_back = take_back
        if self._current is None:
            self._current = performance
        else:
            if self._next is not None:
                self._end_soon(self._next)
            self._next = performance
        performance.start()
        self._show()

    def cancel(self, forget: Callable[[], None]) -> None:
        """Give up the change that is under way; without one, the download with which the part began.

        What was chosen before is taken back; where nothing is to be taken back, `forget` is called: a choice of an earlier run,
        also of one that has failed by now. Raises `ConflictError` where there is nothing to give up.
        """
        if self._next is not None:
            (self._take_back or forget)()
            self._end_soon(self._next)
            self._next = None
            self._note = "The change of models was cancelled."
        elif self._current is not None and self._current.standing.state is State.DOWNLOADING:
            forget()
            self._current.give_up("The download was cancelled. What has arrived is kept for another try.")
        elif self._is_gone:
            forget()
            self._note, self._is_gone = "", False
        else:
            raise ConflictError(f"The {self.name.words} is not being changed.")
        self._show()

    async def end(self) -> None:
        """End every player."""
        performances = [performance for performance in (self._next, self._current) if performance is not None]
        self._current = self._next = None
        for ending, performance in self._endings.items():
            ending.cancel()  # it waits for an answer's end, or for the player's: that is waited for here
            performances.append(performance)
        await asyncio.gather(*(performance.end() for performance in performances))
        if self._endings:
            await asyncio.wait(self._endings)

    def _on_change(self, performance: Performance) -> None:
        standing = performance.standing
        if performance is self._current and standing.detail and standing.state is not State.DOWNLOADING:
            self._note = ""  # it has something to say itself
        if self._next is not None:
            self._consider_next(self._next)
        self._show()

    def _consider_next(self, following: Performance) -> None:
        assert self._current is not None
        old, standing = self._current, following.standing
        is_awaited = self._take_back is not None and (
            old.standing.endpoint is not None or old.standing.state is State.NONE
        )
        has_failed = standing.state is State.FAILED or (not standing.answers and is_awaited)
        if has_failed and self._take_back is not None:
            self._take_back()
        can_take_over = standing.state in CAN_TAKE_OVER and standing.answers
        if can_take_over or (old.standing.state is State.FAILED and standing.state not in ON_THE_WAY):
            self._current, self._next = following, None
            self._end_soon(old)
        elif has_failed:
            self._next = None
            self._note = f"{self._name_of(following)} could not take over: {standing.detail}"
            if self._take_back is None:
                self._is_gone = True
                self._note += " It is tried again at each start, until another model is chosen."
            self._end_soon(following)

    def _name_of(self, following: Performance) -> str:
        """Whoever did not choose it just now need not remember it."""
        return f"{following.player.model}{'' if self._take_back else ', chosen before,'}"

    def _show(self) -> None:
        if self._current is None:
            return
        if self._next is None:
            self._put(self._current, self._current.standing, self._note)
        elif (
            self._current.standing.endpoint is None
            and self._current.standing.state is not State.NONE
            and self._next.standing.answers
        ):
            self._put(self._next, self._next.standing)
        else:
            what = self._next.standing.detail or "it is starting"
            self._put(
                self._current,
                replace(
                    self._current.standing, progress=self._next.standing.progress or self._current.standing.progress
                ),
                f"{self._name_of(self._next)} will take over: {what}",
            )

    def _put(self, performance: Performance, standing: Standing, note: str = "") -> None:
        player = performance.player
        self._board.put(
            Part(
                self.name,
                standing.state,
                player.model,
                demo=player.demo,
                pid=standing.pid,
                # It may name a path, which may hold any bytes: what is no text cannot be told.
                detail=(note or standing.detail).encode("utf-8", "replace").decode(),
                endpoint=standing.endpoint,
                answers=standing.answers,
                progress=standing.progress,
                address=player.address,
                chosen=player.chosen,
                changing=self._next is not None,
                gone=self._is_gone,
            )
        )

    def _end_soon(self, performance: Performance) -> None:
        """Let answers under way finish, then end the player; in the background."""
        ending = asyncio.create_task(self._end_when_idle(performance))
        self._endings[ending] = performance
        ending.add_done_callback(self._endings.pop)

    async def _end_when_idle(self, performance: Performance) -> None:
        try:
            if performance.standing.state is State.READY and performance.standing.pid is not None:
                await wait_until_disconnected(performance.standing.pid)
        finally:
            await performance.end()
