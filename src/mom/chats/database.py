"""The database: SQLite in a file, or PostgreSQL; its sessions, and its way to the newest migration."""

import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.runtime.environment import EnvironmentContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import URL, Connection, Engine, MetaData, create_engine, event, func, inspect, make_url, select, text
from sqlalchemy.exc import ArgumentError, IntegrityError, OperationalError, ProgrammingError, SQLAlchemyError
from sqlalchemy.orm import Session
from sqlalchemy.orm.exc import StaleDataError

from mom.chats.tables import Table
from mom.errors import ConflictError, DatabaseError, SettingsError, StorageError

MIGRATIONS = Path(__file__).parent / "migrations"
CONNECT_TIMEOUT_S = 5
BUSY_TIMEOUT_MS = 5_000
MIGRATION_LOCK = 0x6D6F6D  # any numbers, the same in every process
IN_USE_LOCK = MIGRATION_LOCK + 1


class Database:
    """Where everything is stored. Flask-Migrate takes it for its `db`: it asks for `get_engine()` and `metadata`."""

    metadata: MetaData = Table.metadata

    def __init__(self, url: str, migrations: Path = MIGRATIONS) -> None:
        self._url = _read_url(url)
        self._migrations = migrations
        self.engine = _make_engine(self._url)
        is_sqlite = self._url.get_backend_name() == "sqlite"
        self._migration_engine = _make_engine(self._url, foreign_keys=False) if is_sqlite else self.engine

    @property
    def url(self) -> str:
        """With its password."""
        return self._url.render_as_string(hide_password=False)

    def get_engine(self) -> Engine:
        """The engine for migrations.

        SQLite changes a table by dropping it once its rows are copied; with foreign keys on, that would delete the rows
        of every table that refers to it.
        """
        return self._migration_engine

    @contextmanager
    def session(self) -> Iterator[Session]:
        """A session that is committed at its end, or rolled back.

        Raises `ConflictError` where a row is gone meanwhile, refers to one that is gone, or is there already; `DatabaseError` otherwise.
        """
        try:
            with Session(self.engine, expire_on_commit=False) as session, session.begin():
                yield session
        except (IntegrityError, StaleDataError) as error:
            raise ConflictError(
                "This does not fit what is stored: it is there already, or its chat is gone."
            ) from error
        except SQLAlchemyError as error:
            raise self._database_error(error) from error

    def upgrade(self) -> None:
        """Bring the tables to the newest migration. Raises `StorageError`."""
        with self._failures_told(), self._migrating() as connection:
            self._run_migrations(connection, "head")

    def replace_all(self, revision: str, fill: Callable[[Connection], None]) -> None:
        """Drop everything, make the tables as they were at `revision`, `fill` them, and bring them to the newest migration.

        All of it happens, or nothing. Raises `StorageError`.
        """
        with self._failures_told(), self._migrating() as connection:
            _drop_tables(connection)
            self._run_migrations(connection, revision)
            fill(connection)
            self._run_migrations(connection, "head")

    def known_revisions(self) -> frozenset[str]:
        """All migrations of the folder."""
        return frozenset(each.revision for each in self._script().walk_revisions())

    def newest_revision(self) -> str | None:
        """Where `upgrade` leads."""
        return self._script().get_current_head()

    def _script(self) -> ScriptDirectory:
        if not (self._migrations / "versions").is_dir():
            raise StorageError(
                f'No migrations in {self._migrations}. Run `flask db init` and `flask db migrate -m "…"`.'
            )
        config = Config()
        config.set_main_option("script_location", str(self._migrations).replace("%", "%%"))
        return ScriptDirectory.from_config(config)

    def _run_migrations(self, connection: Connection, target: str) -> None:
        # The folder's own `env.py` is not run: one written by `flask db init` works inside of a Flask command only.
        script = self._script()
        steps = EnvironmentContext(Config(), script, fn=lambda revision, _: script._upgrade_revs(target, revision))  # noqa: SLF001 - as Alembic's cookbook does
        with steps:
            steps.configure(connection=connection, target_metadata=self.metadata, render_as_batch=True)
            steps.run_migrations()

    @contextmanager
    def _failures_told(self) -> Iterator[None]:
        try:
            yield
        except CommandError as error:
            raise StorageError(
                f"The database at {self.place} was not made by this MoM's migrations ({error}). If a newer MoM has used it, "
                f"update this one. If the migrations in {self._migrations} were made anew, `flask db_reset --yes` begins "
                "anew and forgets all chats."
            ) from error
        except SQLAlchemyError as error:
            raise self._database_error(error) from error

    def drop_everything(self) -> None:
        """Drop every table that is there, whoever made it. Raises `StorageError`."""
        with self._failures_told(), self._migrating() as connection:
            _drop_tables(connection)

    def overwrite_deleted(self) -> None:
        """SQLite's log beside the file still holds what was deleted: bring it into the file, where zeros take its place."""
        if self._url.get_backend_name() == "sqlite":
            with self._failures_told(), self.engine.connect() as connection:
                connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")

    def revision(self) -> str | None:
        """The migration the database stands at, or None where it is empty."""
        with self.engine.connect() as connection:
            return MigrationContext.configure(connection).get_current_revision()

    def close(self) -> None:
        self.engine.dispose()
        self._migration_engine.dispose()

    @contextmanager
    def _migrating(self) -> Iterator[Connection]:
        """A transaction in which one process at a time makes or drops tables: all of them or none."""
        with self._migration_engine.begin() as connection:
            if connection.dialect.name == "sqlite":
                connection.exec_driver_sql("BEGIN IMMEDIATE")
            else:
                connection.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": MIGRATION_LOCK})
            yield connection

    @contextmanager
    def in_use(self) -> Iterator[bool]:
        """While this lasts, another process that asks the same hears that it is not alone. Gives whether nobody did before.

        Of a SQLite file it is always said to be alone: the lock on the data folder tells more. Raises `StorageError`.
        """
        if self._url.get_backend_name() == "sqlite":
            yield True
            return
        with self._failures_told():
            connection = self.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        with connection:
            connection.detach()  # closed at the end, not used again: the lock is the connection's
            with self._failures_told():
                was_free = connection.scalar(select(func.pg_try_advisory_lock(IN_USE_LOCK)))
                connection.execute(select(func.pg_advisory_lock_shared(IN_USE_LOCK)))
                if was_free:
                    connection.execute(select(func.pg_advisory_unlock(IN_USE_LOCK)))
            yield bool(was_free)

    def _database_error(self, error: SQLAlchemyError) -> DatabaseError:
        if isinstance(error, OperationalError | ProgrammingError) and self._has_no_tables():
            return DatabaseError(f"The database at {self.place} has no tables yet. Run `flask db upgrade`.")
        cause = str(getattr(error, "orig", None) or error).strip().splitlines()
        return DatabaseError(
            f"The database at {self.place} cannot be read or written: {cause[0] if cause else type(error).__name__}. "
            "Check DATABASE_URL, the free disk space, and that the database runs."
        )

    def _has_no_tables(self) -> bool:
        try:
            return not inspect(self.engine).get_table_names()
        except SQLAlchemyError:
            return False  # unreachable, which the first error says better

    @property
    def place(self) -> str:
        """Where it is, for people: without its password."""
        if self._url.get_backend_name() == "sqlite":
            return str(self._url.database)
        return self._url.render_as_string(hide_password=True).split("://", 1)[1].split("?")[0]


def _drop_tables(connection: Connection) -> None:
    present = MetaData()
    present.reflect(connection)
    present.drop_all(connection)


def _read_url(value: str) -> URL:
    try:
        url = make_url(value)
    except (ArgumentError, ValueError):  # without its cause, whose words may be a piece of the password
        raise SettingsError(
            "DATABASE_URL is not a database URL. Write postgresql://USER:PASSWORD@HOST/NAME, and in USER and PASSWORD %40 for @, "
            "%3A for : and %2F for /."
        ) from None
    kind = url.drivername.split("+")[0]
    if kind in ("postgres", "postgresql"):
        return url.set(drivername="postgresql+psycopg")
    if kind != "sqlite":
        raise SettingsError(f"DATABASE_URL begins with {kind}: MoM keeps its chats in postgresql:// or sqlite:///.")
    if not url.database or url.database == ":memory:":
        raise SettingsError("DATABASE_URL names no file. Write sqlite:////an/absolute/path/mom.sqlite3.")
    return url.set(drivername="sqlite")


def _make_engine(url: URL, *, foreign_keys: bool = True) -> Engine:
    if url.get_backend_name() == "postgresql":
        return create_engine(
            url, pool_size=10, max_overflow=20, pool_pre_ping=True, connect_args={"connect_timeout": CONNECT_TIMEOUT_S}
        )
    file = Path(str(url.database))
    folder = file.parent
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise StorageError(f"The folder {folder} for the database cannot be made: {error.strerror}.") from error
    engine = create_engine(url)
    # The time-out comes first, as switching to WAL may have to wait as well.
    pragmas = [f"busy_timeout={BUSY_TIMEOUT_MS}", "journal_mode=WAL", "synchronous=NORMAL", "secure_delete=ON"]
    pragmas.append(f"foreign_keys={'ON' if foreign_keys else 'OFF'}")

    @event.listens_for(engine, "do_connect")
    def make_private(*_: object) -> None:
        # What SQLite makes itself, others of this machine may read; its log gets the file's mode. Where this fails, it tells why better.
        with suppress(OSError):
            if not file.exists():
                file.touch(mode=0o600)
            elif file.stat().st_mode & stat.S_IROTH:
                file.chmod(0o600)

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: object) -> None:  # noqa: ANN401 - whatever the driver gives
        for pragma in pragmas:
            connection.execute(f"PRAGMA {pragma}")
        # SQLite's own knows the letters of ASCII only: a search would tell "Äpfel" from "äpfel".
        connection.create_function("lower", 1, _lower, deterministic=True)

    return engine


def _lower(value: str | None) -> str | None:
    return value.lower() if value is not None else None
