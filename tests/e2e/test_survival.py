"""`kill -9` of any process in the middle of an answer loses nothing but the last second, and leaves no orphan."""

import os
import signal
import time

import psutil
import pytest

from tests.e2e.running_mom import LAST_EVENTS, RunningMom, running_mom, wait_until
from tests.random_llm import SHAPES, write_random_llm

LONG = "/text tell me a very long story"
NO_PICTURES = {"MOM_IMAGE_MODEL": "http://127.0.0.1:9/v1#none"}  # whose server takes a core for seconds as it starts


@pytest.fixture(scope="module")
def endless_llm(tmp_path_factory) -> str:
    """A model that writes some tens of tokens per second and never ends by itself."""
    return f"file:{write_random_llm(tmp_path_factory.mktemp('models') / 'slow.gguf', SHAPES['slow'])}"


@pytest.fixture(scope="module")
def running(tmp_path_factory, endless_llm):
    with running_mom(tmp_path_factory.mktemp("mom"), MOM_LARGE_LLM=endless_llm) as mom:
        yield mom


@pytest.fixture
def mom(running):
    """One that has come back from whatever was killed before."""
    running.wait_for("web", "large_llm")
    return running


def read_for(mom: RunningMom, turn: str, seconds: float) -> tuple[str, str]:
    """Follow a streaming answer for a while: the text that was shown up to a second before the end, and all of it."""
    shown, marks = "", []
    with mom.events(turn) as events:
        started = None
        for event in events:
            assert event.name not in LAST_EVENTS, event
            if event.name != "text_delta":
                continue
            started = started or time.monotonic()
            shown += event.data["text"]
            marks.append((time.monotonic(), len(shown)))
            if time.monotonic() - started > seconds:
                break
    settled = max((length for at, length in marks if at < marks[-1][0] - 1.5), default=0)
    return shown[:settled], shown


def kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)


def web_pid(mom: RunningMom) -> int:
    return mom.parts()["web"]["pid"]


def test_a_killed_web_process_comes_back_and_the_models_stay(mom: RunningMom):
    turn = mom.ask(LONG)
    settled, shown = read_for(mom, turn, 4)
    before = mom.parts()
    kill(web_pid(mom))
    wait_until(lambda: mom.parts() and web_pid(mom) != before["web"]["pid"], "another web process answers")

    assert mom.parts()["large_llm"]["pid"] == before["large_llm"]["pid"]
    assert mom.status(turn) == "interrupted"
    kept = mom.answer(turn)["content"]
    assert settled
    assert kept.startswith(settled)
    again = mom.http.post(f"/api/turns/{turn}/retry").json()["turn_id"]
    with mom.events(again) as events:
        assert any(event.name == "text_delta" for event in events)
    assert mom.http.post(f"/api/turns/{again}/stop").status_code == 202
    assert shown.startswith(settled)


def test_a_reader_of_before_gets_the_answer_as_it_was_kept(mom: RunningMom):
    turn = mom.ask(LONG)
    with mom.events(turn) as events:
        last_id = next(event.id for event in events if event.name == "text_delta")
    read_for(mom, turn, 2)
    pid = web_pid(mom)
    kill(pid)
    wait_until(lambda: mom.parts() and web_pid(mom) != pid, "another web process answers")
    with mom.events(turn, after=last_id) as events:
        first, last = list(events)
    assert first.name == "turn_snapshot"
    assert first.data["status"] == "interrupted"
    assert first.data["message"]["content"]
    assert last.name == "turn_interrupted"


def test_a_killed_large_llm_fails_the_turn_in_plain_words_and_comes_back(mom: RunningMom):
    turn = mom.ask(LONG)
    read_for(mom, turn, 1)
    before = mom.parts()
    kill(before["large_llm"]["pid"])
    last = mom.all_events(turn)[-1]
    assert last.name == "turn_failed"
    assert "large LLM" in last.data["error"]["message"]
    assert mom.answer(turn)["content"]

    wait_until(lambda: mom.parts()["large_llm"]["pid"] not in {None, before["large_llm"]["pid"]}, "a new large LLM")
    mom.wait_for("large_llm")
    assert web_pid(mom) == before["web"]["pid"]
    again = mom.http.post(f"/api/turns/{turn}/retry").json()["turn_id"]
    read_for(mom, again, 0.2)
    mom.http.post(f"/api/turns/{again}/stop")


def test_a_killed_image_server_fails_the_turn_and_the_picture_can_be_retried(mom: RunningMom):
    mom.wait_for("image_model")
    pid = mom.parts()["image_model"]["pid"]
    psutil.Process(pid).suspend()  # so that it is met in the middle of a picture
    turn = mom.ask("/image a green square")
    with mom.events(turn) as events:
        assert any(event.name == "image_prompt_written" for event in events)
    kill(pid)
    last = mom.all_events(turn)[-1]
    assert last.name == "turn_failed"
    assert "image model" in last.data["error"]["message"]
    wait_until(lambda: mom.parts()["image_model"]["pid"] not in {None, pid}, "a new image server")
    mom.wait_for("image_model")
    again = mom.http.post(f"/api/turns/{turn}/retry").json()["turn_id"]
    assert "image_finished" in [event.name for event in mom.all_events(again)]


def test_a_killed_supervisor_leaves_no_orphan_and_loses_nothing(tmp_path, endless_llm):
    settings = {"MOM_LARGE_LLM": endless_llm, **NO_PICTURES}
    with running_mom(tmp_path, **settings) as mom:
        mom.wait_for("large_llm")
        turn = mom.ask(LONG)
        settled, _ = read_for(mom, turn, 4)
        family = mom.family()
        assert len(family) >= 3
        kill(mom.process.pid)
        wait_until(lambda: not any(_lives(process) for process in family), "all children have ended", 10)
    with running_mom(tmp_path, **settings) as mom:
        assert mom.status(turn) == "interrupted"
        assert settled
        assert mom.answer(turn)["content"].startswith(settled)


def test_a_supervisor_that_is_asked_to_end_ends_all_its_children(tmp_path):
    with running_mom(tmp_path) as mom:
        family = mom.family()
        mom.process.terminate()  # the other signals: tests/serving/test_serve.py
        mom.process.wait(20)
        wait_until(lambda: not any(_lives(process) for process in family), "all children have ended", 5)
        assert mom.process.returncode == 0
        assert "Traceback" not in mom.said()


def _lives(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
