"""What image servers send: OpenAI's shape of a reply, and the events of MoM's own image server."""

import base64
import binascii
from typing import Any

from pydantic import (
    BaseModel,
    FiniteFloat,
    StrictInt,
    ValidationError,
    ValidationInfo,
    ValidatorFunctionWrapHandler,
    field_validator,
)

JPEG_START = b"\xff\xd8\xff"
MAX_PREVIEW_BYTES = 200_000


class DrawnImage(BaseModel):
    """One picture, as bytes in base64 or as an address. The rest is told by servers of local models only, and some of them
    write it in ways of their own: the picture is worth more than what is told about it.
    """

    b64_json: str | None = None
    url: str | None = None
    seed: StrictInt | None = None
    steps: StrictInt | None = None
    dropped_tail: str = ""
    unknown_words: tuple[str, ...] = ()
    scheduler: str = ""
    cfg_scale: FiniteFloat | None = None
    negative_prompt: str = ""
    strength: float | None = None

    @field_validator(
        "seed", "steps", "dropped_tail", "unknown_words", "scheduler", "cfg_scale", "negative_prompt", "strength",
        mode="wrap",
    )  # fmt: skip
    @classmethod
    def _leave_out_what_is_odd(cls, value: object, read: ValidatorFunctionWrapHandler, field: ValidationInfo) -> object:
        try:
            return read(value)
        except ValidationError:
            return cls.model_fields[str(field.field_name)].default


class ImagesReply(BaseModel):
    """The whole reply to a request that asked for no stream. Some hosts tell of an error in it, with status 200."""

    data: list[DrawnImage] | None = None
    error: dict[str, Any] | str | None = None


class ImageEvent(DrawnImage):
    """One event of a stream; which fields are set depends on `type`. Places and steps are told by MoM's image server only."""

    type: str = ""
    partial_image_index: StrictInt = 0
    position: StrictInt = 0
    estimate_s: float | None = None
    step: StrictInt = 0
    error: dict[str, Any] | str | None = None
    message: str | None = None

    @property
    def name(self) -> str:
        """Its type without the kind of request before it."""
        return self.type.removeprefix("image_generation.").removeprefix("image_edit.")

    @property
    def failure(self) -> dict[str, Any] | None:
        """The error that it tells of, in whichever way servers write one."""
        if isinstance(self.error, dict):
            return self.error
        words = self.error or (self.message if self.type == "error" else None)
        return {"message": words} if words else None


def decode_base64(text: str) -> bytes | None:
    """The bytes, or None where the text is no base64. Some servers, xAI's among them, write a whole data URL in its place."""
    try:
        return base64.b64decode(text.rpartition(",")[2], validate=True)
    except (binascii.Error, ValueError):
        return None


def preview_url(b64_json: str | None) -> str | None:
    """A data URL of the preview, or None where there is none, or what came is no small JPEG."""
    data = decode_base64(b64_json or "")
    if not data or not data.startswith(JPEG_START) or len(data) > MAX_PREVIEW_BYTES:
        return None
    return f"data:image/jpeg;base64,{base64.b64encode(data).decode()}"
