"""Reads an archive of `backup.py` back: first all of it is checked, then the pictures are written, then the database changes at once."""

import json
import re
import tarfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import IO, Any

from sqlalchemy import Connection, DateTime, MetaData, Table, func, insert, inspect, select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.sql.expression import bindparam

from mom.chats.backup import FORMAT, MANIFEST, ROWS_AT_A_TIME
from mom.chats.database import Database
from mom.chats.pictures import Pictures
from mom.errors import ConflictError, StorageError

ROWS = re.compile(r"tables/([a-z_]+)\.jsonl")
PICTURE = re.compile(r"pictures/([0-9a-f]{32})\.png")
ID = re.compile(r"[0-9a-f]{32}")
PIECE_BYTES = 1 << 20
KEPT_IN = {"chats": "chats", "kept_responses": "responses to programs"}
PNG = b"\x89PNG\r\n\x1a\n"


@dataclass(frozen=True, slots=True)
class Archive:
    """One that was looked through from end to end. `tables` and `pictures` are the names it holds."""

    path: Path
    revision: str
    tables: frozenset[str]
    pictures: frozenset[str]


def read_archive(path: Path, database: Database) -> Archive:
    """Raises `StorageError`, in a sentence, for all that is no whole archive of MoM's, and for one of a newer MoM."""
    try:
        with tarfile.open(path, "r:gz") as archive:
            return _look_through(path, archive, database)
    except FileNotFoundError as error:
        raise StorageError(f"There is no file {path}.") from error
    except (tarfile.TarError, zlib.error, EOFError, OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise StorageError(
            f"{path} is not a backup of MoM's, or it is damaged ({error}). Nothing was changed."
        ) from error


def restore(archive: Archive, database: Database, pictures: Pictures, *, replace: bool) -> None:
    """Make the archive's content MoM's, in place of what is there. All tables change together, or none does.

    Raises `ConflictError` where chats or responses would be lost and `replace` does not say so, or another database's pictures;
    `StorageError`.
    """
    for table, words in KEPT_IN.items():
        if (there := count_rows(database, table)) and not replace:
            raise ConflictError(f"There are {there} {words} already, which a restore deletes. If that is meant: --yes.")
    pictures.check_holds_no_others(but=archive.pictures)
    with tarfile.open(archive.path, "r:gz") as opened:
        for entry in opened:
            if picture := PICTURE.fullmatch(entry.name):
                pictures.files.write(picture[1], _open(opened, entry).read())
    database.replace_all(archive.revision, lambda connection: _insert_all(archive, connection))
    pictures.files.delete_all(but=archive.pictures)


def count_rows(database: Database, table: str) -> int:
    """0 where there is no such table yet. Raises `StorageError`."""
    try:
        with database.engine.connect() as connection:
            if not inspect(connection).has_table(table):
                return 0
            present = MetaData()
            present.reflect(connection, only=[table])
            return connection.scalar(select(func.count()).select_from(present.tables[table])) or 0
    except SQLAlchemyError as error:
        raise StorageError("The database does not answer. `mom doctor` tells what is wrong with it.") from error


def _look_through(path: Path, archive: tarfile.TarFile, database: Database) -> Archive:
    tables, pictures, revision = set(), set(), ""
    for entry in archive:
        if not entry.isreg():
            raise ValueError(f"{entry.name!r} is no file")
        if entry.name == MANIFEST:
            revision = _check_manifest(json.load(_open(archive, entry)), archive, database)
        elif rows := ROWS.fullmatch(entry.name):
            tables.add(rows[1])
            for line in _open(archive, entry):
                if not isinstance(json.loads(line), dict):
                    raise ValueError(f"a row of {rows[1]} is none")  # noqa: TRY004 -- told as all else that is wrong with it
        elif (picture := PICTURE.fullmatch(entry.name)) and _open(archive, entry).read().startswith(PNG):
            pictures.add(picture[1])
        else:
            raise ValueError(f"it holds {entry.name!r}")
    _read_to_its_checksum(archive)
    if not revision:
        raise ValueError(f"it has no {MANIFEST}")
    return Archive(path, revision, frozenset(tables), frozenset(pictures))


def _read_to_its_checksum(archive: tarfile.TarFile) -> None:
    """A tar file ends before the gzip around it does, whose last bytes tell whether all before them are as they were written."""
    assert archive.fileobj is not None
    while archive.fileobj.read(PIECE_BYTES):
        pass


def _check_manifest(manifest: dict[str, Any], archive: tarfile.TarFile, database: Database) -> str:
    revision = str(manifest["revision"])
    if int(manifest["format"]) > FORMAT or revision not in database.known_revisions():
        _read_to_its_checksum(archive)  # a wrong bit can make an unknown revision of a known one
        raise StorageError(f"This backup was made by a newer MoM ({manifest['mom']}). Update this one first.")
    return revision


def _insert_all(archive: Archive, connection: Connection) -> None:
    present = MetaData()
    present.reflect(connection)
    if unknown := archive.tables - present.tables.keys():
        raise StorageError(f"{archive.path} has tables that MoM does not: {', '.join(sorted(unknown))}.")
    with tarfile.open(archive.path, "r:gz") as opened:
        entries = {entry.name: entry for entry in opened}
        for table in present.sorted_tables:
            if table.name not in archive.tables:
                continue
            try:
                _insert_rows(table, _open(opened, entries[f"tables/{table.name}.jsonl"]), connection)
            except (KeyError, TypeError, ValueError, RecursionError, SQLAlchemyError) as error:
                raise StorageError(
                    f"{archive.path} is damaged: its {table.name} do not fit ({type(error).__name__}). Nothing was changed."
                ) from error


def _insert_rows(table: Table, lines: Iterable[bytes], connection: Connection) -> None:
    # A row may refer to a later one of its own table: such columns are filled in when all rows are there.
    own = {key.parent.name for key in table.foreign_keys if key.column.table is table}
    moments = {column.name for column in table.columns if isinstance(column.type, DateTime)}
    references: dict[str, list[dict[str, Any]]] = {name: [] for name in own}
    for rows in _some_at_a_time(lines):
        for row in rows:
            if not ID.fullmatch(row["id"]):  # a picture's is its file's name, which may lead nowhere else
                raise ValueError(f"{row['id']!r} is no id")
            for name in own & row.keys():
                references[name].append({"_id": row["id"], "_value": row[name]})
                row[name] = None
            for name in moments & row.keys():
                row[name] = None if row[name] is None else datetime.fromisoformat(row[name])
        connection.execute(insert(table), rows)
    for name, values in references.items():
        change = update(table).where(table.c.id == bindparam("_id")).values({name: bindparam("_value")})
        if kept := [each for each in values if each["_value"] is not None]:
            connection.execute(change, kept)


def _some_at_a_time(lines: Iterable[bytes]) -> Iterator[list[dict[str, Any]]]:
    rows = map(json.loads, lines)
    while some := list(islice(rows, ROWS_AT_A_TIME)):
        yield some


def _open(archive: tarfile.TarFile, entry: tarfile.TarInfo) -> IO[bytes]:
    """To be read as it comes, as a table may be larger than memory: a tarfile.TarError or EOFError where it is cut short."""
    file = archive.extractfile(entry)
    assert file is not None  # regular files only
    return file
