"""`mom doctor` on what MoM works with: the database and its migrations, the models of the settings, Ollama, a running MoM and its port."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
from sqlalchemy.exc import SQLAlchemyError

from mom.chats.database import Database
from mom.cli.at_hand import running_server
from mom.cli.findings import Check, failed, note, ok
from mom.errors import MomError
from mom.models.addresses import AddressKind, parse_address
from mom.models.http_client import make_http_client
from mom.models.ollama import list_ollama_models
from mom.models.parts import PartName, State
from mom.serving.downloads import place_of
from mom.serving.elsewhere import check_answers
from mom.serving.gguf_file import check_gguf
from mom.serving.players import find_here
from mom.serving.serve import check_host, check_port
from mom.settings import Settings


async def check_services(settings: Settings) -> list[Check]:
    async with make_http_client() as http:
        return [
            *check_database(settings),
            *[await check_model(part, settings, http) for part in settings.model_addresses],
            await check_ollama(settings, http),
            *[check async for check in check_server(settings)],
        ]


def check_database(settings: Settings) -> list[Check]:
    """The database, and whether its tables are those that this MoM works with."""
    try:
        database = Database(settings.resolved_database_url)
        place = database.engine.url.render_as_string(hide_password=True).split("?")[0]
        try:
            revision, newest, known = database.revision(), database.newest_revision(), database.known_revisions()
        finally:
            database.close()
    except MomError as error:
        return [failed("database", "cannot be used", error.message)]
    except SQLAlchemyError as error:
        why = str(getattr(error, "orig", None) or error).strip().splitlines()[0]
        return [failed("database", f"does not answer: {why}", "Start the database, or correct DATABASE_URL.")]
    answers = ok("database", place)
    if revision is None:
        return [answers, ok("migrations", "no tables yet: `mom serve` makes them")]
    if revision not in known:
        return [
            answers,
            failed(
                "migrations",
                f"at {revision}, which this MoM does not know",
                "Update MoM: a newer one has used this database.",
            ),
        ]
    if revision != newest:
        return [
            answers,
            note(
                "migrations",
                f"at {revision}, the newest is {newest}",
                "mom serve (or flask db upgrade) brings them up to date.",
            ),
        ]
    return [answers, ok("migrations", f"at {revision}, the newest")]


async def check_model(part: PartName, settings: Settings, http: httpx.AsyncClient) -> Check:
    """Can the model be had that the settings name for `part`? Nothing is loaded or downloaded."""
    variable = f"MOM_{part.value.upper()}"
    try:
        address = parse_address(settings.model_addresses[part], name=variable)
        match address.kind:
            case AddressKind.URL | AddressKind.OLLAMA:
                key = settings.model_api_keys.get(part)
                await check_answers(part, address, key, ollama_url=settings.ollama_url, http=http)
                return ok(part.value, f"{address} answers")
            case AddressKind.HUB:
                target = place_of(address, settings.data_dir / "models")
                return ok(part.value, f"{address} {'is downloaded' if target.exists() else 'will be downloaded'}")
            case AddressKind.SAME:
                return ok(part.value, "the large LLM")
            case _:
                path = find_here(part, address)
                if part is not PartName.IMAGE_MODEL:
                    check_gguf(path)
                return ok(part.value, f"{address}, {_size_of(path) / 1e9:.1f} GB")
    except MomError as error:
        return failed(part.value, f"{variable}={settings.model_addresses[part]}", error.message)


def _size_of(path: Path) -> int:
    return sum(each.stat().st_size for each in ([path] if path.is_file() else path.rglob("*")) if each.is_file())


async def check_ollama(settings: Settings, http: httpx.AsyncClient) -> Check:
    models = await list_ollama_models(http, settings.ollama_url)
    if models is None:
        if any(address.startswith("ollama:") for address in settings.model_addresses.values()):
            return failed("Ollama", f"no answer at {settings.ollama_url}", "ollama serve")
        return ok("Ollama", "not running, and not needed")
    if not models:
        return note("Ollama", f"answers at {settings.ollama_url}, and has no model", "ollama pull llama3.2:1b")
    return ok("Ollama", f"answers at {settings.ollama_url} with {len(models)} models")


async def check_server(settings: Settings) -> AsyncIterator[Check]:
    """The MoM that runs with these settings and its parts; without one, whether its port is free."""
    async with running_server(settings) as server:
        if server is None:
            yield check_free_port(settings)
            return
        yield ok("server", f"runs at {server.http.base_url}")
        for name, part in (await server.parts()).items():
            words = f"{part['model']} {part['state']}".strip()
            if part["state"] == State.FAILED:
                yield failed(f"running {name}", words, part["detail"])
            else:
                yield ok(f"running {name}", words)


def check_free_port(settings: Settings) -> Check:
    try:
        check_host(settings.host, in_container=settings.container is not None)
        check_port(settings.host, settings.port)
    except MomError as error:
        return failed("port", f"{settings.host}:{settings.port}", error.message)
    return ok("port", f"{settings.host}:{settings.port} is free")
