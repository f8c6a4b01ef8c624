"""Looks at the first bytes of a model file, so that a wrong one is named before it is loaded."""

import struct
from pathlib import Path

from mom.errors import ModelFileError

MAGIC = b"GGUF"  # https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
KNOWN_VERSIONS = (2, 3)
HEADER_BYTES = 24  # magic, version, number of tensors, number of key-value pairs


def check_gguf(path: Path) -> None:
    """Raises `ModelFileError` unless this is a GGUF file with tensors. Truncation further in is llama.cpp's to find."""
    try:
        with path.open("rb") as file:
            header = file.read(HEADER_BYTES)
    except FileNotFoundError as error:
        raise ModelFileError(f"There is no model file {path}. Check the path after 'file:'.") from error
    except IsADirectoryError as error:
        raise ModelFileError(f"{path} is a folder, not a GGUF file. Name one file in it.") from error
    except OSError as error:
        raise ModelFileError(f"The model file {path} cannot be read: {error.strerror}.") from error
    if header.startswith(b"version https://git-"):
        raise ModelFileError(f"{path} is a Git LFS pointer, not the model itself. Run 'git lfs pull' beside it.")
    if not header.startswith(MAGIC):
        raise ModelFileError(f"{path} is not a GGUF file. llama.cpp reads GGUF only.")
    if len(header) < HEADER_BYTES:
        raise ModelFileError(f"{path} ends after {len(header)} bytes. Fetch the file again.")
    version, tensors, _pairs = struct.unpack("<IQQ", header[4:])
    if version not in KNOWN_VERSIONS:
        raise ModelFileError(f"{path} has GGUF version {version}; this llama.cpp reads versions 2 and 3.")
    if not tensors:
        raise ModelFileError(f"{path} holds no tensors: it is a vocabulary, not a model.")
