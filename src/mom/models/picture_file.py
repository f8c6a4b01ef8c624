"""Pictures as they come from an image model: checked, bounded, and turned into PNG where they are not."""

import base64
import io

from PIL import Image

MAX_SIDE_PX = 4096
FORMATS = ("PNG", "JPEG", "WEBP")
PREVIEW_PX = 256


class NoPictureError(Exception):
    """The bytes are no picture of a known format, or a larger one than any image model draws."""


def read_picture(data: bytes) -> tuple[bytes, int, int]:
    """PNG bytes, width and height in px. Raises `NoPictureError`."""
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as picture:
            width, height = picture.size
            if max(width, height) > MAX_SIDE_PX:  # before anything is decompressed
                raise NoPictureError(f"a picture of {width}x{height} px")
            picture.load()
            return data if picture.format == "PNG" else _write_png(picture), width, height
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise NoPictureError("a picture of absurd size") from error
    except (OSError, ValueError, SyntaxError) as error:  # what Pillow raises for damaged files, by format
        raise NoPictureError("something that is no PNG, JPEG or WebP picture") from error


def make_preview(data: bytes) -> str | None:
    """A small JPEG as a data URL, of a picture in whichever format; None where there is no picture."""
    try:
        png, _, _ = read_picture(data)
    except NoPictureError:
        return None
    buffer = io.BytesIO()
    with Image.open(io.BytesIO(png)) as picture:
        small = picture.convert("RGB")
    small.thumbnail((PREVIEW_PX, PREVIEW_PX))
    small.save(buffer, "JPEG", quality=80)
    return f"data:image/jpeg;base64,{base64.b64encode(buffer.getvalue()).decode()}"


def _write_png(picture: Image.Image) -> bytes:
    buffer = io.BytesIO()
    picture.convert("RGB").save(buffer, "PNG")
    return buffer.getvalue()
