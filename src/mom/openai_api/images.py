"""`POST /v1/images/generations`: the image model alone, with its progress as partial images where a stream is asked for."""

import base64
import json
import time
from asyncio import to_thread
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from functools import partial
from typing import Any

from flask import Response, request

from mom.chats.question import MAX_SEED
from mom.mixture.events import Image, ImageFinished, ImageProgress
from mom.mixture.image_pipeline import draw_image
from mom.mixture.ports import DrawingRequest
from mom.mixture.verdict import DecidedBy, Need, certain
from mom.openai_api.bodies import ImagesBody
from mom.openai_api.completion import route_header
from mom.openai_api.relay import Relay
from mom.openai_api.services import Services, services

FAIL_EARLY_S = 0.25
ROUTE = route_header(certain(Need.IMAGE, DecidedBy.COMMAND, "pictures were asked for"))


@dataclass(frozen=True)
class Asked:
    body: ImagesBody
    owner_id: str
    base_url: str


def generate_images() -> Response:
    known = services()
    body = ImagesBody.model_validate(request.get_json())
    asked = Asked(body, known.owner_id(), request.root_url.rstrip("/"))
    return known.later(partial(_stream if body.stream else _draw_all, asked, known))


async def _draw_all(asked: Asked, known: Services) -> Response:
    data = [await _draw_one(asked, known, number) for number in range(asked.body.n or 1)]
    answer = {"created": int(time.time()), "data": data}
    return Response(json.dumps(answer), headers=ROUTE, mimetype="application/json")


async def _draw_one(asked: Asked, known: Services, number: int) -> dict[str, Any]:
    async with aclosing(_draw(asked, known, number)) as events:
        async for event in events:
            if isinstance(event, ImageFinished):
                return await _image_json(event.image, asked, known)
    raise AssertionError("a drawing ends with its picture")


async def _stream(asked: Asked, known: Services) -> Response:
    drawing = Relay(_draw(asked, known, 0))
    try:
        await drawing.look_ahead(FAIL_EARLY_S)
    except BaseException:
        await drawing.close()
        raise
    return known.streamed(_events(drawing, asked, known), ROUTE)


async def _events(drawing: Relay[Any], asked: Asked, known: Services) -> AsyncGenerator[bytes, None]:
    """At most `partial_images` previews, evenly spread over the steps, then the picture."""
    shown = 0
    wanted = asked.body.partial_images or 0
    try:
        while (event := await drawing.next()) is not None:
            match event:
                case ImageProgress(step, steps, str(preview)) if (
                    step * (wanted + 1) >= steps * (shown + 1) and shown < wanted
                ):
                    jpeg = preview.partition(",")[2]
                    yield _event("image_generation.partial_image", b64_json=jpeg, partial_image_index=shown)
                    shown += 1
                case ImageFinished(image):
                    usage = {"input_tokens": 0, "output_tokens": 0, "total_tokens": 0}
                    yield _event("image_generation.completed", **await _image_json(image, asked, known), usage=usage)
    except Exception as error:  # noqa: BLE001 -- `as_error_json` logs what it has no name for
        yield _event("error", error=known.as_error_json(error))
    finally:
        await drawing.close()


def _draw(asked: Asked, known: Services, number: int) -> AsyncGenerator[Any, None]:
    body = asked.body
    width, height = body.sides
    seed = None if body.seed is None else (body.seed + number) % (MAX_SEED + 1)
    drawing = DrawingRequest(prompt=body.prompt, seed=seed, steps=body.steps, width=width, height=height)
    keeper = known.pictures.keeper(asked.owner_id)
    return draw_image(drawing, known.mixture_for(keeper).image_model, keeper, words=body.prompt)


async def _image_json(image: Image, asked: Asked, known: Services) -> dict[str, Any]:
    made = {"seed": image.seed, "steps": image.steps, "width": image.width, "height": image.height}
    if asked.body.response_format == "b64_json" or (asked.body.stream and asked.body.response_format is None):
        png = await to_thread(known.pictures.read_png, asked.owner_id, image.id)
        return {"b64_json": base64.b64encode(png).decode(), **made}
    return {"url": asked.base_url + image.url, **made}


def _event(kind: str, **fields: Any) -> bytes:  # noqa: ANN401 -- JSON
    value = {"type": kind, "created_at": int(time.time()), **fields}
    return f"event: {kind}\ndata: {json.dumps(value)}\n\n".encode()
