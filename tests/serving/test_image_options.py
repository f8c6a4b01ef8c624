"""`MOM_IMAGE_ENGINE`: read by the supervisor, so that a misspelt word is told before anything is loaded."""

import pytest

from mom.errors import SettingsError
from mom.serving.image_server.options import EngineOptions


def test_what_is_not_said_is_the_engines_own_choice():
    assert EngineOptions.from_text("") == EngineOptions()
    assert EngineOptions().as_pairs() == {}


def test_pairs_are_read_and_written_again():
    options = EngineOptions.from_text("dtype=float32  steps=6 taesd=models/taesd decoder=taesd")
    assert (options.dtype, options.steps, options.decoder) == ("float32", "6", "taesd")
    assert EngineOptions.from_pairs(options.as_pairs()) == options


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("dtype", "name=value"),
        ("dtype=", "name=value"),
        ("dtyp=float32", "Did you mean dtype"),
        ("gpu=on", "There are engine"),
        ("dtype=float8", "bfloat16"),
        ("safety=maybe", "off, on"),
        ("engine=onnx", "torch, openvino"),
        ("batch=0", "1 to 50"),
        ("steps=many", "1 to 50"),
        ("decoder=taesd", "taesd=FOLDER"),
        ("engine=openvino compile=on", "leave one out"),
    ],
)
def test_what_is_misspelt_is_told(text, words):
    with pytest.raises(SettingsError, match=words):
        EngineOptions.from_text(text)
