"""The database is found by its URL, says plainly what is wrong, and is written to by many at a time."""

import threading
import traceback

import pytest
from sqlalchemy import delete, select, text

from mom.chats.database import Database
from mom.chats.tables import Chat, Message, User
from mom.errors import ConflictError, SettingsError, StorageError


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg", "postgresql+psycopg2"])
def test_every_way_to_write_postgresql_means_the_same_driver(scheme):
    database = Database(f"{scheme}://user:secret@host/name")
    assert database.engine.url.drivername == "postgresql+psycopg"
    database.close()


@pytest.mark.parametrize("url", ["mysql://host/name", "nonsense", "", "sqlite://", "sqlite:///:memory:"])
def test_a_url_of_another_kind_is_explained(url):
    with pytest.raises(SettingsError, match="DATABASE_URL"):
        Database(url)


@pytest.mark.parametrize("rest", ["app:hunter@2:x/y@host/name", "app:hunter2@host:port/name", "app:hunter2@[::1/name"])
def test_a_password_that_cuts_the_url_up_is_explained_and_not_shown(rest):
    with pytest.raises(SettingsError, match="%40 for @") as raised:
        Database(f"postgresql://{rest}")
    assert "hunter" not in "".join(traceback.format_exception(raised.value))
    assert raised.value.__suppress_context__


def test_a_driver_that_mom_does_not_use_is_passed_over(tmp_path):
    database = Database(f"sqlite+aiosqlite:///{tmp_path / 'mom.sqlite3'}")
    database.upgrade()
    database.close()


def test_a_server_that_is_not_there_is_explained_without_the_password():
    database = Database("postgresql://user:secret@127.0.0.1:1/name")
    with pytest.raises(StorageError, match="Check DATABASE_URL") as raised:
        database.upgrade()
    assert "secret" not in raised.value.message
    assert "\n" not in raised.value.message
    database.close()


def test_a_folder_that_cannot_be_made_is_explained(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match="folder"):
        Database(f"sqlite:///{tmp_path}/file/mom.sqlite3")


def test_the_folder_of_a_sqlite_file_is_made(tmp_path):
    database = Database(f"sqlite:///{tmp_path}/new/data/mom.sqlite3")
    database.upgrade()
    assert (tmp_path / "new/data/mom.sqlite3").exists()
    database.close()


def test_what_sqlite_writes_is_its_owners_alone(tmp_path):
    database = Database(f"sqlite:///{tmp_path / 'data' / 'mom.sqlite3'}")
    with database.engine.begin() as connection:
        connection.execute(text("CREATE TABLE small (id INTEGER)"))
        written = [tmp_path / "data", *(tmp_path / "data").iterdir()]
        assert len(written) > 2  # its log as well
        assert [path for path in written if path.stat().st_mode & 0o077] == []
    database.close()


@pytest.mark.parametrize(("mode", "kept"), [(0o644, 0o600), (0o640, 0o640)])
def test_a_sqlite_file_that_all_could_read_becomes_its_owners_alone(tmp_path, mode, kept):
    file = tmp_path / "mom.sqlite3"
    file.touch()
    file.chmod(mode)  # for a group only: somebody meant it
    database = Database(f"sqlite:///{file}")
    database.upgrade()
    database.close()
    assert file.stat().st_mode & 0o777 == kept


def test_who_works_with_a_postgresql_hears_of_others(postgresql_database):
    second = Database(postgresql_database.url)
    with postgresql_database.in_use() as is_first:
        assert is_first
        with second.in_use() as is_second_first:
            assert not is_second_first
    with second.in_use() as is_first:
        assert is_first
    second.close()


def test_sqlite_is_read_while_it_is_written_and_keeps_its_references(sqlite_stage):
    with sqlite_stage.database.session() as session:
        assert session.scalar(text("PRAGMA journal_mode")) == "wal"
        assert session.scalar(text("PRAGMA foreign_keys")) == 1


def test_a_session_keeps_all_or_nothing(database):
    def add_then_fail():
        with database.session() as session:
            session.add(User(name="somebody"))
            session.flush()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        add_then_fail()
    with database.session() as session:
        assert session.scalar(select(User)) is None


def test_what_refers_to_nothing_is_a_conflict(database):
    with pytest.raises(ConflictError), database.session() as session:
        session.add(Chat(owner_id="nobody"))


def test_what_is_deleted_while_it_is_being_changed_is_a_conflict(database):
    with database.session() as session:
        session.add(User(name="somebody"))

    def change():
        with database.session() as session:
            user = session.scalars(select(User)).one()
            with database.session() as another:
                another.execute(delete(User))
            user.name = "renamed"

    with pytest.raises(ConflictError):
        change()


def test_a_deleted_chat_takes_its_messages_along(stage):
    stage.answered("/image a ring")
    stage.history.delete_chat(stage.owner, stage.chat)
    with stage.database.session() as session:
        assert session.scalar(select(Message)) is None


def test_many_threads_write_at_the_same_time(stage):
    failures = []

    def write():
        try:
            for _ in range(10):
                stage.history.rename_chat(stage.owner, stage.history.create_chat(stage.owner), "renamed")
        except StorageError as error:
            failures.append(error)

    threads = [threading.Thread(target=write) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert len(stage.history.list_chats(stage.owner)) == 81
