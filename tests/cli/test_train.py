"""`mom train routing`: the trainer of the repository, fed with this installation's corrections."""

import importlib.util
import os
import signal
import subprocess
import sys
import time

import psutil
import pytest

from mom.chats.corrections import Corrections
from mom.chats.database import Database
from mom.chats.history import History
from mom.chats.tables import Message, Verdict, now
from mom.cli import train
from mom.cli.train import lessons
from mom.errors import StorageError
from mom.mixture.conversation import Conversation
from mom.mixture.conversation import Message as Spoken
from mom.settings import read_settings
from tests.cli.calling import mom
from tests.full_disk import no_file_beyond

FOX = "the fox of my neighbours"


@pytest.fixture
def data_dir(tmp_path):
    (tmp_path / "data").mkdir()
    return tmp_path / "data"


@pytest.fixture
def history(data_dir):
    database = Database(read_settings()[0].resolved_database_url)
    database.upgrade()
    yield History(database)
    database.close()


def correct(history: History, words: str, need: str, decided_by: str = "small_llm") -> None:
    owner_id = history.local_user_id()
    chat_id = history.create_chat(owner_id)
    with history.database.session() as session:
        question = Message(owner_id=owner_id, chat_id=chat_id, role="user", content=words)
        session.add(question)
        session.flush()
        answer = Message(owner_id=owner_id, chat_id=chat_id, role="assistant", parent_id=question.id)
        session.add(answer)
        session.flush()
        wrong = "text" if need == "image" else "image"
        session.add(
            Verdict(
                owner_id=owner_id, message_id=answer.id, need=wrong, image_probability=0.5, decided_by=decided_by,
                took_ms=1.0, reason="so", corrected_to=need, corrected_at=now(),
            )
        )  # fmt: skip


def test_of_contradictory_corrections_the_newest_teaches_and_what_has_no_words_or_a_command_teaches_nothing(history):
    correct(history, FOX, "image")
    correct(history, FOX, "text")
    correct(history, "/image a bear", "text", decided_by="command")
    correct(history, " ", "text", decided_by="correction")
    rows = lessons(Corrections(history.database).read_all(history.local_user_id()))
    assert [(row["messages"][0]["content"], row["route"]) for row in rows] == [(FOX, "text")]


def test_a_head_is_trained_with_the_corrections_and_kept_in_the_data_folder(history, data_dir):
    pytest.importorskip("scipy")
    from mom.models.bert.head import read_head
    from mom.models.bert.options import SHIPPED

    shipped = SHIPPED.read_bytes()
    correct(history, FOX, "image")
    result = mom("train", "routing", "--share", "400")
    assert result.exit_code == 0, result.output
    with_it = read_head(data_dir / "routing_head.npz")
    assert "with 1 corrections" in result.stderr
    assert "uses it from its next start on" in result.stderr
    correct(history, FOX, "text")
    elsewhere = mom("train", "routing", "--share", "400", "--output", str(data_dir / "other.npz"))
    assert "next start" not in elsewhere.stderr
    asked = Conversation((Spoken("user", FOX),))
    assert with_it.ngrams_logit(asked) > read_head(data_dir / "other.npz").ngrams_logit(asked)
    assert SHIPPED.read_bytes() == shipped


def test_without_the_repository_it_says_where_it_can_be_done(monkeypatch, tmp_path):
    monkeypatch.setattr(train, "CLONE", tmp_path)
    result = mom("train", "routing")
    assert (result.exit_code, result.stdout) == (3, "")
    assert "clone it" in result.stderr


def test_without_scipy_it_says_how_to_install_it(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    result = mom("train", "routing")
    assert result.exit_code == 3
    assert "pip install" in result.stderr


def test_a_head_can_be_trained_before_mom_has_ever_run(data_dir):
    pytest.importorskip("scipy")
    result = mom("train", "routing", "--share", "2000")
    assert result.exit_code == 0, result.output
    assert (data_dir / "routing_head.npz").exists()


def test_a_training_that_fails_leaves_the_old_head(history, data_dir, monkeypatch):
    (data_dir / "routing_head.npz").write_bytes(b"old")
    monkeypatch.setattr(train, "TRAINER", "training.routing.absent")
    result = mom("train", "routing")
    assert result.exit_code == 1
    assert "The training failed" in result.stderr
    assert (data_dir / "routing_head.npz").read_bytes() == b"old"
    assert list(data_dir.glob("*.part")) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_training_that_is_ended_ends_its_trainer_without_a_traceback_and_leaves_nothing(data_dir, tmp_path, number):
    pytest.importorskip("scipy")
    (tmp_path / "temporary").mkdir()
    words = [sys.executable, "-m", "mom", "train", "routing"]
    started = {**os.environ, "TMPDIR": str(tmp_path / "temporary"), "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(words, stderr=subprocess.PIPE, text=True, env=started, start_new_session=True) as training:
        said = training.stderr.readline()
        _wait_for_trainer(training.pid)
        os.killpg(training.pid, number)
        rest = training.stderr.read()  # to its end, so that the trainer, which could write there, has ended
    assert "Training with" in said
    assert (training.returncode, rest.strip()) == (1, "Aborted!")
    assert list((tmp_path / "temporary").iterdir()) == []
    assert not (data_dir / "routing_head.npz").exists()


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the kernel ends no process with its parent")
def test_a_training_that_is_killed_takes_its_trainer_along(data_dir):
    pytest.importorskip("scipy")
    words = [sys.executable, "-m", "mom", "train", "routing"]
    with subprocess.Popen(
        words, stderr=subprocess.PIPE, env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    ) as training:
        trainer = _wait_for_trainer(training.pid)
        training.kill()
    try:
        trainer.wait(30)
    finally:
        if trainer.is_running():
            trainer.kill()


def _wait_for_trainer(pid: int) -> psutil.Process:
    """Until it runs as Python, which answers Ctrl-C with a traceback."""
    while True:
        for child in psutil.Process(pid).children():
            if child.cpu_times().user > 0.3:
                return child
        time.sleep(0.01)


def test_where_no_head_can_be_put_nothing_is_trained(data_dir, tmp_path):
    pytest.importorskip("scipy")
    (tmp_path / "file").touch()
    result = mom("train", "routing", "--output", str(tmp_path / "file" / "head.npz"))
    assert result.exit_code == 1
    assert "Name another --output" in result.stderr
    assert "Training with" not in result.stderr


def test_a_head_that_the_disk_has_no_room_for_leaves_the_old_one(data_dir, tmp_path):
    (data_dir / "routing_head.npz").write_bytes(b"old")
    (tmp_path / "made.npz").write_bytes(bytes(100_000))
    with no_file_beyond(10_000), pytest.raises(StorageError, match="Name another --output"):
        train._keep(tmp_path / "made.npz", data_dir / "routing_head.npz")
    assert [path.name for path in data_dir.iterdir()] == ["routing_head.npz"]
    assert (data_dir / "routing_head.npz").read_bytes() == b"old"
