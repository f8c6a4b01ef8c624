"""`mom doctor`: each check with its finding and, where something is amiss, one thing to do."""

import asyncio
import importlib.util
import json
from collections.abc import AsyncIterator
from dataclasses import asdict, dataclass
from enum import StrEnum

import click
from sqlalchemy.exc import SQLAlchemyError

from mom.chats.database import Database
from mom.cli.at_hand import running_server
from mom.cli.environment import plan_of
from mom.errors import MomError
from mom.models.http_client import make_http_client
from mom.models.ollama import list_ollama_models
from mom.models.parts import State
from mom.serving.image_install import is_installed
from mom.serving.serve import check_data_dir, check_host, check_port
from mom.settings import Settings, read_settings


class Finding(StrEnum):
    OK = "ok"
    NOTE = "note"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Check:
    """`fix` is one sentence, empty where nothing is to be done."""

    name: str
    finding: Finding
    words: str
    fix: str = ""


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_context
def doctor(context: click.Context, *, as_json: bool) -> None:
    """Check this installation."""
    checks = asyncio.run(_check_all())
    if as_json:
        click.echo(json.dumps({"checks": [asdict(check) for check in checks]}, ensure_ascii=False))
    else:
        for check in checks:
            click.echo(
                f"{check.finding:<7} {check.name:<12} {check.words}" + (f"\n{'':<21}→ {check.fix}" if check.fix else "")
            )
    context.exit(int(any(check.finding is Finding.FAILED for check in checks)))


async def _check_all() -> list[Check]:
    try:
        settings, warnings = read_settings()
    except MomError as error:
        return [Check("settings", Finding.FAILED, "cannot be read", error.message)]
    return [
        *(
            [Check("settings", Finding.NOTE, warning) for warning in warnings]
            or [Check("settings", Finding.OK, "read")]
        ),
        _check_data_folder(settings),
        _check_database(settings),
        _check_llama(settings),
        _check_image_part(settings),
        await _check_ollama(settings),
        *[check async for check in _check_server(settings)],
    ]


def _check_data_folder(settings: Settings) -> Check:
    try:
        check_data_dir(plan_of(settings))
    except MomError as error:
        return Check("data folder", Finding.FAILED, str(settings.data_dir), error.message)
    return Check("data folder", Finding.OK, f"{settings.data_dir} can be written")


def _check_database(settings: Settings) -> Check:
    try:
        database = Database(settings.resolved_database_url)
        place = database.engine.url.render_as_string(hide_password=True)
        try:
            revision = database.revision()
        finally:
            database.close()
    except MomError as error:
        return Check("database", Finding.FAILED, "cannot be used", error.message)
    except SQLAlchemyError:
        return Check("database", Finding.FAILED, "does not answer", "Correct DATABASE_URL, or start the database.")
    return Check("database", Finding.OK, f"{place}, {f'at migration {revision}' if revision else 'empty so far'}")


def _check_llama(settings: Settings) -> Check:
    binary = settings.llama_server
    if binary is not None:
        if binary.is_file():
            return Check("llama.cpp", Finding.OK, str(binary))
        return Check("llama.cpp", Finding.FAILED, f"{binary} is not there", "Correct MOM_LLAMA_SERVER, or unset it.")
    if importlib.util.find_spec("xllamacpp") is None:
        return Check("llama.cpp", Finding.FAILED, "its wheel is not installed", "pip install xllamacpp")
    return Check("llama.cpp", Finding.OK, "the wheel xllamacpp")


def _check_image_part(settings: Settings) -> Check:
    if is_installed():
        return Check("image part", Finding.OK, "installed")
    if settings.image_model is not None and settings.image_model.startswith("http"):
        return Check("image part", Finding.OK, "not installed, and not needed: MOM_IMAGE_MODEL is a URL")
    return Check("image part", Finding.NOTE, "not installed, so nothing is drawn", "mom serve --install-image cpu")


async def _check_ollama(settings: Settings) -> Check:
    async with make_http_client() as http:
        models = await list_ollama_models(http, settings.ollama_url)
    if models is not None:
        return Check("Ollama", Finding.OK, f"answers at {settings.ollama_url} with {len(models)} models")
    needed = [part for part, address in settings.model_addresses.items() if address.startswith("ollama:")]
    if needed:
        return Check("Ollama", Finding.FAILED, f"no answer at {settings.ollama_url}", "ollama serve")
    return Check("Ollama", Finding.OK, "not running, and not needed")


async def _check_server(settings: Settings) -> AsyncIterator[Check]:
    async with running_server(settings) as server:
        if server is None:
            yield _check_port(settings)
            return
        yield Check("server", Finding.OK, f"runs at {server.http.base_url}")
        for name, part in (await server.parts()).items():
            if part["state"] == State.FAILED:
                yield Check(name, Finding.FAILED, part["model"] or "no model", part["detail"])
            else:
                yield Check(name, Finding.OK, f"{part['model']} {part['state']}".strip())


def _check_port(settings: Settings) -> Check:
    try:
        check_host(settings.host, in_container=settings.container is not None)
        check_port(settings.host, settings.port)
    except MomError as error:
        return Check("port", Finding.FAILED, f"{settings.host}:{settings.port}", error.message)
    return Check("port", Finding.OK, f"{settings.host}:{settings.port} is free")
