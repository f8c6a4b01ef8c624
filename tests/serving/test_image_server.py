"""The image server's API, asked of a real process with a tiny random pipeline inside."""

import base64
import io
import json

import httpx
import openai
import pytest
from httpx_sse import EventSource
from PIL import Image, ImageChops, ImageStat

from tests.image_server import KEY, MODEL, QUICK

pytestmark = pytest.mark.torch


@pytest.fixture
def server(image_server):
    return image_server


def picture_of(entry) -> Image.Image:
    return Image.open(io.BytesIO(base64.b64decode(entry["b64_json"])))


def stream(server, **body):
    with server.client.stream("POST", "/v1/images/generations", json={**body, "stream": True}) as response:
        assert response.status_code == 200
        return [json.loads(event.data) for event in EventSource(response).iter_sse()]


def test_a_plain_request_answers_with_a_png_of_the_models_own_size(server):
    answer = server.generate(prompt="a red circle").json()
    (entry,) = answer["data"]
    picture = picture_of(entry)
    assert (picture.format, picture.size) == ("PNG", (64, 64))
    assert (entry["width"], entry["height"], entry["steps"], entry["prompt"]) == (64, 64, 3, "a red circle")
    assert answer["created"] > 1_700_000_000


def test_a_program_that_offers_another_protocol_is_answered(server):
    offers = {"Connection": "Upgrade, HTTP2-Settings", "Upgrade": "h2c", "HTTP2-Settings": "AA"}
    answer = server.client.post("/v1/images/generations", json=QUICK, headers=offers)
    assert answer.status_code == 200, answer.text


def test_the_size_is_width_by_height(server):
    (entry,) = server.generate(**QUICK, size="96x64").json()["data"]
    assert picture_of(entry).size == (96, 64)


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(server):
    first, again, other = (server.generate(**QUICK, seed=seed).json()["data"][0]["b64_json"] for seed in (7, 7, 8))
    assert first == again
    assert first != other


def test_without_a_seed_the_server_chooses_one_that_gives_the_picture_again(server):
    (chosen,) = server.generate(**QUICK).json()["data"]
    (other,) = server.generate(**QUICK).json()["data"]
    assert chosen["seed"] != other["seed"]
    assert 0 <= chosen["seed"] < 2**32
    assert server.generate(**QUICK, seed=chosen["seed"]).json()["data"][0]["b64_json"] == chosen["b64_json"]


def test_several_pictures_have_seeds_of_their_own(server):
    entries = server.generate(**QUICK, n=3, seed=2**32 - 1).json()["data"]
    assert [entry["seed"] for entry in entries] == [2**32 - 1, 0, 1]
    assert entries[1]["b64_json"] == server.generate(**QUICK, seed=0).json()["data"][0]["b64_json"]


def test_a_stream_tells_each_step_with_a_preview_and_then_the_picture(server):
    *progress, completed = stream(server, prompt="a red circle", seed=5, steps=4)
    assert {event["type"] for event in progress} == {"image_generation.progress"}
    assert [(event["step"], event["steps"]) for event in progress] == [(step, 4) for step in range(5)]
    before, *between, last = progress
    assert before["b64_json"] is None
    assert last["b64_json"] is None  # it would be decoded as the picture is, which comes right after it
    for event in between:
        assert (picture_of(event).format, picture_of(event).size) == ("JPEG", (256, 256))
    assert completed["type"] == "image_generation.completed"
    assert (completed["seed"], completed["steps"], completed["model"]) == (5, 4, MODEL)
    assert (
        completed["b64_json"] == server.generate(prompt="a red circle", seed=5, steps=4).json()["data"][0]["b64_json"]
    )


def test_the_last_preview_but_one_looks_like_the_picture(server):
    *_, shown, _last, completed = stream(server, prompt="a red circle", seed=5, steps=8)
    small = picture_of(shown).resize((64, 64), Image.Resampling.BOX)
    difference = ImageStat.Stat(ImageChops.difference(small, picture_of(completed))).mean
    assert max(difference) < 16  # of 255: scaling and JPEG


def test_partial_images_come_between_the_steps_when_they_are_asked_for(server):
    events = stream(server, prompt="a red circle", steps=4, partial_images=2)
    partial = [event for event in events if event["type"] == "image_generation.partial_image"]
    assert [event["partial_image_index"] for event in partial] == [0, 1]
    assert picture_of(partial[0]).format == partial[0]["output_format"].upper()


def test_the_official_client_reads_a_picture(server):
    with openai.OpenAI(base_url=server.endpoint.base_url, api_key=KEY, max_retries=0) as client:
        answer = client.images.generate(prompt="a red circle", model=MODEL, size="64x64", response_format="b64_json")
    assert (
        answer.data[0].b64_json
        == server.generate(prompt="a red circle", seed=answer.data[0].seed).json()["data"][0]["b64_json"]
    )


def test_the_official_client_reads_a_stream(server):
    with openai.OpenAI(base_url=server.endpoint.base_url, api_key=KEY, max_retries=0) as client:
        events = list(client.images.generate(prompt="a red circle", stream=True, partial_images=1))
    kinds = [event.type for event in events]
    assert kinds[-1] == "image_generation.completed"
    assert kinds.count("image_generation.partial_image") == 1
    assert picture_of({"b64_json": events[-1].b64_json}).size == (64, 64)


def test_the_official_client_reads_an_error(server):
    with (
        openai.OpenAI(base_url=server.endpoint.base_url, api_key=KEY, max_retries=0) as client,
        pytest.raises(openai.BadRequestError) as caught,
    ):
        client.images.generate(prompt="a red circle", quality="hd")
    assert caught.value.param == "quality"


def test_what_the_text_encoder_cannot_read_of_a_long_prompt_is_told(server):
    # A token is one letter here: 75 are read, between the start mark and the end mark.
    prompt = "a " * 71 + "Blue bird, in the Rain"
    (entry,) = server.generate(**{**QUICK, "prompt": prompt}).json()["data"]
    assert entry["dropped_tail"] == "bird, in the Rain"
    assert server.generate(**{**QUICK, "prompt": "a " * 75}).json()["data"][0]["dropped_tail"] == ""


def test_a_dropped_tail_changes_nothing_and_fills_no_log(server):
    one, other = (
        server.generate(**{**QUICK, "prompt": "a " * 75 + tail}, seed=1).json()["data"] for tail in ("", "x y")
    )
    assert one[0]["b64_json"] == other[0]["b64_json"]
    assert "token" not in server.log().lower()


def test_a_picture_as_url_is_a_data_url_as_nothing_is_kept_here(server):
    (entry,) = server.generate(**QUICK, seed=4, response_format="url").json()["data"]
    (other,) = server.generate(**QUICK, seed=4).json()["data"]
    assert entry["url"] == f"data:image/png;base64,{other['b64_json']}"
    assert "b64_json" not in entry


def test_what_is_to_be_avoided_changes_the_picture_and_so_does_the_guidance(server):
    asked = [{}, {"cfg_scale": 1}, {"cfg_scale": 1.5}, {"negative_prompt": "hands"}, {"negative_prompt": "feet"}]
    plain, unguided, guided, hands, feet = (
        server.generate(**QUICK, seed=4, **extra).json()["data"][0]["b64_json"] for extra in asked
    )
    assert plain == unguided
    assert len({plain, guided, hands, feet}) == 4


BAD = [
    ({}, "prompt"),
    ({"prompt": ""}, "prompt"),
    ({"prompt": " \n "}, "prompt"),
    ({"prompt": None}, "prompt"),
    ({"prompt": 7}, "prompt"),
    ({"prompt": ["a"]}, "prompt"),
    ({"prompt": "x" * 100_000}, "prompt"),
    ({"prompt": "\ud800"}, "prompt"),
    ({**QUICK, "n": 0}, "n"),
    ({**QUICK, "n": 5}, "n"),
    ({**QUICK, "n": "1"}, "n"),
    ({**QUICK, "n": 1.0}, "n"),
    ({**QUICK, "n": True}, "n"),
    ({**QUICK, "n": 2, "stream": True}, "n"),
    ({**QUICK, "steps": 0}, "steps"),
    ({**QUICK, "steps": 51}, "steps"),
    ({**QUICK, "seed": -1}, "seed"),
    ({**QUICK, "seed": 2**32}, "seed"),
    ({**QUICK, "seed": "1"}, "seed"),
    ({**QUICK, "size": "64"}, "size"),
    ({**QUICK, "size": "64X64"}, "size"),
    ({**QUICK, "size": "65x64"}, "size"),
    ({**QUICK, "size": "8x64"}, "size"),
    ({**QUICK, "size": "64x99999"}, "size"),
    ({**QUICK, "size": "\u0666\u0664x64"}, "size"),
    ({**QUICK, "size": 64}, "size"),
    ({**QUICK, "stream": "yes"}, "stream"),
    ({**QUICK, "stream": 1}, "stream"),
    ({**QUICK, "partial_images": 1}, "partial_images"),
    ({**QUICK, "partial_images": 4, "stream": True}, "partial_images"),
    ({**QUICK, "response_format": "file"}, "response_format"),
    ({**QUICK, "response_format": 1}, "response_format"),
    ({**QUICK, "cfg_scale": "7"}, "cfg_scale"),
    ({**QUICK, "cfg_scale": -1}, "cfg_scale"),
    ({**QUICK, "cfg_scale": 1000}, "cfg_scale"),
    ({**QUICK, "cfg_scale": float("nan")}, "cfg_scale"),
    ({**QUICK, "negative_prompt": 7}, "negative_prompt"),
    ({**QUICK, "negative_prompt": "x" * 100_000}, "negative_prompt"),
    ({**QUICK, "negative_prompt": "hands", "cfg_scale": 1}, "cfg_scale"),
    ({**QUICK, "priority": "first"}, "priority"),
    ({**QUICK, "strength": 0.5}, "strength"),
    ({**QUICK, "user": "x" * 1000}, "user"),
    ({**QUICK, "output_format": "webp"}, "output_format"),
    ({**QUICK, "user": 7}, "user"),
    ({**QUICK, "guidance_scale": 7.5}, "guidance_scale"),
    ({**QUICK, "\ud800": 1}, "\\ud800"),
    ({**QUICK, "x" * 10_000: 1}, "x" * 60),
]


@pytest.mark.parametrize(("body", "param"), BAD, ids=lambda value: str(value)[:40].encode("ascii", "replace").decode())
def test_a_bad_parameter_is_refused_by_name(server, body, param):
    # json.dumps, because httpx cannot encode half a character
    response = server.client.post("/v1/images/generations", content=json.dumps(body))
    error = response.json()["error"]
    assert (response.status_code, error["param"]) == (400, param)
    assert (error["type"], error["code"]) == ("invalid_request_error", "invalid_parameter")
    assert error["message"].endswith(".")


@pytest.mark.parametrize("body", [b"", b"{", b"[1]", b'"a"', b"\xff", b"[" * 100_000, b'{"prompt": "' + b"x" * 300_000])
def test_a_body_that_is_no_object_is_refused(server, body):
    response = server.client.post("/v1/images/generations", content=body)
    assert (response.status_code, response.json()["error"]["type"]) == (400, "invalid_request_error")


def test_null_means_not_given(server):
    entry = server.generate(**QUICK, seed=None, size=None, n=None, stream=None, model=None).json()["data"][0]
    assert (entry["width"], entry["height"]) == (64, 64)


def test_another_models_name_is_not_found(server):
    response = server.generate(**QUICK, model="dall-e-3")
    assert response.status_code == 404
    assert MODEL in response.json()["error"]["message"]


def test_the_model_is_listed_as_moms(server):
    (model,) = server.client.get("/v1/models").json()["data"]
    assert (model["id"], model["owned_by"]) == (MODEL, "mom")


@pytest.mark.parametrize("authorization", [None, "", "Bearer", "Bearer wrong", f"Basic {KEY}", KEY])
def test_without_the_key_nothing_is_answered_but_health(server, authorization):
    headers = {} if authorization is None else {"authorization": authorization}
    root = str(server.client.base_url)
    assert httpx.get(f"{root}/v1/models", headers=headers).status_code == 401
    assert httpx.post(f"{root}/v1/images/generations", headers=headers, json=QUICK).status_code == 401
    assert httpx.get(f"{root}/healthz", headers=headers).status_code == 200


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "127.0.0.1.evil.example", ""])
def test_a_foreign_host_name_is_refused(server, host):
    for path in ("/healthz", "/v1/models"):
        assert server.client.get(path, headers={"host": host}).status_code in {400, 403}
    assert server.client.get("/healthz", headers={"host": "localhost:99"}).status_code == 200


def test_an_unknown_path_or_method_has_openais_error_shape(server):
    error = server.client.get("/v1/nothing").json()["error"]
    assert (error["type"], error["code"]) == ("invalid_request_error", "not_found")
    refused = server.client.get("/v1/images/generations")
    assert (refused.status_code, refused.json()["error"]["code"]) == (405, "method_not_allowed")


def test_a_small_model_is_computed_in_float32(server):
    assert server.health()["engine"].startswith("float32 (a small model)")
