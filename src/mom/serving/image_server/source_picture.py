"""The picture that an edit begins from: checked, bounded, and brought to the size that will be painted on."""

import io

from PIL import Image, ImageOps

from mom.errors import ParameterError
from mom.serving.image_server.drawing import Abilities
from mom.serving.image_server.parameters import MAX_SIDE_PX, MIN_SIDE_PX

MAX_SOURCE_BYTES = 10_000_000
MAX_SOURCE_PIXELS = 50_000_000
FORMATS = ("PNG", "JPEG", "WEBP")
FITS = 0.97  # what was fitted before has more pixels now and then, as its sides were rounded: it keeps its size


def open_source(data: bytes) -> Image.Image:
    """The picture, upright and without transparency. Raises `ParameterError`."""
    if len(data) > MAX_SOURCE_BYTES:
        raise ParameterError(
            f"image is larger than {MAX_SOURCE_BYTES // 1_000_000} MB. Send a smaller one.", param="image"
        )
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as picture:
            _check_pixels(picture)  # before anything is decompressed
            return _paint_on_white(ImageOps.exif_transpose(picture))
    except ParameterError:
        raise
    except Image.DecompressionBombError as error:
        raise _too_many_pixels() from error
    except Exception as error:  # Pillow tells of a broken file in many ways, struct.error and TypeError among them
        raise ParameterError(
            "image is not a picture that can be read. Send a PNG, a JPEG or a WebP.", param="image"
        ) from error


def _paint_on_white(picture: Image.Image) -> Image.Image:
    """What is see-through has a colour as well, mostly black, which nobody has seen; sixteen bits a pixel become eight."""
    if picture.mode.startswith("I"):
        picture = picture.convert("I").point(lambda level: level / 256).convert("L")
    if not picture.has_transparency_data:
        return picture.convert("RGB")
    white, shown = Image.new("RGB", picture.size, "white"), picture.convert("RGBA")
    white.paste(shown, mask=shown)
    return white


def _check_pixels(picture: Image.Image) -> None:
    if picture.width * picture.height > MAX_SOURCE_PIXELS:
        raise _too_many_pixels()


def _too_many_pixels() -> ParameterError:
    return ParameterError("image has too many pixels. Send a smaller one.", param="image")


def fit_size(picture: Image.Image, abilities: Abilities) -> str:
    """The size for this picture's shape with as many pixels as the model was trained for, as a request writes it."""
    width, height = abilities.default_size
    scale = (width * height / (picture.width * picture.height)) ** 0.5
    scale = 1.0 if scale > FITS else scale
    multiple = abilities.side_multiple
    sides = (max(MIN_SIDE_PX, round(side * scale / multiple) * multiple) for side in picture.size)
    return "x".join(str(min(side, MAX_SIDE_PX)) for side in sides)


def cover(picture: Image.Image, width: int, height: int) -> bytes:
    """The picture's middle, scaled to width x height px, as PNG."""
    buffer = io.BytesIO()
    ImageOps.fit(picture, (width, height), Image.Resampling.LANCZOS).save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()
