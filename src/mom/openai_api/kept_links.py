"""Links to pictures that MoM keeps, as its answers gave them: sent back, each stands for its picture."""

import base64
import re
from collections.abc import Callable, Sequence
from dataclasses import replace

from mom.chats.attachments import MAX_ATTACHMENTS
from mom.errors import NotFoundError
from mom.mixture.conversation import PICTURED_MESSAGES_SEEN
from mom.openai_api.said import Said

FindPicture = Callable[[str], bytes]
"""The PNG of a kept picture by its id. Raises `NotFoundError`, also for another person's."""
_KEPT_PICTURE = re.compile(r"/images/([0-9a-f]{32})\.png")  # the end of its link
_KEPT_PICTURE_CHARS = 44


def put_in_kept_pictures(said: Sequence[Said], find_picture: FindPicture) -> list[Said]:
    """The messages with the pictures that are looked at in place of links to them."""
    pictured = [number for number, message in enumerate(said) if message.picture_urls]
    seen = pictured[-PICTURED_MESSAGES_SEEN:]
    return [_look_up(message, find_picture) if number in seen else message for number, message in enumerate(said)]


def _look_up(message: Said, find_picture: FindPicture) -> Said:
    urls = message.picture_urls[: MAX_ATTACHMENTS + 1]  # with one too many it is refused, however many more there are
    return replace(message, picture_urls=[as_data_url(url, find_picture) for url in urls])


def kept_picture(url: str) -> str | None:
    """The id of the picture, where this is MoM's link to one."""
    found = _KEPT_PICTURE.fullmatch(url[-_KEPT_PICTURE_CHARS:])
    return found[1] if found else None


def as_data_url(url: str, find_picture: FindPicture) -> str:
    """Of a picture that MoM keeps; any other address is left as it is, and refused where it is read."""
    try:
        kept = kept_picture(url)
        return f"data:image/png;base64,{base64.b64encode(find_picture(kept)).decode()}" if kept else url
    except NotFoundError:
        return url
