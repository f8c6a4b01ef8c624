"""Pictures from pictures: `/v1/images/edits`, as OpenAI's own client asks for it."""

import base64
import io
import json

import httpx
import openai
import pytest
from httpx_sse import EventSource
from PIL import ExifTags, Image, ImageChops, ImageStat

from tests.image_server import KEY, MODEL

pytestmark = pytest.mark.torch
PROMPT = "a red circle"


def picture_file(size=(64, 64), kind="PNG", colour="teal") -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", size, colour).save(buffer, kind)
    return buffer.getvalue()


def picture_with_broken_exif() -> bytes:
    """It says that it lies on its side, and has a tag of a type that there is not."""
    exif = Image.Exif()
    exif[ExifTags.Base.ImageDescription], exif[ExifTags.Base.Orientation] = "a fox", 6
    raw = bytearray(exif.tobytes())
    raw[17] = 0
    buffer = io.BytesIO()
    Image.new("RGB", (64, 64), "teal").save(buffer, "PNG", exif=bytes(raw))
    return buffer.getvalue()


@pytest.fixture
def server(image_server):
    return image_server


@pytest.fixture
def client(server):
    with openai.OpenAI(base_url=server.endpoint.base_url, api_key=KEY, max_retries=0) as client:
        yield client


def edit(server, image=None, **fields) -> httpx.Response:
    files = {"image": ("picture.png", picture_file() if image is None else image, "image/png")}
    return server.client.post("/v1/images/edits", data={"prompt": PROMPT, **fields}, files=files)


def decoded(entry) -> Image.Image:
    return Image.open(io.BytesIO(base64.b64decode(entry["b64_json"])))


def distance(one, other) -> float:
    return sum(ImageStat.Stat(ImageChops.difference(one.convert("RGB"), other.convert("RGB"))).mean)


def test_the_official_client_gets_a_picture_that_begins_from_its_own(client):
    answer = client.images.edit(
        model=MODEL, image=("source.png", picture_file((96, 64))), prompt=PROMPT, n=2,
        extra_body={"seed": "5", "steps": "2", "strength": "0.5"},
    )  # fmt: skip
    assert [(picture.seed, picture.strength, picture.steps) for picture in answer.data] == [(5, 0.5, 2), (6, 0.5, 2)]
    # about as many pixels as the model was trained for, in the source's shape
    assert decoded({"b64_json": answer.data[0].b64_json}).size == (80, 64)


def test_the_official_client_reads_the_stream_of_an_edit(client):
    events = list(client.images.edit(image=picture_file(), prompt=PROMPT, stream=True, partial_images=1))
    assert [event.type for event in events if "partial" in event.type] == ["image_edit.partial_image"]
    assert events[-1].type == "image_edit.completed"


def test_the_steps_of_an_edit_are_counted_up_to_their_number(server):
    files = {"image": ("picture.png", picture_file(), "image/png")}
    data = {"prompt": PROMPT, "steps": "3", "strength": "0.3", "stream": "true"}
    with server.client.stream("POST", "/v1/images/edits", data=data, files=files) as response:
        events = [json.loads(event.data) for event in EventSource(response).iter_sse()]
    assert [event["step"] for event in events if event["type"] == "image_edit.progress"] == [0, 1, 2, 3]


def test_the_weaker_an_edit_the_more_its_source_decides(server):
    def apart(strength) -> float:
        one, other = (
            decoded(edit(server, picture_file(colour=colour), seed="9", strength=strength).json()["data"][0])
            for colour in ("black", "white")
        )
        return distance(one, other)

    assert apart("0.1") > 2 * apart("1") > 0


def test_the_same_edit_gives_the_same_bytes(server):
    one, other = (edit(server, seed="9", strength="0.5").json()["data"][0]["b64_json"] for _ in range(2))
    assert one == other


def test_json_with_a_data_url_is_understood_as_well(server):
    url = f"data:image/png;base64,{base64.b64encode(picture_file()).decode()}"
    body = {"prompt": PROMPT, "image": url, "seed": 9, "strength": 0.5}
    by_json = server.client.post("/v1/images/edits", json=body).json()["data"][0]["b64_json"]
    assert by_json == edit(server, seed="9", strength="0.5").json()["data"][0]["b64_json"]


@pytest.mark.parametrize(
    ("image", "fields", "param"),
    [
        (b"no picture", {}, "image"),
        (b"", {}, "image"),
        (picture_file(kind="GIF"), {}, "image"),
        (picture_file()[:60], {}, "image"),
        (bytes(10_000_001), {}, "image"),
        (picture_with_broken_exif(), {}, "image"),
        (None, {"prompt": " "}, "prompt"),
        (None, {"prompt": "x" * 100_000}, "prompt"),
        (None, {"strength": "0"}, "strength"),
        (None, {"strength": "2"}, "strength"),
        (None, {"strength": "much"}, "strength"),
        (None, {"strength": "nan"}, "strength"),
        (None, {"steps": "50", "strength": "0.5"}, "steps"),
        (None, {"steps": "1.5"}, "steps"),
        (None, {"n": "5"}, "n"),
        (None, {"seed": "-1"}, "seed"),
        (None, {"size": "9x9"}, "size"),
        (None, {"stream": "yes"}, "stream"),
        (None, {"quality": "hd"}, "quality"),
    ],
)
def test_a_bad_edit_is_refused_by_name(server, image, fields, param):
    response = edit(server, image, **fields)
    assert (response.status_code, response.json()["error"]["param"]) == (400, param)
    assert response.json()["error"]["message"].endswith(".")


def test_more_steps_than_a_low_strength_leaves_are_refused_with_the_reason(server):
    response = edit(server, steps="20", strength="0.3")
    assert response.status_code == 400
    assert "With a strength of 0.3 this model takes 15 steps at most." in response.json()["error"]["message"]


@pytest.mark.parametrize("size", [[], {}, 7, ["64x64"]])
def test_a_size_of_another_type_is_refused_by_name(server, size):
    url = f"data:image/png;base64,{base64.b64encode(picture_file()).decode()}"
    response = server.client.post("/v1/images/edits", json={"prompt": PROMPT, "image": url, "size": size})
    assert (response.status_code, response.json()["error"]["param"]) == (400, "size")


def test_a_mask_a_second_picture_or_none_is_refused(server):
    picture = ("a.png", picture_file(), "image/png")
    for files in ([("image", picture), ("mask", picture)], [("image[]", picture), ("image[]", picture)], []):
        response = server.client.post("/v1/images/edits", data={"prompt": PROMPT}, files=files)
        assert response.status_code == 400, files


@pytest.mark.parametrize("kind", ["multipart/form-data", "multipart/form-data; boundary=x", "text/plain", ""])
def test_a_body_that_is_no_form_is_refused(server, kind):
    response = server.client.post("/v1/images/edits", content=b"nothing", headers={"content-type": kind})
    assert (response.status_code, response.json()["error"]["type"]) == (400, "invalid_request_error")
