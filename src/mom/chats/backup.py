"""Writes everything that was said and drawn into one archive, while MoM runs: the rows of all tables, and the pictures they tell of.

A gzipped tar: `mom-backup.json` (format, the migration the rows fit), `tables/NAME.jsonl` (a row a line), `pictures/ID.png`. Rows, not a dump of
the database's own: they go from SQLite to PostgreSQL and back, and need no tool of the database's. One transaction sees them all as they were at one
moment; a picture's file is written before its row, so that each row's picture is there, unless it was deleted since.
"""

import io
import json
import os
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from alembic.migration import MigrationContext
from sqlalchemy import Connection, MetaData, Table, select, text
from sqlalchemy.exc import SQLAlchemyError

from mom import __version__
from mom.chats.database import Database
from mom.chats.pictures import Pictures
from mom.chats.tables import utc_text
from mom.errors import MomError, NotFoundError, StorageError

FORMAT = 1
MANIFEST = "mom-backup.json"
MIGRATION_TABLE = "alembic_version"
ROWS_AT_A_TIME = 1000
SPOOL_BYTES = 10_000_000


def write_backup(database: Database, pictures: Pictures, file: IO[bytes]) -> dict[str, int]:
    """Write the archive to `file`; returns how many rows of each table it holds, and how many `pictures`. Raises `StorageError`."""
    try:
        with tarfile.open(fileobj=file, mode="w|gz") as archive, _one_moment(database) as connection:
            revision = MigrationContext.configure(connection).get_current_revision()
            if revision is None:
                raise StorageError("The database is empty: there is nothing to back up yet.")
            manifest = {
                "format": FORMAT,
                "mom": __version__,
                "revision": revision,
                "made_at": datetime.now(UTC).isoformat(),
            }
            _add(archive, MANIFEST, json.dumps(manifest).encode())
            tables = MetaData()
            tables.reflect(connection)
            counts = {
                table.name: _add_rows(archive, connection, table)
                for table in tables.sorted_tables
                if table.name != MIGRATION_TABLE
            }
            ids = connection.scalars(select(tables.tables["images"].c.id)).all()
            counts["pictures"] = sum(_add_picture(archive, pictures, image_id) for image_id in ids)
            return counts
    except SQLAlchemyError as error:
        raise StorageError("The database cannot be read. `mom doctor` tells what is wrong with it.") from error


@contextmanager
def _one_moment(database: Database) -> Iterator[Connection]:
    """A connection that sees the database as it is now, whatever others write meanwhile."""
    with database.engine.connect() as connection:
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql("BEGIN")  # in WAL mode the first read fixes what is seen
            connection.execute(text("SELECT 1 FROM sqlite_master")).all()
        else:
            connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY"))
        yield connection


def _add_rows(archive: tarfile.TarFile, connection: Connection, table: Table) -> int:
    count = 0
    with tempfile.SpooledTemporaryFile(SPOOL_BYTES) as rows:
        for row in connection.execution_options(yield_per=ROWS_AT_A_TIME).execute(select(table)).mappings():
            rows.write(json.dumps(dict(row), default=_as_text, ensure_ascii=False).encode() + b"\n")
            count += 1
        size = rows.tell()
        rows.seek(0)
        archive.addfile(_entry(f"tables/{table.name}.jsonl", size), rows)
    return count


def _as_text(value: Any) -> str:  # noqa: ANN401 -- whatever JSON does not know
    if isinstance(value, datetime):
        return utc_text(value)
    raise TypeError(f"{value!r} is of a kind that no table has")


def _add_picture(archive: tarfile.TarFile, pictures: Pictures, image_id: str) -> bool:
    try:
        _add(archive, f"pictures/{image_id}.png", pictures.files.read(image_id))
    except NotFoundError:
        return False
    return True


def _add(archive: tarfile.TarFile, name: str, data: bytes) -> None:
    archive.addfile(_entry(name, len(data)), io.BytesIO(data))


def _entry(name: str, size: int) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.size = size
    entry.mode = 0o600
    return entry


@contextmanager
def new_private_file(path: Path) -> Iterator[IO[bytes]]:
    """A file that only its owner may read, under its name only once it is complete. Raises `StorageError`."""
    unfinished = path.with_name(f"{path.name}.unfinished")
    try:
        try:
            descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                yield file
            unfinished.replace(path)
        finally:
            unfinished.unlink(missing_ok=True)
    except MomError:
        raise
    except OSError as error:
        raise StorageError(f"{path} cannot be written: {error.strerror}. Name another file.") from error
