"""`mom models`: part, model, state, memory."""

import asyncio
import json
from typing import Any

import click

from mom.cli.at_hand import running_server
from mom.cli.environment import read_settings_aloud
from mom.errors import PartUnavailableError
from mom.settings import Settings


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object: the parts, as in /readyz.")
def models(*, as_json: bool) -> None:
    """Show which model plays which part, in the MoM that is running."""
    parts = asyncio.run(_read_parts(read_settings_aloud()))
    if as_json:
        click.echo(json.dumps(parts, ensure_ascii=False))
        return
    for name, part in parts.items():
        click.echo(_line(name, part))


def _line(name: str, part: dict[str, Any]) -> str:
    memory = part.get("memory_bytes")
    words = [
        f"{name:<12}",
        f"{part['model'] or '-':<32}",
        f"{part['state']:<12}",
        f"{memory / 1e6:>6.0f} MB" if memory else " " * 9,
    ]
    return "  ".join([*words, part["detail"]]).rstrip()


async def _read_parts(settings: Settings) -> dict[str, dict[str, Any]]:
    async with running_server(settings) as server:
        if server is None:
            raise PartUnavailableError(
                f"No MoM is running at {settings.host}:{settings.port}. Start it with `mom serve`.", part="web"
            )
        return await server.parts()
