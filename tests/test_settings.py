"""Settings: documented, frozen, and plain about what is wrong."""

import re
from pathlib import Path

import pytest
from pydantic import ValidationError

from mom.chats.database import Database
from mom.errors import SettingsError
from mom.settings import Settings, read_settings, variable_names

EXAMPLE = Path(__file__).parents[1] / ".env.example"


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch, tmp_path):
    for name in variable_names():
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)


def test_the_example_documents_every_setting_and_no_other():
    documented = set(re.findall(r"^#([A-Z_]+)=", EXAMPLE.read_text(), re.MULTILINE))
    assert documented == variable_names()


def test_the_example_taken_as_it_is_changes_nothing(tmp_path):
    (tmp_path / ".env").write_text(EXAMPLE.read_text())
    settings, warnings = read_settings()
    assert settings == Settings(_env_file=None)
    assert warnings == []


def test_the_environment_wins_over_the_file(tmp_path, monkeypatch):
    (tmp_path / ".env").write_text("MOM_PORT=1111\nMOM_HOST=localhost\n")
    monkeypatch.setenv("MOM_PORT", "2222")
    settings, _ = read_settings()
    assert (settings.port, settings.host) == (2222, "localhost")


def test_an_unknown_name_is_a_warning_with_the_nearest_known_one(monkeypatch, tmp_path):
    monkeypatch.setenv("MOM_LARGE_LM", "demo")
    (tmp_path / ".env").write_text("MOM_XYZ=1\n")
    _, warnings = read_settings()
    assert warnings == [
        "MoM does not know the setting MOM_LARGE_LM and ignores it. Did you mean MOM_LARGE_LLM?",
        "MoM does not know the setting MOM_XYZ and ignores it. .env.example lists all names.",
    ]


def test_a_line_that_sets_nothing_is_a_warning_that_tells_no_value(tmp_path, caplog):
    (tmp_path / ".env").write_text("# first\nMOM_LARGE_LLM='demo\nMOM_PORT=1111\nsome words\nMOM_HOST\n")
    settings, warnings = read_settings()
    assert (settings.large_llm, settings.port) == (None, 1111)
    assert warnings == [
        f"Line {number} of .env is ignored: it is not NAME=value, or a quotation mark is not closed."
        for number in (2, 4)
    ]
    assert caplog.messages == []


@pytest.mark.parametrize(
    ("name", "value"), [("MOM_PORT", "eighty"), ("MOM_PORT", "70000"), ("MOM_CLASSIFIER", "oracle")]
)
def test_a_value_that_does_not_fit_names_the_variable(monkeypatch, name, value):
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match=f"{name}='{value}' does not fit"):
        read_settings()


def test_a_base_url_that_cannot_be_says_what_to_write(monkeypatch):
    monkeypatch.setenv("MOM_BASE_URL", "home.example")
    with pytest.raises(
        SettingsError, match=r"^MOM_BASE_URL='home.example' does not fit: it is not the address of a web page"
    ):
        read_settings()


def test_a_file_that_is_no_utf_8_is_one_sentence(tmp_path):
    (tmp_path / ".env").write_bytes("# café\nMOM_PORT=1111\n".encode("latin-1"))
    with pytest.raises(SettingsError, match=r"^The file .env cannot be read: .* Save it as UTF-8"):
        read_settings()


def test_home_is_meant_by_its_sign(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".env").write_text("MOM_DATA_DIR=~/mom\nMOM_LLAMA_SERVER=~/llama.cpp/llama-server\n")
    settings, _ = read_settings()
    assert settings.data_dir == tmp_path / "mom"
    assert settings.llama_server == tmp_path / "llama.cpp/llama-server"


def test_home_is_meant_by_its_sign_where_pictures_are_kept(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path / "50%41 me"))
    (tmp_path / ".env").write_text("MOM_FILES_URL=file:~/pictures\n")
    settings, _ = read_settings()
    assert settings.pictures_dir == tmp_path / "50%41 me/pictures"


@pytest.mark.parametrize(
    ("url", "folder"),
    [
        ("", "/data/pictures"),
        ("file:/mnt/my%20pictures", "/mnt/my pictures"),
        ("file:///mnt/pictures", "/mnt/pictures"),
        ("file:elsewhere", "/data/elsewhere"),
    ],
)
def test_the_folder_for_pictures_is_the_data_folders_own_or_the_one_named(monkeypatch, url, folder):
    monkeypatch.setenv("MOM_DATA_DIR", "/data")
    monkeypatch.setenv("MOM_FILES_URL", url)
    assert read_settings()[0].pictures_dir == Path(folder)


@pytest.mark.parametrize("url", ["s3://bucket/pictures", "/mnt/pictures", "file:", "file://server/pictures"])
def test_pictures_that_would_be_kept_nowhere_are_told_before_anything_starts(monkeypatch, url):
    monkeypatch.setenv("MOM_FILES_URL", url)
    with pytest.raises(SettingsError, match=rf"^MOM_FILES_URL='{url}' does not fit: it names no folder; write file:/"):
        read_settings()


@pytest.mark.parametrize("name", ["50%41", "why?", "a b", "#1", "a:b@c"])
def test_a_data_folder_of_any_name_holds_the_database(tmp_path, name):
    settings = Settings(_env_file=None, MOM_DATA_DIR=tmp_path / name)
    database = Database(settings.resolved_database_url)
    database.upgrade()
    database.close()
    assert (tmp_path / name / "mom.sqlite3").is_file()


def test_an_empty_variable_is_an_unset_one(monkeypatch):
    monkeypatch.setenv("MOM_SMALL_LLM", "")
    assert read_settings()[0].small_llm is None


def test_settings_are_frozen_and_do_not_print_secrets(monkeypatch):
    monkeypatch.setenv("MOM_API_KEY_LARGE_LLM", "sk-secret")
    monkeypatch.setenv("DATABASE_URL", "postgresql://app:hunter2@localhost/app")
    settings, _ = read_settings()
    assert "sk-secret" not in repr(settings)
    assert "hunter2" not in repr(settings)
    with pytest.raises(ValidationError):
        settings.port = 1
