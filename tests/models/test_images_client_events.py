"""The images client, before what MoM's own image server says: its events, and what it can do beyond OpenAI's API."""

import asyncio
import base64
import json
from dataclasses import replace

import pytest
from starlette.responses import JSONResponse, StreamingResponse

from mom.errors import PartBrokenError, PartRefusedError, PartTimeoutError
from mom.mixture.events import ImageProgress, ImageQueued
from mom.mixture.ports import DrawingRequest, Picture
from tests.models.drawing import EDITS, GENERATIONS, MODELS, draw_at, events, picture_bytes, whole
from tests.models.fake_servers import running

OURS = {MODELS: [JSONResponse({"data": [{"id": "some-model", "owned_by": "mom", "abilities": {}}]})]}


def ours_that(*, edits: bool):
    entry = {"id": "some-model", "owned_by": "mom", "abilities": {"edits": edits}}
    return {MODELS: [JSONResponse({"data": [entry]})]}


def finished(kind="image_generation", **fields):
    png = base64.b64encode(picture_bytes()).decode()
    return events(
        {"type": f"{kind}.queued", "position": 2, "estimate_s": 3.5},
        {"type": f"{kind}.completed", "b64_json": png, **fields},
    )


async def test_our_server_names_the_words_that_its_model_does_not_know(http):
    done = {"type": "image_generation.completed", "b64_json": base64.b64encode(picture_bytes()).decode()}
    with running({**OURS, GENERATIONS: [events({**done, "unknown_words": ["castle", "moat"]})]}) as server:
        *_, picture = await draw_at(server, http)
    assert picture.unknown_words == ("castle", "moat")


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


async def test_an_event_without_data_is_passed_over(http):
    done = {"type": "image_generation.completed", "b64_json": base64.b64encode(picture_bytes()).decode()}

    async def stream():
        yield "retry: 3000\n\n"
        yield f"data: {json.dumps(done)}\n\n"

    replies = {**OURS, GENERATIONS: [lambda: StreamingResponse(stream(), media_type="text/event-stream")]}
    with running(replies) as server:
        (picture,) = await draw_at(server, http)
    assert isinstance(picture, Picture)


async def test_a_server_without_a_sign_of_life_is_too_slow(http):
    async def silence():
        yield b": heartbeat\n\n"
        await asyncio.Event().wait()

    replies = {**OURS, GENERATIONS: [lambda: StreamingResponse(silence(), media_type="text/event-stream")]}
    with running(replies) as server, pytest.raises(PartTimeoutError, match="sign of life"):
        await draw_at(server, http, between_tokens_s=0.2)
