"""`db_seed` and `db_reset`: commands that stand beside Flask-Migrate's `db`."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import click
from alembic.config import Config

from mom.chats.database import Database
from mom.chats.history import History
from mom.chats.pictures import Pictures
from mom.chats.tables import Message
from mom.errors import MomError

Result = TypeVar("Result")

WELCOME_TITLE = "Welcome"
WELCOME_QUESTION = "What can you do?"
WELCOME_ANSWER = (
    "Ask me anything and I answer in words; ask for a picture and I draw it. I decide by myself which of the two you "
    "want, and you can overrule me with one click.\n\n"
    "- `/image a lighthouse at dusk` always draws.\n"
    "- `/text a lighthouse at dusk` always answers in words.\n"
    "- After a picture, *make it bluer* draws it again."
)


def seed(database: Database) -> None:
    """The local person, with one chat to begin with; whoever has chats already gets none."""
    history = History(database)
    owner_id = history.local_user_id()
    if history.list_chats(owner_id):
        return
    chat_id = history.create_chat(owner_id, WELCOME_TITLE)
    with database.session() as session:
        question = Message(owner_id=owner_id, chat_id=chat_id, role="user", content=WELCOME_QUESTION)
        session.add(question)
        session.flush()
        session.add(
            Message(owner_id=owner_id, chat_id=chat_id, parent_id=question.id, role="assistant", content=WELCOME_ANSWER)
        )


def reset(database: Database, pictures: Pictures) -> int:
    """Forget everything, then begin as new. Another database's pictures are left alone: gives their number."""
    others = pictures.of_others()
    database.drop_everything()
    pictures.files.delete_all(but=others, keeps_mark=bool(others))
    database.upgrade()
    seed(database)
    return len(others)


def prepare_migrations(config: Config, database: Database) -> Config:
    """Lets Flask-Migrate's commands be run in the tutorial's order at any time; given to `Migrate.configure`.

    `db init` is content with the folder that is there. `db migrate` first brings a database to where the folder's migrations lead, as it could not compare otherwise.
    """
    folder = Path(str(config.get_main_option("script_location")))
    has_migrations = (folder / "versions").is_dir()
    if click.get_current_context().info_name == "init" and has_migrations:
        click.echo(f"The migrations are in {folder} already.")
        sys.exit(0)  # Flask-Migrate takes click's own way out for a failure
    if getattr(config.cmd_opts, "autogenerate", False) and has_migrations:
        _plainly(Database(database.url, folder).upgrade)
    return config


def make_commands(database: Database, pictures: Pictures) -> list[click.Command]:
    """The commands for this database, to be added to Flask's."""

    @click.command("db_seed")
    def db_seed() -> None:
        """Make the local user and a first chat."""
        _plainly(lambda: seed(database))
        click.echo("The database has its first user and chat.")

    @click.command("db_reset")
    @click.option("--yes", is_flag=True, help="Do it: all chats and pictures are lost.")
    def db_reset(*, yes: bool) -> None:
        """Drop all tables and pictures, run all migrations, and seed."""
        if not yes:
            raise click.UsageError("This deletes all chats and pictures. Say `flask db_reset --yes`.")
        others = _plainly(lambda: reset(database, pictures))
        click.echo("The database is as new.")
        if others:
            click.echo(f"{others} pictures that another database may need were left where they are.")

    return [db_seed, db_reset]


def _plainly(action: Callable[[], Result]) -> Result:
    """A failure becomes one sentence on stderr and exit code 1."""
    try:
        return action()
    except MomError as error:
        raise click.ClickException(error.message) from error
