"""The images client at servers of other makes that stream partial images, refuse to, or take no notice."""

import asyncio
import base64
import io

import pytest
from PIL import Image
from starlette.responses import JSONResponse, StreamingResponse

from mom.errors import PartBrokenError, PartRefusedError, PartTimeoutError
from mom.mixture.events import ImageProgress
from mom.mixture.ports import DrawingRequest
from mom.models.http_client import TimeLimits
from mom.models.images_client import ImagesClient
from mom.models.parts import Endpoint
from tests.models.fake_servers import refused, running, sse
from tests.scripted import ScriptedImageModel, ScriptedParts
from tests.web.site import running_site

GENERATIONS, MODELS = "/v1/images/generations", "/v1/models"
REQUEST = DrawingRequest(prompt="a red circle")


def picture(colour="red", kind="PNG", side=512) -> str:
    buffer = io.BytesIO()
    Image.new("RGB", (side, side), colour).save(buffer, kind)
    return base64.b64encode(buffer.getvalue()).decode()


def whole():
    return JSONResponse({"created": 1, "data": [{"b64_json": picture()}]})


def partial(index, **fields):
    return {"type": "image_generation.partial_image", "partial_image_index": index, "b64_json": picture(), **fields}


DONE = {"type": "image_generation.completed", "b64_json": picture("blue"), "usage": {"total_tokens": 1}}


async def draw(client):
    async with client.draw(REQUEST) as drawing:
        return [item async for item in drawing]


async def draw_at(server, http, **limits):
    return await draw(ImagesClient(server.endpoint, http, *([TimeLimits(**limits)] if limits else [])))


def shown(preview: str) -> Image.Image:
    assert preview.startswith("data:image/jpeg;base64,")
    return Image.open(io.BytesIO(base64.b64decode(preview.partition(",")[2])))


async def test_partial_images_may_be_data_urls(http):
    written = partial(0, b64_json="data:image/png;base64," + picture())
    with running({GENERATIONS: [sse(written, DONE)]}) as server:
        first, _ = await draw_at(server, http)
    assert shown(first.preview).size == (256, 256)


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "JPEG"])
async def test_partial_images_are_shown_small_before_the_picture(http, kind):
    events = [partial(index, b64_json=picture("red", kind)) for index in range(2)]
    with running({GENERATIONS: [sse(*events, DONE)]}) as server:
        first, second, last = await draw_at(server, http)
    assert [(first.step, first.steps), (second.step, second.steps)] == [(1, 3), (2, 3)]
    assert shown(first.preview).size == (256, 256)
    red, _, blue = shown(second.preview).getpixel((9, 9))
    assert (red > 200, blue < 50) == (True, True)
    assert Image.open(io.BytesIO(last.png)).getpixel((9, 9)) == (0, 0, 255)


async def test_a_server_that_shows_more_than_was_asked_for_stays_within_its_steps(http):
    with running({GENERATIONS: [sse(*map(partial, range(4)), DONE)]}) as server:
        *told, _ = await draw_at(server, http)
    assert [(progress.step, progress.steps) for progress in told] == [(1, 3), (2, 3), (2, 3), (2, 3)]


async def test_a_partial_image_that_is_no_picture_is_a_step_without_a_preview(http):
    with running({GENERATIONS: [sse(partial(0, b64_json="bm8="), partial(1, b64_json=None), DONE)]}) as server:
        *told, _ = await draw_at(server, http)
    assert told == [ImageProgress(1, 3, None), ImageProgress(2, 3, None)]


@pytest.mark.parametrize(
    "no",
    [
        refused(400, "Unknown parameter: 'stream'.", param="stream"),
        refused(400, "Streaming is only supported for the GPT image models."),
        JSONResponse({"detail": [{"loc": ["body", "partial_images"], "msg": "Extra inputs are not permitted"}]}, 422),
    ],
)
async def test_a_server_that_refuses_to_stream_is_asked_plainly_from_then_on(http, no):
    with running({GENERATIONS: [no, whole()]}) as server:
        client = ImagesClient(server.endpoint, http)
        assert [len(await draw(client)) for _ in range(2)] == [1, 1]
        assert [body.get("stream") for body in server.bodies(GENERATIONS)] == [True, None, None]
        assert "partial_images" not in server.bodies(GENERATIONS)[1]


async def test_one_refusal_after_the_other_is_learnt_and_the_stream_is_kept(http):
    no = refused(400, "Unknown parameter: 'response_format'.", param="response_format")
    with running({GENERATIONS: [no, sse(partial(0), DONE)]}) as server:
        client = ImagesClient(server.endpoint, http)
        assert [len(await draw(client)) for _ in range(2)] == [2, 2]
        first, second, third = server.bodies(GENERATIONS)
    assert "response_format" in first
    assert second == third == {name: value for name, value in first.items() if name != "response_format"}


async def test_another_models_refusal_is_not_this_ones(http):
    no = refused(400, "Unknown parameter: 'stream'.")
    with running({GENERATIONS: [no, whole(), sse(DONE)]}) as server:
        await draw(ImagesClient(server.endpoint, http))
        other = Endpoint(server.endpoint.base_url, "another-model", server.endpoint.api_key)
        await draw(ImagesClient(other, http))
        assert server.bodies(GENERATIONS)[2]["stream"] is True


async def test_a_refusal_of_the_request_itself_is_told_and_teaches_nothing(http):
    no = refused(400, "A stream of blood is against the rules.")
    with running({GENERATIONS: [no, no, sse(DONE)]}) as server:
        client = ImagesClient(server.endpoint, http)
        with pytest.raises(PartRefusedError, match="against the rules"):
            await draw(client)
        await draw(client)
        assert [body.get("stream") for body in server.bodies(GENERATIONS)] == [True, None, True]


async def test_a_server_that_answers_whole_though_a_stream_was_asked_for_is_understood(http):
    with running({GENERATIONS: [whole()]}) as server:
        assert len(await draw_at(server, http)) == 1
        assert len(server.bodies(GENERATIONS)) == 1


@pytest.mark.parametrize(
    "error",
    [
        {"error": {"message": "moderation_blocked", "code": "x"}},
        {"type": "error", "message": "moderation_blocked"},
        {"type": "error", "error": "moderation_blocked"},
    ],
)
async def test_an_error_in_mid_stream_names_the_server_and_its_words(http, error):
    with (
        running({GENERATIONS: [sse(partial(0), error)]}) as server,
        pytest.raises(PartBrokenError, match=r"some-model at 127\.0\.0\.1.*moderation_blocked"),
    ):
        await draw_at(server, http)


async def test_a_stream_without_a_picture_is_broken(http):
    with (
        running({GENERATIONS: [sse(partial(0))]}) as server,
        pytest.raises(PartBrokenError, match="before the picture was finished"),
    ):
        await draw_at(server, http)


async def test_silence_between_partial_images_is_borne_as_long_as_a_whole_reply(http):
    async def silence():
        yield b": hello\n\n"
        await asyncio.Event().wait()

    replies = {GENERATIONS: [lambda: StreamingResponse(silence(), media_type="text/event-stream")]}
    with running(replies) as server, pytest.raises(PartTimeoutError, match=r"no sign of life for 0\.2 s"):
        await draw_at(server, http, between_tokens_s=0.01, reply_s=0.2)


async def test_another_mom_shows_its_previews(http, tmp_path):
    steps = [ImageProgress(step, 4, f"data:image/jpeg;base64,{picture('green', 'JPEG', 64)}") for step in range(1, 5)]
    parts = ScriptedParts()
    parts.image_model = ScriptedImageModel(steps)
    with running_site(tmp_path, parts) as site:
        *told, last = await draw(ImagesClient(Endpoint(f"{site.url}/v1", "mom-image", "any"), http))
    assert [(progress.step, bool(progress.preview)) for progress in told] == [(1, True), (2, True)]
    assert last.png.startswith(b"\x89PNG")
