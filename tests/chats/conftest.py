"""A database for each test: every test that asks for `database` runs on SQLite and on PostgreSQL."""

import shutil
import uuid

import pytest

from mom.chats.database import Database
from tests.chats.postgres import new_postgres_database, running_postgres
from tests.chats.stage import Stage, loop_in_a_thread


@pytest.fixture(scope="session")
def postgres_server():
    with running_postgres() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def database_kind(request):
    return request.param


@pytest.fixture
def database_url(database_kind, request, tmp_path):
    """The URL of an empty database without tables."""
    if database_kind == "sqlite":
        yield f"sqlite:///{tmp_path / 'mom.sqlite3'}"
        return
    with new_postgres_database(request.getfixturevalue("postgres_server"), new_name()) as url:
        yield url


@pytest.fixture(scope="session")
def upgraded_sqlite_file(tmp_path_factory):
    """Copied by each test, as that is quicker than the migrations."""
    file = tmp_path_factory.mktemp("upgraded") / "mom.sqlite3"
    upgrade(f"sqlite:///{file}")
    return file


@pytest.fixture(scope="session")
def upgraded_postgres(postgres_server):
    name = new_name()
    with new_postgres_database(postgres_server, name) as url:
        upgrade(url)
        yield name


@pytest.fixture
def database(database_kind, request):
    """A database with its tables."""
    return request.getfixturevalue(f"{database_kind}_database")


@pytest.fixture
def sqlite_database(upgraded_sqlite_file, tmp_path):
    shutil.copy(upgraded_sqlite_file, tmp_path / "mom.sqlite3")
    database = Database(f"sqlite:///{tmp_path / 'mom.sqlite3'}")
    yield database
    database.close()


@pytest.fixture
def postgresql_database(postgres_server, upgraded_postgres):
    with new_postgres_database(postgres_server, new_name(), template=upgraded_postgres) as url:
        database = Database(url)
        yield database
        database.close()


@pytest.fixture
def loop():
    with loop_in_a_thread() as loop:
        yield loop


@pytest.fixture
def stage(database, tmp_path, loop):
    stage = Stage(database, tmp_path / "pictures", loop)
    yield stage
    stage.close()


@pytest.fixture
def sqlite_stage(sqlite_database, tmp_path, loop):
    """For what does not depend on the kind of database."""
    stage = Stage(sqlite_database, tmp_path / "pictures", loop)
    yield stage
    stage.close()


def new_name() -> str:
    return f"mom_{uuid.uuid4().hex}"


def upgrade(url: str) -> None:
    database = Database(url)
    database.upgrade()
    database.close()
