"""An image model behind AUTOMATIC1111's web UI, or a server that copies its API (SD.Next, Forge, KoboldCpp).

`POST …/sdapi/v1/txt2img` and `img2img` answer when the picture is done; meanwhile `GET …/progress` tells the step and shows
what the picture is becoming, and `POST …/interrupt` stops the one that is being drawn. Nothing takes one back that waits in
the server's own queue, so MoM asks for one at a time and queues the others itself.
https://github.com/AUTOMATIC1111/stable-diffusion-webui/wiki/API
"""

import asyncio
import base64
import json
import logging
import secrets
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing, suppress
from typing import Any

from pydantic import BaseModel, ValidationError

from mom.errors import PartError
from mom.mixture.events import ImageProgress, ImageQueued
from mom.mixture.ports import DrawingRequest
from mom.models.images_line import DrawingLine
from mom.models.images_wire import DrawnImage, decode_base64
from mom.models.picture_file import make_preview
from mom.models.upstream import Upstream

log = logging.getLogger(__name__)
API = "/sdapi/v1"
CROP_AND_RESIZE = 1  # a photo's shape is another than the model's; unasked, it would be squeezed into that
POLL_S = 0.5
MAX_CFG_SCALE = 100
INTERRUPT_S = 5.0  # a server that has not taken the word by then does not keep a person waiting who stops


class _State(BaseModel):
    sampling_step: int = 0
    sampling_steps: int = 0


class _Progress(BaseModel):
    state: _State = _State()
    current_image: str | None = None
    current_task: str | None = None


class _Reply(BaseModel):
    images: list[str]
    info: object = ""


class A1111:
    """The server at an address that ends in `/sdapi/v1`, or that has this API beside its other paths."""

    def __init__(self, upstream: Upstream, *, poll_s: float = POLL_S, interrupt_s: float = INTERRUPT_S) -> None:
        self._upstream = upstream
        self._poll_s = poll_s
        self._interrupt_s = interrupt_s
        self._is_named = upstream.base_url.endswith(API)
        self._url = upstream.base_url if self._is_named else f"{upstream.root}{API}"
        self._line = DrawingLine()
        self._names_tasks = False  # AUTOMATIC1111's own does since 1.8, and tells whose picture it draws
        self._endings: set[asyncio.Task[None]] = set()

    async def is_there(self) -> bool:
        """Raises `PartUnavailableError` where nothing answers at all."""
        if self._is_named:
            return True
        progress = await self._upstream.probe(f"{API}/progress")
        return progress is not None and "progress" in progress

    async def draw(self, request: DrawingRequest) -> AsyncGenerator[ImageQueued | ImageProgress | DrawnImage]:
        """The progress as it is told, and last the picture. Closing this interrupts the drawing."""
        task = f"task(mom-{secrets.token_hex(8)})"
        drawing: asyncio.Task[Any] | None = None
        place = self._line.join()
        try:
            async with aclosing(self._line.wait(place)) as positions:
                async for position in positions:
                    yield ImageQueued(position)
            way = "txt2img" if request.source is None else "img2img"
            drawing = asyncio.create_task(self._upstream.post(f"{self._url}/{way}", _body(request, task)))
            told: ImageProgress | None = None
            while not (await asyncio.wait({drawing}, timeout=self._poll_s))[0]:
                progress = await self._read_progress_until(drawing, task)
                if progress is not None and progress != told:
                    yield (told := progress)
            yield self._read_reply(drawing.result(), request)
        finally:
            if drawing is None or drawing.done():
                self._line.leave(place)
            else:
                try:
                    # The request's end alone stops nothing there; and this must be sent though the task is being cancelled.
                    await asyncio.shield(asyncio.ensure_future(self._interrupt(task, is_first=True)))
                finally:
                    self._end_soon(drawing, task, place)

    async def _read_progress_until(self, drawing: asyncio.Task[Any], task: str) -> ImageProgress | None:
        """None where the picture comes first: some of these servers tell nothing while they draw."""
        reading = asyncio.create_task(self._read_progress(task))
        try:
            await asyncio.wait({drawing, reading}, return_when=asyncio.FIRST_COMPLETED)
            return reading.result() if reading.done() else None
        finally:
            reading.cancel()
            await asyncio.wait({reading})

    async def _read_progress(self, task: str) -> ImageProgress | None:
        """None where nothing is told just now, or another's picture is being drawn."""
        try:
            told = await self._look()
        except (PartError, ValidationError):
            return None
        if told.current_task not in {None, "", task} or not told.state.sampling_steps:
            return None
        shown = decode_base64(told.current_image or "")
        preview = await asyncio.to_thread(make_preview, shown) if shown else None
        return ImageProgress(told.state.sampling_step, told.state.sampling_steps, preview)

    async def _look(self) -> _Progress:
        """Raises `PartError` and `ValidationError`."""
        told = _Progress.model_validate(await self._upstream.get(f"{self._url}/progress"))
        self._names_tasks = self._names_tasks or bool(told.current_task)
        return told

    async def _interrupt(self, task: str, *, is_first: bool) -> None:
        """Stop our own picture, if it is being drawn just now; a server that does not say whose it draws is believed once."""
        with suppress(PartError, ValidationError, TimeoutError):
            async with asyncio.timeout(self._interrupt_s):
                told = await self._look()
                if told.current_task == task or (is_first and not self._names_tasks):
                    await self._upstream.post(f"{self._url}/interrupt", {})
                    log.info("interrupted a picture that nobody waits for")

    def _end_soon(self, drawing: asyncio.Task[Any], task: str, place: asyncio.Event) -> None:
        """In the background: nobody waits for it but who is next in the line, and nobody asks how it went."""
        drawing.add_done_callback(lambda done: done.cancelled() or done.exception())
        ending = asyncio.create_task(self._end(drawing, task))
        self._endings.add(ending)
        ending.add_done_callback(self._endings.discard)
        ending.add_done_callback(lambda _: self._line.leave(place))

    async def _end(self, drawing: asyncio.Task[Any], task: str) -> None:
        """See a request to its end. Where the picture of another program comes before it, it is interrupted when it begins: the
        word is forgotten there if it comes earlier.
        """
        while not (await asyncio.wait({drawing}, timeout=self._poll_s))[0]:
            await self._interrupt(task, is_first=False)
            if not self._names_tasks:
                break
        drawing.cancel()
        await asyncio.wait({drawing})

    def _read_reply(self, value: object, request: DrawingRequest) -> DrawnImage:
        try:
            reply = _Reply.model_validate(value)
        except ValidationError as error:
            raise self._upstream.broken("sent an answer that no image server sends") from error
        if not reply.images:
            raise self._upstream.broken("sent no picture")
        info = _read_info(reply.info)
        return DrawnImage(
            b64_json=reply.images[0],
            seed=_number(info, "seed"),
            steps=_number(info, "steps"),
            scheduler=str(info.get("sampler_name") or ""),
            cfg_scale=_cfg_scale(info),
            negative_prompt=request.negative_prompt,
            strength=None if request.source is None else request.strength,
        )


def _body(request: DrawingRequest, task: str) -> dict[str, Any]:
    wanted: dict[str, Any] = {
        "prompt": request.prompt,
        "negative_prompt": request.negative_prompt or None,
        "seed": request.seed,
        "steps": request.steps,
        "width": request.width,
        "height": request.height,
        "cfg_scale": request.cfg_scale,
        "force_task_id": task,
        "save_images": False,
    }
    if request.source is not None:
        wanted["init_images"] = [base64.b64encode(request.source).decode()]
        wanted["denoising_strength"] = request.strength
        wanted["resize_mode"] = CROP_AND_RESIZE
    return {name: value for name, value in wanted.items() if value is not None}


def _read_info(text: object) -> Mapping[str, Any]:
    try:
        info = json.loads(str(text))
    except (ValueError, RecursionError):
        return {}
    return info if isinstance(info, dict) else {}


def _number(info: Mapping[str, Any], name: str) -> int | None:
    value = info.get(name)
    return value if type(value) is int and value >= 0 else None


def _cfg_scale(info: Mapping[str, Any]) -> float | None:
    value = info.get("cfg_scale")
    return float(value) if isinstance(value, int | float) and 0 <= value <= MAX_CFG_SCALE else None
