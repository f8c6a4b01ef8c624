"""Looks into a `.safetensors` file without loading it: is it whole, and what do its weights call themselves?"""

import json
import math
import struct
from pathlib import Path

from mom.errors import ModelFileError

LENGTH = struct.Struct("<Q")
MAX_HEADER_BYTES = 100_000_000
# How the weights of the text encoder begin in a file that holds a whole model, as the original code names them.
SD_TEXT_ENCODER = "cond_stage_model.transformer.text_model."
SDXL_TEXT_ENCODER = "conditioner.embedders.1."


def read_names(path: Path) -> list[str]:
    """The names of the weights. Raises `ModelFileError` for a file that is cut off or is no such file."""
    return list(_read_header(path))


def count_parameters(path: Path) -> int:
    """How many numbers the weights are. Raises as `read_names` does."""
    return sum(_read_header(path).values())


def _read_header(path: Path) -> dict[str, int]:
    """Name -> how many numbers, of each weight.

    The format: 8 bytes of length, a JSON header of that length, the numbers. Written here because the image part, whose
    library could do it, takes seconds to import. https://github.com/huggingface/safetensors#format
    """
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            (length,) = LENGTH.unpack(file.read(LENGTH.size))
            if length > min(MAX_HEADER_BYTES, size):
                raise _damaged(path)
            header = json.loads(file.read(length))
        entries = {name: entry for name, entry in header.items() if name != "__metadata__"}
        ends = [entry["data_offsets"][1] for entry in entries.values()]
        counts = {name: math.prod(map(int, entry["shape"])) for name, entry in entries.items()}
    except OSError as error:
        raise ModelFileError(f"{path} cannot be read: {error.strerror}.") from error
    except (struct.error, ValueError, RecursionError, KeyError, TypeError, AttributeError, LookupError) as error:
        raise _damaged(path) from error
    if LENGTH.size + length + max(ends, default=0) != size:
        raise ModelFileError(f"{path.name} is cut off, or was written wrongly. Download it again.")
    return counts


def _damaged(path: Path) -> ModelFileError:
    return ModelFileError(f"{path.name} is not a .safetensors file, or it is damaged. Download it again.")
