"""What is written into a picture's file: how it was made, so that it can be made again."""

import io
import json
from datetime import datetime

from PIL import Image as Pixels
from PIL.PngImagePlugin import PngInfo

from mom import __version__
from mom.chats.tables import utc_text
from mom.errors import PartBrokenError
from mom.mixture.conversation import Drawing
from mom.mixture.halves import join_halves
from mom.mixture.ports import MAX_SEED, Picture

MAX_PROMPT_CHARS = 4_000
SAMPLERS = {
    "LCMScheduler": "LCM",
    "EulerScheduler": "Euler",
    "EulerAncestralScheduler": "Euler a",
    "FlowScheduler": "Euler",
}
"""AUTOMATIC1111's names of our image server's schedulers: for any other it draws with a sampler of its own choice."""


def write_record(picture: Picture, *, words: str, drawn_at: datetime) -> bytes:
    """The picture's PNG with the text keys `parameters` and `mom`. Raises `PartBrokenError` where it is no PNG."""
    texts = PngInfo()
    texts.add_text("parameters", parameters_text(picture))
    texts.add_text("mom", json.dumps(mom_record(picture, words, drawn_at)))
    buffer = io.BytesIO()
    try:
        with Pixels.open(io.BytesIO(picture.png), formats=("PNG",)) as pixels:
            pixels.save(buffer, "PNG", pnginfo=texts)
    except (OSError, SyntaxError, ValueError, Pixels.DecompressionBombError) as error:
        raise PartBrokenError(
            "The image model sent something that is not a PNG picture.", part="image_model"
        ) from error
    return buffer.getvalue()


def parameters_text(picture: Picture) -> str:
    """As AUTOMATIC1111 writes it: the prompt, what to avoid, then one line of `Key: value` pairs.

    https://github.com/AUTOMATIC1111/stable-diffusion-webui/blob/master/modules/infotext_utils.py
    """
    pairs = {
        "Steps": picture.steps,
        "Sampler": SAMPLERS.get(picture.scheduler, picture.scheduler) or None,
        "CFG scale": None if picture.cfg_scale is None else f"{picture.cfg_scale:g}",
        "Seed": picture.seed,
        "Size": f"{picture.width}x{picture.height}",
        "Model": picture.model,
        "Denoising strength": picture.strength,
        "Version": f"MoM {__version__}",
    }
    avoided = f"Negative prompt: {picture.negative_prompt}\n" if picture.negative_prompt else ""
    told = ", ".join(f"{key}: {_quote(value)}" for key, value in pairs.items() if value is not None)
    return f"{picture.prompt}\n{avoided}{told}"


def mom_record(picture: Picture, words: str, drawn_at: datetime) -> dict[str, object]:
    return {
        "words": words,
        "prompt": picture.prompt,
        "dropped_tail": picture.dropped_tail,
        "seed": picture.seed,
        "steps": picture.steps,
        "scheduler": picture.scheduler or None,
        "cfg_scale": picture.cfg_scale,
        "negative_prompt": picture.negative_prompt or None,
        "strength": picture.strength,
        "width": picture.width,
        "height": picture.height,
        "model": picture.model,
        "drawn_at": utc_text(drawn_at),
        "version": __version__,
    }


def read_record(picture: Pixels.Image) -> Drawing | None:
    """What MoM wrote into this picture, or None where there is nothing of the kind. Whoever made the file may have lied: it
    is as good as words that a person types.
    """
    try:
        record = json.loads(picture.info["mom"])
        prompt, seed = record["prompt"], record.get("seed")
    except (KeyError, ValueError, TypeError, AttributeError, RecursionError):
        return None
    if not isinstance(prompt, str) or not prompt.strip() or "\0" in prompt or len(prompt) > MAX_PROMPT_CHARS:
        return None
    is_seed = type(seed) is int and 0 <= seed <= MAX_SEED
    return Drawing(join_halves(prompt), seed if is_seed else None)


def _quote(value: object) -> str:
    text = str(value)
    return json.dumps(text, ensure_ascii=False) if any(mark in text for mark in ",:\n") else text
