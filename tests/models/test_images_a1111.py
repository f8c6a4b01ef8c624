"""The images client against a small server with AUTOMATIC1111's API."""

import asyncio
import base64
import io
import json
from contextlib import contextmanager

import pytest
from PIL import Image
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from mom.errors import PartBrokenError, PartRefusedError, PartUnavailableError
from mom.mixture.events import ImageProgress, ImageQueued
from mom.mixture.ports import DrawingRequest, Picture
from mom.models.images_a1111 import A1111
from mom.models.images_client import ImagesClient
from mom.models.parts import Endpoint, PartName
from mom.models.upstream import Upstream
from tests.models.fake_servers import refused, running, serving
from tests.scripted import png_of
from tests.serving.waiting import until

TXT2IMG = "/sdapi/v1/txt2img"


def base64_of(data: bytes) -> str:
    return base64.b64encode(data).decode()


class WebUi:
    """Draws in `steps` steps, one whenever its progress is asked for, and stops when it is interrupted."""

    def __init__(self, steps=3, other_task="", info=None) -> None:
        self.info = info
        self.steps, self.step = steps, 0
        self.other_task = other_task
        self.asked = {}
        self.interrupted = asyncio.Event()
        self.done = asyncio.Event()

    async def draw(self, request: Request) -> JSONResponse:
        self.asked = await request.json()
        waits = [asyncio.create_task(event.wait()) for event in (self.done, self.interrupted)]
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        info = {"seed": 77, "steps": self.steps, "sampler_name": "LCM", "cfg_scale": 1.5}
        return JSONResponse({"images": [base64_of(png_of(96, 64))], "info": self.info or json.dumps(info)})

    async def progress(self, _request: Request) -> JSONResponse:
        task = self.other_task or self.asked.get("force_task_id", "")
        if self.asked and not self.other_task:
            self.step += 1
            if self.step > self.steps:
                self.done.set()
        state = {"sampling_step": min(self.step, self.steps), "sampling_steps": self.steps}
        picture = base64_of(png_of(600, 300)) if self.step else None
        return JSONResponse({"progress": 0.1, "state": state, "current_image": picture, "current_task": task})

    async def interrupt(self, _request: Request) -> JSONResponse:
        self.interrupted.set()
        return JSONResponse({})

    @contextmanager
    def serving(self):
        ways = [("txt2img", self.draw, "POST"), ("img2img", self.draw, "POST"), ("interrupt", self.interrupt, "POST")]
        routes = [Route(f"/sdapi/v1/{name}", view, methods=[method]) for name, view, method in ways]
        with serving(Starlette(routes=[*routes, Route("/sdapi/v1/progress", self.progress)])) as root:
            yield root


def client(root, http, path="/v1") -> ImagesClient:
    return ImagesClient(Endpoint(f"{root}{path}", "", None), http)


async def draw(client, request):
    async with client.draw(request) as drawing:
        return [item async for item in drawing]


@pytest.mark.parametrize("path", ["/v1", "/sdapi/v1"])
async def test_a_web_ui_is_known_by_what_it_has_or_by_its_address(http, path):
    request = DrawingRequest(
        prompt="a fox", seed=5, steps=3, width=96, height=64, negative_prompt="hands", cfg_scale=2.0
    )
    web_ui = WebUi()
    with web_ui.serving() as root:
        *progress, picture = await draw(client(root, http, path), request)
    assert [(item.step, item.steps) for item in progress] == [(1, 3), (2, 3), (3, 3)]
    assert isinstance(picture, Picture)
    assert (picture.seed, picture.steps, picture.scheduler, picture.cfg_scale, picture.width) == (77, 3, "LCM", 1.5, 96)
    task = web_ui.asked.pop("force_task_id")
    assert task.startswith("task(")
    assert web_ui.asked == {
        "prompt": "a fox", "negative_prompt": "hands", "seed": 5, "steps": 3, "width": 96, "height": 64, "cfg_scale": 2.0,
        "save_images": False,
    }  # fmt: skip


@pytest.mark.parametrize("info", ["[" * 100_000, {"seed": "none"}, ["x"]], ids=["deep", "object", "list"])
async def test_a_record_that_cannot_be_read_is_none(http, info):
    with WebUi(info=info).serving() as root:
        *_, picture = await draw(client(root, http, "/sdapi/v1"), DrawingRequest(prompt="a fox", seed=5, steps=3))
    assert (picture.seed, picture.steps) == (None, None)


async def test_its_previews_become_small_jpegs(http):
    with WebUi().serving() as root:
        progress, *_ = await draw(client(root, http), DrawingRequest(prompt="a fox"))
    assert isinstance(progress, ImageProgress)
    with Image.open(io.BytesIO(base64.b64decode(progress.preview.partition(",")[2]))) as preview:
        assert (preview.format, preview.size) == ("JPEG", (256, 128))


async def test_a_picture_from_a_picture_goes_to_img2img(http):
    web_ui, source = WebUi(), png_of()
    with web_ui.serving() as root:
        *_, picture = await draw(client(root, http), DrawingRequest(prompt="a fox", source=source, strength=0.6))
    assert web_ui.asked["init_images"] == [base64_of(source)]
    assert web_ui.asked["denoising_strength"] == picture.strength == 0.6
    assert web_ui.asked["resize_mode"] == 1  # cropped, not squeezed


async def test_a_picture_from_words_alone_has_no_strength(http):
    with WebUi().serving() as root:
        *_, picture = await draw(client(root, http), DrawingRequest(prompt="a fox"))
    assert picture.strength is None


@pytest.mark.parametrize(("asked", "drawn"), [((1536, 1024), (1008, 672)), ((1024, 1792), (576, 1008))])
async def test_what_is_too_large_is_drawn_smaller_in_the_same_proportions(http, asked, drawn):
    web_ui = WebUi()
    with web_ui.serving() as root:
        await draw(client(root, http), DrawingRequest(prompt="x", width=asked[0], height=asked[1]))
    assert (web_ui.asked["width"], web_ui.asked["height"]) == drawn


async def test_leaving_interrupts_the_drawing(http):
    web_ui = WebUi(steps=1000)
    with web_ui.serving() as root:
        async with client(root, http).draw(DrawingRequest(prompt="a fox")) as drawing:
            await anext(drawing)
        assert web_ui.interrupted.is_set()


async def test_cancelling_interrupts_the_drawing(http):
    web_ui = WebUi(steps=1000)
    with web_ui.serving() as root:
        began = asyncio.Event()

        async def draw_until_cancelled() -> None:
            async with client(root, http).draw(DrawingRequest(prompt="a fox")) as drawing:
                async for _ in drawing:
                    began.set()

        drawing = asyncio.create_task(draw_until_cancelled())
        await began.wait()
        drawing.cancel()
        await asyncio.wait({drawing})
        assert drawing.cancelled()
        assert web_ui.interrupted.is_set()


async def test_anothers_picture_is_neither_shown_nor_interrupted(http):
    web_ui = WebUi(other_task="task(somebody)")
    with web_ui.serving() as root:
        drawing = asyncio.create_task(draw(client(root, http), DrawingRequest(prompt="a fox")))
        await until(lambda: web_ui.asked, "the picture to be asked for")
        drawing.cancel()
        await asyncio.wait({drawing})
        assert not web_ui.interrupted.is_set()
        web_ui.done.set()


class Queueing(WebUi):
    """Draws one picture after the other, as AUTOMATIC1111's does: a request is drawn though its sender has gone, and a word to
    stop that comes before a picture is begun is forgotten.
    """

    def __init__(self) -> None:
        super().__init__()
        self.lock = asyncio.Lock()
        self.asked_for, self.finished, self.stopped = [], [], []
        self.current = None

    async def draw(self, request: Request) -> JSONResponse:
        task = (await request.json())["force_task_id"]
        self.asked_for.append(task)
        return await asyncio.shield(asyncio.ensure_future(self.draw_in_turn(task)))

    async def draw_in_turn(self, task) -> JSONResponse:
        async with self.lock:
            self.interrupted.clear()
            self.done.clear()
            self.current = task
            waits = [asyncio.create_task(event.wait()) for event in (self.done, self.interrupted)]
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            (self.stopped if self.interrupted.is_set() else self.finished).append(task)
            self.current = None
        return JSONResponse({"images": [base64_of(png_of(96, 64))]})

    async def progress(self, _request: Request) -> JSONResponse:
        return JSONResponse({"progress": 0.1, "state": {}, "current_image": None, "current_task": self.current})


async def test_who_leaves_the_line_is_never_asked_for(http):
    web_ui = Queueing()
    with web_ui.serving() as root:
        images, seen = client(root, http), []

        def note(name, item) -> None:
            seen.append((name, item.position if isinstance(item, ImageQueued) else "drawn"))

        async def draw_noting(name):
            async with images.draw(DrawingRequest(prompt=name)) as drawing:
                async for item in drawing:
                    note(name, item)

        first = asyncio.create_task(draw_noting("first"))
        await until(lambda: web_ui.current, "the first picture")
        second = asyncio.create_task(draw_noting("second"))
        await until(lambda: ("second", 1) in seen, "the second one's place")
        third = asyncio.create_task(draw_noting("third"))
        await until(lambda: ("third", 2) in seen, "the third one's place")
        fourth = asyncio.create_task(draw_noting("fourth"))
        await until(lambda: ("fourth", 3) in seen, "the fourth one's place")
        for leaving in (fourth, second):
            leaving.cancel()
            await asyncio.wait({leaving})
        await until(lambda: ("third", 1) in seen, "the third one's new place")
        web_ui.done.set()
        await first
        await until(lambda: web_ui.current == web_ui.asked_for[-1] and len(web_ui.asked_for) == 2, "the third picture")
        web_ui.done.set()
        await third
        assert seen == [
            ("second", 1), ("third", 2), ("fourth", 3), ("third", 1), ("first", "drawn"), ("third", "drawn"),
        ]  # fmt: skip
        assert web_ui.finished == web_ui.asked_for


async def test_a_picture_that_waits_behind_anothers_is_stopped_when_it_is_begun(http):
    web_ui = Queueing()
    with web_ui.serving() as root:
        stranger = asyncio.create_task(http.post(f"{root}{TXT2IMG}", json={"force_task_id": "task(stranger)"}))
        await until(lambda: web_ui.current, "the stranger's picture")
        images = client(root, http)
        left, waiting = (asyncio.create_task(draw(images, DrawingRequest(prompt="a fox"))) for _ in range(2))
        await until(lambda: len(web_ui.asked_for) == 2, "the picture to be asked for")
        left.cancel()
        await asyncio.wait({left}, timeout=20)
        assert left.cancelled()
        assert not web_ui.interrupted.is_set()  # the stranger's picture goes on
        web_ui.done.set()
        await stranger
        await until(lambda: len(web_ui.asked_for) == 3 and web_ui.current == web_ui.asked_for[2], "the next of ours")
        web_ui.done.set()
        assert isinstance((await waiting)[-1], Picture)
        assert web_ui.finished == [web_ui.asked_for[0], web_ui.asked_for[2]]
        assert web_ui.stopped == [web_ui.asked_for[1]]


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (JSONResponse({"images": []}), PartBrokenError),
        (JSONResponse({"images": ["no picture"]}), PartBrokenError),
        (JSONResponse({"picture": "x"}), PartBrokenError),
        (JSONResponse(["x"]), PartBrokenError),
        (refused(422, "steps: not a number"), PartRefusedError),
        (refused(503, "The model is loading"), PartUnavailableError),
    ],
)
async def test_an_answer_that_is_no_picture_is_named(http, reply, error):
    with running({TXT2IMG: [reply]}) as server, pytest.raises(error):
        await draw(client(server.root, http, "/sdapi/v1"), DrawingRequest(prompt="a fox"))


class DumbWhileDrawing(WebUi):
    """One that does one thing at a time: it tells nothing before the picture is done."""

    loop = None  # its own, once it is asked how far it is

    async def progress(self, request: Request) -> JSONResponse:
        if self.asked:
            self.loop = asyncio.get_running_loop()
            await asyncio.Event().wait()
        return await super().progress(request)


async def test_a_picture_is_there_though_its_progress_is_not_told(http):
    web_ui = DumbWhileDrawing()
    with web_ui.serving() as root:
        drawing = asyncio.create_task(draw(client(root, http), DrawingRequest(prompt="a fox")))
        await until(lambda: web_ui.loop, "its progress to be asked for")
        web_ui.loop.call_soon_threadsafe(web_ui.done.set)
        await asyncio.wait({drawing}, timeout=20)
        assert drawing.done()
        (picture,) = drawing.result()
        assert isinstance(picture, Picture)


async def test_who_stops_does_not_wait_for_a_server_that_tells_nothing(http):
    web_ui = DumbWhileDrawing()
    with web_ui.serving() as root:
        upstream = Upstream(Endpoint(f"{root}/sdapi/v1", "", None), http, PartName.IMAGE_MODEL)
        events = A1111(upstream, poll_s=0.01, interrupt_s=0.1).draw(DrawingRequest(prompt="a fox"))
        drawing = asyncio.create_task(anext(events))
        await until(lambda: web_ui.loop, "its progress to be asked for")
        drawing.cancel()
        await asyncio.wait({drawing}, timeout=20)
        assert drawing.done()
