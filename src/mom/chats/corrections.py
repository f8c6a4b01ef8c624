"""Corrections: what people said their messages need instead of what was decided. Known to the classifier, listed, deleted.

A correction is kept with the verdict that it corrects; a chat that is deleted takes its corrections with it.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, exists, func, select
from sqlalchemy.orm import aliased

from mom.chats.database import Database
from mom.chats.history import spoken_until
from mom.chats.ownership import find_owned
from mom.chats.tables import Image, Message, Verdict, utc_text
from mom.errors import NotFoundError
from mom.mixture.correction_stage import COMPARED_CHARS
from mom.mixture.ports import Correction
from mom.mixture.verdict import DecidedBy, Need

KNOWN_AT_MOST = 500
# The form of such a message decided, and nobody who classifies has erred.
_BY_FORM = (DecidedBy.COMMAND, DecidedBy.ATTACHMENT)
_NEWEST_FIRST = (Verdict.corrected_at.desc(), Verdict.id)


class Corrections:
    """Raises `NotFoundError` for another person's, and `StorageError`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def read_all(self, owner_id: str) -> list[dict[str, Any]]:
        """All corrections, the newest first, each as a row of routing data with its id, its time and what was decided."""
        with self._database.session() as session:
            found = session.scalars(select(Verdict).where(*_corrected(owner_id)).order_by(*_NEWEST_FIRST)).all()
            return [
                {
                    "id": verdict.id,
                    "corrected_at": utc_text(verdict.corrected_at or verdict.created_at),
                    "messages": [
                        {"role": message.role, "content": message.as_words}
                        for message in spoken_until(session, verdict.message_id)[:-1]
                    ],
                    "route": verdict.corrected_to,
                    "source": "correction",
                    "kind": "correction",
                    "decided": verdict.need,
                    "decided_by": verdict.decided_by,
                }
                for verdict in found
            ]

    def delete(self, owner_id: str, correction_id: str) -> None:
        """Forget the correction; the answer and its verdict stay."""
        with self._database.session() as session:
            verdict = find_owned(session, Verdict, owner_id, correction_id)
            if verdict.corrected_to is None:
                raise NotFoundError("There is no such correction, or it was deleted.")
            verdict.corrected_to = verdict.corrected_at = None

    def known(self, owner_id: str) -> Sequence[Correction]:
        """What the classifier goes by: the newest corrections of messages that are short enough to be compared."""
        answer, question = aliased(Message), aliased(Message)
        follows_picture = exists().where(Image.message_id == question.parent_id)
        wanted = (
            select(question.content, follows_picture, Verdict.corrected_to)
            .join(answer, Verdict.message_id == answer.id)
            .join(question, answer.parent_id == question.id)
            .where(*_corrected(owner_id))
            .where(func.length(question.content) <= COMPARED_CHARS, Verdict.decided_by.not_in(_BY_FORM))
            .order_by(*_NEWEST_FIRST)
            .limit(KNOWN_AT_MOST)
        )
        with self._database.session() as session:
            return [
                Correction(words, Need(need), follows_picture=after)
                for words, after, need in session.execute(wanted)
                if need is not None
            ]


@dataclass(frozen=True)
class CorrectionsOf:
    """Implements `ports.KnownCorrections` for the person whose id `owner_id` gives."""

    corrections: Corrections
    owner_id: Callable[[], str]

    async def known(self) -> Sequence[Correction]:
        return await asyncio.to_thread(lambda: self.corrections.known(self.owner_id()))


def _corrected(owner_id: str) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return Verdict.owner_id == owner_id, Verdict.corrected_to.is_not(None)
