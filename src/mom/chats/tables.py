"""The tables: users own chats; a chat's messages form a tree; an answer has a turn, a verdict and pictures. Beside them stands
what programs were answered.

Every table carries `owner_id`, and every query of `chats/` asks for it. Ids are random and say nothing. Only types that
Alembic renders by itself are used, so that `flask db migrate` writes a migration that needs no editing.
"""

import uuid
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, DateTime, Float, ForeignKey, Index, MetaData, String, Text, UniqueConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

from mom.mixture.halves import join_halves

NAMING_CONVENTION = {
    "pk": "pk_%(table_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
}
ID_CHARS = 32
MODEL_CHARS, FINISH_REASON_CHARS = 200, 32


def new_id() -> str:
    """An opaque random id."""
    return uuid.uuid4().hex


def now() -> datetime:
    return datetime.now(UTC)


def as_utc(moment: datetime) -> datetime:
    """SQLite gives times back without their zone; they were written in UTC."""
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)


def utc_text(moment: datetime) -> str:
    """ISO 8601 in UTC."""
    return as_utc(moment).isoformat()


def as_storable(text: str) -> str:
    """Halves of surrogate pairs joined, or replaced where one is alone; and no NUL, which PostgreSQL refuses."""
    return join_halves(text).replace("\0", "\N{REPLACEMENT CHARACTER}")


class Table(DeclarativeBase):
    """Base of all tables: an id, and the time of the row's making."""

    metadata = MetaData(naming_convention=NAMING_CONVENTION)

    id: Mapped[str] = mapped_column(String(ID_CHARS), primary_key=True, default=new_id, sort_order=-2)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=now, sort_order=-1)


def _belongs_to(table: str, *, unique: bool = False, index: bool = True) -> Any:  # noqa: ANN401 - as mapped_column
    """A foreign key to the row without which this one has no meaning."""
    return mapped_column(ForeignKey(f"{table}.id", ondelete="CASCADE"), unique=unique or None, index=index or None)


class User(Table):
    __tablename__ = "users"

    name: Mapped[str] = mapped_column(String(100), unique=True)


class Chat(Table):
    """`changed_at` moves when something is asked; the list of chats is sorted by it."""

    __tablename__ = "chats"
    __table_args__ = (Index(None, "owner_id", "changed_at"),)

    owner_id: Mapped[str] = _belongs_to("users", index=False)
    title: Mapped[str] = mapped_column(String(200), default="")
    changed_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=now)


class Message(Table):
    """A question (`role` user) or an answer (`role` assistant). `parent_id` is None for a chat's first question.

    Siblings have the same parent: an edited question beside the first one, a second answer beside the first one.
    `image_prompt` is what an answer's picture was to show, also where it was never drawn to its end. Then
    `preview` is how far it had come: a small JPEG as a data URL.
    """

    __tablename__ = "messages"

    owner_id: Mapped[str] = _belongs_to("users")
    chat_id: Mapped[str] = _belongs_to("chats")
    parent_id: Mapped[str | None] = _belongs_to("messages")
    role: Mapped[str] = mapped_column(String(16))
    content: Mapped[str] = mapped_column(Text, default="")
    reasoning: Mapped[str] = mapped_column(Text, default="")
    image_prompt: Mapped[str] = mapped_column(Text, default="", server_default="")
    preview: Mapped[str] = mapped_column(Text, default="", server_default="")

    images: Mapped[list["Image"]] = relationship(order_by="Image.created_at", viewonly=True)
    verdict: Mapped["Verdict | None"] = relationship(viewonly=True)
    turn: Mapped["Turn | None"] = relationship(foreign_keys="Turn.message_id", viewonly=True)


class Image(Table):
    """The record of a picture file: drawn (`kind` drawing), or added to a question by a person (`kind` attachment).

    `words` is what the person wrote, `prompt` what the image model was given, `dropped_tail` the end of it that it did not read.
    """

    __tablename__ = "images"

    owner_id: Mapped[str] = _belongs_to("users")
    message_id: Mapped[str | None] = _belongs_to("messages")
    kind: Mapped[str] = mapped_column(String(16))
    width: Mapped[int]
    height: Mapped[int]
    words: Mapped[str] = mapped_column(Text, default="")
    prompt: Mapped[str] = mapped_column(Text, default="")
    seed: Mapped[int | None] = mapped_column(BigInteger)
    steps: Mapped[int | None]
    model: Mapped[str] = mapped_column(String(MODEL_CHARS), default="")
    dropped_tail: Mapped[str] = mapped_column(Text, default="", server_default="")


class Verdict(Table):
    """How an answer's question was read. `corrected_to` is the need a person chose instead: labelled data."""

    __tablename__ = "verdicts"

    owner_id: Mapped[str] = _belongs_to("users")
    message_id: Mapped[str] = _belongs_to("messages", unique=True, index=False)
    need: Mapped[str] = mapped_column(String(16))
    image_probability: Mapped[float] = mapped_column(Float)
    decided_by: Mapped[str] = mapped_column(String(32))
    took_ms: Mapped[float] = mapped_column(Float)
    reason: Mapped[str] = mapped_column(Text)
    expert: Mapped[str | None] = mapped_column(String(200))
    corrected_to: Mapped[str | None] = mapped_column(String(16))
    corrected_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class Turn(Table):
    """The making of one answer. `need` and `seed` are what the asker fixed; the rest is what its last event said."""

    __tablename__ = "turns"
    __table_args__ = (UniqueConstraint("owner_id", "client_id"),)

    owner_id: Mapped[str] = _belongs_to("users", index=False)
    chat_id: Mapped[str] = _belongs_to("chats")
    question_id: Mapped[str] = _belongs_to("messages")
    message_id: Mapped[str] = _belongs_to("messages", unique=True, index=False)
    client_id: Mapped[str | None] = mapped_column(String(200))
    status: Mapped[str] = mapped_column(String(16), default="running", index=True)
    need: Mapped[str | None] = mapped_column(String(16))
    seed: Mapped[int | None] = mapped_column(BigInteger)
    models: Mapped[dict[str, str]] = mapped_column(JSON, default=dict)
    error: Mapped[dict[str, str | None] | None] = mapped_column(JSON(none_as_null=True))
    finish_reason: Mapped[str | None] = mapped_column(String(FINISH_REASON_CHARS))
    usage: Mapped[dict[str, int] | None] = mapped_column(JSON(none_as_null=True))
    timings: Mapped[dict[str, float] | None] = mapped_column(JSON(none_as_null=True))
    ended_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class KeptResponse(Table):
    """A response to a program, with what it answers. `input`, `output` and `head` (the rest of it) are JSON as a program reads it;
    pictures in it are named by their ids, all of which are in `pictures`, with spaces between.

    `previous_id` is no foreign key: where a response was deleted, those that go on from it tell of a gap. `chain_id` is the id of
    the first of those that go on from each other. `size` is what all of it takes up, in bytes.
    """

    __tablename__ = "kept_responses"
    __table_args__ = (Index(None, "owner_id", "chain_id"),)

    owner_id: Mapped[str] = _belongs_to("users", index=False)
    previous_id: Mapped[str | None] = mapped_column(String(ID_CHARS))
    chain_id: Mapped[str] = mapped_column(String(ID_CHARS))
    size: Mapped[int] = mapped_column(BigInteger)
    pictures: Mapped[str] = mapped_column(Text, default="")
    head: Mapped[str] = mapped_column(Text)
    input: Mapped[str] = mapped_column(Text)
    output: Mapped[str] = mapped_column(Text)
