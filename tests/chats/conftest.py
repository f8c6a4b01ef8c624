"""An empty database for each test: every test that asks for `database` runs on SQLite and on PostgreSQL."""

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
def database_url(request, tmp_path):
    """The URL of an empty database without tables."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'mom.sqlite3'}"
        return
    server = request.getfixturevalue("postgres_server")
    with new_postgres_database(server, f"mom_{uuid.uuid4().hex}") as url:
        yield url


@pytest.fixture
def empty_database(database_url):
    database = Database(database_url)
    yield database
    database.close()


@pytest.fixture
def database(empty_database):
    """A database with its tables."""
    empty_database.upgrade()
    return empty_database


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
def sqlite_stage(tmp_path, loop):
    """For what does not depend on the kind of database."""
    database = Database(f"sqlite:///{tmp_path / 'mom.sqlite3'}")
    database.upgrade()
    stage = Stage(database, tmp_path / "pictures", loop)
    yield stage
    stage.close()
    database.close()
