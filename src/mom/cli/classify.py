"""`mom classify`: the verdict, and nothing is answered."""

import asyncio
import json
import sys
from typing import Any

import click

from mom.cli.at_hand import check_words, server_at_hand
from mom.cli.environment import read_settings_aloud
from mom.errors import ParameterError
from mom.models.parts import PartName
from mom.settings import Settings


@click.command()
@click.argument("text")
@click.option("--json", "as_json", is_flag=True, help="Print the verdict as JSON.")
@click.option("--explain", is_flag=True, help="Say why, too: what each stage says, and its evidence.")
def classify(*, text: str, as_json: bool, explain: bool) -> None:
    """Say whether TEXT needs a text or an image. With -, read {"messages": […]} from standard input."""
    body = _read_conversation() if text == "-" else {"messages": [{"role": "user", "content": text}]}
    check_words(body)
    if explain:
        body = {**body, "explain": True}
    verdict = asyncio.run(_classify(read_settings_aloud(), body))
    if as_json:
        click.echo(json.dumps(verdict, ensure_ascii=False))
        return
    click.echo(f"{verdict['need']}  {verdict['confidence']:.2f}  by {verdict['decided_by']}")
    if explain:
        for need, probability in verdict["probabilities"].items():
            click.echo(f"  {need:<6} {probability:.4f}")
        click.echo(f"  {verdict['took_ms']:.1f} ms: {verdict['reason']}")
        for opinion in verdict["explanation"]:
            click.echo(_line(opinion))
            for clause in opinion["evidence"]:
                click.echo(f"    {clause}")


def _line(opinion: dict[str, Any]) -> str:
    """What one stage says."""
    said = opinion["verdict"]
    if said is None:
        return f"  {opinion['stage']}: {opinion['failure'] or 'not sure'}"
    return f"  {opinion['stage']}: {said['need']} {said['confidence']:.2f}, {said['reason']}"


def _read_conversation() -> dict[str, Any]:
    try:
        value = json.load(sys.stdin)
    except RecursionError as error:
        raise ParameterError(
            'Standard input is nested too deeply. Write {"messages": [{"role": "user", "content": "…"}]}.'
        ) from error
    except ValueError as error:
        raise click.UsageError(
            'Standard input holds no JSON. Write {"messages": [{"role": "user", "content": "…"}]}.'
        ) from error
    if not isinstance(value, dict):
        raise click.UsageError('Standard input holds no JSON object. Write {"messages": […]}.')
    return value


async def _classify(settings: Settings, body: dict[str, Any]) -> dict[str, Any]:
    async with server_at_hand(settings) as server:
        await server.wait_until_settled(PartName.SMALL_LLM)
        return await server.classify(body)
