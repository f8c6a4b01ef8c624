"""Stop in every state, seen from the backend: its own slot or queue is free again, and what was shown is kept."""

import json
import shutil
from dataclasses import dataclass

import pytest

from tests.e2e.running_mom import RunningMom, running_mom, wait_until
from tests.image_server import ImageServerProcess, running_image_server
from tests.llama import LlamaServer, running_llama
from tests.random_llm import SHAPES, write_random_llm

WORDS = "a long story about a fox and a bear " * 60  # seconds of reading for the slow model
IDLE = {"running": None, "waiting": 0}


@dataclass
class Stage:
    """A MoM whose models are servers that the test can look into."""

    mom: RunningMom
    small_llm: LlamaServer
    large_llm: LlamaServer
    image_server: ImageServerProcess


@pytest.fixture(scope="module")
def stage(tmp_path_factory, tiny_pipeline):
    folder = tmp_path_factory.mktemp("stage")
    slow = write_random_llm(folder / "slow.gguf", SHAPES["slow"])
    pipeline = shutil.copytree(tiny_pipeline, folder / "pipeline")
    unet = pipeline / "unet" / "config.json"
    unet.write_text(
        json.dumps(json.loads(unet.read_text()) | {"sample_size": 128})
    )  # 512 px: a tenth of a second a step
    (folder / "data").mkdir()
    with (
        running_llama(slow, context_tokens=8192, model="small") as small_llm,
        running_llama(slow, context_tokens=8192, model="large") as large_llm,
        running_image_server(pipeline, folder, options={"steps": "50"}) as image_server,
    ):
        image_server.wait_until_ready()
        settings = {
            "MOM_SMALL_LLM": f"{small_llm.root}/v1#small",
            "MOM_API_KEY_SMALL_LLM": small_llm.api_key,
            "MOM_LARGE_LLM": f"{large_llm.root}/v1#large",
            "MOM_API_KEY_LARGE_LLM": large_llm.api_key,
            "MOM_IMAGE_MODEL": f"{image_server.endpoint.base_url}#{image_server.endpoint.model}",
            "MOM_API_KEY_IMAGE_MODEL": image_server.endpoint.api_key,
            "MOM_CLASSIFIER": "small-llm",
            "MOM_CLASSIFIER_DEADLINE_MS": "60000",
        }
        with running_mom(folder / "data", **settings) as mom:
            yield Stage(mom, small_llm, large_llm, image_server)


def stop(mom: RunningMom, turn: str) -> None:
    assert mom.http.post(f"/api/turns/{turn}/stop").json()["status"] == "stopped"
    assert mom.all_events(turn)[-1].name == "turn_stopped"


def test_stop_while_classifying_frees_the_small_llm(stage: Stage):
    turn = stage.mom.ask(WORDS)
    assert stage.small_llm.becomes_busy_within(5)
    stop(stage.mom, turn)
    assert stage.small_llm.becomes_idle_within(5)
    assert [event.name for event in stage.mom.all_events(turn)] == ["turn_started", "turn_stopped"]


def test_stop_in_prefill_frees_the_large_llm(stage: Stage):
    turn = stage.mom.ask(f"/text {WORDS}")
    assert stage.large_llm.becomes_busy_within(5)
    stop(stage.mom, turn)
    assert stage.large_llm.becomes_idle_within(5)
    assert "text_delta" not in [event.name for event in stage.mom.all_events(turn)]


def test_stop_in_mid_stream_frees_the_large_llm_and_keeps_what_was_shown(stage: Stage):
    turn = stage.mom.ask("/text a story")
    with stage.mom.events(turn) as events:
        next(event for event in events if event.name == "text_delta")
    stop(stage.mom, turn)
    assert stage.large_llm.becomes_idle_within(3)
    shown = "".join(event.data["text"] for event in stage.mom.all_events(turn) if event.name == "text_delta")
    assert shown
    assert stage.mom.answer(turn)["content"] == shown


def test_stop_while_denoising_frees_the_image_server(stage: Stage):
    turn = stage.mom.ask("/image a fox")
    stage.image_server.wait_until_drawing()
    stop(stage.mom, turn)
    wait_until(lambda: stage.image_server.queue() == IDLE, "the image server is idle", 3)


def test_stop_while_queued_leaves_the_picture_before_alone(stage: Stage):
    first = stage.mom.ask("/image a fox")
    stage.image_server.wait_until_drawing()
    second = stage.mom.ask("/image a bear")
    wait_until(lambda: stage.image_server.queue()["waiting"] == 1, "a second picture waits")
    stop(stage.mom, second)
    wait_until(lambda: stage.image_server.queue()["waiting"] == 0, "the second picture has left the queue", 3)
    assert stage.image_server.queue()["running"]
    assert stage.mom.status(first) == "running"
    stop(stage.mom, first)
    wait_until(lambda: stage.image_server.queue() == IDLE, "the image server is idle", 3)


def test_a_v1_client_that_leaves_frees_the_large_llm(stage: Stage):
    body = {"model": "mom-text", "stream": True, "messages": [{"role": "user", "content": "a story"}]}
    with stage.mom.http.stream("POST", "/v1/chat/completions", json=body) as reply:
        lines = reply.iter_lines()  # named: when this is collected, the connection closes
        next(lines)
        assert stage.large_llm.becomes_busy_within(5)
    assert stage.large_llm.becomes_idle_within(3)
