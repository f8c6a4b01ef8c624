"""Looks at a model file, so that a wrong one is named before it is loaded."""

import mmap
import struct
from pathlib import Path

from mom.errors import ModelFileError
from mom.serving.gguf_parts import parts_of

MAGIC = b"GGUF"  # https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
KNOWN_VERSIONS = (2, 3)
HEADER_BYTES = 24  # magic, version, number of tensors, number of key-value pairs
# Bytes of a value by the number of its type; strings and arrays tell their own length.
VALUE_BYTES = {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}
STRING, ARRAY = 8, 9


def check_gguf(path: Path) -> None:
    """Raises `ModelFileError` unless this begins as a GGUF file with tensors does, as does each of the parts it is the first of."""
    parts = [Path(part) for part in parts_of(str(path))]
    for part in parts:
        if part != path and not part.exists():
            raise ModelFileError(f"There is no {part}, which belongs to {path}. Fetch it too, into the same folder.")
        _check_beginning(part, may_be_empty=len(parts) > 1)


def _check_beginning(path: Path, *, may_be_empty: bool) -> None:
    """Of several parts the first may hold what is said about the model, and no tensors."""
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
    if not tensors and not may_be_empty:
        raise ModelFileError(f"{path} holds no tensors: it is a vocabulary, not a model.")


def check_is_whole(path: Path) -> None:
    """Raises `ModelFileError` where a file ends before the beginning of its last tensor, as one that was cut off does.

    Call `check_gguf` first. How long that last tensor is depends on its type, which llama.cpp knows and checks as it loads.
    """
    for part in parts_of(str(path)):
        _check_part_is_whole(Path(part))


def _check_part_is_whole(path: Path) -> None:
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        try:
            is_whole = _least_length(data) <= len(data)
        except (struct.error, KeyError, ArithmeticError, RecursionError):
            is_whole = False
    if not is_whole:
        raise ModelFileError(
            f"{path} is cut off, or damaged: it has {path.stat().st_size} bytes. Fetch the file again."
        )


def _least_length(data: mmap.mmap) -> int:
    """Up to the first byte of the last tensor; without any, up to the end of what is said about the model.

    Raises `struct.error`, `KeyError`, `ArithmeticError` or `RecursionError` where the file is not what it should be.
    """
    tensors, pairs = struct.unpack_from("<QQ", data, 8)
    alignment, at = 32, HEADER_BYTES
    for _ in range(pairs):
        name, at = _string(data, at)
        if name == b"general.alignment":
            alignment = _number("<I", data, at + 4)
        at = _after(data, _number("<I", data, at), at + 4)
    last = 0
    for _ in range(tensors):
        _name, at = _string(data, at)
        dimensions = _number("<I", data, at)
        at += 4 + 8 * dimensions + 4  # and the type
        last, at = max(last, _number("<Q", data, at)), at + 8
    return at + (-at % alignment) + last + 1 if tensors else at


def _number(form: str, data: mmap.mmap, at: int) -> int:
    return int(struct.unpack_from(form, data, at)[0])


def _string(data: mmap.mmap, at: int) -> tuple[bytes, int]:
    """The string at this place, and the place after it."""
    start = at + 8
    end = start + _number("<Q", data, at)
    return data[start:end], end


def _after(data: mmap.mmap, kind: int, at: int) -> int:
    """The place after the value of this kind."""
    if kind == STRING:
        return _string(data, at)[1]
    if kind != ARRAY:
        return at + VALUE_BYTES[kind]
    kind, length = _number("<I", data, at), _number("<Q", data, at + 4)
    at += 12
    if kind in VALUE_BYTES:
        return at + VALUE_BYTES[kind] * length
    for _ in range(length):
        at = _after(data, kind, at)
    return at
