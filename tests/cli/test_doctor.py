"""`mom doctor` as people and scripts read it, and on the settings and the machine."""

import os

import pytest

from mom.cli.findings import Finding
from mom.cli.machine_checks import check_image_part, check_llama, check_memory, check_page, check_python, check_room
from mom.models.bert.options import SHIPPED
from mom.settings import read_settings
from tests.cli.calling import mom
from tests.cli.doctor import doctor, one_failed


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


def test_a_head_that_was_trained_here_and_cannot_be_used_is_noted(tmp_path):
    assert doctor()[0]["classifier"]["words"] == "the head that comes with MoM"
    trained = tmp_path / "data" / "routing_head.npz"
    trained.parent.mkdir(exist_ok=True)
    trained.write_bytes(b"no head")
    checks, exit_code = doctor()
    assert (checks["classifier"]["finding"], exit_code) == ("note", 0)
    assert "the head that comes with MoM is used" in checks["classifier"]["words"]
    assert str(trained) in checks["classifier"]["fix"]
    trained.write_bytes(SHIPPED.read_bytes())
    assert doctor()[0]["classifier"]["words"] == f"{trained}, trained here"


def test_a_setting_that_is_misspelt_is_noted(environment):
    environment.setenv("MOM_LARGE_LM", "demo")
    checks, _ = doctor()
    assert "Did you mean MOM_LARGE_LLM?" in checks["settings"]["words"]


def test_a_data_folder_that_cannot_be_written(environment, tmp_path):
    (tmp_path / "file").write_text("in the way")
    environment.setenv("MOM_DATA_DIR", str(tmp_path / "file"))
    environment.setenv("DATABASE_URL", f"sqlite:///{tmp_path / 'mom.sqlite3'}")
    assert "set MOM_DATA_DIR" in one_failed("data folder")["fix"]


def test_a_llama_server_that_may_not_be_run(environment, tmp_path):
    (tmp_path / "llama-server").write_text("#!/bin/sh")
    environment.setenv("MOM_LLAMA_SERVER", str(tmp_path / "llama-server"))
    assert one_failed("llama.cpp")["fix"] == f"chmod +x {tmp_path / 'llama-server'}"


def test_a_llama_server_that_lacks_a_library(environment, tmp_path):
    library = "libcudart.so.12: cannot open shared object file"
    (tmp_path / "llama-server").write_text(f"#!/bin/sh\necho 'error while loading: {library}' >&2; exit 127\n")
    (tmp_path / "llama-server").chmod(0o755)
    environment.setenv("MOM_LLAMA_SERVER", "llama-server")
    assert one_failed("llama.cpp")["words"] == "llama-server is not there"
    environment.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    check = one_failed("llama.cpp")
    assert check["words"] == f"llama-server cannot be run: error while loading: {library}"
    assert "unset MOM_LLAMA_SERVER" in check["fix"]


def test_a_llama_cpp_that_is_not_there(environment):
    environment.setenv("MOM_LLAMA_SERVER", "/nothing/llama-server")
    assert one_failed("llama.cpp")["words"] == "/nothing/llama-server is not there"
    environment.delenv("MOM_LLAMA_SERVER")
    assert check_llama(read_settings()[0], None).fix == "pip install xllamacpp"


@pytest.mark.usefixtures("llama_cpp_without_openmp")
def test_a_llama_cpp_that_cannot_be_loaded():
    check = one_failed("llama.cpp")
    assert check["words"].endswith("cannot be loaded: ImportError: libgomp.so.1: cannot open shared object file")
    assert "apt install libgomp1" in check["fix"]


def test_a_page_that_is_not_built(tmp_path):
    for too_old in (None, (18, 20), (20, 5)):
        assert "Install Node 20.19" in check_page(tmp_path / "chat.js", too_old).fix
    assert "npm run build" in check_page(tmp_path / "chat.js", (22, 12)).fix
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
