"""The stored side of turns: a question, its answers, how each came about and how it ended."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import case, func, select, update
from sqlalchemy.orm import Session, aliased

from mom.chats.database import Database
from mom.chats.history import short_title
from mom.chats.live_answer import LiveAnswer
from mom.chats.ownership import find_owned
from mom.chats.shapes import turn_json
from mom.chats.tables import FINISH_REASON_CHARS, Chat, Image, Message, Turn, Verdict, as_storable, as_utc, new_id, now
from mom.errors import ConflictError, ParameterError
from mom.mixture.events import LastEvent, TurnFailed, TurnFinished, TurnInterrupted, TurnStopped, Usage
from mom.mixture.paths import read_command
from mom.mixture.text_files import own_words
from mom.mixture.verdict import Need

FIRST = "root"
"""As `parent_id`: the question begins the chat anew, beside the chat's first question."""


class Status(StrEnum):
    RUNNING = "running"
    FINISHED = "finished"
    STOPPED = "stopped"
    FAILED = "failed"
    INTERRUPTED = "interrupted"


_STATUS_AFTER: dict[type[LastEvent], Status] = {
    TurnFinished: Status.FINISHED,
    TurnStopped: Status.STOPPED,
    TurnFailed: Status.FAILED,
    TurnInterrupted: Status.INTERRUPTED,
}


@dataclass(frozen=True, slots=True)
class Asked:
    """What a person asks for, checked already."""

    content: str
    client_id: str | None = None
    parent_id: str | None = None
    instead_of: str | None = None
    need: Need | None = None
    seed: int | None = None


@dataclass(frozen=True, slots=True)
class TurnRecord:
    """A turn as a value."""

    id: str
    owner_id: str
    chat_id: str
    question_id: str
    message_id: str
    status: Status
    need: Need | None
    seed: int | None


class TurnRecords:
    """Raises `NotFoundError` for another person's, `StorageError` where the database does not do its part."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add_question(
        self, turn_id: str, owner_id: str, chat_id: str, asked: Asked, images: Sequence[Image], models: dict[str, str]
    ) -> TurnRecord:
        """Store a question and, still empty, its answer. Raises `ConflictError` where the `client_id` is known."""
        with self._database.session() as session:
            chat = find_owned(session, Chat, owner_id, chat_id)
            parent_id = _parent_of_question(session, chat, asked)
            question = Message(
                id=new_id(), created_at=_next_moment(session, chat_id), owner_id=owner_id, chat_id=chat_id,
                parent_id=parent_id, role="user", content=asked.content,
            )  # fmt: skip
            session.add(question)
            session.flush()
            for image in images:
                image.owner_id, image.message_id, image.words = owner_id, question.id, own_words(asked.content)
            session.add_all(images)
            chat.title = chat.title or _title_for(asked.content)
            chat.changed_at = now()
            turn = Turn(
                id=turn_id,
                owner_id=owner_id,
                client_id=asked.client_id,
                need=asked.need,
                seed=asked.seed,
                models=models,
            )
            return _add_answer(session, question, turn)

    def add_sibling(self, turn_id: str, first: TurnRecord, *, need: Need | None, models: dict[str, str]) -> TurnRecord:
        """Store one more answer, still empty, to the question of `first`.

        A seed that was wished for is used again only where no picture was made with it.
        """
        with self._database.session() as session:
            question = find_owned(session, Message, first.owner_id, first.question_id)
            find_owned(session, Chat, first.owner_id, first.chat_id).changed_at = now()
            seed = None if first.status is Status.FINISHED else first.seed
            turn = Turn(id=turn_id, owner_id=first.owner_id, need=need, seed=seed, models=models)
            return _add_answer(session, question, turn)

    def correct_verdict(self, turn: TurnRecord, need: Need) -> None:
        """Keep what a person says the answer should have been; that it was right takes an earlier correction back."""
        with self._database.session() as session:
            session.execute(
                update(Verdict)
                .where(Verdict.message_id == turn.message_id, Verdict.owner_id == turn.owner_id)
                .values(
                    corrected_to=case((Verdict.need != need, need), else_=None),
                    corrected_at=case((Verdict.need != need, now()), else_=None),
                )
            )

    def running_below(self, owner_id: str, question_id: str) -> Sequence[str]:
        """The ids of the turns that answer the question, or one that follows it, and have not ended."""
        with self._database.session() as session:
            below = select(Message.id).where(Message.id == question_id, Message.owner_id == owner_id)
            below_it = below.cte("below_it", recursive=True)
            child = aliased(Message)
            below_it = below_it.union_all(select(child.id).join(below_it, child.parent_id == below_it.c.id))
            running = select(Turn.id).where(Turn.status == Status.RUNNING)
            return session.scalars(running.join(below_it, Turn.question_id == below_it.c.id)).all()

    def find(self, owner_id: str, turn_id: str) -> TurnRecord:
        with self._database.session() as session:
            return _as_record(find_owned(session, Turn, owner_id, turn_id))

    def find_by_client_id(self, owner_id: str, client_id: str | None) -> TurnRecord | None:
        if client_id is None:
            return None
        with self._database.session() as session:
            turn = session.scalar(select(Turn).where(Turn.owner_id == owner_id, Turn.client_id == client_id))
            return _as_record(turn) if turn else None

    def read(self, owner_id: str, turn_id: str) -> dict[str, Any]:
        with self._database.session() as session:
            return turn_json(find_owned(session, Turn, owner_id, turn_id))

    def last_event(self, owner_id: str, turn_id: str) -> LastEvent:
        """How the turn ended. One that the database believes to be running has lost its process."""
        with self._database.session() as session:
            turn = find_owned(session, Turn, owner_id, turn_id)
            match Status(turn.status):
                case Status.FINISHED:
                    usage = Usage(**turn.usage) if turn.usage else None
                    return TurnFinished(turn.finish_reason or "stop", usage, turn.timings or {})
                case Status.STOPPED:
                    return TurnStopped()
                case Status.FAILED:
                    return TurnFailed(turn.error or {})
                case _:
                    return TurnInterrupted()

    def keep_answer(self, turn: TurnRecord, answer: LiveAnswer) -> None:
        """Store what has been shown so far."""
        with self._database.session() as session:
            stored = _store_answer(session, turn, answer)
        answer.verdict_is_stored = stored

    def end(self, turn: TurnRecord, answer: LiveAnswer, last: LastEvent) -> None:
        """Store the whole answer and how it ended, together."""
        with self._database.session() as session:
            stored = _store_answer(session, turn, answer)
            row = find_owned(session, Turn, turn.owner_id, turn.id)
            row.status, row.ended_at = _STATUS_AFTER[type(last)], now()
            if isinstance(last, TurnFinished):
                # Some servers tell more than OpenAI's words: "content_filter: PROHIBITED_CONTENT".
                row.finish_reason = as_storable(last.finish_reason)[:FINISH_REASON_CHARS]
                row.usage = asdict(last.usage) if last.usage else None
                row.timings = dict(last.timings)
            elif isinstance(last, TurnFailed):
                row.error = dict(last.error)
        answer.verdict_is_stored = stored

    def interrupt_all(self) -> int:
        """Mark the turns that an ended process left running, and give their number."""
        with self._database.session() as session:
            left = session.scalars(select(Turn).where(Turn.status == Status.RUNNING)).all()
            for turn in left:
                turn.status, turn.ended_at = Status.INTERRUPTED, now()
            return len(left)


def _parent_of_question(session: Session, chat: Chat, asked: Asked) -> str | None:
    """The answer that a question follows: the one asked for, that of the question in whose place it is, or the newest."""
    if asked.instead_of is not None:
        return _find_in_chat(
            session, chat, asked.instead_of, "user", "instead_of names no question of this chat."
        ).parent_id
    if asked.parent_id == FIRST:
        return None
    if asked.parent_id is None:
        return session.scalar(
            select(Message.id)
            .where(Message.chat_id == chat.id, Message.role == "assistant")
            .order_by(Message.created_at.desc(), Message.id)
            .limit(1)
        )
    words = f"parent_id names no answer of this chat. Give an answer's id, or {FIRST!r}."
    return _find_in_chat(session, chat, asked.parent_id, "assistant", words).id


def _find_in_chat(session: Session, chat: Chat, message_id: str, role: str, words: str) -> Message:
    """Raises `ParameterError` with these `words` where it is of another chat or role."""
    message = find_owned(session, Message, chat.owner_id, message_id)
    if message.chat_id != chat.id or message.role != role:
        raise ParameterError(words, param=words.partition(" ")[0])
    return message


def _next_moment(session: Session, chat_id: str) -> datetime:
    """Now, but after all messages of the chat: their times are their order, and a clock may have been set back."""
    newest = session.scalar(select(func.max(Message.created_at)).where(Message.chat_id == chat_id))
    return now() if newest is None else max(now(), as_utc(newest) + timedelta(microseconds=1))


def _title_for(content: str) -> str:
    command = read_command(content)
    return short_title(command.words if command else own_words(content).strip() or content)


def _add_answer(session: Session, question: Message, turn: Turn) -> TurnRecord:
    answer = Message(
        id=new_id(), created_at=_next_moment(session, question.chat_id), owner_id=question.owner_id,
        chat_id=question.chat_id, parent_id=question.id, role="assistant",
    )  # fmt: skip
    session.add(answer)
    session.flush()
    turn.chat_id = question.chat_id
    turn.question_id, turn.message_id, turn.status = question.id, answer.id, Status.RUNNING
    session.add(turn)
    session.flush()
    return _as_record(turn)


def _store_answer(session: Session, turn: TurnRecord, answer: LiveAnswer) -> bool:
    """Write the message's text, and its verdict once it is there; gives whether the verdict is stored now."""
    row = session.get(Message, turn.message_id)
    if row is None:
        raise ConflictError("The chat was deleted while its answer was being written.")
    row.content, row.reasoning = as_storable(answer.content), as_storable(answer.reasoning)
    row.image_prompt, row.preview = as_storable(answer.image_prompt), answer.preview
    verdict = answer.verdict
    if verdict is not None and not answer.verdict_is_stored:
        session.add(
            Verdict(
                owner_id=turn.owner_id,
                message_id=turn.message_id,
                need=verdict.need,
                image_probability=verdict.image_probability,
                decided_by=verdict.decided_by,
                took_ms=verdict.took_ms,
                reason=as_storable(verdict.reason),
                expert=verdict.expert,
            )
        )
    return verdict is not None


def _as_record(turn: Turn) -> TurnRecord:
    return TurnRecord(
        id=turn.id,
        owner_id=turn.owner_id,
        chat_id=turn.chat_id,
        question_id=turn.question_id,
        message_id=turn.message_id,
        status=Status(turn.status),
        need=Need(turn.need) if turn.need else None,
        seed=turn.seed,
    )
