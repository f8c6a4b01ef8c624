"""Reads the body of `POST /v1/images/generations`: an allow-list of parameters, each with its type and bounds.

OpenAI's parameters keep OpenAI's meaning; `seed` and `steps` are ours. What is not understood is refused, not ignored.
A negative prompt is not among them: an LCM model is not guided, so it would change nothing.
"""

import json
import re
import secrets
from dataclasses import dataclass
from typing import Any

from mom.errors import NotFoundError, ParameterError
from mom.serving.image_server.drawing import PictureSpec

MAX_PROMPT_CHARACTERS = 10_000
MAX_PICTURES = 4
MAX_PARTIAL_IMAGES = 3
MAX_SEED = (
    2**32 - 1
)  # PyTorch's CPU generator reads no more bits: a larger seed would be another name for a smaller one
MIN_SIDE_PX, MAX_SIDE_PX, SIDE_MULTIPLE_PX = 64, 1024, 8
KNOWN = (
    "prompt", "model", "n", "size", "response_format", "output_format", "stream", "partial_images", "user", "seed", "steps",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Defaults:
    """What the loaded model chooses where a request does not. `size` is width and height in px."""

    model: str
    size: tuple[int, int]
    steps: int
    max_steps: int


@dataclass(frozen=True, slots=True)
class GenerationRequest:
    """A checked request: each picture fully determined. `partial_images` are asked for in a stream only."""

    specs: tuple[PictureSpec, ...]
    stream: bool
    partial_images: int


def read_request(body: bytes, defaults: Defaults) -> GenerationRequest:
    """Raises `ParameterError` naming the parameter and what to write instead, `NotFoundError` for another model's name."""
    fields = _read_object(body)
    if unknown := sorted(set(fields) - set(KNOWN)):
        raise ParameterError(f"Unknown parameter {unknown[0]!r}. Known are {', '.join(KNOWN)}.", param=unknown[0])
    fields = {name: value for name, value in fields.items() if value is not None}
    prompt = _read_prompt(fields)
    for name, only in (("response_format", "b64_json"), ("output_format", "png")):
        if fields.get(name, only) != only:
            raise ParameterError(f"{name} can only be {only!r}.", param=name)
    _read_text(fields, "user")
    if _read_text(fields, "model") not in {"", defaults.model}:
        raise NotFoundError(
            f"This server's only model is {defaults.model!r}. Ask for it, or leave model out.", param="model"
        )
    stream = _read_flag(fields, "stream")
    pictures = _read_integer(fields, "n", 1, lowest=1, highest=1 if stream else MAX_PICTURES)
    partial_images = _read_integer(fields, "partial_images", 0, lowest=0, highest=MAX_PARTIAL_IMAGES)
    if partial_images and not stream:
        raise ParameterError("partial_images come in a stream only. Add stream: true.", param="partial_images")
    width, height = _read_size(fields, defaults.size)
    steps = _read_integer(
        fields, "steps", min(defaults.steps, defaults.max_steps), lowest=1, highest=defaults.max_steps
    )
    seed = _read_integer(fields, "seed", secrets.randbelow(MAX_SEED + 1), lowest=0, highest=MAX_SEED)
    specs = tuple(
        PictureSpec(prompt=prompt, seed=(seed + index) % (MAX_SEED + 1), steps=steps, width=width, height=height)
        for index in range(pictures)
    )
    return GenerationRequest(specs, stream, partial_images)


def _read_object(body: bytes) -> dict[str, Any]:
    try:
        fields = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise ParameterError("The body is no JSON. Send an object with at least a prompt.") from error
    if not isinstance(fields, dict):
        raise ParameterError("The body has to be a JSON object with at least a prompt.")
    return fields


def _read_prompt(fields: dict[str, Any]) -> str:
    prompt = _read_text(fields, "prompt")
    if not prompt.strip():
        raise ParameterError("Say in prompt what is to be drawn.", param="prompt")
    if len(prompt) > MAX_PROMPT_CHARACTERS:
        raise ParameterError(
            f"The prompt has {len(prompt)} characters; at most {MAX_PROMPT_CHARACTERS} are taken.", param="prompt"
        )
    return prompt


def _read_text(fields: dict[str, Any], name: str) -> str:
    value = fields.get(name, "")
    if not isinstance(value, str):
        raise ParameterError(f"{name} has to be a string.", param=name)
    try:
        value.encode()
    except UnicodeEncodeError as error:  # JSON can spell half of a surrogate pair, which is no text
        raise ParameterError(f"{name} holds half a character (a lone surrogate).", param=name) from error
    return value


def _read_flag(fields: dict[str, Any], name: str) -> bool:
    value = fields.get(name, False)
    if not isinstance(value, bool):
        raise ParameterError(f"{name} has to be true or false.", param=name)
    return value


def _read_integer(fields: dict[str, Any], name: str, default: int, *, lowest: int, highest: int) -> int:
    value = fields.get(name, default)
    if type(value) is not int or not lowest <= value <= highest:  # bool is an int to isinstance
        raise ParameterError(f"{name} has to be a whole number from {lowest} to {highest}.", param=name)
    return value


def _read_size(fields: dict[str, Any], default: tuple[int, int]) -> tuple[int, int]:
    text = _read_text(fields, "size")
    if text in {"", "auto"}:
        return default
    match = re.fullmatch(r"(\d{1,5})x(\d{1,5})", text, re.ASCII)
    sides = (int(match[1]), int(match[2])) if match else (0, 0)
    if any(not MIN_SIDE_PX <= side <= MAX_SIDE_PX or side % SIDE_MULTIPLE_PX for side in sides):
        raise ParameterError(
            f"size has to be WIDTHxHEIGHT in px, like {default[0]}x{default[1]}; "
            f"each from {MIN_SIDE_PX} to {MAX_SIDE_PX} and a multiple of {SIDE_MULTIPLE_PX}.",
            param="size",
        )
    return sides
