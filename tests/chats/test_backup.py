"""`mom backup` and `mom restore`: everything comes back, also in the other kind of database; what is no backup changes nothing."""

import io
import json
import random
import tarfile
import tracemalloc

import pytest
from sqlalchemy import event

from mom.chats.backup import FORMAT, MANIFEST, ROWS_AT_A_TIME, write_backup
from mom.chats.database import Database
from mom.chats.history import History
from mom.chats.kept_responses import Kept, KeptResponses, picture_id
from mom.chats.pictures import Pictures
from mom.chats.restoring import PNG, read_archive, restore
from mom.chats.tables import Message, new_id
from mom.errors import ConflictError, MomError, StorageError
from tests.chats.conftest import new_name
from tests.chats.postgres import new_postgres_database
from tests.scripted import png_of

DESTINATIONS = ["sqlite", "postgresql"]


@pytest.fixture(params=DESTINATIONS)
def destination(request, tmp_path):
    """An empty database without tables, of each kind, with a folder for its pictures."""
    (tmp_path / "there").mkdir()
    if request.param == "sqlite":
        database = Database(f"sqlite:///{tmp_path / 'there/mom.sqlite3'}")
        yield database, Pictures(database, tmp_path / "there/pictures")
        database.close()
        return
    with new_postgres_database(request.getfixturevalue("postgres_server"), new_name()) as url:
        database = Database(url)
        yield database, Pictures(database, tmp_path / "there/pictures")
        database.close()


@pytest.fixture
def file(tmp_path):
    return tmp_path / "mom.tar.gz"


def save(database, pictures, file):
    with file.open("wb") as opened:
        return write_backup(database, pictures, opened)


def read_back(file, database, pictures, **wishes):
    restore(read_archive(file, database), database, pictures, **{"replace": False, **wishes})


def everything(database, pictures) -> dict:
    """What a person can see."""
    history = History(database)
    owner = history.local_user_id()
    chats = [history.read_chat(owner, chat["id"]) for chat in history.list_chats(owner)]
    images = [image["id"] for chat in chats for message in chat["messages"] for image in message["images"]]
    return {"chats": chats, "pictures": {image_id: pictures.read_png(owner, image_id) for image_id in images}}


@pytest.fixture
def talked(stage):
    """Text, a picture, an answer that was corrected and its sibling."""
    first = stage.answered("hello")
    stage.answered("/image a fox", parent_id=first.message_id)
    stage.events(stage.turns.overrule(stage.owner, first.turn_id, "image"))
    return stage


def test_all_comes_back_also_in_the_other_kind_of_database(talked, destination, file):
    database, pictures = destination
    counts = save(talked.database, talked.pictures, file)
    read_back(file, database, pictures)
    before = everything(talked.database, talked.pictures)
    assert everything(database, pictures) == before
    assert (counts["chats"], counts["messages"], counts["pictures"]) == (1, 5, 2) == (1, 5, len(before["pictures"]))
    assert database.revision() == talked.database.revision()
    # The tables are alive: keys and defaults work on.
    History(database).create_chat(History(database).local_user_id())


def test_what_programs_were_answered_comes_back(sqlite_stage, destination, file):
    database, pictures = destination
    ids = {picture_id(sqlite_stage.owner, png_of()): png_of()}
    kept = Kept(new_id(), None, {"status": "completed"}, [{"asked": "a\u2028\0ä"}], [{"said": "\U0001f98a"}], ids)
    KeptResponses(sqlite_stage.database, sqlite_stage.pictures, 30).add(sqlite_stage.owner, kept, ids, None)
    sqlite_stage.history.delete_chat(sqlite_stage.owner, sqlite_stage.chat)
    save(sqlite_stage.database, sqlite_stage.pictures, file)
    read_back(file, database, pictures)
    with pytest.raises(ConflictError, match=r"There are 1 responses to programs already"):
        read_back(file, database, pictures)
    there = KeptResponses(database, pictures, 30)
    assert there.delete_old() == 0
    assert there.chain(sqlite_stage.owner, kept.id) == [*kept.input, *kept.output]
    there.delete(sqlite_stage.owner, kept.id)
    assert list(pictures.files.folder.glob("??/*.png")) == []


def test_what_is_said_during_the_backup_is_not_in_it_and_what_was_said_is_whole(talked, destination, file):
    """Between the tables' reading, a whole answer is written: all tables are as they were at the first one's."""
    database, pictures = destination
    before = everything(talked.database, talked.pictures)
    interruptions = []

    @event.listens_for(talked.database.engine, "after_cursor_execute")
    def talk(_connection, _cursor, statement, *_):
        if "FROM chats" in statement and not interruptions:
            interruptions.append(statement)
            talked.answered("one more")

    save(talked.database, talked.pictures, file)
    assert interruptions
    read_back(file, database, pictures)
    assert everything(database, pictures) == before != everything(talked.database, talked.pictures)


def test_chats_that_are_there_are_replaced_only_when_that_is_meant(talked, file):
    save(talked.database, talked.pictures, file)
    before = everything(talked.database, talked.pictures)
    talked.answered("/image another fox")
    with pytest.raises(ConflictError, match=r"There are 1 chats already, .* --yes"):
        read_back(file, talked.database, talked.pictures)
    assert everything(talked.database, talked.pictures) != before
    read_back(file, talked.database, talked.pictures, replace=True)
    assert everything(talked.database, talked.pictures) == before
    assert len(list(talked.folder.glob("??/*.png"))) == len(before["pictures"])


def test_in_a_folder_that_holds_another_databases_pictures_nothing_is_restored(talked, destination, file):
    """With the new database's deletions and cleaning, the other one would lose its pictures."""
    database, _ = destination
    save(talked.database, talked.pictures, file)
    assert talked.pictures.delete_orphans() == 0  # as at a start: the folder is marked
    read_back(file, database, Pictures(database, talked.folder))  # each picture there is in the backup
    database.drop_everything()
    talked.answered("/image another fox")
    before = everything(talked.database, talked.pictures)
    for tables in (lambda: None, database.upgrade, lambda: History(database).local_user_id()):
        tables()
        with pytest.raises(
            ConflictError, match=r"holds 1 pictures that are neither .* MOM_FILES_URL, .* Nothing was changed"
        ):
            read_back(file, database, Pictures(database, talked.folder), replace=True)
        assert everything(talked.database, talked.pictures) == before


def test_a_backup_of_an_older_mom_is_brought_up_to_date(sqlite_stage, destination, file, tmp_path):
    database, pictures = destination
    sqlite_stage.answered("hello")
    save(sqlite_stage.database, sqlite_stage.pictures, file)

    def as_it_was_at_0001(name, data):
        if name == "mom-backup.json":
            return json.dumps({**json.loads(data), "revision": "0001"}).encode()
        if name == "tables/kept_responses.jsonl":
            return None
        if name == "tables/verdicts.jsonl":
            rows = [json.loads(line) for line in data.splitlines()]
            for row in rows:
                del row["corrected_at"]
            return b"\n".join(json.dumps(row).encode() for row in rows)
        return data

    rewrite(file, as_it_was_at_0001)
    read_back(file, database, pictures)
    assert everything(database, pictures) == everything(sqlite_stage.database, sqlite_stage.pictures)


def rewrite(file, change, *more: tuple[tarfile.TarInfo, bytes]):
    """The archive once more, with each member as `change(name, data)` gives it (None: left out), and with some more."""
    with tarfile.open(file) as archive:
        members = [(entry, archive.extractfile(entry).read()) for entry in archive]
    with tarfile.open(file, "w:gz") as archive:
        for entry, data in [*members, *more]:
            changed = change(entry.name, data) if entry.isreg() else data
            if changed is not None:
                entry.size = len(changed)
                archive.addfile(entry, io.BytesIO(changed))


def member(name, data=b"", kind=tarfile.REGTYPE, target=""):
    entry = tarfile.TarInfo(name)
    entry.type, entry.linkname = kind, target
    return entry, data


def unchanged(_name, data):
    return data


def newer(name, data):
    return json.dumps({**json.loads(data), "revision": "9999"}).encode() if name == "mom-backup.json" else data


def in_format(number):
    def change(name, data):
        return json.dumps({**json.loads(data), "format": number}).encode() if name == "mom-backup.json" else data

    return change


@pytest.mark.parametrize(
    ("change", "more", "why"),
    [
        (unchanged, member("../../escaped.png", b"\x89PNG\r\n\x1a\n"), "it holds '../../escaped.png'"),
        (unchanged, member("/tmp/escaped.png", b"\x89PNG\r\n\x1a\n"), "it holds '/tmp/escaped.png'"),
        (unchanged, member(f"pictures/{'a' * 32}.png", kind=tarfile.SYMTYPE, target="/etc/passwd"), "is no file"),
        (unchanged, member(f"pictures/{'a' * 32}.png", b"#!/bin/sh"), "it holds"),
        (unchanged, member("tables/chats.jsonl", b"[1]"), "is none"),
        (unchanged, member("tables/chats.jsonl", b"[" * 100_000), "is damaged"),
        (lambda name, data: None if name == "mom-backup.json" else data, None, "it has no mom-backup.json"),
        (newer, None, r"made by a newer MoM \(0\.\d+\.\d+\)\. Update this one first"),
        (in_format(FORMAT + 1), None, "made by a newer MoM"),
        (unchanged, member(f"../pictures/{'a' * 32}.png", PNG), f"it holds '../pictures/{'a' * 32}.png'"),
        (unchanged, member("tables/secrets.jsonl", b"{}"), "has tables that MoM does not: secrets"),
    ],
)
def test_an_archive_that_is_not_as_mom_writes_them_changes_nothing(sqlite_stage, file, tmp_path, change, more, why):
    sqlite_stage.answered("hello")
    save(sqlite_stage.database, sqlite_stage.pictures, file)
    rewrite(file, change, *([more] if more else []))
    refused(sqlite_stage, file, why)
    assert not list(tmp_path.parent.rglob("escaped.png"))


@pytest.mark.parametrize(
    "damage", [lambda data: data[: len(data) // 2], lambda data: b"PK\x03\x04" + data, lambda _: b""]
)
def test_a_damaged_file_changes_nothing(sqlite_stage, file, damage):
    sqlite_stage.answered("/image a fox")
    save(sqlite_stage.database, sqlite_stage.pictures, file)
    file.write_bytes(damage(file.read_bytes()))
    refused(sqlite_stage, file, "is not a backup of MoM's, or it is damaged")


def test_a_single_wrong_bit_anywhere_changes_nothing(sqlite_stage, file):
    """Most of them leave a tar file of readable rows: only the checksum at the end tells."""
    for number in range(20):
        sqlite_stage.answered(f"hello {number}")
    save(sqlite_stage.database, sqlite_stage.pictures, file)
    whole, chance = file.read_bytes(), random.Random(1)
    for _ in range(60):
        damaged, at = bytearray(whole), chance.randrange(10, len(whole) - 8)
        damaged[at] ^= 1 << chance.randrange(8)
        file.write_bytes(damaged)
        with pytest.raises(StorageError, match="is not a backup of MoM's, or it is damaged"):
            read_archive(file, sqlite_stage.database)


def test_a_damaged_archive_is_not_taken_for_one_of_a_newer_mom(sqlite_stage, file):
    sqlite_stage.answered("hello")
    save(sqlite_stage.database, sqlite_stage.pictures, file)
    revision = sqlite_stage.database.newest_revision().encode()
    rewrite(file, lambda name, data: data.replace(b'"%s"' % revision, b'"9999"') if name == MANIFEST else data)
    with pytest.raises(StorageError, match="newer MoM"):
        read_archive(file, sqlite_stage.database)
    damaged = bytearray(file.read_bytes())
    damaged[-5] ^= 1  # of the checksum
    file.write_bytes(damaged)
    with pytest.raises(StorageError, match="is damaged"):
        read_archive(file, sqlite_stage.database)


def test_a_table_is_never_in_memory_as_a_whole(sqlite_stage, destination, file):
    database, pictures = destination
    with sqlite_stage.database.session() as session:
        session.add_all(
            Message(owner_id=sqlite_stage.owner, chat_id=sqlite_stage.chat, role="user", content="x" * 5_000)
            for _ in range(4 * ROWS_AT_A_TIME)
        )
    save(sqlite_stage.database, sqlite_stage.pictures, file)
    table_bytes = 4 * ROWS_AT_A_TIME * 5_000
    tracemalloc.start()
    try:
        archive = read_archive(file, database)
        assert tracemalloc.get_traced_memory()[1] < table_bytes / 4
        restore(archive, database, pictures, replace=False)
        assert tracemalloc.get_traced_memory()[1] < table_bytes
    finally:
        tracemalloc.stop()


def test_rows_that_do_not_fit_change_nothing(stage, file):
    """Found only while the tables are filled: then all of it is taken back."""
    stage.answered("hello")
    save(stage.database, stage.pictures, file)
    rewrite(file, lambda name, data: data.replace(b'"role"', b'"rule"') if name == "tables/messages.jsonl" else data)
    refused(stage, file, "its messages do not fit")


def test_a_pictures_id_that_leads_to_another_file_changes_nothing(sqlite_stage, file):
    sqlite_stage.answered("/image a fox")
    save(sqlite_stage.database, sqlite_stage.pictures, file)

    def lead_elsewhere(name, data):
        rows = [json.loads(line) for line in data.splitlines()] if name == "tables/images.jsonl" else []
        return b"\n".join(json.dumps({**row, "id": "../photo"}).encode() for row in rows) or data

    rewrite(file, lead_elsewhere)
    refused(sqlite_stage, file, "its images do not fit")


def test_a_file_that_is_not_there_is_said(sqlite_stage, tmp_path):
    refused(sqlite_stage, tmp_path / "nothing.tar.gz", "There is no file")


def refused(stage, file, why):
    before = everything(stage.database, stage.pictures)
    with pytest.raises(StorageError, match=why) as raised:
        read_back(file, stage.database, stage.pictures, replace=True)
    assert isinstance(raised.value, MomError)
    assert "\n" not in raised.value.message
    assert everything(stage.database, stage.pictures) == before
