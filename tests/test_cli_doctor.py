"""`mom doctor` before real bad states: each is found, and told with one thing to do."""

import json
import socket

import pytest
from click.testing import CliRunner

from mom.chats.database import Database
from mom.cli import main
from mom.cli.findings import Finding
from mom.cli.machine_checks import check_image_part, check_memory, check_page, check_python
from mom.models.parts import Part, PartName, State
from mom.settings import read_settings, variable_names
from tests.scripted import ScriptedParts
from tests.web.site import running_site


@pytest.fixture(autouse=True)
def environment(monkeypatch, tmp_path):
    for name in variable_names():
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("MOM_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("MOM_OLLAMA_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("MOM_PORT", "0")
    monkeypatch.chdir(tmp_path)
    return monkeypatch


def doctor():
    """The checks by name, and the exit code."""
    result = CliRunner().invoke(main, ["doctor", "--json"])
    checks = json.loads(result.stdout)["checks"]
    assert all(check["fix"] or check["finding"] == "ok" for check in checks)
    assert len({check["name"] for check in checks}) == len(checks)
    return {check["name"]: check for check in checks}, result.exit_code


def one_failed(name: str) -> dict:
    checks, exit_code = doctor()
    assert [each for each, check in checks.items() if check["finding"] == "failed"] == [name]
    assert exit_code == 1
    return checks[name]


def test_a_sound_installation_has_nothing_to_mend(tmp_path):
    checks, exit_code = doctor()
    assert exit_code == 0
    names = {
        "settings",
        "python",
        "llama.cpp",
        "image part",
        "data folder",
        "memory",
        "database",
        "migrations",
        "Ollama",
        "port",
    }
    assert names <= checks.keys()
    assert not [check for check in checks.values() if check["finding"] == "failed"]


def test_for_people_each_fix_stands_below_its_finding(environment):
    environment.setenv("MOM_LLAMA_SERVER", "/nothing/llama-server")
    result = CliRunner().invoke(main, ["doctor"])
    lines = result.stdout.splitlines()
    [at] = [number for number, line in enumerate(lines) if line.startswith("failed")]
    assert "llama.cpp" in lines[at]
    assert lines[at + 1].strip() == "→ Correct MOM_LLAMA_SERVER, or unset it."
    assert result.exit_code == 1


def test_settings_that_do_not_fit(environment):
    environment.setenv("MOM_PORT", "eighty")
    assert "MOM_PORT='eighty'" in one_failed("settings")["fix"]


def test_a_setting_that_is_misspelt_is_noted(environment):
    environment.setenv("MOM_LARGE_LM", "demo")
    checks, _ = doctor()
    assert "Did you mean MOM_LARGE_LLM?" in checks["settings"]["words"]


def test_a_port_that_is_taken(environment):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        environment.setenv("MOM_PORT", str(port))
        assert f"choose another: MOM_PORT={port + 1}" in one_failed("port")["fix"]


def test_a_host_that_is_not_this_machine(environment):
    environment.setenv("MOM_HOST", "0.0.0.0")
    assert "no accounts" in one_failed("port")["fix"]


def test_a_data_folder_that_cannot_be_written(environment, tmp_path):
    (tmp_path / "file").write_text("in the way")
    environment.setenv("MOM_DATA_DIR", str(tmp_path / "file"))
    environment.setenv("DATABASE_URL", f"sqlite:///{tmp_path / 'mom.sqlite3'}")
    assert "set MOM_DATA_DIR" in one_failed("data folder")["fix"]


def test_a_llama_server_that_may_not_be_run(environment, tmp_path):
    (tmp_path / "llama-server").write_text("#!/bin/sh")
    environment.setenv("MOM_LLAMA_SERVER", str(tmp_path / "llama-server"))
    assert one_failed("llama.cpp")["fix"] == f"chmod +x {tmp_path / 'llama-server'}"


@pytest.mark.parametrize(
    ("url", "words", "fix"),
    [
        ("mysql://x/y", "cannot be used", "postgresql://"),
        ("postgresql://app:secret@127.0.0.1:9/app", "does not answer", "Start the database"),
    ],
)
def test_a_database_that_cannot_be_used(environment, url, words, fix):
    environment.setenv("DATABASE_URL", url)
    check = one_failed("database")
    assert words in check["words"]
    assert fix in check["fix"]
    assert "secret" not in json.dumps(check)


def test_a_file_that_is_no_database(environment, tmp_path):
    (tmp_path / "mom.sqlite3").write_bytes(b"no database at all" * 100)
    environment.setenv("DATABASE_URL", f"sqlite:///{tmp_path / 'mom.sqlite3'}")
    assert "not a database" in one_failed("database")["words"]


@pytest.mark.parametrize(("revision", "finding"), [("0001", "note"), ("9999", "failed")])
def test_tables_of_an_older_or_a_newer_mom(tmp_path, revision, finding):
    (tmp_path / "data").mkdir()
    database = Database(f"sqlite:///{tmp_path / 'data/mom.sqlite3'}")
    database.upgrade()
    with database.engine.begin() as connection:
        connection.exec_driver_sql(f"UPDATE alembic_version SET version_num = '{revision}'")
    database.close()
    checks, _ = doctor()
    assert (checks["database"]["finding"], checks["migrations"]["finding"]) == ("ok", finding)
    assert revision in checks["migrations"]["words"]


@pytest.mark.parametrize(
    ("part", "address", "fix"),
    [
        ("large_llm", "http://127.0.0.1:9/v1", "Nothing answers at http://127.0.0.1:9/v1."),
        ("large_llm", "file:/nothing.gguf", "There is no model file /nothing.gguf."),
        ("large_llm", "file:README", "GGUF"),
        ("image_model", "file:/nothing", "There is no model file /nothing."),
        ("small_llm", "chatgpt", "is no model address"),
    ],
)
def test_a_model_that_is_not_to_be_had(environment, tmp_path, part, address, fix):
    (tmp_path / "README").write_text("words, no model")
    environment.setenv(f"MOM_{part.upper()}", address)
    assert fix in one_failed(part)["fix"]


def test_an_ollama_that_is_needed_and_does_not_run(environment):
    environment.setenv("MOM_SMALL_LLM", "ollama:llama3.2:1b")
    checks, exit_code = doctor()
    assert exit_code == 1
    assert checks["Ollama"]["fix"] == "ollama serve"
    assert checks["small_llm"]["finding"] == "failed"


def test_a_part_that_failed_in_the_running_mom(environment, tmp_path):
    broken = Part(PartName.LARGE_LLM, State.FAILED, "x.gguf", detail="There is no model file x.gguf.")
    with running_site(tmp_path / "data", ScriptedParts(), shown={PartName.LARGE_LLM: broken}) as site:
        environment.setenv("MOM_PORT", site.url.rpartition(":")[2])
        assert one_failed("running large_llm")["fix"] == "There is no model file x.gguf."


def test_a_page_that_is_not_built(tmp_path):
    assert "Install Node 20" in check_page(tmp_path / "chat.js", None).fix
    assert "Node 18" in check_page(tmp_path / "chat.js", 18).words
    assert "npm run build" in check_page(tmp_path / "chat.js", 22).fix
    (tmp_path / "chat.js").write_text("")
    assert check_page(tmp_path / "chat.js", None).finding is Finding.OK


def test_a_python_that_is_too_old():
    assert check_python((3, 10, 2)).finding is Finding.FAILED
    assert check_python((3, 11, 0)).finding is Finding.OK


def test_a_torch_that_does_not_use_the_gpu():
    settings = read_settings()[0]
    assert "TORCH=cuda" in check_image_part(settings, "2.13.0+cpu", has_gpu=True).fix
    assert "--install-image" in check_image_part(settings, None, has_gpu=False).fix


def test_too_little_memory():
    assert check_memory(500_000_000).finding is Finding.FAILED
    assert check_memory(3_000_000_000).finding is Finding.NOTE
    assert check_memory(16_000_000_000).finding is Finding.OK
