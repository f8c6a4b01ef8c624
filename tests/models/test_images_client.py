"""The images client, against MoM's real image server and against servers of other makes."""

import asyncio
import base64
import io
import json
from dataclasses import replace

import pytest
from PIL import Image
from starlette.responses import JSONResponse, RedirectResponse, Response, StreamingResponse

from mom.errors import (
    BusyError,
    PartBrokenError,
    PartRefusedError,
    PartTimeoutError,
    PartUnavailableError,
)
from mom.mixture.events import ImageProgress, ImageQueued
from mom.mixture.ports import DrawingRequest, Picture
from mom.models.http_client import TimeLimits
from mom.models.images_client import ImagesClient
from mom.models.parts import Endpoint
from tests.image_server import DEADLINE_S, MODEL, make_tiny_pipeline, running_image_server
from tests.models.fake_servers import refused, running
from tests.serving.waiting import until

GENERATIONS, EDITS, MODELS = "/v1/images/generations", "/v1/images/edits", "/v1/models"
OURS = {MODELS: [JSONResponse({"data": [{"id": "some-model", "owned_by": "mom", "abilities": {}}]})]}
REQUEST = DrawingRequest(prompt="a red circle")
SLOW = DrawingRequest(prompt="a slow picture", width=512, height=512, steps=50)


def picture_bytes(size=(8, 8), kind="PNG", mode="RGB") -> bytes:
    buffer = io.BytesIO()
    Image.new(mode, size).save(buffer, kind)
    return buffer.getvalue()


def whole(data=None, **fields):
    entry = {"b64_json": base64.b64encode(data).decode()} if data is not None else {}
    return JSONResponse({"created": 1, "data": [{**entry, **fields}]})


def events(*entries, tail=b""):
    async def body():
        for entry in entries:
            yield f"data: {json.dumps(entry)}\n\n".encode()
        yield tail

    return lambda: StreamingResponse(body(), media_type="text/event-stream")


async def draw(client, request=REQUEST):
    async with client.draw(request) as drawing:
        return [item async for item in drawing]


async def draw_at(server, http, request=REQUEST, **limits):
    return await draw(ImagesClient(server.endpoint, http, *([TimeLimits(**limits)] if limits else [])), request)


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    model = make_tiny_pipeline(tmp_path_factory.getbasetemp() / "tiny-sd")
    with running_image_server(model, tmp_path_factory.mktemp("log"), max_waiting=1) as server:
        server.wait_until_ready()
        yield server


@pytest.mark.torch
async def test_our_server_gives_progress_with_previews_and_then_the_picture(server, http):
    client = ImagesClient(server.endpoint, http)
    request = DrawingRequest(prompt="a red circle", seed=5, steps=2, width=96, height=64)
    *progress, picture = await draw(client, request)
    assert [(item.step, item.steps) for item in progress] == [(0, 2), (1, 2), (2, 2)]
    assert [bool(item.preview) for item in progress] == [False, True, True]
    assert progress[1].preview.startswith("data:image/jpeg;base64,/9j/")
    assert (picture.seed, picture.steps, picture.width, picture.height) == (5, 2, 96, 64)
    assert (picture.model, client.name, picture.prompt) == (MODEL, MODEL, "a red circle")
    assert Image.open(io.BytesIO(picture.png)).size == (96, 64)


@pytest.mark.torch
async def test_our_server_chooses_a_seed_and_tells_what_it_did_not_read(server, http):
    *_, picture = await draw(ImagesClient(server.endpoint, http), DrawingRequest(prompt="a " * 75 + "bird", steps=1))
    assert picture.seed is not None
    assert picture.dropped_tail == "bird"
    assert picture.unknown_words == ()  # this model has no list of the words it knows


async def test_our_server_names_the_words_that_its_model_does_not_know(http):
    done = {"type": "image_generation.completed", "b64_json": base64.b64encode(picture_bytes()).decode()}
    with running({**OURS, GENERATIONS: [events({**done, "unknown_words": ["castle", "moat"]})]}) as server:
        *_, picture = await draw_at(server, http)
    assert picture.unknown_words == ("castle", "moat")


@pytest.mark.torch
async def test_leaving_the_context_stops_the_drawing(server, http):
    async with ImagesClient(server.endpoint, http).draw(SLOW) as drawing:
        async for item in drawing:
            if isinstance(item, ImageProgress) and item.step:
                break
    await asyncio.to_thread(server.wait_until_idle)


@pytest.mark.torch
async def test_cancelling_the_task_drops_a_waiting_picture(server, http):
    async with ImagesClient(server.endpoint, http).draw(SLOW) as drawing:
        await anext(drawing)
        waiting = asyncio.create_task(draw(ImagesClient(server.endpoint, http)))
        await until(lambda: server.queue()["waiting"] == 1, "the second picture to wait")
        waiting.cancel()
        await until(lambda: server.queue()["waiting"] == 0, "the queue to forget it", DEADLINE_S)
    await asyncio.to_thread(server.wait_until_idle)


@pytest.mark.torch
async def test_the_place_in_the_queue_is_told_and_a_full_queue_is_busy(server, http):
    async with ImagesClient(server.endpoint, http).draw(SLOW) as first:
        await anext(first)
        async with ImagesClient(server.endpoint, http).draw(REQUEST) as second:
            assert (await anext(second)).position == 1
            with pytest.raises(BusyError) as caught:
                await draw(ImagesClient(server.endpoint, http))
            assert caught.value.retry_after_s == 10
    await asyncio.to_thread(server.wait_until_idle)


@pytest.mark.torch
async def test_what_our_server_refuses_is_told_in_its_words(server, http):
    with pytest.raises(PartRefusedError, match="size has to be WIDTHxHEIGHT"):
        await draw(ImagesClient(server.endpoint, http), DrawingRequest(prompt="x", width=9, height=9))
    with pytest.raises(PartRefusedError, match="MOM_API_KEY_IMAGE_MODEL"):
        await draw(ImagesClient(Endpoint(server.endpoint.base_url, MODEL, "wrong"), http))


async def test_another_server_is_asked_in_openais_words_only(http):
    request = DrawingRequest(prompt="a red circle", seed=5, steps=2, width=96, height=64)
    with running({GENERATIONS: [whole(picture_bytes((96, 64)))]}) as server:
        (picture,) = await draw_at(server, http, request)
        (asked,) = server.bodies(GENERATIONS)
        assert asked == {
            "prompt": "a red circle", "n": 1, "response_format": "b64_json", "model": "some-model", "size": "96x64",
            "stream": True, "partial_images": 2,
        }  # fmt: skip
    assert isinstance(picture, Picture)
    assert (picture.seed, picture.steps, picture.width, picture.height) == (None, None, 96, 64)


async def test_a_server_that_knows_base64_only_is_asked_again_without_the_word(http):
    unknown = refused(400, "Unknown parameter: 'response_format'.", param="response_format")
    with running({GENERATIONS: [unknown, whole(picture_bytes())]}) as server:
        assert len(await draw_at(server, http)) == 1
        assert "response_format" not in server.bodies(GENERATIONS)[1]


@pytest.mark.parametrize("kind", ["JPEG", "WEBP"])
async def test_other_formats_become_png(http, kind):
    with running({GENERATIONS: [whole(picture_bytes((16, 8), kind))]}) as server:
        (picture,) = await draw_at(server, http)
    assert Image.open(io.BytesIO(picture.png)).format == "PNG"
    assert (picture.width, picture.height) == (16, 8)


async def test_a_picture_at_the_servers_own_address_is_fetched_and_at_any_other_is_not(http):
    asked_elsewhere = {"/secret.png": [Response(picture_bytes())]}
    replies = {
        "/pictures/1.png": [Response(picture_bytes((24, 8)))],
        "/away.png": [RedirectResponse("/pictures/1.png")],
    }
    with running(asked_elsewhere) as elsewhere, running({**replies, GENERATIONS: []}) as server:
        for url in ("/pictures/1.png", f"{server.root}/pictures/1.png"):
            server.replies[GENERATIONS][:] = [whole(url=url)]
            (picture,) = await draw_at(server, http)
            assert picture.width == 24
        for url in (
            f"{elsewhere.root}/secret.png",
            "file:///etc/passwd",
            "http://169.254.169.254/",
            "/away.png",
            "//x/y",
        ):
            server.replies[GENERATIONS][:] = [whole(url=url)]
            with pytest.raises(PartBrokenError):
                await draw_at(server, http)
        assert elsewhere.asked == []


async def test_a_data_url_is_a_picture_too(http):
    url = "data:image/png;base64," + base64.b64encode(picture_bytes()).decode()
    with running({GENERATIONS: [whole(url=url)]}) as server:
        assert len(await draw_at(server, http)) == 1


def bomb() -> bytes:
    return picture_bytes((30_000, 30_000), mode="1")


@pytest.mark.parametrize(
    "reply",
    [
        whole(b"no picture"),
        whole(b"<svg onload='x'/>"),
        whole(picture_bytes(kind="GIF")),
        whole(picture_bytes((5000, 8))),
        whole(bomb()),
        whole(picture_bytes((64, 64))[:-30]),
        whole(b64_json="not base64!"),
        whole(),
        JSONResponse({"data": []}),
        JSONResponse({"data": "x"}),
        JSONResponse(["x"]),
        Response("<html>"),
        refused(500, "the GPU is on fire"),
    ],
)
async def test_an_answer_that_is_no_picture_is_broken(http, reply):
    with running({GENERATIONS: [reply]}) as server, pytest.raises(PartBrokenError):
        await draw_at(server, http)


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (refused(400, "no such style"), PartRefusedError),
        (refused(401, "no"), PartRefusedError),
        (refused(404, "no"), PartRefusedError),
        (refused(429, "slow down", {"retry-after": "7"}), BusyError),
        (refused(503, "The model is loading"), PartUnavailableError),
    ],
)
async def test_a_refusal_is_named(http, reply, error):
    with running({GENERATIONS: [reply]}) as server, pytest.raises(error):
        await draw_at(server, http)


async def test_where_nothing_listens_the_part_is_unavailable(http):
    with running({}) as server:
        endpoint = server.endpoint
    with pytest.raises(PartUnavailableError, match="cannot be reached"):
        await draw(ImagesClient(endpoint, http))


async def test_a_stream_that_ends_too_early_is_broken(http):
    replies = {**OURS, GENERATIONS: [events({"type": "image_generation.progress", "step": 1, "steps": 4})]}
    with running(replies) as server, pytest.raises(PartBrokenError, match="before the picture was finished"):
        await draw_at(server, http)


@pytest.mark.parametrize(("code", "kind"), [("part_timeout", PartTimeoutError), ("part_broken", PartBrokenError)])
async def test_an_error_in_a_stream_is_told_in_the_servers_words(http, code, kind):
    error = {"error": {"message": "Ask for a smaller one.", "code": code}}
    with running({**OURS, GENERATIONS: [events(error)]}) as server, pytest.raises(kind, match="Ask for a smaller one"):
        await draw_at(server, http)


@pytest.mark.parametrize("entry", [{"type": "image_generation.progress", "step": "many"}, ["x"], "x"])
async def test_an_event_that_no_server_sends_is_broken(http, entry):
    with running({**OURS, GENERATIONS: [events(entry)]}) as server, pytest.raises(PartBrokenError):
        await draw_at(server, http)


async def test_events_of_another_type_are_passed_over_and_a_false_preview_is_not_shown(http):
    png = base64.b64encode(picture_bytes()).decode()
    lie = {"type": "image_generation.progress", "step": 1, "steps": 1, "b64_json": png}
    done = {"type": "image_generation.completed", "b64_json": png, "seed": 3, "steps": 1}
    with running({**OURS, GENERATIONS: [events({"type": "image_generation.news"}, lie, done)]}) as server:
        progress, picture = await draw_at(server, http)
    assert progress == ImageProgress(1, 1, None)
    assert picture.seed == 3


async def test_a_server_without_a_sign_of_life_is_too_slow(http):
    async def silence():
        yield b": heartbeat\n\n"
        await asyncio.Event().wait()

    replies = {**OURS, GENERATIONS: [lambda: StreamingResponse(silence(), media_type="text/event-stream")]}
    with running(replies) as server, pytest.raises(PartTimeoutError, match="sign of life"):
        await draw_at(server, http, between_tokens_s=0.2)


def ours_that(*, edits: bool):
    entry = {"id": "some-model", "owned_by": "mom", "abilities": {"edits": edits}}
    return {MODELS: [JSONResponse({"data": [entry]})]}


def finished(kind="image_generation", **fields):
    png = base64.b64encode(picture_bytes()).decode()
    return events(
        {"type": f"{kind}.queued", "position": 2, "estimate_s": 3.5},
        {"type": f"{kind}.completed", "b64_json": png, **fields},
    )


async def test_our_server_is_told_who_asks_and_what_is_to_be_avoided(http):
    request = DrawingRequest(prompt="a fox", negative_prompt="hands", cfg_scale=1.5, owner="somebody", is_batch=True)
    with running({**ours_that(edits=True), GENERATIONS: [finished()]}) as server:
        queued, _ = await draw_at(server, http, request)
        (asked,) = server.bodies(GENERATIONS)
    assert queued == ImageQueued(2, 3.5)
    assert asked["user"] == "somebody"
    assert (asked["priority"], asked["negative_prompt"], asked["cfg_scale"]) == ("batch", "hands", 1.5)


async def test_a_picture_from_a_picture_is_asked_of_our_servers_edits(http):
    request = DrawingRequest(prompt="at night", source=picture_bytes(), strength=0.6)
    with running({**ours_that(edits=True), EDITS: [finished("image_edit", strength=0.6, scheduler="LCM")]}) as server:
        *_, picture = await draw_at(server, http, request)
        (asked,) = server.bodies(EDITS)
    assert base64.b64decode(asked["image"].partition(",")[2]) == request.source
    assert (asked["strength"], picture.strength, picture.scheduler) == (0.6, 0.6, "LCM")


@pytest.mark.parametrize(
    "replies", [ours_that(edits=False) | {GENERATIONS: [finished()]}, {GENERATIONS: [whole(picture_bytes())]}]
)
async def test_a_server_that_cannot_begin_from_a_picture_draws_from_the_words_unless_it_must(http, replies):
    request = DrawingRequest(prompt="at night", source=picture_bytes(), strength=0.6)
    with running(replies) as server:
        *_, picture = await draw_at(server, http, request)
        assert picture.strength is None
        assert not {"image", "strength"} & set(server.bodies(GENERATIONS)[0])
        with pytest.raises(PartRefusedError, match="cannot begin from a picture"):
            await draw_at(server, http, replace(request, must_begin_from_source=True))


@pytest.mark.torch
async def test_our_own_server_begins_from_a_picture(server, http):
    request = DrawingRequest(prompt="a red circle", seed=1, steps=2, source=picture_bytes((64, 64)), strength=0.5)
    *progress, picture = await draw(ImagesClient(server.endpoint, http), request)
    assert [item.step for item in progress if isinstance(item, ImageProgress)] == [0, 1, 2]
    assert (picture.strength, picture.scheduler) == (0.5, "LCMScheduler")
