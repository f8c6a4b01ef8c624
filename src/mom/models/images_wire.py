"""What image servers send: OpenAI's shape of a reply, and the events of MoM's own image server."""

import base64
import binascii
from typing import Any

from pydantic import BaseModel, ConfigDict, StrictInt

JPEG_START = b"\xff\xd8\xff"
MAX_PREVIEW_BYTES = 200_000


class DrawnImage(BaseModel):
    """One picture, as bytes in base64 or as an address. `seed` and `steps` are told by servers of local models only."""

    model_config = ConfigDict(extra="ignore")

    b64_json: str | None = None
    url: str | None = None
    seed: StrictInt | None = None
    steps: StrictInt | None = None
    dropped_tail: str = ""
    scheduler: str = ""
    strength: float | None = None


class ImagesReply(BaseModel):
    """The whole reply to a request that asked for no stream."""

    model_config = ConfigDict(extra="ignore")

    data: list[DrawnImage]


class ImageEvent(DrawnImage):
    """One event of MoM's image server; which fields are set depends on `type`."""

    type: str = ""
    position: StrictInt = 0
    estimate_s: float | None = None
    step: StrictInt = 0
    error: dict[str, Any] | None = None


def decode_base64(text: str) -> bytes | None:
    """The bytes, or None where the text is no base64."""
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None


def preview_url(b64_json: str | None) -> str | None:
    """A data URL of the preview, or None where there is none, or what came is no small JPEG."""
    data = decode_base64(b64_json or "")
    if not data or not data.startswith(JPEG_START) or len(data) > MAX_PREVIEW_BYTES:
        return None
    return f"data:image/jpeg;base64,{b64_json}"
