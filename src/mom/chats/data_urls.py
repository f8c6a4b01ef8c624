"""Pictures and files inside of JSON: data URLs (RFC 2397), the only kind of URL from outside that is ever read."""

import base64
import binascii

from mom.errors import AttachmentError
from mom.mixture.conversation import Attachment

PICTURES_LIMIT = 56_000_000  # bytes of a request that may carry four pictures of 10 MB each in base64


def read_data_url(url: str, *, param: str = "attachments") -> Attachment:
    """The picture in a base64 data URL. Whether it is one is checked where it is decoded. Raises `AttachmentError`."""
    return Attachment(*_read(url, "The picture", "image/png", param))


def read_file_data(sent: str, name: str, *, param: str) -> tuple[bytes, str]:
    """The bytes and the media type of a file, which comes as a data URL or as its base64 alone. Raises `AttachmentError`."""
    is_bare = ":" not in sent
    return _read(f"data:;base64,{sent}" if is_bare else sent, name, "application/pdf", param)


def _read(url: str, name: str, media_type: str, param: str) -> tuple[bytes, str]:
    head, comma, data = url.partition(",")
    told, *options = head.removeprefix("data:").split(";")
    if not head.startswith("data:") or not comma or "base64" not in options:
        raise AttachmentError(
            f"{name} must be sent as a data URL: data:{media_type};base64,… MoM fetches no addresses.", param=param
        )
    try:
        return base64.b64decode(data, validate=True), told
    except (binascii.Error, ValueError) as error:
        raise AttachmentError(f"{name}'s data URL is not base64. Encode it again.", param=param) from error
