"""`mom backup FILE`: chats and pictures in one archive, also while MoM runs."""

import sys
from pathlib import Path

import click

from mom.chats.backup import new_private_file, write_backup
from mom.chats.database import Database
from mom.chats.pictures import Pictures
from mom.cli.environment import read_settings_aloud
from mom.errors import ConflictError


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path, allow_dash=True))
@click.option("--yes", is_flag=True, help="Overwrite FILE.")
def backup(*, file: Path, yes: bool) -> None:
    """Write all chats, corrections and pictures to FILE, a .tar.gz; `-` is standard output.

    `mom restore` reads it back, also into the other kind of database. Models, settings and keys are not in it.
    """
    settings = read_settings_aloud()
    database = Database(settings.resolved_database_url)
    pictures = Pictures(database, settings.pictures_dir)
    try:
        if str(file) == "-":
            counts = write_backup(database, pictures, sys.stdout.buffer)
        elif file.exists() and not yes:
            raise ConflictError(f"{file} is there already. Name another file, or say --yes.")
        else:
            with new_private_file(file) as opened:
                counts = write_backup(database, pictures, opened)
    finally:
        database.close()
    click.echo(
        f"Written to {file}: {counts['chats']} chats, {counts['messages']} messages, {counts['pictures']} pictures.",
        err=True,
    )
