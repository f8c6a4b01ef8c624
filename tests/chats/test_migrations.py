"""The tables and their migrations agree, and the tutorial's commands work, also after everything was removed."""

import shutil
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect

from mom.chats.database import MIGRATIONS, Database
from mom.chats.history import History
from mom.errors import StorageError

TABLES = {"alembic_version", "users", "chats", "messages", "images", "verdicts", "turns", "kept_responses"}
APP = """
from functools import partial
from pathlib import Path

from flask import Flask
from flask_migrate import Migrate
from mom.chats.commands import make_commands, prepare_migrations
from mom.chats.database import Database
from mom.chats.pictures import Pictures

app = Flask("small")
database = Database({url!r})
Migrate(app, database, directory={directory!r}).configure(partial(prepare_migrations, database=database))
for command in make_commands(database, Pictures(database, Path("pictures"))):
    app.cli.add_command(command)
"""


def tables_of(database: Database) -> set[str]:
    return set(inspect(database.engine).get_table_names())


def test_the_migrations_make_exactly_the_tables_of_the_models(database_url):
    database = Database(database_url)
    database.upgrade()
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, database.metadata) == []
    assert tables_of(database) == TABLES
    database.close()


def test_to_upgrade_twice_is_to_upgrade_once(database):
    before = database.revision()
    database.upgrade()
    assert database.revision() == before is not None


def test_several_processes_that_start_at_once_upgrade_one_after_the_other(database_url):
    program = "import sys; from mom.chats.database import Database; Database(sys.argv[1]).upgrade()"
    started = [subprocess.Popen([sys.executable, "-c", program, database_url]) for _ in range(3)]
    assert [process.wait(60) for process in started] == [0, 0, 0]


class Tutorial:
    """A small Flask application in a folder, and `flask` run on it as a person would."""

    def __init__(self, url: str, folder: Path, migrations: Path) -> None:
        self.folder = folder
        (folder / "small.py").write_text(APP.format(url=url, directory=str(migrations)))

    def flask(self, *arguments: str) -> str:
        command = [sys.executable, "-W", "error", "-m", "flask", "--app", "small", *arguments]
        done = subprocess.run(command, cwd=self.folder, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout


def wipe(url: str) -> None:
    """As the tutorial's one-line wipe does."""
    if url.startswith("sqlite:///"):
        for file in Path(url.removeprefix("sqlite:///")).parent.glob("mom.sqlite3*"):
            file.unlink()
        return
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("DROP SCHEMA public CASCADE")
        connection.execute("CREATE SCHEMA public")


def test_the_tutorials_commands_work_and_work_again_after_everything_was_removed(database_url, tmp_path):
    migrations = tmp_path / "migrations"
    tutorial = Tutorial(database_url, tmp_path, migrations)
    for _ in range(2):
        tutorial.flask("db", "init")
        tutorial.flask("db", "migrate", "-m", "Initial migration")
        tutorial.flask("db", "upgrade")
        tutorial.flask("db_seed")
        # MoM itself starts on what these commands have made, without the application that their env.py wants.
        database = Database(database_url, migrations)
        database.upgrade()
        history = History(database)
        [chat] = history.list_chats(history.local_user_id())
        assert tables_of(database) == TABLES
        assert len(history.read_chat(history.local_user_id(), chat["id"])["messages"]) == 2
        database.close()
        shutil.rmtree(migrations)
        wipe(database_url)


def test_the_tutorials_commands_are_content_with_the_migrations_that_ship(database_url, tmp_path):
    shutil.copytree(MIGRATIONS, tmp_path / "migrations")
    tutorial = Tutorial(database_url, tmp_path, tmp_path / "migrations")
    for _ in range(2):
        assert "already" in tutorial.flask("db", "init")
        tutorial.flask("db", "migrate", "-m", "Initial migration")
        tutorial.flask("db", "upgrade")
        tutorial.flask("db_seed")
        wipe(database_url)
    assert {file.name for file in (tmp_path / "migrations/versions").glob("*.py")} == {
        file.name for file in (MIGRATIONS / "versions").glob("*.py")
    }


def test_the_packages_own_migrations_are_an_ordinary_folder_of_flask_migrate(database_url, tmp_path):
    shutil.copytree(MIGRATIONS, tmp_path / "migrations")
    tutorial = Tutorial(database_url, tmp_path, tmp_path / "migrations")
    tutorial.flask("db", "upgrade")
    tutorial.flask("db", "migrate", "-m", "nothing has changed")
    assert len(list((tmp_path / "migrations/versions").glob("*.py"))) == 6
    tutorial.flask("db", "downgrade")
    tutorial.flask("db_reset", "--yes")


def with_one_more_migration(tmp_path: Path, upgrade: str) -> Path:
    folder = tmp_path / "migrations"
    shutil.copytree(MIGRATIONS, folder)
    (folder / "versions/0007_more.py").write_text(
        "import sqlalchemy as sa\nfrom alembic import op\n\n"
        'revision = "0007"\ndown_revision = "0006"\n\n\n'
        f"def upgrade():\n    {upgrade}\n\n\ndef downgrade():\n    pass\n"
    )
    return folder


def test_a_migration_that_fails_changes_nothing(database, tmp_path):
    folder = with_one_more_migration(tmp_path, 'op.drop_table("verdicts"); op.execute("no SQL")')
    again = Database(database.engine.url.render_as_string(hide_password=False), folder)
    with pytest.raises(StorageError):
        again.upgrade()
    assert again.revision() == "0006"
    assert "verdicts" in tables_of(again)
    again.close()


def test_a_migration_that_makes_a_table_anew_keeps_what_refers_to_it(stage, tmp_path):
    stage.answered()
    change = (
        'with op.batch_alter_table("users", recreate="always") as batch:\n'
        '        batch.add_column(sa.Column("colour", sa.String(10)))'
    )
    if stage.database.engine.dialect.name == "postgresql":
        change = change.replace(', recreate="always"', "")
    folder = with_one_more_migration(tmp_path, change)
    again = Database(stage.database.engine.url.render_as_string(hide_password=False), folder)
    again.upgrade()
    assert again.revision() == "0007"
    again.close()
    assert len(stage.history.read_chat(stage.owner, stage.chat)["messages"]) == 2


def test_a_folder_without_migrations_is_explained(database_url, tmp_path):
    database = Database(database_url, tmp_path / "nothing")
    with pytest.raises(StorageError, match="flask db init"):
        database.upgrade()
    database.close()


def test_tables_of_other_migrations_are_explained(database, tmp_path):
    folder = with_one_more_migration(tmp_path, "pass")
    again = Database(database.engine.url.render_as_string(hide_password=False), folder)
    again.upgrade()
    again.close()
    with pytest.raises(StorageError, match=r"If a newer MoM has used it, update this one\. .* `flask db_reset"):
        database.upgrade()
