"""A killed process, a full disk, a database that goes away: what was shown is kept as far as can be, and people are told."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import event
from sqlalchemy.exc import OperationalError

from mom.chats.database import Database
from mom.chats.history import History
from mom.chats.patience import Patience
from mom.chats.turns import Started
from mom.errors import StorageError
from tests.chats.stage import Stage
from tests.chats.waiting import wait_for
from tests.scripted import DEADLINE_S, Gate, ScriptedImageModel, ScriptedLanguageModel

ROOT = Path(__file__).parents[2]


def test_a_killed_process_loses_nothing_that_was_stored_and_the_answer_can_be_retried(stage):
    url = stage.database.engine.url.render_as_string(hide_password=False)
    command = [sys.executable, "-m", "tests.chats.answering_child", url, str(stage.folder)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as child:
        ids = json.loads(child.stdout.readline())
        owner, chat = ids.pop("owner"), ids.pop("chat")
        started = Started(**ids)
        wait_for(lambda: stage.message(started)["content"] == "What was shown.", "the answer so far to be stored")
        child.kill()
    assert stage.turns._records.find(owner, started.turn_id).status == "running"
    assert stage.status(started) == "interrupted"  # known even before it is marked

    assert stage.turns.mark_interrupted() >= 1
    assert stage.turns.mark_interrupted() == 0
    answer = stage.message(started)
    assert (answer["content"], answer["turn"]["status"]) == ("What was shown.", "interrupted")
    assert answer["verdict"]["need"] == "text"
    assert stage.names(started) == ["turn_snapshot", "turn_interrupted"]

    again = stage.turns.retry(owner, started.turn_id)
    assert stage.names(again)[-1] == "turn_finished"
    answers = [m for m in stage.history.read_chat(owner, chat)["messages"] if m["parent_id"] == started.question_id]
    assert [answer["content"] for answer in answers] == ["What was shown.", "Hello!"]


def break_each_use(stage: Stage, pragma: str) -> None:
    """Let SQLite itself refuse, as it does when the disk is full or may only be read."""

    @event.listens_for(stage.database.engine, "checkout")
    def refuse(connection, _record, _proxy):
        connection.execute(f"PRAGMA {pragma}")


FULL, READ_ONLY = "max_page_count=1", "query_only=ON"


@pytest.mark.parametrize("pragma", [FULL, READ_ONLY])
def test_a_disk_that_takes_no_more_in_mid_answer_fails_the_turn_plainly(sqlite_stage, pragma):
    stage = sqlite_stage
    gate = Gate()
    long = "a long passage " * 5000
    stage.parts.large_llm = ScriptedLanguageModel(["The beginning. ", gate, long, Gate()])
    started = stage.ask()
    wait_for(lambda: stage.message(started)["content"], "the beginning to be stored")
    break_each_use(stage, pragma)
    gate.open()
    events = stage.events(started)
    assert events[-1].name == "turn_failed"
    assert events[-1].data["error"]["code"] == "storage_failed"
    assert "disk space" in events[-1].data["error"]["message"]
    assert "".join(event.data["text"] for event in events if event.name == "text_delta") == f"The beginning. {long}"
    assert stage.parts.at_work == 0
    assert stage.message(started)["content"] == "The beginning. "


@contextmanager
def away(stage: Stage) -> Iterator[list[None]]:
    """The database answers nobody; gives a list that grows by each one who asks."""
    asked: list[None] = []

    def refuse(*_args):
        asked.append(None)
        raise OperationalError("connect", None, Exception("connection refused"))

    event.listen(stage.database.engine, "checkout", refuse)
    try:
        yield asked
    finally:
        event.remove(stage.database.engine, "checkout", refuse)


def test_a_database_that_comes_back_costs_nothing_of_an_answer(database, tmp_path, loop):
    stage = Stage(database, tmp_path / "pictures", loop, patience=Patience(at_most_s=DEADLINE_S, pause_s=0.01))
    while_away, end = Gate(), Gate()
    stage.parts.large_llm = ScriptedLanguageModel(["The beginning, ", while_away, "the middle, ", end, "the end."])
    started = stage.ask()
    wait_for(lambda: stage.message(started)["content"], "the beginning to be stored")
    with away(stage) as asked:
        while_away.open()
        wait_for(lambda: len(asked) > 1, "the answer so far to be written again")
        end.open()
        wait_for(lambda: stage.log.length(started.turn_id) > 4, "the answer to go on")
        last_asked = len(asked)
        wait_for(lambda: len(asked) > last_asked + 2, "its end to be written again")
    assert stage.names(started)[-1] == "turn_finished"
    assert stage.message(started)["content"] == "The beginning, the middle, the end."
    assert stage.status(started) == "finished"
    stage.close()


def test_a_database_that_comes_back_costs_no_picture(database, tmp_path, loop):
    stage = Stage(database, tmp_path / "pictures", loop)
    stage.pictures.patience = Patience(at_most_s=DEADLINE_S, pause_s=0.01)
    gate = Gate()
    stage.parts.image_model = ScriptedImageModel([gate])
    started = stage.ask("/image a ring")
    wait_for(lambda: stage.message(started)["image_prompt"], "what is known so far to be stored")
    gate.wait_until_reached()
    with away(stage) as asked:
        gate.open()
        wait_for(lambda: len(asked) > 1, "the picture to be stored again")
    assert stage.names(started)[-1] == "turn_finished"
    [image] = stage.message(started)["images"]
    assert [path.stem for path in stage.folder.rglob("*.png")] == [image["id"]]
    stage.close()


@pytest.mark.parametrize("pragma", [FULL, READ_ONLY])
def test_a_question_that_cannot_be_stored_is_not_begun(sqlite_stage, pragma):
    stage = sqlite_stage
    break_each_use(stage, pragma)
    with pytest.raises(StorageError):
        stage.ask("a long passage " * 5000)
    assert stage.parts.small_llm.questions == []
    assert stage.turns._places._taken == {}


@pytest.mark.parametrize("database_kind", ["postgresql"])  # SQLite's file stays open when it is removed
def test_a_database_that_goes_away_in_mid_answer_fails_the_turn_plainly(stage, postgres_server):
    gate = Gate()
    stage.parts.large_llm = ScriptedLanguageModel(["The beginning. ", gate, "The end."])
    started = stage.ask()
    wait_for(lambda: stage.message(started)["content"], "the beginning to be stored")
    stream = stage.turns.events(stage.owner, started.turn_id)
    url = stage.database.engine.url
    with psycopg.connect(f"{postgres_server}/postgres", autocommit=True) as connection:
        connection.execute(f'DROP DATABASE "{url.database}" WITH (FORCE)')
    gate.open()

    async def read():
        return [event async for some in stream for event in some]

    last = stage.on_loop(read())[-1]
    assert (last.name, last.data["error"]["code"]) == ("turn_failed", "storage_failed")
    with pytest.raises(StorageError):
        stage.status(started)


def test_a_picture_that_cannot_be_stored_fails_the_turn_plainly(stage):
    gate = Gate()
    stage.parts.image_model = ScriptedImageModel([gate])
    started = stage.ask("/image a ring")
    gate.wait_until_reached()
    stage.folder.write_text("a file stands where the folder should be")
    gate.open()
    last = stage.events(started)[-1]
    assert (last.name, last.data["error"]["code"]) == ("turn_failed", "storage_failed")
    assert stage.status(started) == "failed"
    assert stage.message(started)["images"] == []


def test_an_empty_database_says_how_to_make_its_tables(tmp_path):
    database = Database(f"sqlite:///{tmp_path / 'empty.sqlite3'}")
    with pytest.raises(StorageError, match=f"{tmp_path}/empty.sqlite3 has no tables yet. Run `flask db upgrade`"):
        History(database).local_user_id()
    database.close()
