"""Every path with random weights of true shapes: half a billion parameters as GGUF, and Stable Diffusion 1.5's own networks.

They prove the mechanics at the size that people run; what comes out means nothing. Needs 4 GB of disk and 8 GB of memory.
"""

import json
import subprocess
import sys

import pytest

from tests.e2e.running_mom import RunningMom, running_mom
from tests.random_llm import SHAPES, write_random_llm

pytestmark = [pytest.mark.torch, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def mom(tmp_path_factory):
    folder = tmp_path_factory.mktemp("true-shapes")
    llm = write_random_llm(folder / "half-billion.gguf", SHAPES["half-billion"], ends_strings=True)
    pipeline = folder / "sd15"
    subprocess.run([sys.executable, "-m", "benchmarks.sd15_model", pipeline], check=True, capture_output=True)
    unet = pipeline / "unet" / "config.json"
    unet.write_text(json.dumps(json.loads(unet.read_text()) | {"sample_size": 16}))  # 128 px: seconds, not minutes
    (folder / "data").mkdir()
    settings = {
        "MOM_SMALL_LLM": f"file:{llm}",
        "MOM_LARGE_LLM": f"file:{llm}",
        "MOM_IMAGE_MODEL": f"file:{pipeline}",
        "MOM_IMAGE_ENGINE": "engine=torch",  # to convert it for OpenVINO takes minutes: serving/test_image_openvino.py does, in a small shape
        "MOM_CLASSIFIER": "small-llm",
        "MOM_CLASSIFIER_DEADLINE_MS": "60000",
    }
    with running_mom(folder / "data", **settings) as mom:
        mom.wait_for("small_llm", "large_llm", "image_model", deadline_s=300)
        yield mom


def by_name(mom: RunningMom, turn: str) -> dict:
    return {event.name: event.data for event in mom.all_events(turn)}


def test_the_small_llm_decides_and_the_other_answer_is_one_click_away(mom: RunningMom):
    turn = mom.ask("what is a fox?")
    with mom.events(turn) as events:
        verdict = next(event.data for event in events if event.name == "routed")
    assert verdict["decided_by"] == "small_llm"
    mom.http.post(f"/api/turns/{turn}/stop")
    overruled = mom.http.post(f"/api/turns/{turn}/overrule", json={"need": "image"}).json()["turn_id"]
    drawn = by_name(mom, overruled)
    assert drawn["image_prompt_written"]["prompt"]
    assert drawn["image_finished"]["image"]["width"] == 128


def test_text_streams_until_it_is_stopped(mom: RunningMom):
    turn = mom.ask("/text what is a fox?")
    with mom.events(turn) as events:
        assert next(event.data["text"] for event in events if event.name == "text_delta")
    assert mom.http.post(f"/api/turns/{turn}/stop").json()["status"] == "stopped"


def test_the_image_message_path_draws(mom: RunningMom):
    assert by_name(mom, mom.ask("/image a fox"))["image_finished"]["image"]["steps"] == 4
