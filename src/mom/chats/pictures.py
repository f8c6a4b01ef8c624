"""Pictures: a file on disk and a row beside it, for what was drawn and for what people attach."""

import asyncio
import logging
import time
from collections.abc import Collection, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from sqlalchemy import delete, inspect, select

from mom.chats.attachments import CheckedPicture
from mom.chats.database import Database
from mom.chats.ownership import find_owned
from mom.chats.patience import PATIENT, Patience
from mom.chats.picture_files import MARK, PICTURE, THUMBNAIL, UNFINISHED, PictureFiles, unlink
from mom.chats.png_record import write_record
from mom.chats.shapes import ATTACHMENT, DRAWING, as_image
from mom.chats.tables import MODEL_CHARS, Image, User, as_storable, new_id, now
from mom.chats.thumbnails import make_thumbnail
from mom.errors import ConflictError, NotFoundError
from mom.mixture import events
from mom.mixture.conversation import Attachment, Drawing
from mom.mixture.ports import Picture, PictureKeeper

ORPHANS_AFTER_S = 3600.0
MOST_SEED = 2**63 - 1  # what a database takes
IDS_AT_ONCE = 500  # SQLite takes a thousand variables in one statement at the least

log = logging.getLogger(__name__)


class Pictures:
    """Raises `NotFoundError` for another person's picture, `StorageError` where the disk does not do its part."""

    def __init__(self, database: Database, folder: Path, patience: Patience = PATIENT) -> None:
        self._database = database
        self.files = PictureFiles(folder)
        self.patience = patience

    def keeper(self, owner_id: str, message_id: str | None = None, image_ids: Sequence[str] = ()) -> PictureKeeper:
        """Where the mixture puts the pictures of one answer, or of a request that belongs to no chat. `image_ids`: those of the
        pictures that will be drawn, in their order, where they were told beforehand.
        """
        return _Keeper(self, owner_id, message_id, image_ids)

    def keep_drawing(
        self, owner_id: str, message_id: str | None, picture: Picture, words: str, image_id: str | None = None
    ) -> events.Image:
        """Store a picture that was drawn: the file first, then its row."""
        words = as_storable(words)
        picture = replace(
            picture,
            prompt=as_storable(picture.prompt),
            dropped_tail=as_storable(picture.dropped_tail),
            model=as_storable(picture.model)[:MODEL_CHARS],
            # Some servers tell seeds of 64 bits without a sign. Their picture is worth more than its seed.
            seed=picture.seed if abs(picture.seed or 0) <= MOST_SEED else None,
        )
        row = Image(
            id=image_id or new_id(), created_at=now(), owner_id=owner_id, message_id=message_id, kind=DRAWING,
            width=picture.width, height=picture.height, words=words, prompt=picture.prompt,
            seed=picture.seed, steps=picture.steps, model=picture.model, dropped_tail=picture.dropped_tail,
        )  # fmt: skip
        self.files.write(row.id, write_record(picture, words=words, drawn_at=row.created_at))
        try:
            with self._database.session() as session:
                session.add(row)
        except Exception:
            self.files.delete([row.id])
            raise
        return as_image(row)

    def write_attachments(self, pictures: Sequence[CheckedPicture]) -> list[Image]:
        """Store the files; the rows are the question's to add, together with itself."""
        rows = []
        for picture in pictures:
            row = Image(
                id=new_id(), kind=ATTACHMENT, width=picture.width, height=picture.height,
                prompt=picture.drawing.prompt if picture.drawing else "",
                seed=picture.drawing.seed if picture.drawing else None,
            )  # fmt: skip
            self.files.write(row.id, picture.png)
            rows.append(row)
        return rows

    def attachments_of(self, owner_id: str, message_id: str) -> tuple[Attachment, ...]:
        with self._database.session() as session:
            rows = session.scalars(
                select(Image)
                .where(Image.owner_id == owner_id, Image.message_id == message_id, Image.kind == ATTACHMENT)
                .order_by(Image.created_at, Image.id)
            ).all()
        return tuple(self._as_attachment(row) for row in rows)

    def _as_attachment(self, row: Image) -> Attachment:
        png = self.files.read(row.id)
        return Attachment(png, "image/png", Drawing(row.prompt, row.seed, row.id, png) if row.prompt else None)

    def read_png(self, owner_id: str, image_id: str) -> bytes:
        with self._database.session() as session:
            found = find_owned(session, Image, owner_id, image_id).id
        return self.files.read(found)

    def read_drawing(self, owner_id: str, image_id: str) -> Drawing:
        """What is remembered of a picture, with its file."""
        with self._database.session() as session:
            row = find_owned(session, Image, owner_id, image_id)
        return Drawing(row.prompt, row.seed, row.id, self.files.read(row.id))

    def prompts_of(self, owner_id: str, ids: Collection[str]) -> dict[str, str]:
        """What was drawn, by the ids of those that are pictures of this person."""
        found, rest = dict[str, str](), list(ids)
        for start in range(0, len(rest), IDS_AT_ONCE):
            some = Image.id.in_(rest[start : start + IDS_AT_ONCE])
            with self._database.session() as session:
                rows = session.execute(select(Image.id, Image.prompt).where(some, Image.owner_id == owner_id))
                found.update((row.id, row.prompt) for row in rows)
        return found

    def read_thumbnail(self, owner_id: str, image_id: str) -> bytes:
        """The picture small, as WebP: made when it is first asked for, and kept beside the picture."""
        with self._database.session() as session:
            found = find_owned(session, Image, owner_id, image_id).id
        if not self.files.has(found, THUMBNAIL):
            self.files.write(found, make_thumbnail(self.files.read(found)), THUMBNAIL)
        return self.files.read(found, THUMBNAIL)

    def delete_orphans(self, *, older_than_s: float = ORPHANS_AFTER_S) -> int:
        """Delete files that belong to no picture any more (a process that was killed between a file and its row, or between
        a row and its file), and give their number. Young ones are left alone: their row may be on its way. So is a folder
        of another database's pictures: whoever sets another `DATABASE_URL` for a while would lose them all.
        """
        if not self._is_this_databases_folder(self._first_user()):
            log.warning(
                "%s holds another database's pictures, so nothing is cleaned up there. MOM_FILES_URL gives each its folder. If it "
                "is the same database, at another address by now, delete the file %s there.",
                self.files.folder,
                MARK,
            )
            return 0
        old = self.files.older_than(time.time() - older_than_s)
        orphans = [path for path in old if path.suffix == UNFINISHED]
        named = [path for path in old if path.suffix in {PICTURE, THUMBNAIL}]
        known = self._known({path.stem for path in named})
        orphans += [path for path in named if path.stem not in known]
        for path in orphans:
            unlink(path)
        return len(orphans)

    def check_holds_no_others(self, *, but: Collection[str]) -> None:
        """Raises `ConflictError` where the folder is another database's, and holds pictures that are neither of `but` nor known."""
        if others := self.of_others() - set(but):
            raise ConflictError(
                f"{self.files.folder} holds {len(others)} pictures that are neither in this backup nor of this database: another "
                "database may need them. Name another folder in MOM_FILES_URL, or move them away. Nothing was changed."
            )

    def of_others(self) -> set[str]:
        """The ids of the pictures in the folder that this database does not know, where the folder is another's."""
        others, user = self.files.ids(), None
        with self._database.session() as session:
            has_users = inspect(session.connection()).has_table(User.__tablename__)
        if has_users:
            user = self._first_user()
            if not self._is_a_copys_folder(user):
                others -= self._known(others)
        return others if others and not self._is_this_databases_folder(user) else set()

    def _first_user(self) -> str | None:
        with self._database.session() as session:
            return session.scalar(select(User.id).order_by(User.created_at, User.id).limit(1))

    def _is_this_databases_folder(self, user: str | None) -> bool:
        """The folder is marked with the database's first user and its place, once it is empty or holds a picture of that database."""
        marked = self.files.read_mark()
        if marked and marked != [user]:  # that was written before copies of one database were told apart
            return marked == [user, self._place]
        present = self.files.ids()
        if present and not marked and (user is None or not self._known(present)):
            return False
        if user is not None:
            self.files.write_mark(user, self._place)
        return True

    def _is_a_copys_folder(self, user: str | None) -> bool:
        """Is it that of the same database elsewhere, one of the two being the other's copy? Then it may need each picture."""
        marked = self.files.read_mark()
        return marked[:1] == [user] and marked not in ([user], [user, self._place])

    @property
    def _place(self) -> str:
        """Where the database is, seen from the folder that this one is in: the two are moved together."""
        url, home = self._database.engine.url, self.files.folder.resolve().parent
        if url.get_backend_name() != "sqlite":
            return f"{url.host}:{url.port}/{url.database}"
        path = Path(str(url.database)).resolve()
        return str(path.relative_to(home) if path.is_relative_to(home) else path)

    def _known(self, ids: Collection[str]) -> set[str]:
        """Those that are pictures of this database."""
        known, rest = set[str](), list(ids)
        for start in range(0, len(rest), IDS_AT_ONCE):
            with self._database.session() as session:
                known.update(session.scalars(select(Image.id).where(Image.id.in_(rest[start : start + IDS_AT_ONCE]))))
        return known

    def discard(self, image_id: str) -> None:
        """Take a picture back that nobody has seen."""
        with self._database.session() as session:
            session.execute(delete(Image).where(Image.id == image_id))
        self.files.delete([image_id])


class _Keeper:
    def __init__(self, pictures: Pictures, owner_id: str, message_id: str | None, image_ids: Sequence[str]) -> None:
        self._pictures = pictures
        self._owner_id = owner_id
        self._message_id = message_id
        self._image_ids = iter(image_ids)

    async def keep(self, picture: Picture, *, words: str) -> events.Image:
        """Store the picture. Where the answer is stopped meanwhile it is taken back: what was not shown is not kept."""
        image_id = next(self._image_ids, None)
        keep = partial(self._pictures.keep_drawing, self._owner_id, self._message_id, picture, words, image_id)
        keeping = asyncio.ensure_future(self._pictures.patience.write(keep))
        try:
            return await asyncio.shield(keeping)
        except asyncio.CancelledError:
            # Shielded as well: a request is cancelled twice where a picture beside this one fails and its client leaves.
            await asyncio.shield(asyncio.ensure_future(self._take_back(keeping)))
            raise

    async def _take_back(self, keeping: "asyncio.Future[events.Image]") -> None:
        image = await keeping
        await self._pictures.patience.write(partial(self._pictures.discard, image.id))

    async def read(self, image_id: str) -> Drawing | None:
        """One of this person's pictures, or None."""
        try:
            return await asyncio.to_thread(self._pictures.read_drawing, self._owner_id, image_id)
        except NotFoundError:
            return None
