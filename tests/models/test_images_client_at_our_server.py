"""The images client, against MoM's real image server."""

import asyncio
import io

import pytest
from PIL import Image

from mom.errors import BusyError, PartRefusedError
from mom.mixture.events import ImageProgress
from mom.mixture.ports import DrawingRequest
from mom.models.images_client import ImagesClient
from mom.models.parts import Endpoint
from tests.image_server import DEADLINE_S, MODEL
from tests.models.drawing import REQUEST, draw, picture_bytes
from tests.serving.waiting import until

SLOW = DrawingRequest(prompt="a slow picture", width=512, height=512, steps=50)


@pytest.fixture
def server(image_server):
    return image_server


@pytest.mark.torch
async def test_our_server_gives_progress_with_previews_and_then_the_picture(server, http):
    client = ImagesClient(server.endpoint, http)
    request = DrawingRequest(prompt="a red circle", seed=5, steps=2, width=96, height=64)
    *progress, picture = await draw(client, request)
    assert [(item.step, item.steps) for item in progress] == [(0, 2), (1, 2), (2, 2)]
    assert [bool(item.preview) for item in progress] == [False, True, False]  # the last would be the picture itself
    assert progress[1].preview.startswith("data:image/jpeg;base64,/9j/")
    assert (picture.seed, picture.steps, picture.width, picture.height) == (5, 2, 96, 64)
    assert (picture.model, client.name, picture.prompt) == (MODEL, MODEL, "a red circle")
    assert Image.open(io.BytesIO(picture.png)).size == (96, 64)
    assert (picture.scheduler, picture.cfg_scale, picture.negative_prompt) == ("LCMScheduler", 1, "")


@pytest.mark.torch
async def test_what_is_too_large_for_our_server_is_drawn_smaller_in_the_same_proportions(server, http):
    request = DrawingRequest(prompt="a red circle", steps=1, width=1792, height=1024)
    *_, picture = await draw(ImagesClient(server.endpoint, http), request)
    assert (picture.width, picture.height) == (1008, 576)


@pytest.mark.torch
async def test_our_server_tells_how_it_was_guided(server, http):
    guided = DrawingRequest(prompt="a ring", steps=1, width=64, height=64, negative_prompt="fog", cfg_scale=1.5)
    *_, picture = await draw(ImagesClient(server.endpoint, http), guided)
    assert (picture.cfg_scale, picture.negative_prompt) == (1.5, "fog")


@pytest.mark.torch
async def test_our_server_chooses_a_seed_and_tells_what_it_did_not_read(server, http):
    *_, picture = await draw(ImagesClient(server.endpoint, http), DrawingRequest(prompt="a " * 75 + "bird", steps=1))
    assert picture.seed is not None
    assert picture.dropped_tail == "bird"
    assert picture.unknown_words == ()  # this model has no list of the words it knows


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
        client = ImagesClient(server.endpoint, http)
        async with client.draw(REQUEST) as second, client.draw(REQUEST) as third:
            assert (await anext(second)).position == 1
            assert (await anext(third)).position == 2
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


@pytest.mark.torch
async def test_our_own_server_begins_from_a_picture(server, http):
    request = DrawingRequest(prompt="a red circle", seed=1, steps=2, source=picture_bytes((64, 64)), strength=0.5)
    *progress, picture = await draw(ImagesClient(server.endpoint, http), request)
    assert [item.step for item in progress if isinstance(item, ImageProgress)] == [0, 1, 2]
    assert (picture.strength, picture.scheduler) == (0.5, "LCMScheduler")
