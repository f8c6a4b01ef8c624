"""What servers of pictures answer in tests, and asking for one."""

import base64
import io
import json

from PIL import Image
from starlette.responses import JSONResponse, StreamingResponse

from mom.mixture.ports import DrawingRequest
from mom.models.http_client import TimeLimits
from mom.models.images_client import ImagesClient

GENERATIONS, EDITS, MODELS = "/v1/images/generations", "/v1/images/edits", "/v1/models"
REQUEST = DrawingRequest(prompt="a red circle")


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
