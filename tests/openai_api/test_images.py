"""Images, as OpenAI's own client asks for them."""

import base64

import httpx
import openai as sdk
import pytest
from openai import OpenAI

from mom.mixture.events import ImageProgress
from tests.scripted import ScriptedImageModel

PNG = b"\x89PNG"


def test_pictures_by_url_each_with_a_seed_of_its_own(openai: OpenAI, parts):
    answer = openai.images.generate(prompt="a fox", n=3, size="128x64", extra_body={"seed": 5, "steps": 2})
    assert len(answer.data) == 3
    assert all(httpx.get(image.url).content.startswith(PNG) for image in answer.data)
    asked = [(request.seed, request.steps, request.width, request.height) for request in parts.image_model.requests]
    assert asked == [(5, 2, 128, 64), (6, 2, 128, 64), (7, 2, 128, 64)]


def test_pictures_as_base64_with_a_model_name_of_openais(openai: OpenAI):
    answer = openai.images.generate(model="dall-e-3", prompt="a fox", response_format="b64_json", quality="hd")
    assert base64.b64decode(answer.data[0].b64_json).startswith(PNG)
    assert answer.data[0].url is None


def test_a_stream_shows_partial_images_then_the_picture(openai: OpenAI, parts):
    steps = [ImageProgress(step, 4, "data:image/jpeg;base64,cHJldmlldw==") for step in range(1, 5)]
    parts.image_model = ScriptedImageModel(steps)
    events = list(openai.images.generate(prompt="a fox", stream=True, partial_images=2))
    assert [event.type for event in events] == [
        "image_generation.partial_image", "image_generation.partial_image", "image_generation.completed",
    ]  # fmt: skip
    assert [event.partial_image_index for event in events[:2]] == [0, 1]
    assert base64.b64decode(events[0].b64_json) == b"preview"
    assert base64.b64decode(events[2].b64_json).startswith(PNG)


@pytest.mark.parametrize(
    "body",
    [
        {"prompt": ""},
        {"prompt": "x", "n": 5},
        {"prompt": "x", "n": 0},
        {"prompt": "x", "size": "4096x4096"},
        {"prompt": "x", "size": "100x100"},
        {"prompt": "x", "size": "../etc"},
        {"prompt": "x", "steps": 1000},
        {"prompt": "x", "seed": -1},
        {"prompt": "x", "response_format": "file"},
        {"prompt": "x", "stream": True, "n": 2},
    ],
)
def test_bounds_are_kept(site, body, parts):
    answer = httpx.post(f"{site.url}/v1/images/generations", json=body)
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "invalid_parameter"
    assert parts.image_model.requests == []


def test_a_client_that_leaves_drops_the_job(site, parts, gate):
    parts.image_model = ScriptedImageModel([gate])
    with pytest.raises(httpx.ReadTimeout):
        httpx.post(f"{site.url}/v1/images/generations", json={"prompt": "x"}, timeout=httpx.Timeout(20, read=0.3))
    assert parts.image_model.freed.wait(20)


def test_a_failure_is_a_status(openai: OpenAI, parts):
    from mom.errors import PartUnavailableError

    parts.image_model = ScriptedImageModel([PartUnavailableError("No image model is set up.", part="image_model")])
    with pytest.raises(sdk.InternalServerError, match="No image model is set up"):
        openai.images.generate(prompt="a fox")
