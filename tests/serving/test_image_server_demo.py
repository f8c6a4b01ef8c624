"""The image server with the demo pipeline that ships in the package."""

import base64
import io
import json
from pathlib import Path

import pytest
from httpx_sse import EventSource
from PIL import Image, ImageStat

import mom.serving
from tests.image_server import running_image_server

DEMO = Path(mom.serving.__file__).parent / "demo" / "image"
pytestmark = [
    pytest.mark.torch,
    pytest.mark.skipif(not (DEMO / "model_index.json").exists(), reason="the demo image model has not been trained"),
]


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with running_image_server(DEMO, tmp_path_factory.mktemp("log"), edits=False) as server:  # as MoM runs it
        server.wait_until_ready()
        yield server


def picture_of(entry) -> Image.Image:
    return Image.open(io.BytesIO(base64.b64decode(entry["b64_json"]))).convert("RGB")


def middle_of(picture) -> list[float]:
    """Mean red, green and blue of the middle ninth."""
    third = picture.width // 3
    return ImageStat.Stat(picture.crop((third, third, 2 * third, 2 * third))).mean


def test_the_demo_is_stored_in_half_precision_and_computed_in_single(server):
    assert server.health()["engine"].startswith("float32")


def test_the_demo_cannot_begin_from_a_picture_and_says_so(server):
    assert not server.client.get("/v1/models").json()["data"][0]["abilities"]["edits"]
    refused = server.client.post("/v1/images/edits", data={"prompt": "a fox"}, files={"image": b"a picture"})
    assert (refused.status_code, refused.json()["error"]["param"]) == (400, "image")
    assert "cannot begin from a picture" in refused.json()["error"]["message"]


def test_the_demo_draws_what_it_is_asked_for(server):
    red, blue = (
        middle_of(picture_of(server.generate(prompt=f"a large {colour} circle", seed=1).json()["data"][0]))
        for colour in ("red", "blue")
    )
    assert red[0] > red[2] + 60
    assert blue[2] > blue[0] + 60


def test_the_demo_names_what_it_does_not_know(server):
    (entry,) = server.generate(prompt="a castle by the sea at night", seed=1).json()["data"]
    assert entry["unknown_words"] == ["castle"]


def test_an_early_preview_shows_the_picture_and_not_the_noise(server):
    body = {"prompt": "a large red circle", "seed": 1, "stream": True}
    with server.client.stream("POST", "/v1/images/generations", json=body) as response:
        events = [json.loads(event.data) for event in EventSource(response).iter_sse()]
    second = next(event for event in events if event.get("step") == 2)
    assert middle_of(picture_of(second)) == pytest.approx(middle_of(picture_of(events[-1])), abs=30)
