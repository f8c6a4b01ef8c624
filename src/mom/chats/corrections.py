"""Corrections: what people said their messages need instead of what was decided. Known to the classifier, listed, deleted.

A correction is kept with the verdict that it corrects; a chat that is deleted takes its corrections with it.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import BindParameter, ColumnElement, Select, bindparam, case, exists, func, select
from sqlalchemy.orm import aliased

from mom.chats.database import Database
from mom.chats.history import spoken_until
from mom.chats.ownership import find_owned
from mom.chats.tables import Image, Message, Verdict, utc_text
from mom.errors import NotFoundError
from mom.mixture.conversation import Conversation
from mom.mixture.correction_stage import COMPARED_CHARS
from mom.mixture.ports import Correction
from mom.mixture.text_files import own_words
from mom.mixture.verdict import DecidedBy, Need

KNOWN_AT_MOST = 500
# Of a message with files the words after them are compared. So much of it is read for that, as every routed message asks.
WITH_FILES_CHARS = 20_000
_answer, _question, _before = aliased(Message), aliased(Message), aliased(Message)


class Corrections:
    """Raises `NotFoundError` for another person's, and `StorageError`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def read_all(self, owner_id: str) -> list[dict[str, Any]]:
        """All corrections, the newest first, each as a row of routing data with its id, its time and what was decided.

        `by_form`: the message's form decides, a command or a picture, so it teaches a classifier nothing.
        """
        wanted = _newest_first(owner_id, Verdict, _question.id, _is_by_form())
        with self._database.session() as session:
            return [
                {
                    "id": verdict.id,
                    "corrected_at": utc_text(verdict.corrected_at or verdict.created_at),
                    "messages": [
                        {"role": message.role, "content": message.as_words}
                        for message in Conversation(tuple(spoken_until(session, question_id))).in_own_words().messages
                    ],
                    "route": verdict.corrected_to,
                    "source": "correction",
                    "kind": "correction",
                    "decided": verdict.need,
                    "decided_by": verdict.decided_by,
                    "by_form": by_form,
                }
                for verdict, question_id, by_form in session.execute(wanted).all()
            ]

    def delete(self, owner_id: str, correction_id: str) -> None:
        """Forget the correction; the answer and its verdict stay."""
        with self._database.session() as session:
            verdict = find_owned(session, Verdict, owner_id, correction_id)
            if verdict.corrected_to is None:
                raise NotFoundError("There is no such correction, or it was deleted.")
            verdict.corrected_to = verdict.corrected_at = None

    def known(self, owner_id: str) -> Sequence[Correction]:
        """What the classifier goes by: the newest corrections of messages whose own words are short enough to be compared."""
        with self._database.session() as session:
            return [
                Correction(own, Need(need), follows_picture=after, answered=None if after else answered)
                if own == words
                else Correction(own, Need(need), follows_picture=False)
                for words, need, after, answered in session.execute(_comparable(), {"owner_id": owner_id})
                if len(own := own_words(words)) <= COMPARED_CHARS
            ]


@dataclass(frozen=True)
class CorrectionsOf:
    """Implements `ports.KnownCorrections` for the person whose id `owner_id` gives."""

    corrections: Corrections
    owner_id: Callable[[], str]

    async def known(self) -> Sequence[Correction]:
        return await asyncio.to_thread(lambda: self.corrections.known(self.owner_id()))


@cache
def _comparable() -> Select[Any]:
    """Of the person `owner_id`: words, need, whether a picture came before, the end of the answer before. Every message that is routed
    asks for them, and putting this together takes ten times as long as the database's answer: so it is done once.
    """
    # One of MoM's that is attached counts as the answer before; so does one that was never drawn to its end.
    follows_picture = exists().where(Image.message_id.in_((_question.parent_id, _question.id))) | exists().where(
        _before.id == _question.parent_id, _before.image_prompt != ""
    )
    length = func.length(_before.content)
    end = func.substr(_before.content, case((length > COMPARED_CHARS, length - COMPARED_CHARS + 1), else_=1))
    answered = select(end).where(_before.id == _question.parent_id).scalar_subquery()
    longest = case((_question.content.startswith("File: "), WITH_FILES_CHARS), else_=COMPARED_CHARS)
    return (
        _newest_first(bindparam("owner_id"), _question.content, Verdict.corrected_to, follows_picture, answered)
        .where(func.length(_question.content) <= longest, ~_is_by_form())
        .limit(KNOWN_AT_MOST)
    )


def _newest_first(owner_id: str | BindParameter[str], *columns: Any) -> Select[Any]:  # noqa: ANN401 - as `select` takes them
    """The person's corrections, each with its `_answer` and `_question`."""
    return (
        select(*columns)
        .select_from(Verdict)
        .join(_answer, Verdict.message_id == _answer.id)
        .join(_question, _answer.parent_id == _question.id)
        .where(Verdict.owner_id == owner_id, Verdict.corrected_to.is_not(None))
        .order_by(Verdict.corrected_at.desc(), Verdict.id)
    )


def _is_by_form() -> ColumnElement[bool]:
    """Does the form of the question decide? A picture that MoM did not draw is attached, or the form has decided an answer:
    this one or, before a person said otherwise, one beside it.
    """
    beside, its_verdict = aliased(Message), aliased(Verdict)
    return exists().where(Image.message_id == _question.id, Image.prompt == "") | exists().where(
        beside.parent_id == _question.id,
        its_verdict.message_id == beside.id,
        its_verdict.decided_by.in_((DecidedBy.COMMAND, DecidedBy.ATTACHMENT)),
    )
