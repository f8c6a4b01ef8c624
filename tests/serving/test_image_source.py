"""The picture that an edit begins from, as it is read from its file."""

import io

import pytest
from PIL import Image

from mom.serving.image_server.source_picture import open_source


def written(mode, colour, **options) -> bytes:
    buffer = io.BytesIO()
    Image.new(mode, (8, 8), colour).save(buffer, "PNG", **options)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("file", "seen"),
    [
        (written("RGBA", (0, 0, 0, 0)), (255, 255, 255)),
        (written("RGBA", (255, 0, 0, 51)), (255, 204, 204)),
        (written("LA", (0, 0)), (255, 255, 255)),
        (written("P", 0, transparency=0), (255, 255, 255)),
        (written("RGB", "red", transparency=(255, 0, 0)), (255, 255, 255)),
        (written("RGB", "red"), (255, 0, 0)),
        (written("I;16", 2_000), (7, 7, 7)),
        (written("1", 1), (255, 255, 255)),
    ],
)
def test_colours_are_as_people_see_them(file, seen):
    assert open_source(file).getpixel((0, 0)) == seen
