"""`POST /v1/images/generations` and `/edits`: the image model alone, with its progress as partial images in a stream."""

import asyncio
import base64
import json
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from functools import partial
from typing import Any

from flask import Response, request

from mom.chats.data_urls import PICTURES_LIMIT, read_data_url
from mom.errors import ParameterError
from mom.mixture.conversation import Attachment
from mom.mixture.events import Image, ImageFinished, ImageProgress
from mom.mixture.image_pipeline import draw_images
from mom.mixture.ports import DrawingRequest
from mom.mixture.verdict import DecidedBy, Need, certain
from mom.openai_api.conversation import check_pictures
from mom.openai_api.image_bodies import EditsBody, ImagesBody
from mom.openai_api.kept_links import as_data_url
from mom.openai_api.partial_images import PartialImages
from mom.openai_api.relay import Relay
from mom.openai_api.route import route_header
from mom.openai_api.services import Services, services

ROUTE = route_header(certain(Need.IMAGE, DecidedBy.COMMAND, "pictures were asked for"))

NO_TOKENS = {
    "input_tokens": 0,
    "input_tokens_details": {"image_tokens": 0, "text_tokens": 0},
    "output_tokens": 0,
    "total_tokens": 0,
}


@dataclass(frozen=True)
class Asked:
    """`source` is the picture to begin from, as PNG; an edit's events have other names."""

    body: ImagesBody
    owner_id: str
    base_url: str
    source: bytes | None = None

    @property
    def kind(self) -> str:
        return "image_generation" if self.source is None else "image_edit"


def generate_images() -> Response:
    return _answer(ImagesBody.model_validate(request.get_json()), None)


def edit_images() -> Response:
    request.max_content_length = PICTURES_LIMIT
    if request.is_json:
        sent = request.get_json()
        fields: dict[str, Any] = dict(sent) if isinstance(sent, dict) else {}
        known = services()
        url = as_data_url(_take_url(fields), partial(known.pictures.read_png, known.owner_id()))
        picture = read_data_url(url, param="image")
    else:
        fields, picture = dict(request.form), _read_file()
    body = EditsBody.model_validate(fields)
    [checked] = check_pictures([picture], param="image")
    return _answer(body, checked.png)


def _take_url(fields: dict[str, Any]) -> str:
    """The URL of JSON's one picture: in `image`, or as OpenAI writes it."""
    match fields.pop("image", None), fields.pop("images", None):
        case (str(url), None) | (None, [{"image_url": str(url)}]):
            return url
    raise ParameterError(
        'Send one picture: in a form as image, or in JSON as "image": URL or "images": [{"image_url": URL}], '
        "with a data: URL or the address that MoM gave of one of its own.",
        param="image",
    )


def _read_file() -> Attachment:
    """The form's one picture. A mask is refused: `strength` decides everywhere alike."""
    files = [(name, file) for name in request.files for file in request.files.getlist(name)]
    if len(files) != 1 or files[0][0] not in {"image", "image[]"}:
        raise ParameterError("Send one picture as image, and no mask.", param="image")
    return Attachment(files[0][1].read(), "image/png")


def _answer(body: ImagesBody, source: bytes | None) -> Response:
    known = services()
    asked = Asked(body, known.owner_id(), request.root_url.rstrip("/"), source)
    return known.later(partial(_stream if body.stream else _draw_all, asked, known))


async def _draw_all(asked: Asked, known: Services) -> Response:
    # All at once: a server to which batches are quicker makes one of them.
    kept: list[Image] = []
    drawings = [asyncio.create_task(_draw_one(asked, known, number, kept)) for number in range(asked.body.n or 1)]
    try:
        data = [await _image_json(image, asked, known) for image in await asyncio.gather(*drawings)]
    except BaseException:  # a client may leave while a failure is cleared up
        await asyncio.shield(asyncio.create_task(_give_up(drawings, kept, known)))
        raise
    answer = {"created": int(time.time()), "data": data}
    return Response(json.dumps(answer), headers=ROUTE, mimetype="application/json")


async def _give_up(drawings: Sequence[asyncio.Task[Image]], kept: Sequence[Image], known: Services) -> None:
    for drawing in drawings:
        drawing.cancel()
    await asyncio.wait(drawings)
    await _discard(kept, known)


async def _draw_one(asked: Asked, known: Services, number: int, kept: list[Image]) -> Image:
    async with aclosing(_draw(asked, known, number, kept)) as events:
        async for event in events:
            if isinstance(event, ImageFinished):
                return event.image
    raise AssertionError("a drawing ends with its picture")


async def _stream(asked: Asked, known: Services) -> Response:
    kept: list[Image] = []
    drawing = Relay(_draw(asked, known, 0, kept))
    try:
        await drawing.look_ahead()
    except BaseException:
        await drawing.close()
        await _discard(kept, known)
        raise
    return known.streamed(_events(drawing, asked, known, kept), ROUTE)


async def _events(drawing: Relay[Any], asked: Asked, known: Services, kept: list[Image]) -> AsyncGenerator[bytes, None]:
    """At most `partial_images` previews, then the picture."""
    partials = PartialImages(asked.body.partial_images or 0)
    try:
        while (event := await drawing.next()) is not None:
            match event:
                case ImageProgress() if jpeg := partials.take(event):
                    form = _form("jpeg", asked.body.size or "auto")
                    index = partials.shown - 1
                    yield _event(f"{asked.kind}.partial_image", b64_json=jpeg, partial_image_index=index, **form)
                case ImageFinished(image):
                    told = await _image_json(image, asked, known)
                    kept.clear()
                    form = _form("png", f"{image.width}x{image.height}")
                    yield _event(f"{asked.kind}.completed", **told, **form, usage=NO_TOKENS)
    except Exception as error:  # noqa: BLE001 -- `as_error_json` logs what it has no name for
        yield _event("error", error=known.as_error_json(error))
    finally:
        await drawing.close()
        await _discard(kept, known)


async def _draw(asked: Asked, known: Services, number: int, kept: list[Image]) -> AsyncGenerator[Any, None]:
    """The events of one picture, which is added to `kept` as soon as it is stored."""
    body = asked.body
    width, height = body.sides
    drawing = DrawingRequest(
        prompt=body.prompt, seed=body.seed, steps=body.steps, width=width, height=height,
        negative_prompt=body.negative_prompt, cfg_scale=body.cfg_scale,
        source=asked.source, strength=body.strength if isinstance(body, EditsBody) else None,
        must_begin_from_source=True, owner=asked.owner_id, is_batch=True,
    )  # fmt: skip
    keeper = known.pictures.keeper(asked.owner_id)
    events = draw_images([drawing.further(number)], known.mixture_for(keeper).image_model, keeper, words=body.prompt)
    async with aclosing(events):
        async for event in events:
            if isinstance(event, ImageFinished):
                kept.append(event.image)
            yield event


async def _discard(images: Sequence[Image], known: Services) -> None:
    """Take pictures back whose address nobody was told: nobody would ever ask for them."""
    for image in images:
        await asyncio.to_thread(known.pictures.discard, image.id)


async def _image_json(image: Image, asked: Asked, known: Services) -> dict[str, Any]:
    made = {"seed": image.seed, "steps": image.steps, "width": image.width, "height": image.height}
    if asked.body.in_base64:
        png = await asyncio.to_thread(known.pictures.read_png, asked.owner_id, image.id)
        await asyncio.to_thread(known.pictures.discard, image.id)  # nobody would ask for it by its address
        return {"b64_json": base64.b64encode(png).decode(), **made}
    return {"url": asked.base_url + image.url, **made}


def _form(output_format: str, size: str) -> dict[str, str]:
    """What OpenAI's events say of the picture in them: its clients take it for granted."""
    return {"output_format": output_format, "size": size, "background": "opaque", "quality": "auto"}


def _event(kind: str, **fields: Any) -> bytes:  # noqa: ANN401 -- JSON
    value = {"type": kind, "created_at": int(time.time()), **fields}
    return f"event: {kind}\ndata: {json.dumps(value)}\n\n".encode()
