"""`mom doctor`: each check with its finding and, where something is amiss, one thing to do."""

import asyncio
import json
from dataclasses import asdict

import click

from mom.cli.findings import Check, Finding, failed, note, ok
from mom.cli.machine_checks import check_machine
from mom.cli.service_checks import check_services
from mom.errors import MomError
from mom.settings import read_settings

NAME_CHARS = 19


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_context
def doctor(context: click.Context, *, as_json: bool) -> None:
    """Check this installation: what is wrong, and what to do. Exits with 1 if something has to be done."""
    checks = asyncio.run(_check_all())
    if as_json:
        click.echo(json.dumps({"checks": [asdict(check) for check in checks]}, ensure_ascii=False))
    else:
        for check in checks:
            fix = f"\n{'':<{NAME_CHARS + 8}}→ {check.fix}" if check.fix else ""
            click.echo(f"{check.finding:<7} {check.name:<{NAME_CHARS}} {check.words}{fix}")
    context.exit(int(any(check.finding is Finding.FAILED for check in checks)))


async def _check_all() -> list[Check]:
    try:
        settings, warnings = read_settings()
    except MomError as error:
        return [failed("settings", "cannot be read", error.message)]
    read = [note("settings", warning, "Correct the name, or delete the line.") for warning in warnings]
    return [*(read or [ok("settings", "read")]), *check_machine(settings), *await check_services(settings)]
