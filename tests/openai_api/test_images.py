"""Images, as OpenAI's own client asks for them."""

import base64
import io
from concurrent.futures import ThreadPoolExecutor

import httpx
import openai as sdk
import pytest
from openai import OpenAI
from PIL import Image as Pixels

from mom.mixture.events import ImageProgress
from tests.chats.waiting import wait_for
from tests.scripted import ScriptedImageModel, png_of

PNG = b"\x89PNG"


def test_pictures_by_url_each_with_a_seed_of_its_own(openai: OpenAI, parts):
    answer = openai.images.generate(prompt="a fox", n=3, size="128x64", extra_body={"seed": 5, "steps": 2})
    assert len(answer.data) == 3
    assert all(httpx.get(image.url).content.startswith(PNG) for image in answer.data)
    small = httpx.get(answer.data[0].url.replace(".png", ".webp"))
    assert small.headers["content-type"] == "image/webp"
    assert "immutable" in small.headers["cache-control"]
    asked = [(request.seed, request.steps, request.width, request.height) for request in parts.image_model.requests]
    assert asked == [(5, 2, 128, 64), (6, 2, 128, 64), (7, 2, 128, 64)]


def test_pictures_as_base64_with_a_model_name_of_openais(openai: OpenAI):
    answer = openai.images.generate(model="dall-e-3", prompt="a fox", response_format="b64_json", quality="hd")
    assert base64.b64decode(answer.data[0].b64_json).startswith(PNG)
    assert answer.data[0].url is None


def test_a_client_that_names_a_gpt_image_model_is_given_what_these_give(openai: OpenAI):
    fox = ("fox.png", png_of(), "image/png")
    drawn = openai.images.generate(model="gpt-image-1", prompt="a fox")
    edited = openai.images.edit(model="gpt-image-1.5", prompt="a fox", image=fox)
    for answer in (drawn, edited):
        assert base64.b64decode(answer.data[0].b64_json).startswith(PNG)
    assert openai.images.generate(model="gpt-image-1", prompt="a fox", response_format="url").data[0].url
    assert openai.images.generate(model="mom-image", prompt="a fox").data[0].url


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


def test_the_events_of_a_stream_have_every_field_that_openais_have(openai: OpenAI, parts):
    steps = [ImageProgress(1, 2, "data:image/jpeg;base64,cHJldmlldw==")]
    parts.image_model = ScriptedImageModel(steps)
    drawn = list(openai.images.generate(prompt="a fox", stream=True, partial_images=1, size="128x64"))
    edited = list(openai.images.edit(image=png_of(), prompt="a fox", stream=True, partial_images=1))
    for event in (*drawn, *edited):
        type(event).model_validate(
            event.to_dict()
        )  # the client itself checks nothing: what is missing fails when it is read
    assert [(event.output_format, event.size) for event in drawn] == [("jpeg", "128x64"), ("png", "128x64")]
    assert edited[0].size == "auto"


def test_what_guides_the_picture_reaches_the_model_and_programs_come_after_people(openai: OpenAI, parts):
    openai.images.generate(prompt="a fox", extra_body={"negative_prompt": "hands", "cfg_scale": 1.5})
    (asked,) = parts.image_model.requests
    assert (asked.negative_prompt, asked.cfg_scale, asked.is_batch) == ("hands", 1.5, True)
    assert asked.owner


def test_an_edit_begins_from_the_picture_that_was_sent(openai: OpenAI, parts):
    fields = {"seed": 5, "strength": 0.5}
    answer = openai.images.edit(
        image=("fox.jpg", png_of(40, 20, form="JPEG")), prompt="at night", n=2, extra_body=fields
    )
    assert [image.seed for image in answer.data] == [5, 6]
    for asked in parts.image_model.requests:
        assert (asked.prompt, asked.strength, asked.must_begin_from_source) == ("at night", 0.5, True)
        with Pixels.open(io.BytesIO(asked.source)) as source:
            assert (source.format, source.size) == ("PNG", (40, 20))


def test_an_edit_as_json_and_as_a_stream(site, openai: OpenAI, parts):
    url = f"data:image/png;base64,{base64.b64encode(png_of()).decode()}"
    answer = httpx.post(f"{site.url}/v1/images/edits", json={"prompt": "at night", "image": url})
    assert answer.json()["data"][0]["url"].startswith(site.url)
    steps = [ImageProgress(step, 4, "data:image/jpeg;base64,cHJldmlldw==") for step in range(1, 5)]
    parts.image_model = ScriptedImageModel(steps)
    events = list(openai.images.edit(image=png_of(), prompt="at night", stream=True, partial_images=1))
    assert [event.type for event in events] == ["image_edit.partial_image", "image_edit.completed"]


def test_an_edit_as_json_begins_from_a_picture_that_mom_gave_an_address_of(
    site, openai: OpenAI, parts, as_another_person
):
    drawn = openai.images.generate(prompt="a fox", response_format="url").data[0]
    forms = [{"image": drawn.url}, {"images": [{"image_url": drawn.url}]}]
    for form in forms:
        answer = httpx.post(f"{site.url}/v1/images/edits", json={"prompt": "at night", **form})
        assert answer.json()["data"][0]["url"].startswith(site.url)
        with Pixels.open(io.BytesIO(parts.image_model.requests[-1].source)) as source:
            assert source.size == (drawn.width, drawn.height)
    as_another_person()
    for form in forms:
        answer = httpx.post(f"{site.url}/v1/images/edits", json={"prompt": "at night", **form})
        assert answer.status_code == 400
        assert "must be sent as a data URL" in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"image": ["data:image/png;base64,"]},
        {"images": []},
        {"images": [{"file_id": "file-1"}]},
        {"images": [{"image_url": "data:image/png;base64,"}] * 2},
        {"image": "data:image/png;base64,", "images": [{"image_url": "data:image/png;base64,"}]},
    ],
)
def test_an_edit_as_json_takes_one_picture(site, form):
    answer = httpx.post(f"{site.url}/v1/images/edits", json={"prompt": "at night", **form})
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "image")
    assert "Send one picture" in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    ("files", "fields"),
    [
        ({}, {"prompt": "x"}),
        ({"image": b"no picture"}, {"prompt": "x"}),
        ({"image": png_of(form="GIF")}, {"prompt": "x"}),
        ({"image": png_of()}, {}),
        ({"image": png_of()}, {"prompt": "x", "strength": "2"}),
        ({"image": png_of()}, {"prompt": "x", "strength": "nan"}),
        ({"image": png_of()}, {"prompt": "x", "n": "5"}),
        ({"image": png_of(), "mask": png_of()}, {"prompt": "x"}),
        ({"image": png_of()}, {"prompt": "x", "mask": "data:image/png;base64,"}),
    ],
)
def test_bounds_are_kept_in_edits(site, parts, files, fields):
    key = {"authorization": "Bearer any"}
    answer = httpx.post(f"{site.url}/v1/images/edits", files=files or None, data=fields, headers=key)
    assert (answer.status_code, answer.json()["error"]["type"]) == (400, "invalid_request_error")
    assert parts.image_model.requests == []


def test_a_form_without_a_key_may_be_a_foreign_pages(site, parts):
    answer = httpx.post(f"{site.url}/v1/images/edits", files={"image": png_of()}, data={"prompt": "x"})
    assert answer.status_code == 403
    assert parts.image_model.requests == []


def test_a_picture_whose_bytes_the_client_has_is_not_kept(site, tmp_path):
    for form, kept in (("b64_json", 0), ("url", 1)):
        body = {"prompt": "x", "response_format": form}
        assert form in httpx.post(f"{site.url}/v1/images/generations", json=body, timeout=20).json()["data"][0]
        assert len(list(tmp_path.rglob("*.png"))) == kept


def test_a_picture_that_cannot_be_read_is_told_by_the_name_of_its_field(site):
    body = {"prompt": "x", "image": "data:image/png;base64,AAAA"}
    answer = httpx.post(f"{site.url}/v1/images/edits", json=body)
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "image")


@pytest.mark.parametrize("body", [[1], "x", 5, None])
def test_json_that_is_no_object_is_refused(site, body):
    answer = httpx.post(f"{site.url}/v1/images/edits", json=body)
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "image")


def test_one_failure_of_several_drops_the_others(site, parts, gate):
    from mom.errors import PartBrokenError

    class OneFails(ScriptedImageModel):
        def draw(self, request):
            self.steps = [gate] if request.seed != 6 else [PartBrokenError("It broke.", part="image_model")]
            return super().draw(request)

    parts.image_model = OneFails()
    answer = httpx.post(f"{site.url}/v1/images/generations", json={"prompt": "x", "n": 3, "seed": 5}, timeout=20)
    assert (answer.status_code, answer.json()["error"]["message"]) == (502, "It broke.")
    assert parts.image_model.at_work == 0


def test_pictures_whose_addresses_nobody_is_told_are_not_kept(site, parts, gate, tmp_path):
    from mom.errors import PartBrokenError

    class TheSecondFails(ScriptedImageModel):
        def draw(self, request):
            self.steps = [] if request.seed == 5 else [gate, PartBrokenError("It broke.", part="image_model")]
            return super().draw(request)

    def kept() -> int:
        return len(list(tmp_path.rglob("*.png")))

    parts.image_model = TheSecondFails()
    with ThreadPoolExecutor() as pool:
        asking = pool.submit(
            httpx.post, f"{site.url}/v1/images/generations", json={"prompt": "x", "n": 2, "seed": 5}, timeout=20
        )
        gate.wait_until_reached()
        wait_for(lambda: kept() == 1, "the first picture to be stored")
        gate.open()
        assert asking.result().status_code == 502
    assert kept() == 0


def test_of_pictures_that_a_client_does_not_wait_for_none_is_kept(site, parts, gate, tmp_path):
    class OneWaits(ScriptedImageModel):
        def draw(self, request):
            self.steps = [] if request.seed == 5 else [gate]
            return super().draw(request)

    parts.image_model = OneWaits()
    with pytest.raises(httpx.ReadTimeout):
        httpx.post(
            f"{site.url}/v1/images/generations", json={"prompt": "x", "n": 2, "seed": 5},
            timeout=httpx.Timeout(20, read=1),
        )  # fmt: skip
    wait_for(lambda: not list(tmp_path.rglob("*.png")), "the first picture to be taken back")
    assert parts.image_model.at_work == 0


@pytest.mark.parametrize(
    "body",
    [
        {"prompt": "x", "cfg_scale": 1000},
        {"prompt": "x", "cfg_scale": "NaN"},
        {"prompt": "x", "negative_prompt": 7},
        {"prompt": "x" * 100_000},
        {"prompt": 7},
        {"prompt": "x", "stream": True, "partial_images": 4},
        {"prompt": ""},
        {"prompt": " \n"},
        {"prompt": "x", "n": 5},
        {"prompt": "x", "n": 0},
        {"prompt": "x", "size": "4096x4096"},
        {"prompt": "x", "size": "1536x1536"},
        {"prompt": "x", "size": "100x100"},
        {"prompt": "x", "size": "../etc"},
        {"prompt": "x", "size": "9x9"},
        {"prompt": "x", "steps": 1000},
        {"prompt": "x", "seed": -1},
        {"prompt": "x", "response_format": "file"},
        {"prompt": "x", "output_format": "jpeg"},
        {"prompt": "x", "background": "transparent"},
        {"prompt": "x", "stream": True, "n": 2},
    ],
)
def test_bounds_are_kept(site, body, parts):
    answer = httpx.post(f"{site.url}/v1/images/generations", json=body)
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "invalid_parameter"
    assert parts.image_model.requests == []


@pytest.mark.parametrize("size", ["1536x1024", "1024x1536", "1792x1024", "1024x1792"])
def test_the_sizes_that_openais_clients_offer_are_asked_of_the_image_model(openai, parts, size):
    openai.images.generate(prompt="a fox", size=size)
    [asked] = parts.image_model.requests
    assert f"{asked.width}x{asked.height}" == size


@pytest.mark.parametrize("prompt", ["", " \n"])
def test_an_empty_prompt_is_told_what_to_do(site, prompt):
    answer = httpx.post(f"{site.url}/v1/images/generations", json={"prompt": prompt})
    assert answer.json()["error"]["message"] == "prompt: write what is to be drawn."


def test_a_client_that_leaves_drops_the_job(site, parts, gate):
    parts.image_model = ScriptedImageModel([gate])
    with pytest.raises(httpx.ReadTimeout):
        httpx.post(f"{site.url}/v1/images/generations", json={"prompt": "x"}, timeout=httpx.Timeout(20, read=0.3))
    assert parts.image_model.freed.wait(20)


@pytest.mark.parametrize("stream", [False, True])
def test_a_failure_is_a_status(openai: OpenAI, parts, stream):
    from mom.errors import PartUnavailableError

    parts.image_model = ScriptedImageModel([PartUnavailableError("No image model is set up.", part="image_model")])
    with pytest.raises(sdk.InternalServerError, match="No image model is set up"):
        list(openai.images.generate(prompt="a fox", stream=stream))
    with pytest.raises(sdk.InternalServerError, match="No image model is set up"):
        list(
            openai.chat.completions.create(
                model="mom", messages=[{"role": "user", "content": "/image a fox"}], stream=stream
            )
        )
