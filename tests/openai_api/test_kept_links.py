"""Links to kept pictures, by themselves."""

from mom.openai_api.kept_links import put_in_kept_pictures
from mom.openai_api.said import Said

LINK = f"http://127.0.0.1:8600/images/{'0a' * 16}.png"


def test_of_too_many_links_no_more_are_read_than_it_takes_to_refuse_them():
    read = []

    def find(image_id: str) -> bytes:
        read.append(image_id)
        return b"png"

    (message,) = put_in_kept_pictures([Said("messages.0", "user", picture_urls=[LINK] * 1_000)], find)
    assert read == ["0a" * 16] * 5
    assert list(message.picture_urls) == ["data:image/png;base64,cG5n"] * 5
