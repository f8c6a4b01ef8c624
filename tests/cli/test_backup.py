"""`mom backup` and `mom restore` as people call them; what they do to the data is tested in `tests/chats/test_backup.py`."""

import socket
import stat

import httpx
import pytest

from tests.cli.calling import mom, one_sentence
from tests.scripted import ScriptedParts
from tests.web.site import running_site


@pytest.fixture
def running(environment, tmp_path):
    with running_site(tmp_path / "data", ScriptedParts()) as site:
        environment.setenv("MOM_PORT", site.url.rpartition(":")[2])
        assert httpx.post(f"{site.url}/api/chats").status_code == 201
        assert mom("ask", "/image a fox", "--image-dir", str(tmp_path / "elsewhere")).exit_code == 0
        yield site


def test_a_running_mom_is_backed_up_and_restored_elsewhere(running, environment, tmp_path):
    result = mom("backup", "mom.tar.gz")
    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr == "Written to mom.tar.gz: 1 chats, 0 messages, 1 pictures.\n"
    assert stat.S_IMODE((tmp_path / "mom.tar.gz").stat().st_mode) == 0o600
    assert mom("backup", "-").stdout_bytes[:2] == (tmp_path / "mom.tar.gz").read_bytes()[:2]
    environment.setenv("MOM_DATA_DIR", str(tmp_path / "other"))
    environment.setenv("MOM_PORT", "1")
    assert mom("restore", "mom.tar.gz").stderr == "Restored: 1 chats.\n"
    assert len(list((tmp_path / "other/pictures").glob("??/*.png"))) == 1
    again = mom("restore", "mom.tar.gz")
    assert (again.exit_code, "There are 1 chats already" in one_sentence(again)) == (1, True)
    assert mom("restore", "mom.tar.gz", "--yes").stderr == "Restored: 1 chats.\n"


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["backup", "there"], "there is there already. Name another file, or say --yes."),
        (
            ["backup", "no/such/folder"],
            "no/such/folder cannot be written: No such file or directory. Name another file.",
        ),
        (["restore", "there"], "MoM is running at 127.0.0.1:"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(running, tmp_path, words, sentence):
    (tmp_path / "there").write_text("precious")
    result = mom(*words)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith(sentence)
    assert result.stderr.count("\n") == 1
    assert (tmp_path / "there").read_text() == "precious"


@pytest.mark.parametrize("words", [["restore", "there"], ["models"], ["ask", "hello"]])
def test_a_mom_that_is_too_busy_to_answer_runs_all_the_same(environment, tmp_path, words):
    (tmp_path / "there").write_text("no backup, which is not looked at")
    with socket.create_server(("127.0.0.1", 0)) as busy:
        environment.setenv("MOM_PORT", str(busy.getsockname()[1]))
        result = mom(*words)
    assert result.exit_code == 3
    assert "gave no answer within 2 s" in one_sentence(result)


def test_a_mom_that_has_not_run_yet_has_nothing_to_back_up(tmp_path):
    result = mom("backup", "mom.tar.gz")
    assert (result.exit_code, result.stderr) == (1, "The database is empty: there is nothing to back up yet.\n")
    assert not list(tmp_path.glob("mom.tar.gz*"))
