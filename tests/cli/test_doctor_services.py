"""`mom doctor` before a database, an Ollama, a running MoM or a port that is not as it should be."""

import json
import socket

import pytest
from starlette.responses import JSONResponse

from mom.chats.database import Database
from mom.models.parts import Part, PartName, State
from tests.chats.postgres import new_postgres_database, running_postgres
from tests.cli.doctor import doctor, one_failed
from tests.models.fake_servers import running
from tests.scripted import ScriptedParts
from tests.web.site import running_site

PASSWORD = "hunter2"


@pytest.fixture(scope="module")
def postgres():
    """A PostgreSQL that asks for a password."""
    with running_postgres("app", PASSWORD) as url:
        yield url


def test_the_database_is_named_as_the_file_manager_does(environment, tmp_path):
    environment.setenv("MOM_DATA_DIR", str(tmp_path / "Jürgens Ordner"))
    assert doctor()[0]["database"]["words"] == f"sqlite: {tmp_path}/Jürgens Ordner/mom.sqlite3"


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request, environment, tmp_path):
    """`DATABASE_URL`, of an empty database."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'mom.sqlite3'}"
        environment.setenv("DATABASE_URL", url)
        yield url
        return
    with new_postgres_database(request.getfixturevalue("postgres"), "doctor") as url:
        environment.setenv("DATABASE_URL", url)
        yield url


def test_tables_of_an_older_mom(database_url):
    assert doctor()[0]["migrations"]["words"] == "no tables yet: `mom serve` makes them"
    database = Database(database_url)
    with database._migrating() as connection:
        database._run_migrations(connection, "0001")
    checks, exit_code = doctor()
    assert exit_code == 0  # `mom serve` does it by itself
    assert (checks["database"]["finding"], checks["migrations"]["finding"]) == ("ok", "note")
    assert checks["migrations"]["words"].startswith("at 0001, the newest is 0")
    assert "flask db upgrade" in checks["migrations"]["fix"]
    database.upgrade()
    database.close()
    assert doctor()[0]["migrations"]["words"].endswith(", the newest")


def test_tables_of_a_newer_mom(database_url):
    database = Database(database_url)
    database.upgrade()
    with database.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    database.close()
    check = one_failed("migrations")
    assert check["words"] == "at 9999, which this MoM does not know"
    assert "Update MoM" in check["fix"]


def test_a_database_of_another_program(database_url):
    database = Database(database_url)
    with database.engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE users (id INTEGER)")
    database.close()
    check = one_failed("migrations")
    assert check["words"].endswith("in the way: users")
    assert "DATABASE_URL" in check["fix"]


def test_the_password_of_the_database_is_never_shown(environment, postgres):
    with new_postgres_database(postgres, "private") as url:
        environment.setenv("DATABASE_URL", url)
        checks, exit_code = doctor()
        assert exit_code == 0
        assert checks["database"]["words"].startswith("postgresql: app:***@127.0.0.1:")
        assert PASSWORD not in json.dumps(checks)
        environment.setenv("DATABASE_URL", url.replace(f":{PASSWORD}@", "@") + f"?password={PASSWORD}")
        checks, exit_code = doctor()
        assert exit_code == 0
        assert PASSWORD not in json.dumps(checks)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ((PASSWORD, "secret"), "password authentication failed"),
        (("/postgres", "/nowhere"), 'database "nowhere" does not exist'),
    ],
)
def test_a_database_that_does_not_let_mom_in(environment, postgres, change, words):
    environment.setenv("DATABASE_URL", f"{postgres}/postgres".replace(*change))
    check = one_failed("database")
    assert words in check["words"]
    assert "correct DATABASE_URL" in check["fix"]
    assert "secret" not in json.dumps(check)


@pytest.mark.parametrize(
    ("url", "words", "fix"),
    [
        ("mysql://x/y", "cannot be used", "postgresql://"),
        ("postgresql://app:secret@127.0.0.1:{closed}/app", "does not answer", "Start the database"),
    ],
)
def test_a_database_that_cannot_be_used(environment, closed_port, url, words, fix):
    environment.setenv("DATABASE_URL", url.format(closed=closed_port))
    check = one_failed("database")
    assert words in check["words"]
    assert fix in check["fix"]
    assert "secret" not in json.dumps(check)


def test_a_file_that_is_no_database(environment, tmp_path):
    (tmp_path / "mom.sqlite3").write_bytes(b"no database at all" * 100)
    environment.setenv("DATABASE_URL", f"sqlite:///{tmp_path / 'mom.sqlite3'}")
    assert "not a database" in one_failed("database")["words"]


def test_pictures_whose_folder_cannot_be_written(environment, tmp_path):
    (tmp_path / "there").write_text("in the way")
    environment.setenv("MOM_FILES_URL", f"file://{tmp_path}/there/pictures")
    assert "name another in MOM_FILES_URL" in one_failed("pictures")["fix"]


def test_pictures_in_a_folder_of_their_own(environment, tmp_path):
    environment.setenv("MOM_FILES_URL", f"file://{tmp_path}/elsewhere")
    assert doctor()[0]["pictures"]["words"] == f"{tmp_path}/elsewhere can be written"


def test_an_ollama_without_a_model(environment):
    with running({"/api/tags": [JSONResponse({"models": []})]}) as ollama:
        environment.setenv("MOM_OLLAMA_URL", ollama.root)
        assert doctor()[0]["Ollama"]["fix"] == "ollama pull llama3.2:1b"


def test_an_ollama_that_is_needed_and_does_not_run(environment, closed_port):
    environment.setenv("MOM_OLLAMA_URL", f"http://127.0.0.1:{closed_port}")
    assert doctor()[0]["Ollama"]["words"] == "not running, and not needed"
    environment.setenv("MOM_SMALL_LLM", "ollama:llama3.2:1b")
    checks, exit_code = doctor()
    assert exit_code == 1
    assert checks["Ollama"]["finding"] == "failed"
    assert checks["Ollama"]["fix"] == "ollama serve, or correct MOM_OLLAMA_URL."
    assert "ollama serve" in checks["small_llm"]["fix"]


@pytest.mark.parametrize(
    ("name", "value"),
    [("MOM_OLLAMA_URL", "127.0.0.1:11434"), ("HF_ENDPOINT", "hub.example"), ("HF_ENDPOINT", "http://")],
)
def test_a_server_whose_address_is_none(environment, name, value):
    environment.setenv(name, value)
    fix = one_failed("settings")["fix"]
    assert fix.startswith(f"{name}='{value}' does not fit: it ")
    assert "write it like http://HOST:PORT" in fix


def test_a_part_that_failed_in_the_running_mom(environment, tmp_path):
    broken = Part(PartName.LARGE_LLM, State.FAILED, "x.gguf", detail="There is no model file x.gguf.")
    with running_site(tmp_path / "data", ScriptedParts(), shown={PartName.LARGE_LLM: broken}) as site:
        environment.setenv("MOM_PORT", site.url.rpartition(":")[2])
        assert one_failed("running large_llm")["fix"] == "There is no model file x.gguf."


def test_a_server_elsewhere_that_does_not_answer_the_running_mom(environment, tmp_path):
    silent = Part(
        PartName.LARGE_LLM, State.EXTERNAL, "big", answers=False, detail="Nothing answers at http://host:1/v1."
    )
    with running_site(tmp_path / "data", ScriptedParts(), shown={PartName.LARGE_LLM: silent}) as site:
        environment.setenv("MOM_PORT", site.url.rpartition(":")[2])
        assert one_failed("running large_llm")["fix"] == "Nothing answers at http://host:1/v1."


def test_a_running_mom_that_does_not_tell_its_parts(environment):
    with running({"/healthz": [JSONResponse({"status": "ok"})], "/api/parts": [JSONResponse({}, 503)]}) as server:
        environment.setenv("MOM_PORT", server.root.rpartition(":")[2])
        assert "MoM did not say which models play its parts" in one_failed("server")["fix"]


def test_a_port_that_is_taken(environment):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        environment.setenv("MOM_PORT", str(port))
        assert f"choose another: MOM_PORT={port + 1}" in one_failed("port")["fix"]


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.10", "example.org"])
def test_a_host_that_is_open_to_others_without_a_password(environment, host):
    environment.setenv("MOM_HOST", host)
    assert "reverse proxy that asks for a password" in one_failed("port")["fix"]


def test_in_a_container_all_its_addresses_are_fine(environment):
    environment.setenv("MOM_HOST", "0.0.0.0")
    environment.setenv("MOM_CONTAINER", "published-on-loopback")
    assert doctor()[0]["port"]["finding"] == "ok"
