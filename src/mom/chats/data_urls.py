"""Pictures inside of JSON: data URLs (RFC 2397), the only kind of URL from outside that is ever read."""

import base64
import binascii

from mom.errors import AttachmentError
from mom.mixture.conversation import Attachment

PICTURES_LIMIT = 56_000_000  # bytes of a request that may carry four pictures of 10 MB each in base64


def read_data_url(url: str, *, param: str = "attachments") -> Attachment:
    """The picture in a base64 data URL. Whether it is one is checked where it is decoded. Raises `AttachmentError`."""
    head, comma, data = url.partition(",")
    media_type, *options = head.removeprefix("data:").split(";")
    if not head.startswith("data:") or not comma or "base64" not in options:
        raise AttachmentError(
            "Send the picture as a data URL: data:image/png;base64,… MoM fetches no addresses.",
            param=param,
        )
    try:
        return Attachment(base64.b64decode(data, validate=True), media_type)
    except (binascii.Error, ValueError) as error:
        raise AttachmentError("The picture's data URL is not base64. Encode it again.", param=param) from error
