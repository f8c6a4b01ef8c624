"""The picture that an edit begins from, as it is read from its file."""

import io

import pytest
from PIL import Image

from mom.errors import ParameterError
from mom.serving.image_server.drawing import Abilities
from mom.serving.image_server.source_picture import fit_size, open_source


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


@pytest.mark.parametrize("side", [8_000, 15_000])  # beyond what MoM takes, and beyond what Pillow opens
def test_a_picture_of_too_many_pixels_is_named_so(side):
    buffer = io.BytesIO()
    Image.new("1", (side, side)).save(buffer, "PNG")
    with pytest.raises(ParameterError, match="too many pixels"):
        open_source(buffer.getvalue())


def test_a_picture_that_was_fitted_keeps_its_size():
    abilities = Abilities(default_size=(512, 512), max_steps=50, max_pixels=10**9)
    for width, height in ((517, 1288), (860, 1431), (1287, 521), (4000, 3000), (512, 512)):
        fitted = fit_size(Image.new("1", (width, height)), abilities)
        assert fit_size(Image.new("1", tuple(map(int, fitted.split("x")))), abilities) == fitted
