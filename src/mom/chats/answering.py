"""One answer on its way: the mixture's events go to the log and to the database, until it ends in one of four ways."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import aclosing
from functools import partial

from mom.chats.history import History
from mom.chats.live_answer import LiveAnswer
from mom.chats.patience import Patience
from mom.chats.pictures import Pictures
from mom.chats.turn_log import TurnLog
from mom.chats.turn_records import TurnRecord, TurnRecords
from mom.errors import UNEXPECTED, MomError
from mom.mixture import paths
from mom.mixture.events import LastEvent, ToolCallDelta, TurnFailed, TurnFinished, TurnInterrupted, TurnStopped
from mom.mixture.paths import Mixture, Wishes
from mom.mixture.ports import DrawingRequest, PictureKeeper

log = logging.getLogger(__name__)

SAVE_EVERY_S = 1.0


class Answering:
    """Two tasks on the event loop: one makes the answer and may be cancelled; `whole` writes down how that ended."""

    def __init__(
        self,
        turn: TurnRecord,
        mixture_for: Callable[[PictureKeeper], Mixture],
        history: History,
        pictures: Pictures,
        records: TurnRecords,
        turn_log: TurnLog,
        save_every_s: float,
        patience: Patience,
        *,
        anew: bool = False,
    ) -> None:
        self.turn = turn
        self._anew = anew
        self.answer = LiveAnswer()
        self._mixture_for = mixture_for
        self._history = history
        self._pictures = pictures
        self._records = records
        self._turn_log = turn_log
        self._save_every_s = save_every_s
        self._patience = patience
        self._grown = asyncio.Event()
        self._when_cancelled: TurnStopped | TurnInterrupted | None = None
        self._making = asyncio.create_task(self._make())
        self.whole = asyncio.create_task(self._see_through())

    def cancel(self, outcome: TurnStopped | TurnInterrupted) -> None:
        """End the answer with what has been shown; asked twice, the first outcome stands."""
        if self._when_cancelled is None:
            self._when_cancelled = outcome
            self._making.cancel()

    async def ended(self) -> None:
        """Return when every backend is freed, all is stored, and the last event is in the log."""
        await asyncio.wait({self.whole})

    async def _see_through(self) -> None:
        saver = asyncio.create_task(self._save_as_it_grows())
        await asyncio.wait({self._making, saver}, return_when=asyncio.FIRST_COMPLETED)
        self.cancel(TurnInterrupted())  # where the saver has failed; an answer that is made is not touched by it
        await asyncio.wait({self._making})
        saver.cancel()
        await asyncio.wait({saver})
        last = await self._store(self._outcome(saver))
        self._turn_log.append(self.turn.id, last)
        self._turn_log.end(self.turn.id)

    async def _make(self) -> TurnFinished:
        """Consume the mixture's events. Leaving this, by whichever way, has freed every backend."""
        turn = self.turn
        attachments_of = partial(self._pictures.attachments_of, turn.owner_id)
        conversation = await asyncio.to_thread(
            self._history.conversation, turn.owner_id, turn.question_id, attachments_of
        )
        mixture = self._mixture_for(self._pictures.keeper(turn.owner_id, turn.message_id))
        wishes = Wishes(turn.need, drawing=DrawingRequest(seed=turn.seed, owner=turn.owner_id), anew=self._anew)
        async with aclosing(paths.answer(conversation, mixture, wishes)) as events:
            async for event in events:
                if isinstance(event, TurnFinished):
                    return event
                if isinstance(event, ToolCallDelta):  # of a tool that the model was not given
                    continue
                if self.answer.take(event):
                    self._grown.set()
                self._turn_log.append(turn.id, event)
        raise AssertionError("the mixture's last event is TurnFinished")

    async def _save_as_it_grows(self) -> None:
        """Store the answer whenever it has grown, at most once in `_save_every_s`. Ends only by failing."""
        while True:
            await self._grown.wait()
            self._grown.clear()
            await self._patience.write(partial(self._records.keep_answer, self.turn, self.answer))
            await asyncio.sleep(self._save_every_s)

    def _outcome(self, saver: asyncio.Task[None]) -> LastEvent:
        failed = next((task for task in (saver, self._making) if not task.cancelled() and task.exception()), None)
        if failed is not None:
            return self._failure(failed.exception())
        if self._making.cancelled():
            return self._when_cancelled or TurnInterrupted()
        return self._making.result()

    async def _store(self, last: LastEvent) -> LastEvent:
        """Store the end. Where even that fails, it is what people must know."""
        try:
            await self._patience.write(partial(self._records.end, self.turn, self.answer, last))
        except Exception as error:  # noqa: BLE001 - whatever it is, followers wait for a last event
            return self._failure(error)
        return last

    def _failure(self, error: BaseException | None) -> TurnFailed:
        if isinstance(error, MomError):
            log.warning("turn %s failed: %s", self.turn.id, error.message)
            return TurnFailed(error.as_json())
        log.error("turn %s failed", self.turn.id, exc_info=error)
        return TurnFailed(UNEXPECTED.as_json())
