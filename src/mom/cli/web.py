"""`mom web`: the web process. The supervisor starts it; by itself it serves the settings' URLs."""

import asyncio
import sys
from typing import Any

import click

from mom.app import create_app
from mom.cli.data_in_use import in_use
from mom.errors import SettingsError
from mom.serving.start_checks import check_host
from mom.serving.tether import fail_for_good, read_config_and_tie
from mom.settings import Settings, read_settings
from mom.web.control import ControlAddress
from mom.web.server import listen, serve


@click.command(hidden=True)
@click.option("--standalone", is_flag=True, help="Without a supervisor: the settings give a URL for each part.")
def web(*, standalone: bool) -> None:
    """Run the web process alone."""
    config = {} if standalone or sys.stdin.isatty() else read_config_and_tie()
    try:
        settings = read_settings()[0]
        with in_use(settings.data_dir) as was_free:
            asyncio.run(_run(settings, config, is_first=was_free))
    except SettingsError as error:
        if not config:
            raise
        fail_for_good(error.message)  # the supervisor would start it again, and after half a minute say why


async def _run(settings: Settings, config: dict[str, Any], *, is_first: bool) -> None:
    host, port = config.get("host", settings.host), config.get("port", settings.port)
    check_host(host, in_container=settings.container is not None)
    control = ControlAddress(config["control_url"], config["control_token"]) if config else None
    app = create_app(settings, loop=asyncio.get_running_loop(), control=control)
    listener = listen(host, port)
    if not config:
        click.echo(f"MoM's web process answers at http://{host}:{listener.getsockname()[1]}")
    await serve(app, listener, is_first=is_first)
