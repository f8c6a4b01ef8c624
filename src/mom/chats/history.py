"""The chats of a person: listed, searched, read, renamed, deleted, and seen as the conversation that is to be answered."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import ColumnElement, delete, select, update
from sqlalchemy.orm import Session, aliased, selectinload

from mom.chats.database import Database
from mom.chats.ownership import find_owned
from mom.chats.shapes import ATTACHMENT, DRAWING, chat_json, found_json, message_json
from mom.chats.tables import Chat, Image, Message, Table, Turn, User, Verdict, as_storable
from mom.errors import ConflictError, MomError, NotFoundError, ParameterError
from mom.mixture import conversation as talk
from mom.mixture.conversation import PICTURED_MESSAGES_SEEN, Attachment, Conversation, Drawing

LOCAL_USER = "local"
TITLE_CHARS = 80
FOUND_CHATS = 50  # at most, of a search


def _none(_message_id: str) -> tuple[Attachment, ...]:
    return ()


class History:
    """Raises `NotFoundError` for whatever is absent or another person's."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def local_user_id(self) -> str:
        """The one person of an installation without accounts; made when first asked for."""
        try:
            with self.database.session() as session:
                return _local_user(session).id
        except ConflictError:  # another thread has just made it
            with self.database.session() as session:
                return _local_user(session).id

    def list_chats(self, owner_id: str) -> list[dict[str, Any]]:
        """All chats without their messages, the last used first."""
        with self.database.session() as session:
            chats = session.scalars(
                select(Chat).where(Chat.owner_id == owner_id).order_by(Chat.changed_at.desc(), Chat.id)
            )
            return [chat_json(chat) for chat in chats]

    def find_messages(self, owner_id: str, words: str) -> list[dict[str, Any]]:
        """The newest message with these words, as they stand but in either case, of each chat that has one; the chats last
        used first. Other letters than ASCII's: PostgreSQL goes by the locale of its database.
        """
        words = as_storable(words)
        newest = (
            select(Message.id)
            .where(Message.chat_id == Chat.id, Message.content.icontains(words, autoescape=True))
            .order_by(Message.created_at.desc(), Message.id.desc())
            .limit(1)
            .correlate(Chat)
            .scalar_subquery()
        )
        found = aliased(Message)
        with self.database.session() as session:
            rows = session.scalars(
                select(found)
                .join(Chat, found.id == newest)
                .where(Chat.owner_id == owner_id)
                .order_by(Chat.changed_at.desc(), Chat.id)
                .limit(FOUND_CHATS)
            )
            return [found_json(row, words) for row in rows]

    def create_chat(self, owner_id: str, title: str = "") -> str:
        """Make an empty chat and give its id. A chat without a title is named after its first question."""
        with self.database.session() as session:
            chat = Chat(owner_id=owner_id, title=short_title(title))
            session.add(chat)
            session.flush()
            return chat.id

    def read_chat(self, owner_id: str, chat_id: str) -> dict[str, Any]:
        """The chat with all its messages, oldest first: a tree by `parent_id`."""
        with self.database.session() as session:
            chat = find_owned(session, Chat, owner_id, chat_id)
            # The turns before the messages: each statement sees a later moment than the one before, and an answer whose
            # turn has ended has to be read whole, as its reader does not follow it any more.
            of_chat = Turn.chat_id == chat_id, Turn.owner_id == owner_id
            turns = {turn.message_id: turn for turn in _rows(session, Turn, *of_chat)}
            messages = _rows(session, Message, Message.chat_id == chat_id, Message.owner_id == owner_id)
            if any(message.role == "assistant" and message.id not in turns for message in messages):  # begun since
                turns = {turn.message_id: turn for turn in _rows(session, Turn, *of_chat)} | turns
            here = select(Message.id).where(Message.chat_id == chat_id)
            verdicts = {row.message_id: row for row in _rows(session, Verdict, Verdict.message_id.in_(here))}
            images: dict[str, list[Any]] = {}
            for row in _rows(session, Image, Image.message_id.in_(here)):
                images.setdefault(row.message_id, []).append(row)
            return {
                **chat_json(chat),
                "messages": [
                    message_json(row, images.get(row.id, []), verdicts.get(row.id), turns.get(row.id))
                    for row in messages
                ],
            }

    def read_message(self, owner_id: str, message_id: str) -> dict[str, Any]:
        with self.database.session() as session:
            row = find_owned(session, Message, owner_id, message_id)
            return message_json(row, row.images, row.verdict, row.turn)

    def rename_chat(self, owner_id: str, chat_id: str, title: str) -> None:
        if not title.strip():
            raise ParameterError("Give the chat a title of at least one letter.", param="title")
        with self.database.session() as session:
            find_owned(session, Chat, owner_id, chat_id).title = short_title(title)

    def delete_chat(self, owner_id: str, chat_id: str) -> list[str]:
        """Delete a chat with all that is in it; gives the ids of its pictures, whose files are to be deleted.

        `Turns.delete_chat` does the whole: it stops the chat's answers first and deletes the files.
        """
        with self.database.session() as session:
            chat = find_owned(session, Chat, owner_id, chat_id)
            images = select(Image.id).join(Message, Image.message_id == Message.id).where(Message.chat_id == chat_id)
            image_ids = list(session.scalars(images))
            # Message by message the database would follow the tree, and SQLite gives up after a thousand.
            session.execute(update(Message).where(Message.chat_id == chat.id).values(parent_id=None))
            session.execute(delete(Chat).where(Chat.id == chat.id))
        self.database.overwrite_deleted()
        return image_ids

    def conversation(
        self, owner_id: str, question_id: str, attachments_of: Callable[[str], tuple[Attachment, ...]] = _none
    ) -> Conversation:
        """The messages from the chat's first question to this one, along the tree. `attachments_of` gives the pictures that
        were added to a message.
        """
        with self.database.session() as session:
            find_owned(session, Message, owner_id, question_id)
            rows = _path_to(session, question_id)
            spoken = {row.id: _as_spoken(row) for row in rows}
            pictured = [row.id for row in rows if any(image.kind == ATTACHMENT for image in row.images)]
        for message_id in pictured[-PICTURED_MESSAGES_SEEN:]:
            try:
                spoken[message_id] = replace(spoken[message_id], attachments=attachments_of(message_id))
            except MomError:
                if message_id == question_id:  # an earlier one that is lost is no reason not to answer
                    raise
        return Conversation(tuple(spoken.values()))


def spoken_until(session: Session, question_id: str) -> Sequence[talk.Message]:
    """The messages from the chat's first question to this one, along the tree, as the classifier reads them: MoM's own
    pictures that are attached to it are taken up.
    """
    rows = _path_to(session, question_id)
    *earlier, question = map(_as_spoken, rows)
    added = tuple(
        Attachment(b"", "image/png", Drawing(image.prompt) if image.prompt else None) for image in rows[-1].images
    )
    return Conversation((*earlier, replace(question, attachments=added))).taking_up_records().messages


def short_title(words: str) -> str:
    """The first line, cut at a word's end."""
    line = " ".join(as_storable(words).strip().split("\n", 1)[0].split())
    if len(line) <= TITLE_CHARS:
        return line
    return line[:TITLE_CHARS].rsplit(" ", 1)[0] + " …"


def _rows(session: Session, table: type[Table], *where: ColumnElement[bool]) -> Sequence[Any]:
    """The rows as they are, oldest first, with the table's attributes: a long chat as objects takes five times as long."""
    return session.execute(select(*table.__table__.columns).where(*where).order_by(table.created_at, table.id)).all()


def _local_user(session: Session) -> User:
    user = session.scalar(select(User).where(User.name == LOCAL_USER))
    if user is None:
        user = User(name=LOCAL_USER)
        session.add(user)
        session.flush()
    return user


def _path_to(session: Session, message_id: str) -> Sequence[Message]:
    """The message and all above it, the topmost first."""
    path = select(Message.id, Message.parent_id).where(Message.id == message_id).cte("path", recursive=True)
    above = aliased(Message)
    path = path.union_all(select(above.id, above.parent_id).join(path, above.id == path.c.parent_id))
    found = session.scalars(
        select(Message).join(path, Message.id == path.c.id).options(selectinload(Message.images))
    ).all()
    if not found:
        raise NotFoundError("There is no such message, or it was deleted.")
    below = {message.parent_id: message for message in found}
    ordered = [below[None]]
    while ordered[-1].id in below:
        ordered.append(below[ordered[-1].id])
    return ordered


def _as_spoken(message: Message) -> talk.Message:
    """The message as a value. A picture that was never drawn to its end is one all the same: "make it bluer" is said of it.
    An answer that failed before its first word says so: some models refuse two questions in a row.
    """
    if message.role == "user":
        return talk.Message("user", message.content)
    drawings = [image for image in message.images if image.kind == DRAWING]
    if drawings:
        last = drawings[-1]
        return talk.Message("assistant", message.content, drawing=Drawing(last.prompt, last.seed, last.id))
    if message.image_prompt:
        return talk.Message("assistant", message.content, drawing=Drawing(message.image_prompt))
    return talk.Message("assistant", message.content or "[no answer]")
