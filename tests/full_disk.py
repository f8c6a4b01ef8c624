"""A disk on which there is no room: the system itself lets no file grow beyond a limit (`setrlimit(2)`, RLIMIT_FSIZE)."""

import io
import random
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from PIL import Image

resource = pytest.importorskip("resource", reason="this system has no limits on a file's size")


@contextmanager
def no_file_beyond(size: int) -> Iterator[None]:
    """In this process, and for their lives in those it starts: a write beyond `size` bytes raises `OSError`."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def noise(side: int) -> bytes:
    """A PNG that no compression makes small: three bytes a pixel."""
    buffer = io.BytesIO()
    Image.frombytes("RGB", (side, side), random.Random(0).randbytes(side * side * 3)).save(buffer, "PNG")
    return buffer.getvalue()
