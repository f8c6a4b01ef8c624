"""The images client, against servers of other makes."""

import base64
import io

import pytest
from PIL import Image
from starlette.responses import JSONResponse, RedirectResponse, Response

from mom.errors import BusyError, PartBrokenError, PartRefusedError, PartUnavailableError
from mom.mixture.ports import DrawingRequest, Picture
from mom.models.images_client import ImagesClient
from tests.models.drawing import GENERATIONS, draw, draw_at, picture_bytes, whole
from tests.models.fake_servers import refused, running


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


async def test_another_server_is_asked_for_openais_own_sizes(http):
    with running({GENERATIONS: [whole(picture_bytes())]}) as server:
        await draw_at(server, http, DrawingRequest(prompt="x", width=1536, height=1024))
        assert server.bodies(GENERATIONS)[0]["size"] == "1536x1024"


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


@pytest.mark.parametrize("field", ["url", "b64_json"])
async def test_a_data_url_is_a_picture_too(http, field):
    url = "data:image/png;base64," + base64.b64encode(picture_bytes()).decode()
    with running({GENERATIONS: [whole(**{field: url})]}) as server:
        assert len(await draw_at(server, http)) == 1


async def test_what_is_told_in_an_odd_way_does_not_cost_the_picture(http):
    nothing = dict.fromkeys(("url", "seed", "dropped_tail", "unknown_words", "scheduler", "negative_prompt"))
    odd = {"seed": "12", "steps": 4.0, "cfg_scale": "high", "strength": [1]}
    for told in (nothing, odd):
        with running({GENERATIONS: [whole(picture_bytes(), **told)]}) as server:
            (picture,) = await draw_at(server, http)
        assert (picture.seed, picture.steps, picture.scheduler, picture.negative_prompt) == (None, None, "", "")


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
        JSONResponse({"data": None}),
        JSONResponse({"data": "x"}),
        JSONResponse(["x"]),
        Response("<html>"),
        refused(500, "the GPU is on fire"),
    ],
)
async def test_an_answer_that_is_no_picture_is_broken(http, reply):
    with running({GENERATIONS: [reply]}) as server, pytest.raises(PartBrokenError):
        await draw_at(server, http)


@pytest.mark.parametrize("error", [{"message": "The prompt was blocked."}, "The prompt was blocked."])
@pytest.mark.parametrize("rest", [{}, {"data": None}, {"data": []}])
async def test_an_error_in_an_answer_of_status_200_is_told_in_its_words(http, error, rest):
    reply = JSONResponse({**rest, "error": error})
    with running({GENERATIONS: [reply]}) as server, pytest.raises(PartBrokenError, match="The prompt was blocked"):
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
