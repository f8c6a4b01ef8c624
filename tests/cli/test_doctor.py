"""`mom doctor` before real bad states: each is found, and told with one thing to do."""

import json
import socket

import pytest
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route

from mom.chats.database import Database
from mom.cli.findings import Finding
from mom.cli.machine_checks import check_image_part, check_llama, check_memory, check_page, check_python, check_room
from mom.models.parts import Part, PartName, State
from mom.settings import read_settings
from tests.cli.calling import mom
from tests.models.fake_servers import running, serving
from tests.scripted import ScriptedParts
from tests.web.site import running_site


@pytest.fixture(autouse=True)
def any_port(environment):
    environment.setenv("MOM_PORT", "0")


def doctor():
    """The checks by name, and the exit code."""
    result = mom("doctor", "--json")
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
        "page",
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
    assert checks["migrations"]["words"] == "no tables yet: `mom serve` makes them"


def test_for_people_each_fix_stands_below_its_finding(environment):
    environment.setenv("MOM_LLAMA_SERVER", "/nothing/llama-server")
    result = mom("doctor")
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
    environment.setenv("MOM_CONTAINER", "published-on-loopback")
    assert doctor()[0]["port"]["finding"] == "ok"


def test_a_data_folder_that_cannot_be_written(environment, tmp_path):
    (tmp_path / "file").write_text("in the way")
    environment.setenv("MOM_DATA_DIR", str(tmp_path / "file"))
    environment.setenv("DATABASE_URL", f"sqlite:///{tmp_path / 'mom.sqlite3'}")
    assert "set MOM_DATA_DIR" in one_failed("data folder")["fix"]


def test_a_llama_server_that_may_not_be_run(environment, tmp_path):
    (tmp_path / "llama-server").write_text("#!/bin/sh")
    environment.setenv("MOM_LLAMA_SERVER", str(tmp_path / "llama-server"))
    assert one_failed("llama.cpp")["fix"] == f"chmod +x {tmp_path / 'llama-server'}"


def test_a_llama_cpp_that_is_not_there(environment):
    environment.setenv("MOM_LLAMA_SERVER", "/nothing/llama-server")
    assert one_failed("llama.cpp")["words"] == "/nothing/llama-server is not there"
    environment.delenv("MOM_LLAMA_SERVER")
    assert check_llama(read_settings()[0], None).fix == "pip install xllamacpp"


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
    assert doctor()[0]["migrations"]["words"] == f"at {database.newest_revision()}, the newest"
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


def test_models_that_are_to_be_had_are_told_with_what_is_still_to_be_done(environment, tmp_path):
    environment.setenv("MOM_SMALL_LLM", "same")
    environment.setenv("MOM_LARGE_LLM", "hf:owner/repo/model.gguf")
    checks, exit_code = doctor()
    assert exit_code == 0
    assert checks["small_llm"]["words"] == "the large LLM"
    assert checks["large_llm"]["words"] == "hf:owner/repo/model.gguf will be downloaded"
    (tmp_path / "data/models/owner/repo").mkdir(parents=True)
    (tmp_path / "data/models/owner/repo/model.gguf").write_bytes(b"GGUF")
    assert doctor()[0]["large_llm"]["words"] == "hf:owner/repo/model.gguf is downloaded"


def test_a_model_elsewhere_is_asked_with_its_key(environment):
    async def list_models(request):
        return JSONResponse({}, 200 if request.headers.get("Authorization") == "Bearer right" else 401)

    with serving(Starlette(routes=[Route("/v1/models", list_models)])) as url:
        environment.setenv("MOM_LARGE_LLM", f"{url}/v1")
        environment.setenv("MOM_API_KEY_LARGE_LLM", "wrong")
        assert "set MOM_API_KEY_LARGE_LLM" in one_failed("large_llm")["fix"]
        environment.setenv("MOM_API_KEY_LARGE_LLM", "right")
        assert doctor()[0]["large_llm"]["words"] == f"{url}/v1 answers"


def test_an_ollama_without_a_model(environment):
    with running({"/api/tags": [JSONResponse({"models": []})]}) as ollama:
        environment.setenv("MOM_OLLAMA_URL", ollama.root)
        assert doctor()[0]["Ollama"]["fix"] == "ollama pull llama3.2:1b"


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
    assert "Install Node 20" in check_page(tmp_path / "chat.js", 18).fix
    assert "npm run build" in check_page(tmp_path / "chat.js", 22).fix
    (tmp_path / "chat.js").write_text("")
    assert check_page(tmp_path / "chat.js", None).finding is Finding.OK


def test_a_python_that_is_too_old():
    assert check_python((3, 10, 2)).finding is Finding.FAILED
    assert check_python((3, 11, 0)).finding is Finding.OK


def test_an_image_part_that_is_missing_or_does_not_use_the_gpu(environment):
    settings = read_settings()[0]
    assert check_image_part(settings, "2.13.0+cpu", is_whole=True, has_gpu=False).finding is Finding.OK
    assert "TORCH=cuda" in check_image_part(settings, "2.13.0+cpu", is_whole=True, has_gpu=True).fix
    assert check_image_part(settings, "2.13.0+cu130", is_whole=True, has_gpu=True).finding is Finding.OK
    assert "--install-image" in check_image_part(settings, None, is_whole=False, has_gpu=False).fix
    assert "torch 2.13.0+cpu alone" in check_image_part(settings, "2.13.0+cpu", is_whole=False, has_gpu=False).words
    environment.setenv("MOM_IMAGE_MODEL", "http://127.0.0.1:9/v1")
    assert check_image_part(read_settings()[0], None, is_whole=False, has_gpu=False).finding is Finding.OK


def test_too_little_room_for_a_model(tmp_path):
    assert "Make room" in check_room(tmp_path, 3_000_000_000).fix
    assert check_room(tmp_path, 30_000_000_000).finding is Finding.OK


def test_too_little_memory():
    assert check_memory(500_000_000).finding is Finding.FAILED
    assert check_memory(3_000_000_000).finding is Finding.NOTE
    assert check_memory(16_000_000_000).finding is Finding.OK
