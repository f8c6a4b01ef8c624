"""`mom corrections`: what was corrected in chats: list, export, delete."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click

from mom.chats.corrections import Corrections
from mom.chats.database import Database
from mom.chats.history import History
from mom.cli.environment import read_settings_aloud
from mom.mixture.explaining import excerpt
from mom.settings import Settings

SHOWN_CHARS = 60


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line, as `mom eval routing` reads them.")
@click.option("--delete", "correction_id", metavar="ID", help="Forget this correction.")
def corrections(*, as_json: bool, correction_id: str | None) -> None:
    """List the answers that were overruled, the newest first; the classifier goes by them."""
    with opened_corrections(read_settings_aloud()) as (owner_id, known):
        if correction_id is not None:
            known.delete(owner_id, correction_id)
            return
        for row in known.read_all(owner_id):
            if not as_json:
                shown = excerpt(row["messages"][-1]["content"], SHOWN_CHARS)
                click.echo(f"{row['id']}  {row['corrected_at'][:16]}  {row['decided']} → {row['route']}  {shown}")
            elif has_words(row):
                click.echo(json.dumps(row, ensure_ascii=False))


@contextmanager
def opened_corrections(settings: Settings) -> Iterator[tuple[str, Corrections]]:
    """The local person's id, and the corrections of this installation's database. Raises `StorageError`."""
    database = Database(settings.resolved_database_url)
    try:
        database.upgrade()  # where MoM has not run yet, or not since an update
        yield History(database).local_user_id(), Corrections(database)
    finally:
        database.close()


def has_words(row: dict[str, Any]) -> bool:
    """Can it stand in routing data? A picture that was sent without a word cannot."""
    return bool(row["messages"][-1]["content"].strip())
