"""Whose is it: every row is found by its id and its owner together, so that no query can forget the owner."""

from typing import TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from mom.chats.tables import Chat, Image, KeptResponse, Message, Turn, Verdict
from mom.errors import NotFoundError

Owned = TypeVar("Owned", Chat, Message, Image, Turn, Verdict, KeptResponse)

_WORDS = {
    Chat: "chat", Message: "message", Image: "picture", Turn: "answer", Verdict: "correction", KeptResponse: "response",
}  # fmt: skip


def find_owned(session: Session, table: type[Owned], owner_id: str, row_id: str) -> Owned:
    """The row of that id and owner. Raises `NotFoundError`: what is another's and what is nowhere look the same."""
    # PostgreSQL cannot even be asked for some of what stands in a URL.
    is_id = row_id.isascii() and row_id.isprintable()
    row = session.scalar(select(table).where(table.id == row_id, table.owner_id == owner_id)) if is_id else None
    if row is None:
        raise NotFoundError(f"There is no such {_WORDS[table]}, or it was deleted.")
    return row
