"""What is written into a picture's file: how it was made, so that it can be made again."""

import io
import json
from datetime import datetime

from PIL import Image as Pixels
from PIL.PngImagePlugin import PngInfo

from mom import __version__
from mom.chats.tables import utc_text
from mom.errors import PartBrokenError
from mom.mixture.ports import Picture


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
        raise PartBrokenError("The image model sent something that is no PNG picture.", part="image_model") from error
    return buffer.getvalue()


def parameters_text(picture: Picture) -> str:
    """As AUTOMATIC1111 writes it: the prompt, then one line of `Key: value` pairs.

    https://github.com/AUTOMATIC1111/stable-diffusion-webui/blob/master/modules/infotext_utils.py
    """
    pairs = {
        "Steps": picture.steps,
        "Seed": picture.seed,
        "Size": f"{picture.width}x{picture.height}",
        "Model": picture.model,
        "Version": f"MoM {__version__}",
    }
    return f"{picture.prompt}\n" + ", ".join(
        f"{key}: {_quote(value)}" for key, value in pairs.items() if value is not None
    )


def mom_record(picture: Picture, words: str, drawn_at: datetime) -> dict[str, object]:
    return {
        "words": words,
        "prompt": picture.prompt,
        "dropped_tail": picture.dropped_tail,
        "seed": picture.seed,
        "steps": picture.steps,
        "width": picture.width,
        "height": picture.height,
        "model": picture.model,
        "drawn_at": utc_text(drawn_at),
        "version": __version__,
    }


def _quote(value: object) -> str:
    text = str(value)
    return json.dumps(text, ensure_ascii=False) if any(mark in text for mark in ",:\n") else text
