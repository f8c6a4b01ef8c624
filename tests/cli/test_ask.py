"""`mom ask`: text as it streams, pictures as files, and how each failure ends."""

import io
import json
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from PIL import Image
from starlette.responses import JSONResponse

from mom.errors import PartUnavailableError
from tests.chats.waiting import wait_for
from tests.cli.calling import mom, one_sentence
from tests.models.fake_servers import STOP, chunk, running, sse
from tests.scripted import ScriptedImageModel, ScriptedLabelModel, ScriptedLanguageModel


def test_ask_prints_the_text_as_it_streams(site):
    result = mom("ask", "hello")
    assert (result.stdout, result.stderr, result.exit_code) == ("Hello!\n", "", 0)


def test_ask_as_json(site):
    result = json.loads(mom("ask", "hello", "--json").stdout)
    assert set(result) == {"verdict", "text", "images", "finish_reason", "timings"}
    assert (result["text"], result["images"], result["finish_reason"]) == ("Hello!", [], "stop")
    assert result["verdict"]["need"] == "text"
    assert result["timings"]["total_ms"] >= 0


def test_ask_keeps_a_picture_and_prints_its_path(site, tmp_path):
    result = mom("ask", "a fox", "--image", "--seed", "7", "--image-dir", "pictures")
    (path,) = result.stdout.split()
    assert Path(path).parent == tmp_path / "pictures"
    assert Image.open(io.BytesIO(Path(path).read_bytes())).format == "PNG"
    (made,) = json.loads(mom("ask", "/image a fox", "--seed", "7", "--json").stdout)["images"]
    assert set(made) == {"path", "prompt", "seed", "steps", "width", "height"}
    assert (made["prompt"], made["seed"]) == ("a fox", 7)
    assert Path(made["path"]).exists()


def test_ask_prints_what_the_image_model_does_not_know(site, parts):
    parts.image_model = ScriptedImageModel(unknown_words=("fox",))
    path, words = mom("ask", "/image a fox").stdout.splitlines()
    assert Path(path).exists()
    assert words.startswith("I don't know “fox” yet")
    assert json.loads(mom("ask", "/image a fox", "--json").stdout)["text"] == words


def test_ask_takes_up_the_record_of_a_picture_that_mom_drew(site, parts):
    (drawn,) = json.loads(mom("ask", "/image a red boat on a lake", "--seed", "7", "--json").stdout)["images"]
    parts.small_llm.image_probability = 0.98
    parts.large_llm.structure = {"prompt": "a blue boat on a lake"}
    (made,) = json.loads(mom("ask", "make it bluer", "--from", drawn["path"], "--json").stdout)["images"]
    assert (made["prompt"], made["seed"]) == ("a blue boat on a lake", 7)
    assert parts.image_model.requests[-1].source


def test_a_picture_without_a_record_or_no_picture_is_told(site, tmp_path):
    Image.new("RGB", (8, 8)).save(tmp_path / "plain.png")
    (tmp_path / "words.png").write_text("no picture")
    assert "holds no record" in one_sentence(mom("ask", "make it bluer", "--from", "plain.png"))
    assert "not a picture" in one_sentence(mom("ask", "make it bluer", "--from", "words.png"))
    assert mom("ask", "make it bluer", "--from", "nowhere.png").exit_code == 2


def test_ask_may_say_what_is_needed(site, parts):
    parts.small_llm = ScriptedLabelModel(image_probability=0.9)
    assert mom("ask", "a fox", "--text").stdout == "Hello!\n"


def test_both_needs_at_once_are_a_usage_error():
    result = mom("ask", "a fox", "--text", "--image")
    assert result.exit_code == 2
    assert "--text and --image exclude each other" in result.stderr


@pytest.mark.parametrize("words", ["", "/paint a fox", "/image"])
def test_a_question_that_cannot_be_asked_is_a_usage_error(site, words):
    result = mom("ask", words)
    assert result.exit_code == 2
    one_sentence(result)


def test_a_part_that_is_not_there_has_an_exit_code_of_its_own(site, parts):
    parts.large_llm = ScriptedLanguageModel([PartUnavailableError("No large LLM is set up.", part="large_llm")])
    result = mom("ask", "hello")
    assert (one_sentence(result), result.exit_code) == ("No large LLM is set up.\n", 3)
    parts.image_model = ScriptedImageModel([ZeroDivisionError()])
    failed = mom("ask", "/image x")
    assert failed.exit_code == 1
    one_sentence(failed)


@pytest.mark.parametrize(
    ("broken", "sentence"),
    [("/images/x.png", "MoM did not give the picture"), ("/api/parts", "MoM did not say which models play its parts")],
)
def test_a_mom_that_fails_on_the_way_is_one_sentence(environment, broken, sentence):
    image = {"image_url": {"url": "http://127.0.0.1/images/x.png"}, "mom": {"id": "x"}}
    replies = {
        "/healthz": [JSONResponse({"status": "ok"})],
        "/api/parts": [JSONResponse({"parts": {}})],
        "/v1/chat/completions": [sse(chunk(None, images=[image]), STOP)],
    }
    with running({**replies, broken: [JSONResponse({}, 503)]}) as server:
        environment.setenv("MOM_PORT", server.root.rpartition(":")[2])
        result = mom("ask", "a fox")
    assert result.exit_code == 1
    assert sentence in one_sentence(result)


def test_a_download_that_is_waited_for_is_told(environment):
    parts = [
        {"parts": {"large_llm": {"state": state, "model": "OWNER/REPO/x.gguf"}}}
        for state in ("downloading", "downloading", "ready")
    ]
    replies = {
        "/healthz": [JSONResponse({"status": "ok"})],
        "/api/parts": [JSONResponse(each) for each in parts],
        "/v1/chat/completions": [sse(chunk("Hello!"), STOP)],
    }
    with running(replies) as server:
        environment.setenv("MOM_PORT", server.root.rpartition(":")[2])
        result = mom("ask", "hello")
    assert (result.stdout, result.exit_code) == ("Hello!\n", 0)
    assert result.stderr == "The large LLM is being downloaded: OWNER/REPO/x.gguf.\n"


def test_ask_without_a_server_starts_what_it_needs_and_ends_it(environment):
    children_before = set(psutil.Process().children(recursive=True))
    result = subprocess.run(
        [sys.executable, "-m", "mom", "ask", "hello", "--text"],
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    assert (result.returncode, bool(result.stdout.strip())) == (0, True), result.stderr
    wait_for(lambda: set(psutil.Process().children(recursive=True)) <= children_before, "the processes to end")
