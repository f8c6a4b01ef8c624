"""`mom doctor` on what MoM works with: the database and its migrations, the pictures' folder, Ollama, a running MoM and its port."""

from collections.abc import AsyncIterator, Sequence
from tempfile import TemporaryFile

import httpx
from sqlalchemy import inspect
from sqlalchemy.exc import SQLAlchemyError

from mom.chats.database import Database
from mom.cli.at_hand import Server, running_server
from mom.cli.findings import Check, failed, note, ok
from mom.cli.model_checks import check_models
from mom.errors import MomError, PartUnavailableError
from mom.models.http_client import make_http_client
from mom.models.ollama import list_ollama_models
from mom.models.parts import State
from mom.serving.start_checks import check_host, check_port
from mom.settings import Settings


async def check_services(settings: Settings) -> list[Check]:
    async with make_http_client() as http:
        return [
            *check_database(settings),
            *check_pictures(settings),
            *await check_models(settings, http),
            await check_ollama(settings, http),
            *[check async for check in check_server(settings)],
        ]


def check_database(settings: Settings) -> list[Check]:
    """The database, and whether its tables are those that this MoM works with."""
    try:
        database = Database(settings.resolved_database_url)
        words = f"{database.engine.url.get_backend_name()}: {database.place}"
        try:
            revision, newest, known = database.revision(), database.newest_revision(), database.known_revisions()
            in_the_way = sorted(database.metadata.tables.keys() & set(inspect(database.engine).get_table_names()))
        finally:
            database.close()
    except MomError as error:
        return [failed("database", "cannot be used", error.message)]
    except SQLAlchemyError as error:
        why = str(getattr(error, "orig", None) or error).strip().splitlines()[0]
        return [failed("database", f"does not answer: {why}", "Start the database, or correct DATABASE_URL.")]
    return [ok("database", words), _check_migrations(revision, newest, known, in_the_way)]


def check_pictures(settings: Settings) -> list[Check]:
    """The folder for pictures, unless it is still to be made in the data folder."""
    folder = settings.pictures_dir
    if settings.files_folder is None and not folder.exists():
        return []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=folder):
            return [ok("pictures", f"{folder} can be written")]
    except OSError as error:
        fix = "See that it is a folder of yours, or name another in MOM_FILES_URL."
        return [failed("pictures", f"{folder} cannot be written: {error.strerror}", fix)]


def _check_migrations(
    revision: str | None, newest: str | None, known: frozenset[str], in_the_way: Sequence[str]
) -> Check:
    """`in_the_way` are the tables that are named as MoM's are."""
    if revision is None and in_the_way:
        words = f"tables that MoM's migrations did not make are in the way: {', '.join(in_the_way)}"
        return failed("migrations", words, "Name a database of MoM's own in DATABASE_URL.")
    if revision is None:
        return ok("migrations", "no tables yet: `mom serve` makes them")
    if revision not in known:
        words = f"at {revision}, which this MoM does not know"
        return failed("migrations", words, "Update MoM: a newer one has used this database.")
    if revision != newest:
        words = f"at {revision}, the newest is {newest}"
        return note("migrations", words, "mom serve (or flask db upgrade) brings them up to date.")
    return ok("migrations", f"at {revision}, the newest")


async def check_ollama(settings: Settings, http: httpx.AsyncClient) -> Check:
    models = await list_ollama_models(http, settings.ollama_url)
    if models is None:
        if any(address.startswith("ollama:") for address in settings.model_addresses.values()):
            return failed("Ollama", f"no answer at {settings.ollama_url}", "ollama serve, or correct MOM_OLLAMA_URL.")
        return ok("Ollama", "not running, and not needed")
    if not models:
        return note("Ollama", f"answers at {settings.ollama_url}, and has no model", "ollama pull llama3.2:1b")
    return ok("Ollama", f"answers at {settings.ollama_url} with {len(models)} models")


async def check_server(settings: Settings) -> AsyncIterator[Check]:
    """The MoM that runs with these settings and its parts; without one that answers, whether its port is free."""
    try:
        async with running_server(settings) as server:
            if server is not None:
                async for check in _check_running(server):
                    yield check
                return
    except PartUnavailableError:
        pass  # who has the port is told below
    yield check_free_port(settings)


async def _check_running(server: Server) -> AsyncIterator[Check]:
    try:
        parts = await server.parts()
    except MomError as error:
        yield failed("server", f"at {server.http.base_url}", error.message)
        return
    yield ok("server", f"runs at {server.http.base_url}")
    for name, part in parts.items():
        words = f"{part['model']} {part['state']}".strip()
        if part["state"] == State.FAILED or not part.get("answers", True):
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
