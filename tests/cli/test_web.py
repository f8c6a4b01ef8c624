"""`mom web` as the supervisor starts it."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest

from mom.chats.database import Database
from mom.chats.history import History
from mom.chats.tables import new_id
from mom.chats.turn_records import Asked, TurnRecords
from mom.serving.tether import DO_NOT_RESTART
from mom.settings import read_settings
from tests.chats.postgres import running_postgres
from tests.cli.calling import mom, one_sentence
from tests.scripted import DEADLINE_S


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("MOM_FILES_URL", "s3://bucket/pictures", "names no folder"),
        ("DATABASE_URL", "mysql://somewhere", "begins with mysql"),
        ("MOM_PORT", "eighty", "does not fit"),
    ],
)
def test_settings_that_cannot_be_are_told_at_once_and_not_tried_again(environment, name, value, words):
    environment.setenv(name, value)
    config = {"control_url": "http://127.0.0.1:9", "control_token": "x", "host": "127.0.0.1", "port": 0}
    with subprocess.Popen(
        [sys.executable, "-m", "mom", "web"], stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as web:
        web.stdin.write(json.dumps(config) + "\n")
        web.stdin.flush()
        assert web.wait(60) == DO_NOT_RESTART
        assert words in json.loads(web.stderr.read().splitlines()[-1])["error"]


@pytest.mark.skipif(sys.platform == "win32", reason="there the port alone tells")
def test_nothing_is_restored_under_a_mom_that_runs_at_another_port(environment, tmp_path):
    environment.setenv("MOM_PORT", "0")
    with subprocess.Popen(
        [sys.executable, "-m", "mom", "web", "--standalone"], stdout=subprocess.PIPE, text=True
    ) as web:
        assert "answers at" in web.stdout.readline()
        environment.setenv("MOM_PORT", "1")
        refused = mom("restore", "mom.tar.gz", "--yes")
        web.terminate()
    assert (refused.exit_code, "A MoM is running with the data in" in one_sentence(refused)) == (1, True)
    assert "There is no file" in one_sentence(mom("restore", "mom.tar.gz", "--yes"))


@contextmanager
def standalone_web() -> Iterator[None]:
    """A web process at any free port, once it answers."""
    with subprocess.Popen(
        [sys.executable, "-m", "mom", "web", "--standalone"], stdout=subprocess.PIPE, text=True
    ) as web:
        try:
            url = web.stdout.readline().split()[-1]
            assert httpx.get(f"{url}/healthz", trust_env=False, timeout=DEADLINE_S).is_success
            yield
        finally:
            web.terminate()


@pytest.mark.skipif(sys.platform == "win32", reason="there nothing tells of the other")
def test_a_second_mom_with_the_same_data_leaves_the_answers_of_the_first_running(environment):
    environment.setenv("MOM_PORT", "0")
    with standalone_web():
        database = Database(read_settings()[0].resolved_database_url)
        history, turns = History(database), TurnRecords(database)
        owner = history.local_user_id()
        turn = turns.add_question(new_id(), owner, history.create_chat(owner), Asked("hello"), (), {})
        with standalone_web():
            assert turns.read(owner, turn.id)["status"] == "running"
    with standalone_web():
        assert turns.read(owner, turn.id)["status"] == "interrupted"
    database.close()


def test_a_mom_with_another_data_folder_leaves_the_answers_in_a_shared_postgresql_running(environment, tmp_path):
    environment.setenv("MOM_PORT", "0")
    with running_postgres() as url:
        environment.setenv("DATABASE_URL", f"{url}/postgres")
        database = Database(f"{url}/postgres")
        with standalone_web():
            history, turns = History(database), TurnRecords(database)
            owner = history.local_user_id()
            turn = turns.add_question(new_id(), owner, history.create_chat(owner), Asked("hello"), (), {})
            environment.setenv("MOM_DATA_DIR", str(tmp_path / "other"))
            with standalone_web():
                assert turns.read(owner, turn.id)["status"] == "running"
        with standalone_web():
            assert turns.read(owner, turn.id)["status"] == "interrupted"
        database.close()
