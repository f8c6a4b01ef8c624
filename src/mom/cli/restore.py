"""`mom restore FILE`: the chats and pictures of a backup in place of those that are there."""

import asyncio
from pathlib import Path

import click

from mom.chats.database import Database
from mom.chats.pictures import Pictures
from mom.chats.restoring import count_rows, read_archive
from mom.chats.restoring import restore as restore_archive
from mom.cli.at_hand import running_server
from mom.cli.data_in_use import alone
from mom.cli.environment import read_settings_aloud
from mom.errors import ConflictError
from mom.settings import Settings


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--yes", is_flag=True, help="Restore even if chats or responses are there already: they are deleted.")
def restore(*, file: Path, yes: bool) -> None:
    """Replace all chats and pictures by those of FILE, which `mom backup` wrote. MoM must not run meanwhile."""
    settings = read_settings_aloud()
    if asyncio.run(_is_running(settings)):
        raise ConflictError(f"MoM is running at {settings.host}:{settings.port}. Stop it first.")
    with alone(settings.data_dir):
        _restore(file, settings, replace=yes)


def _restore(file: Path, settings: Settings, *, replace: bool) -> None:
    database = Database(settings.resolved_database_url)
    pictures = Pictures(database, settings.pictures_dir)
    try:
        restore_archive(read_archive(file, database), database, pictures, replace=replace)
        click.echo(f"Restored: {count_rows(database, 'chats')} chats.", err=True)
    finally:
        database.close()


async def _is_running(settings: Settings) -> bool:
    async with running_server(settings) as server:
        return server is not None
