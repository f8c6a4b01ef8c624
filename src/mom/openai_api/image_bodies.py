"""What programs may ask of a picture: OpenAI's fields that MoM understands, with bounds."""

import re
from typing import Annotated, Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from mom.mixture.ports import MAX_SEED
from mom.models.image_sizes import LONGEST_SIDE_PX, OPENAIS_LONGER
from mom.openai_api.bodies import OpenAiBody, only

SHORTEST_SIDE_PX = 64


class PictureForm(OpenAiBody):
    """How a picture comes, and how much of it beforehand."""

    size: str | None = None
    partial_images: int | None = Field(default=None, ge=0, le=3)
    output_format: Literal["png"] | None = None
    background: Literal["auto", "opaque"] | None = None

    @property
    def sides(self) -> tuple[int | None, int | None]:
        """Width and height in px."""
        if self.size in {None, "auto"}:
            return None, None
        width, height = str(self.size).split("x")
        return int(width), int(height)

    @field_validator("size")
    @classmethod
    def _check_size(cls, size: str | None) -> str | None:
        sides = re.fullmatch(r"([0-9]{2,4})x([0-9]{2,4})", size or "")
        within = sides and all(
            int(side) % 8 == 0 and SHORTEST_SIDE_PX <= int(side) <= LONGEST_SIDE_PX for side in sides.groups()
        )
        if size in {None, "auto", *OPENAIS_LONGER} or within:
            return size
        msg = (
            f"write WIDTHxHEIGHT, each a multiple of 8 from {SHORTEST_SIDE_PX} to {LONGEST_SIDE_PX}, "
            f"or one of {', '.join(OPENAIS_LONGER)}"
        )
        raise ValueError(msg)


class ImagesBody(PictureForm):
    """There is one image model, and clients name OpenAI's: `model` only says which form they expect the picture in."""

    model: str | None = None
    prompt: str = Field(max_length=4_000)
    n: int | None = Field(default=None, ge=1, le=4)
    response_format: Literal["url", "b64_json"] | None = None
    seed: int | None = Field(default=None, ge=0, le=MAX_SEED)
    steps: int | None = Field(default=None, ge=1, le=50)
    cfg_scale: float | None = Field(default=None, ge=0, le=20)
    negative_prompt: str = Field(default="", max_length=4_000)
    stream: bool | None = None

    @field_validator("prompt")
    @classmethod
    def _check_prompt(cls, prompt: str) -> str:
        if not prompt.strip():
            raise ValueError("write what is to be drawn")
        return prompt

    @property
    def in_base64(self) -> bool:
        """Where nothing is asked for, as OpenAI answers: its GPT image models and its streams never give an address."""
        if self.response_format is not None:
            return self.response_format == "b64_json"
        return bool(self.stream) or "gpt-image" in (self.model or "")

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.stream and (self.n or 1) > 1:
            raise ValueError("a stream carries one picture: leave n at 1")
        return self


class EditsBody(ImagesBody):
    """A form's fields, or JSON's; the picture itself is read beside it. `strength`: how much of it is painted over."""

    strength: float = Field(default=0.7, ge=0.1, le=1)
    mask: Annotated[Any, only(None, otherwise="no mask is kept to; leave it out, and set strength")] = None
