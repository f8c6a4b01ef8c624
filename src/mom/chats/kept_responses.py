"""What programs were answered, with what they asked: kept until it is deleted, too old, or too much."""

import hashlib
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, delete, func, or_, select
from sqlalchemy.orm import Session, aliased

from mom.chats.attachments import check_attachments
from mom.chats.database import Database
from mom.chats.ownership import find_owned
from mom.chats.pictures import IDS_AT_ONCE, ORPHANS_AFTER_S, Pictures
from mom.chats.png_record import write_record
from mom.chats.shapes import ATTACHMENT, DRAWING
from mom.chats.tables import ID_CHARS, Image, KeptResponse, as_storable, now
from mom.errors import ConflictError, MessageTooLongError, NotFoundError
from mom.mixture.conversation import Attachment
from mom.mixture.ports import Picture

CHAIN_CHARS = 2**23  # of JSON that a chain may bring along: several times what a conversation may have
MOST_BYTES = 2**30  # of one person's, with the pictures that were sent

Item = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Kept:
    """A response as a value. `head` is all of it but its `output`; pictures in the items are named by their ids, in `pictures`
    once more.
    """

    id: str
    previous_id: str | None
    head: Mapping[str, Any]
    input: Sequence[Item]
    output: Sequence[Item]
    pictures: Collection[str] = ()


class KeptResponses:
    """Those of the last `days`; of 0 days, none. Raises `NotFoundError` for what is absent or another person's, `StorageError`."""

    def __init__(self, database: Database, pictures: Pictures, days: int) -> None:
        self._database = database
        self._pictures = pictures
        self._days = days

    @property
    def keeps_any(self) -> bool:
        return self._days > 0

    def add(self, owner_id: str, kept: Kept, sent: Mapping[str, bytes], goes_on_from: str | None) -> None:
        """Keep a response, with the pictures that were sent with it by their `picture_id`. Where it goes on from another one, the
        two are kept for the same time.
        """
        texts = {name: _as_text(getattr(kept, name)) for name in ("head", "input", "output")}
        size = sum(len(text.encode()) for text in texts.values()) + self._add_pictures(owner_id, sent)
        with self._database.session() as session:
            chain_id = session.scalar(
                select(KeptResponse.chain_id).where(KeptResponse.id == goes_on_from, KeptResponse.owner_id == owner_id)
            )
            session.add(
                KeptResponse(
                    id=kept.id, created_at=now(), owner_id=owner_id, previous_id=kept.previous_id,
                    chain_id=chain_id or kept.id, size=size, pictures=" ".join(sorted(set(kept.pictures))), **texts,
                )
            )  # fmt: skip

    def read(self, owner_id: str, response_id: str) -> Kept:
        with self._database.session() as session:
            row = find_owned(session, KeptResponse, owner_id, response_id)
            head, sent, made = (json.loads(text) for text in (row.head, row.input, row.output))
            return Kept(row.id, row.previous_id, head, sent, made)

    def chain(self, owner_id: str, response_id: str) -> list[Item]:
        """What the response answered and what it said, after all that it goes on from, the oldest first. Raises `NotFoundError` also
        where one of them was deleted, `MessageTooLongError`.
        """
        length = func.length(KeptResponse.input) + func.length(KeptResponse.output)
        first = select(KeptResponse.id, KeptResponse.previous_id, length.label("chars"))
        chain = first.where(KeptResponse.id == response_id, KeptResponse.owner_id == owner_id).cte(
            "chain", recursive=True
        )
        before = aliased(KeptResponse)
        chain = chain.union_all(
            select(
                before.id, before.previous_id, chain.c.chars + func.length(before.input) + func.length(before.output)
            )
            .join(chain, before.id == chain.c.previous_id)
            .where(before.owner_id == owner_id, chain.c.chars <= CHAIN_CHARS)
        )
        wanted = select(KeptResponse.previous_id, KeptResponse.input, KeptResponse.output, chain.c.chars)
        with self._database.session() as session:
            rows = session.execute(
                wanted.join(chain, KeptResponse.id == chain.c.id).order_by(chain.c.chars.desc())
            ).all()
        if rows and rows[0].chars > CHAIN_CHARS:
            raise MessageTooLongError("The responses that this one goes on from are too long together. Begin anew.")
        if not rows or rows[0].previous_id is not None:
            what = "One that it goes on from" if rows else "There is no such response, or it"
            raise NotFoundError(f"{what} was deleted.")
        return [item for row in rows for text in (row.input, row.output) for item in json.loads(text)]

    def outputs(self, owner_id: str, response_ids: Collection[str]) -> list[Item]:
        """All items that those responses gave, where they are kept."""
        found: list[str] = []
        with self._database.session() as session:
            for some in _some_at_a_time(response_ids):
                mine = KeptResponse.id.in_(some), KeptResponse.owner_id == owner_id
                found += session.scalars(select(KeptResponse.output).where(*mine))
        return [item for text in found for item in json.loads(text)]

    def delete(self, owner_id: str, response_id: str) -> None:
        """With its pictures, those that were drawn for it included, where no other one that is kept has them."""
        with self._database.session() as session:
            row = find_owned(session, KeptResponse, owner_id, response_id)
            session.delete(row)
            session.flush()
            own = Image.owner_id == owner_id, Image.kind.in_((ATTACHMENT, DRAWING))
            gone = _delete_unnamed_pictures(session, *own, among=set(row.pictures.split()))
        self._pictures.files.delete(gone)
        self._database.overwrite_deleted()

    def delete_old(self) -> int:
        """Delete the chains that are too old or too much, and give their number. What was drawn stays: its links may be anywhere."""
        with self._database.session() as session:
            chains = session.scalars(_chains_to_delete(self._days)).all()
        for some in _some_at_a_time(chains):  # a writer holds SQLite up
            with self._database.session() as session:
                session.execute(delete(KeptResponse).where(KeptResponse.chain_id.in_(some)))
        old = Image.created_at < now() - timedelta(seconds=ORPHANS_AFTER_S)  # a young one's response may be on its way
        with self._database.session() as session:
            gone = _delete_unnamed_pictures(session, Image.kind == ATTACHMENT, old)
        self._pictures.files.delete(gone)
        if chains:
            self._database.overwrite_deleted()
        return len(chains)

    def _add_pictures(self, owner_id: str, sent: Mapping[str, bytes]) -> int:
        """Those that are not there yet; gives their size in bytes."""
        with self._database.session() as session:
            there = set(session.scalars(select(Image.id).where(Image.id.in_(sent))))
        size = 0
        for image_id in sent.keys() - there:
            [picture] = check_attachments([Attachment(sent[image_id], "image/png")])
            drawing, png = picture.drawing, picture.png
            if drawing is not None:  # so that "make it bluer" goes on from it, as at first
                record = Picture(
                    png=png, prompt=drawing.prompt, width=picture.width, height=picture.height,
                    seed=drawing.seed, steps=None, model="",
                )  # fmt: skip
                png = write_record(record, words="", drawn_at=now())
            self._pictures.files.write(image_id, png)
            row = Image(id=image_id, owner_id=owner_id, kind=ATTACHMENT, width=picture.width, height=picture.height)
            try:
                with self._database.session() as session:
                    session.add(row)
            except ConflictError:
                continue  # it was sent twice at the same time
            size += len(png)
        return size


def picture_id(owner_id: str, data: bytes) -> str:
    """The same for the same picture, so that one which comes with every request is kept once."""
    return hashlib.sha256(owner_id.encode() + data).hexdigest()[:ID_CHARS]


def _some_at_a_time(ids: Collection[str]) -> Iterator[Sequence[str]]:
    rest = list(ids)
    for start in range(0, len(rest), IDS_AT_ONCE):
        yield rest[start : start + IDS_AT_ONCE]


def _as_text(value: object) -> str:
    return as_storable(json.dumps(value, ensure_ascii=False))


def _chains_to_delete(days: int) -> Select[str]:
    """Those of which no response is young enough, and the longest unused of whoever has too much."""
    last, size = func.max(KeptResponse.created_at).label("last"), func.sum(KeptResponse.size).label("size")
    chain = (
        select(KeptResponse.owner_id, KeptResponse.chain_id, last, size)
        .group_by(KeptResponse.owner_id, KeptResponse.chain_id)
        .subquery()
    )
    newest_first = chain.c.last.desc(), chain.c.chain_id
    taken = func.sum(chain.c.size).over(partition_by=chain.c.owner_id, order_by=newest_first).label("taken")
    each = select(chain.c.chain_id, chain.c.last, taken).subquery()
    return select(each.c.chain_id).where(or_(each.c.last < now() - timedelta(days=days), each.c.taken > MOST_BYTES))


def _delete_unnamed_pictures(
    session: Session, *where: ColumnElement[bool], among: set[str] | None = None
) -> Collection[str]:
    """Delete the rows of pictures that belong to no message and to no response that is kept, and give their ids."""
    unnamed = set(session.scalars(select(Image.id).where(Image.message_id.is_(None), *where)))
    if among is not None:
        unnamed &= among
    if unnamed:
        for names in session.scalars(select(KeptResponse.pictures).where(KeptResponse.pictures != "")):
            unnamed.difference_update(names.split())
    for some in _some_at_a_time(unnamed):
        session.execute(delete(Image).where(Image.id.in_(some)))
    return unnamed
