"""What is seen in a model file before it is loaded."""

import struct

import pytest

from mom.errors import ModelFileError
from mom.serving.gguf_file import check_gguf, check_is_whole

NUMBER, ARRAY = 4, 9  # types of a value


def text(words: bytes) -> bytes:
    return struct.pack("<Q", len(words)) + words


TENSOR = text(b"t") + struct.pack("<IIQ", 0, 0, 0)


@pytest.mark.parametrize(
    "pair",
    [
        struct.pack("<Q", 2**64 - 1),
        text(b"general.alignment") + struct.pack("<II", NUMBER, 0),
        text(b"a") + struct.pack("<IIQ", ARRAY, NUMBER, 2**62),
        text(b"a") + struct.pack("<I", ARRAY) + 5_000 * struct.pack("<IQ", ARRAY, 1),
    ],
    ids=["a name without end", "alignment of nothing", "an array without end", "arrays in arrays"],
)
def test_a_damaged_file_is_told_as_one(tmp_path, pair):
    path = tmp_path / "model.gguf"
    path.write_bytes(b"GGUF" + struct.pack("<IQQ", 3, 1, 1) + pair + TENSOR + bytes(100))
    check_gguf(path)
    with pytest.raises(ModelFileError, match="cut off, or damaged"):
        check_is_whole(path)
