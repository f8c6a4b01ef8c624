"""Pictures as they come from an image model: checked, bounded, and turned into PNG where they are not."""

import io

from PIL import Image

MAX_SIDE_PX = 4096
FORMATS = ("PNG", "JPEG", "WEBP")


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


def _write_png(picture: Image.Image) -> bytes:
    buffer = io.BytesIO()
    picture.convert("RGB").save(buffer, "PNG")
    return buffer.getvalue()
