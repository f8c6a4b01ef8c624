"""Reads what `POST /v1/images/generations` and `/edits` ask for: an allow-list of parameters, each with type and bounds.

OpenAI's parameters keep OpenAI's meaning; `seed`, `steps`, `cfg_scale`, `negative_prompt`, `strength` and `priority` are
ours. What is not understood, or would change nothing with the loaded model, is refused, not ignored.
"""

import json
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mom.errors import NotFoundError, ParameterError
from mom.serving.image_server.drawing import Abilities, PictureSpec

MAX_PROMPT_CHARACTERS = 10_000
MAX_PICTURES = 4
MAX_PARTIAL_IMAGES = 3
MAX_OWNER_CHARACTERS = 200
LONGEST_NAME = 60  # characters of a parameter's name that are said back
# PyTorch's CPU generator reads no more bits: a larger seed would be another name for a smaller one.
MAX_SEED = 2**32 - 1
MIN_SIDE_PX, MAX_SIDE_PX = 64, 2048
DEFAULT_STRENGTH, MIN_STRENGTH = 0.7, 0.1
# What an LCM is guided with where something is to be avoided: more than a little spoils its pictures.
# https://huggingface.co/latent-consistency/lcm-lora-sdv1-5
AVOIDING_GUIDANCE = 1.5
KNOWN = (
    "prompt", "model", "n", "size", "response_format", "output_format", "stream", "partial_images", "user",
    "seed", "steps", "cfg_scale", "negative_prompt", "priority",
)  # fmt: skip
KNOWN_IN_EDITS = (*KNOWN, "strength")


@dataclass(frozen=True, slots=True)
class Defaults:
    """What the loaded model chooses where a request does not, and what it can do."""

    model: str
    steps: int
    abilities: Abilities


@dataclass(frozen=True, slots=True)
class GenerationRequest:
    """A checked request: each picture fully determined. `partial_images` are asked for in a stream only."""

    specs: tuple[PictureSpec, ...]
    stream: bool
    partial_images: int
    as_url: bool = False
    owner: str = ""
    is_batch: bool = False


def read_object(body: bytes) -> dict[str, Any]:
    """The JSON object in the body. Raises `ParameterError`."""
    try:
        fields = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise ParameterError("The body is not JSON. Send an object with at least a prompt.") from error
    if not isinstance(fields, dict):
        raise ParameterError("The body has to be a JSON object with at least a prompt.")
    return fields


def read_request(fields: Mapping[str, Any], defaults: Defaults, source: bytes | None = None) -> GenerationRequest:
    """The request in these fields; `source` is the picture to begin from, its size the default one.

    Raises `ParameterError` naming the parameter and what to write instead, `NotFoundError` for another model's name.
    """
    known = KNOWN if source is None else KNOWN_IN_EDITS
    if unknown := sorted(set(fields) - set(known)):
        name = unknown[0][:LONGEST_NAME].encode(errors="backslashreplace").decode()  # half a character is no text
        raise ParameterError(f"Unknown parameter {name!r}. Known are {', '.join(known)}.", param=name)
    fields = {name: value for name, value in fields.items() if value is not None}
    abilities = defaults.abilities
    prompt = _read_prompt(fields)
    if fields.get("output_format", "png") != "png":
        raise ParameterError("output_format can only be 'png'.", param="output_format")
    if _read_text(fields, "model") not in {"", defaults.model}:
        raise NotFoundError(
            f"This server's only model is {defaults.model!r}. Ask for it, or leave model out.", param="model"
        )
    stream = _read_flag(fields, "stream")
    pictures = _read_integer(fields, "n", 1, lowest=1, highest=1 if stream else MAX_PICTURES)
    partial_images = _read_integer(fields, "partial_images", 0, lowest=0, highest=MAX_PARTIAL_IMAGES)
    if partial_images and not stream:
        raise ParameterError("partial_images come in a stream only. Add stream: true.", param="partial_images")
    strength = 1.0
    if source is not None:
        strength = _read_number(fields, "strength", DEFAULT_STRENGTH, lowest=MIN_STRENGTH, highest=1.0)
    width, height = _read_size(fields, abilities)
    steps = _read_steps(fields, defaults, strength)
    negative_prompt, cfg_scale = _read_guidance(fields, abilities)
    seed = _read_integer(fields, "seed", secrets.randbelow(MAX_SEED + 1), lowest=0, highest=MAX_SEED)
    specs = tuple(
        PictureSpec(
            prompt=prompt, seed=(seed + index) % (MAX_SEED + 1), steps=steps, width=width, height=height,
            negative_prompt=negative_prompt, cfg_scale=cfg_scale, source=source, strength=strength,
        )
        for index in range(pictures)
    )  # fmt: skip
    as_url = _read_word(fields, "response_format", ("b64_json", "url")) == "url"
    is_batch = _read_word(fields, "priority", ("person", "batch")) == "batch"
    owner = _read_text(fields, "user")
    if len(owner) > MAX_OWNER_CHARACTERS:
        raise ParameterError(f"user has at most {MAX_OWNER_CHARACTERS} characters.", param="user")
    return GenerationRequest(specs, stream, partial_images, as_url, owner, is_batch)


def _read_prompt(fields: Mapping[str, Any]) -> str:
    prompt = _read_text(fields, "prompt")
    if not prompt.strip():
        raise ParameterError("Say in prompt what is to be drawn.", param="prompt")
    return prompt


def _read_steps(fields: Mapping[str, Any], defaults: Defaults, strength: float) -> int:
    """Of the model's longest schedule only the last `strength` is taken."""
    most = max(1, int(defaults.abilities.max_steps * strength))
    steps = _read_integer(fields, "steps", min(defaults.steps, most), lowest=1, highest=defaults.abilities.max_steps)
    if steps > most:
        raise ParameterError(
            f"With a strength of {strength:g} this model takes {most} steps at most. Ask for fewer, or raise strength.",
            param="steps",
        )
    return steps


def _read_guidance(fields: Mapping[str, Any], abilities: Abilities) -> tuple[str, float | None]:
    negative_prompt = _read_text(fields, "negative_prompt").strip()
    cfg_scale = None
    if "cfg_scale" in fields:
        if not abilities.max_guidance:
            raise ParameterError("This model takes no guidance. Leave cfg_scale out.", param="cfg_scale")
        cfg_scale = _read_number(fields, "cfg_scale", 1.0, lowest=0.0, highest=abilities.max_guidance)
    if not negative_prompt:
        return "", cfg_scale
    if not abilities.negative_prompts:
        raise ParameterError(
            "A negative_prompt would change nothing: this model does not draw by comparing. Leave it out.",
            param="negative_prompt",
        )
    if cfg_scale is not None and cfg_scale <= 1:
        raise ParameterError("With a negative_prompt, cfg_scale has to be above 1.", param="cfg_scale")
    return negative_prompt, AVOIDING_GUIDANCE if cfg_scale is None else cfg_scale


def _read_text(fields: Mapping[str, Any], name: str) -> str:
    value = fields.get(name, "")
    if not isinstance(value, str):
        raise ParameterError(f"{name} has to be a string.", param=name)
    if len(value) > MAX_PROMPT_CHARACTERS:
        raise ParameterError(
            f"{name} has {len(value)} characters; at most {MAX_PROMPT_CHARACTERS} are taken.", param=name
        )
    try:
        value.encode()
    except UnicodeEncodeError as error:  # JSON can spell half of a surrogate pair, which is no text
        raise ParameterError(f"{name} holds half a character (a lone surrogate).", param=name) from error
    return value


def _read_word(fields: Mapping[str, Any], name: str, words: tuple[str, ...]) -> str:
    """One of `words`; the first where nothing is said."""
    value = fields.get(name, words[0])
    if value not in words:
        raise ParameterError(f"{name} can only be {' or '.join(map(repr, words))}.", param=name)
    return str(value)


def _read_flag(fields: Mapping[str, Any], name: str) -> bool:
    value = fields.get(name, False)
    if not isinstance(value, bool):
        raise ParameterError(f"{name} has to be true or false.", param=name)
    return value


def _read_integer(fields: Mapping[str, Any], name: str, default: int, *, lowest: int, highest: int) -> int:
    value = fields.get(name, default)
    if type(value) is not int or not lowest <= value <= highest:  # bool is an int to isinstance
        raise ParameterError(f"{name} has to be a whole number from {lowest} to {highest}.", param=name)
    return value


def _read_number(fields: Mapping[str, Any], name: str, default: float, *, lowest: float, highest: float) -> float:
    value = fields.get(name, default)
    if type(value) not in {int, float} or not lowest <= value <= highest:  # NaN is in no interval
        raise ParameterError(f"{name} has to be a number from {lowest:g} to {highest:g}.", param=name)
    return float(value)


def _read_size(fields: Mapping[str, Any], abilities: Abilities) -> tuple[int, int]:
    text, default, multiple = _read_text(fields, "size"), abilities.default_size, abilities.side_multiple
    if text in {"", "auto"}:
        return default
    match = re.fullmatch(r"(\d{1,5})x(\d{1,5})", text, re.ASCII)
    width, height = (int(match[1]), int(match[2])) if match else (0, 0)
    if any(not MIN_SIDE_PX <= side <= MAX_SIDE_PX or side % multiple for side in (width, height)):
        raise ParameterError(
            f"size has to be WIDTHxHEIGHT in px, like {default[0]}x{default[1]}; "
            f"each from {MIN_SIDE_PX} to {MAX_SIDE_PX} and a multiple of {multiple}.",
            param="size",
        )
    if width * height > abilities.max_pixels:
        side = int(abilities.max_pixels**0.5) // multiple * multiple
        raise ParameterError(
            f"A picture of {width}x{height} px does not fit into this machine's memory. Ask for {side}x{side} at most.",
            param="size",
        )
    return width, height
