"""Who works with a data folder: each web process holds a lock on it beside others, and a restore one that nobody else may hold.

MOM_PORT alone does not tell: it may be another in the shell that asks than in the one that serves. The system lets go of a lock when
its process ends, however it ends. (Windows has no such locks; there the port has to do.)
"""

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from mom.errors import ConflictError, StorageError

if sys.platform != "win32":
    import fcntl

FILE = "in_use"

log = logging.getLogger(__name__)


@contextmanager
def in_use(data_dir: Path) -> Iterator[bool]:
    """While this lasts, nobody has the folder alone; whoever has it alone now is waited for. Gives whether no other web process
    worked with the folder when this began. Raises `StorageError`.
    """
    with _opened(data_dir) as file:
        try:
            _lock(file, alone=True)
            was_free = True
        except BlockingIOError:
            was_free = False
        _lock(file, alone=False)
        yield was_free


@contextmanager
def alone(data_dir: Path) -> Iterator[None]:
    """While this lasts, no web process works with the folder. Raises `ConflictError` where one does, and `StorageError`."""
    with _opened(data_dir) as file:
        try:
            _lock(file, alone=True)
        except BlockingIOError as error:
            raise ConflictError(f"A MoM is running with the data in {data_dir}. Stop it first.") from error
        yield


def _opened(data_dir: Path) -> IO[bytes]:
    try:
        data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        return (data_dir / FILE).open("ab")
    except OSError as error:
        raise StorageError(
            f"The data folder {data_dir} cannot be written ({error.strerror}). Make it writable, or set MOM_DATA_DIR."
        ) from error


def _lock(file: IO[bytes], *, alone: bool) -> None:
    if sys.platform == "win32":
        return
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB if alone else fcntl.LOCK_SH)
    except BlockingIOError:
        raise
    except OSError as error:  # some network folders know no locks
        log.warning("the data folder cannot be locked: %s", error)
