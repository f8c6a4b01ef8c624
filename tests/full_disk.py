"""A disk on which there is no room: the system itself lets no file grow beyond a limit (`setrlimit(2)`, RLIMIT_FSIZE)."""

import io
import random
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from PIL import Image

resource = pytest.importorskip("resource", reason="this system has no limits on a file's size")


@contextmanager
def no_file_beyond(size: int, pid: int | None = None) -> Iterator[None]:
    """In this process, or (on Linux) in another one's: a write beyond `size` bytes then raises `OSError` there."""
    if pid is not None and not hasattr(resource, "prlimit"):
        pytest.skip("this system cannot limit another process")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)

    def limit(soft_limit: int) -> None:
        if pid is None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft_limit, hard))
        else:
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (soft_limit, hard))

    limit(size)
    try:
        yield
    finally:
        limit(soft)


def noise(side: int) -> bytes:
    """A PNG that no compression makes small: three bytes a pixel."""
    buffer = io.BytesIO()
    Image.frombytes("RGB", (side, side), random.Random(0).randbytes(side * side * 3)).save(buffer, "PNG")
    return buffer.getvalue()
