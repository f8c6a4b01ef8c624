"""Pictures that a person adds to a message: real ones only, upright, as PNG, no larger than a vision model reads."""

import io
import logging
import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace

from PIL import Image as Pixels
from PIL import ImageOps

from mom.chats.png_record import read_record
from mom.errors import AttachmentError
from mom.mixture.conversation import Attachment, Drawing

MAX_ATTACHMENTS = 4
MAX_ATTACHMENT_BYTES = 10_000_000
MAX_PIXELS = 50_000_000
SIDE_PX = 1536
FORMATS = ("PNG", "JPEG", "WEBP")
MIXED = {"L", "LA", "RGB", "RGBA", "CMYK"}  # the modes whose pixels Pillow mixes as they are

log = logging.getLogger(__name__)
_one_at_a_time = threading.Lock()  # a file of 200 kB may unfold to 400 MB


@dataclass(frozen=True, slots=True)
class CheckedPicture:
    """A picture that was decoded: PNG bytes, sizes in px; `drawing` is the record that MoM wrote into it, if it did."""

    png: bytes
    width: int
    height: int
    drawing: Drawing | None = None

    def as_attachment(self) -> Attachment:
        drawing = replace(self.drawing, png=self.png) if self.drawing else None
        return Attachment(self.png, "image/png", drawing)


def check_attachments(attachments: Sequence[Attachment]) -> list[CheckedPicture]:
    """Decode each and write it anew, which leaves out whatever else was in the file (a photo's place, for one). Of a picture
    that MoM drew, its record is read first.

    The media type that came with it is not believed. Raises `AttachmentError`.
    """
    if len(attachments) > MAX_ATTACHMENTS:
        raise AttachmentError(f"At most {MAX_ATTACHMENTS} pictures can be attached to a message.", param="attachments")
    return [_check(attachment.data) for attachment in attachments]


def _check(data: bytes) -> CheckedPicture:
    if len(data) > MAX_ATTACHMENT_BYTES:
        megabytes = MAX_ATTACHMENT_BYTES // 1_000_000
        raise AttachmentError(f"The picture is larger than {megabytes} MB. Attach a smaller one.", param="attachments")
    try:
        with Pixels.open(io.BytesIO(data), formats=FORMATS) as picture:
            if picture.width * picture.height > MAX_PIXELS:
                raise _too_many_pixels()
            with _one_at_a_time:
                return _as_png(picture)
    except (Pixels.DecompressionBombError, Pixels.DecompressionBombWarning) as error:  # a warning may be made an error
        raise _too_many_pixels() from error
    except (OSError, SyntaxError, ValueError, EOFError, Warning) as error:  # Pillow tells of a broken file in many ways
        raise AttachmentError(
            "An attached file is not a picture that can be read. Attach a PNG, a JPEG or a WebP.", param="attachments"
        ) from error


def _too_many_pixels() -> AttachmentError:
    return AttachmentError(
        f"The picture has more than {MAX_PIXELS // 1_000_000} million pixels. Attach a smaller one.",
        param="attachments",
    )


def _as_png(picture: Pixels.Image) -> CheckedPicture:
    drawing = read_record(picture)
    if picture.mode in MIXED and "transparency" not in picture.info:
        # Before all else, as each further step holds the whole picture once more. A JPEG is not even unfolded whole.
        picture.draft(None, (SIDE_PX, SIDE_PX))
        picture.thumbnail((SIDE_PX, SIDE_PX))
    upright = _to_eight_bits(_turn_upright(picture))
    pixels = upright.convert("RGBA" if upright.has_transparency_data else "RGB")
    pixels.thumbnail((SIDE_PX, SIDE_PX))
    buffer = io.BytesIO()
    pixels.save(buffer, "PNG")
    return CheckedPicture(buffer.getvalue(), *pixels.size, drawing)


def _turn_upright(picture: Pixels.Image) -> Pixels.Image:
    """As its camera was held; as it lies where that cannot be read (Pillow writes the camera's notes anew to turn a picture,
    and fails in many ways where one of them is odd).
    """
    try:
        return ImageOps.exif_transpose(picture)
    except Exception:  # noqa: BLE001
        log.info("the notes of an added picture cannot be read, so it is not turned")
        return picture


def _to_eight_bits(picture: Pixels.Image) -> Pixels.Image:
    """Sixteen bits a pixel as eight; Pillow itself cuts all above 255 off, which leaves white."""
    if not picture.mode.startswith("I"):
        return picture
    return picture.convert("I").point(lambda level: level / 256).convert("L")
