"""Turns: each question is answered in the background, by a task that belongs to the server and not to a connection.

Methods are called from ordinary threads (Flask's); the tasks live on the one event loop they are given. A chat may have
several turns at a time: a question asked meanwhile follows the newest answer as far as that has come, unless `parent_id`
says otherwise. A question goes `Turns.ask` → `TurnRecords` (stored) → `Answering` (a task) → `TurnLog` (followed).
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, TypeVar

from mom.chats.answering import SAVE_EVERY_S, Answering
from mom.chats.attachments import check_attachments
from mom.chats.history import History
from mom.chats.patience import PATIENT, Patience
from mom.chats.pictures import Pictures
from mom.chats.places import RETRY_AFTER_S, Places
from mom.chats.question import check_question
from mom.chats.tables import new_id
from mom.chats.turn_log import REPLAYED_END, LoggedEvent, TurnLog
from mom.chats.turn_records import Asked, Status, TurnRecord, TurnRecords
from mom.errors import BusyError, ConflictError, ParameterError
from mom.mixture.conversation import Attachment
from mom.mixture.events import TurnInterrupted, TurnSnapshot, TurnStarted, TurnStopped
from mom.mixture.paths import Mixture
from mom.mixture.ports import PictureKeeper
from mom.mixture.verdict import Need

Result = TypeVar("Result")

RUNNING_PER_OWNER = 16


@dataclass(frozen=True, slots=True)
class Started:
    """A turn that has begun; `message_id` is its answer's."""

    message_id: str
    turn_id: str
    question_id: str


class Turns:
    """Each method raises `NotFoundError` for what is another person's, and `StorageError`."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        history: History,
        pictures: Pictures,
        log: TurnLog,
        mixture_for: Callable[[PictureKeeper], Mixture],
        names: Callable[[], dict[str, str]],
        *,
        save_every_s: float = SAVE_EVERY_S,
        patience: Patience = PATIENT,
        running_per_owner: int = RUNNING_PER_OWNER,
    ) -> None:
        self._loop = loop
        self._history = history
        self._pictures = pictures
        self._log = log
        self._mixture_for = mixture_for
        self._names = names
        self._save_every_s = save_every_s
        self._patience = patience
        self._records = TurnRecords(history.database)
        self._beginning: dict[str, asyncio.Event] = {}
        self._running: dict[str, Answering] = {}
        self._places = Places(running_per_owner)
        self._is_closing = False

    def ask(
        self,
        owner_id: str,
        chat_id: str,
        content: str,
        *,
        client_id: str | None = None,
        parent_id: str | None = None,
        instead_of: str | None = None,
        seed: int | None = None,
        attachments: Sequence[Attachment] = (),
        need: Need | None = None,
    ) -> Started:
        """Store a question and begin to answer it. The same `client_id` again gives the same turn.

        `parent_id` is the answer that the question follows (unset: the newest; `root`: none). An edited question is asked
        `instead_of` another: it follows what that one follows, and what is still being answered below that one is stopped.
        Raises `InputError`s before anything is stored, and `BusyError`.
        """
        check_question(content, has_attachments=bool(attachments), client_id=client_id, seed=seed)
        known = self._records.find_by_client_id(owner_id, client_id)
        if known is not None:
            return _started(known)
        if parent_id is not None and instead_of is not None:
            raise ParameterError(
                "Give parent_id or instead_of, not both: either says what the message follows.", param="instead_of"
            )
        asked = Asked(content, client_id, parent_id, instead_of, need, seed)
        pictures = check_attachments(attachments)

        def store(turn_id: str, models: dict[str, str]) -> TurnRecord:
            images = self._pictures.write_attachments(pictures)
            try:
                return self._records.add_question(turn_id, owner_id, chat_id, asked, images, models)
            except Exception:
                self._pictures.files.delete([image.id for image in images])
                raise

        try:
            return self._begin(owner_id, store, instead_of=instead_of)
        except ConflictError:  # the same question came twice at the same time
            known = self._records.find_by_client_id(owner_id, client_id)
            if known is None:
                raise
            return _started(known)

    def retry(self, owner_id: str, turn_id: str) -> Started:
        """Answer the turn's question once more, beside the first answer. A turn that is running is stopped."""
        turn = self._stopped(owner_id, turn_id)
        return self._answer_beside(turn, turn.need)

    def overrule(self, owner_id: str, turn_id: str, need: Need) -> Started:
        """Answer the turn's question with what a person says it needs, and keep the correction."""
        turn = self._stopped(owner_id, turn_id)
        self._records.correct_verdict(turn, need)
        return self._answer_beside(turn, need)

    def stop(self, owner_id: str, turn_id: str) -> None:
        """End the turn with what has been shown; returns when every backend is freed. One that has ended stays so."""
        self._stopped(owner_id, turn_id)

    def read(self, owner_id: str, turn_id: str) -> dict[str, Any]:
        """The turn as JSON. What the database believes to be running but is not, has been interrupted."""
        turn = self._records.read(owner_id, turn_id)
        # In this order: a turn is in both for a moment.
        if turn["status"] == Status.RUNNING and turn_id not in self._beginning and turn_id not in self._running:
            turn = self._records.read(owner_id, turn_id)  # it may have ended between the two looks
            if turn["status"] == Status.RUNNING:
                turn["status"] = Status.INTERRUPTED.value
        return turn

    def events(
        self, owner_id: str, turn_id: str, last_event_id: str | None = None
    ) -> AsyncGenerator[Sequence[LoggedEvent]]:
        """What happened after `last_event_id`, then what happens, up to the last event; each time as many as there are.
        Iterate it on the loop.

        Whose turn it is is checked here and now, before the first event.
        """
        return self._follow(self._records.find(owner_id, turn_id), last_event_id)

    def has_told_all(self, turn_id: str, last_event_id: str | None) -> bool:
        """Whether nothing comes after `last_event_id`, nor ever will. Call it on the loop."""
        return self._log.has_told_all(turn_id, last_event_id)

    def delete_chat(self, owner_id: str, chat_id: str) -> None:
        """Stop the chat's answers, then delete all that is in it, with the files of its pictures."""
        for turn in [answering.turn for answering in list(self._running.values())]:
            if (turn.owner_id, turn.chat_id) == (owner_id, chat_id):
                self.stop(owner_id, turn.id)
        self._pictures.files.delete(self._history.delete_chat(owner_id, chat_id))

    def mark_interrupted(self) -> int:
        """At start-up: mark the turns that a process before this one left unfinished, and give their number."""
        return self._records.interrupt_all()

    async def close(self) -> None:
        """At the end: running turns become interrupted, with what they had."""
        self._is_closing = True
        running = list(self._running.values())
        for answering in running:
            answering.cancel(TurnInterrupted())
        for answering in running:
            await answering.ended()

    def _answer_beside(self, first: TurnRecord, need: Need | None) -> Started:
        def store(turn_id: str, models: dict[str, str]) -> TurnRecord:
            return self._records.add_sibling(turn_id, first, need=need, models=models)

        return self._begin(first.owner_id, store, anew=first.status is Status.FINISHED)

    def _begin(
        self,
        owner_id: str,
        store: Callable[[str, dict[str, str]], TurnRecord],
        *,
        anew: bool = False,
        instead_of: str | None = None,
    ) -> Started:
        """Store first, then answer. Others see the turn as soon as it is stored: it is running from then on.

        What is answered below the question `instead_of` is stopped in between: whoever hears of that finds what came instead.
        """
        self._refuse_when_closing()
        self._places.take(owner_id)
        turn_id, has_begun = new_id(), asyncio.Event()
        self._beginning[turn_id] = has_begun
        try:
            models = self._names()
            turn = store(turn_id, models)
            if instead_of is not None:
                self._stop_below(owner_id, instead_of)
            self._on_loop(self._start(turn, models, has_begun, anew=anew))
        except BaseException:
            self._places.give_back(owner_id)
            self._loop.call_soon_threadsafe(has_begun.set)  # it never will, and nobody is to wait for it
            raise
        finally:
            del self._beginning[turn_id]
        return _started(turn)

    def _stop_below(self, owner_id: str, question_id: str) -> None:
        for turn_id in self._records.running_below(owner_id, question_id):
            self._stopped(owner_id, turn_id)

    async def _start(self, turn: TurnRecord, models: dict[str, str], has_begun: asyncio.Event, *, anew: bool) -> None:
        has_begun.set()  # for those who wait on this loop: they go on when this is done
        self._refuse_when_closing()
        self._log.append(turn.id, TurnStarted(models))
        answering = Answering(
            turn,
            self._mixture_for,
            self._history,
            self._pictures,
            self._records,
            self._log,
            self._save_every_s,
            self._patience,
            anew=anew,
        )
        self._running[turn.id] = answering
        answering.whole.add_done_callback(lambda _: self._forget(turn))

    def _forget(self, turn: TurnRecord) -> None:
        del self._running[turn.id]
        self._places.give_back(turn.owner_id)

    def _stopped(self, owner_id: str, turn_id: str) -> TurnRecord:
        """The turn, after it has been stopped where it was running."""
        turn = self._records.find(owner_id, turn_id)
        if (has_begun := self._beginning.get(turn_id)) is not None:
            self._on_loop(has_begun.wait())
        if (answering := self._running.get(turn_id)) is not None:
            self._on_loop(_stop(answering))
        # One that was running may also have ended between the two looks.
        return self._records.find(owner_id, turn_id) if turn.status is Status.RUNNING else turn

    async def _follow(self, turn: TurnRecord, last_event_id: str | None) -> AsyncGenerator[Sequence[LoggedEvent]]:
        if (has_begun := self._beginning.get(turn.id)) is not None:
            await has_begun.wait()
        position = self._log.position(turn.id, last_event_id)
        if position is None:
            message = await asyncio.to_thread(self._history.read_message, turn.owner_id, turn.message_id)
            # From here to the position nothing is awaited: the snapshot is exactly what the events so far amount to.
            answering = self._running.get(turn.id)
            if answering is None:
                yield await self._replay_end(turn)
                return
            position = self._log.length(turn.id)
            snapshot = TurnSnapshot({**message, **answering.answer.as_json()}, Status.RUNNING)
            yield [self._log.entry(position, snapshot)]
        async with aclosing(self._log.follow(turn.id, position)) as events:
            async for logged in events:
                yield logged

    async def _replay_end(self, turn: TurnRecord) -> Sequence[LoggedEvent]:
        """For a turn whose events are no longer kept: its answer as it is stored, and how it ended."""
        status = (await asyncio.to_thread(self.read, turn.owner_id, turn.id))["status"]
        message = await asyncio.to_thread(self._history.read_message, turn.owner_id, turn.message_id)
        last = await asyncio.to_thread(self._records.last_event, turn.owner_id, turn.id)
        return [self._log.entry(1, TurnSnapshot(message, status)), self._log.entry(REPLAYED_END, last)]

    def _on_loop(self, coroutine: Coroutine[Any, Any, Result]) -> Result:
        """Run it on the loop's thread and wait for it here, in another one."""
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result()

    def _refuse_when_closing(self) -> None:
        if self._is_closing:
            raise BusyError("MoM is about to end. Ask again when it is back.", retry_after_s=RETRY_AFTER_S)


async def _stop(answering: Answering) -> None:
    answering.cancel(TurnStopped())
    await answering.ended()


def _started(turn: TurnRecord) -> Started:
    return Started(message_id=turn.message_id, turn_id=turn.id, question_id=turn.question_id)
