"""The files of pictures in their folder: each under its name only once it is complete, and a mark that says whose they are."""

import os
import tempfile
from collections.abc import Container, Iterable
from pathlib import Path

from mom.errors import NotFoundError, StorageError

PICTURE, THUMBNAIL, UNFINISHED = ".png", ".webp", ".unfinished"
MARK = "belongs_to"


class PictureFiles:
    """`folder` is made where something is written. Raises `NotFoundError` for a file that is gone, `StorageError` where the disk does
    not do its part.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def ids(self) -> set[str]:
        """Of the pictures that are there."""
        return {path.stem for path in self.folder.glob(f"??/*{PICTURE}")}

    def has(self, image_id: str, suffix: str) -> bool:
        return self._path(image_id, suffix).exists()

    def read(self, image_id: str, suffix: str = PICTURE) -> bytes:
        return _read(self._path(image_id, suffix))

    def write(self, image_id: str, data: bytes, suffix: str = PICTURE) -> None:
        _write(self._path(image_id, suffix), data)

    def delete(self, image_ids: Iterable[str]) -> None:
        for image_id in image_ids:
            for suffix in (PICTURE, THUMBNAIL):
                unlink(self._path(image_id, suffix))

    def delete_all(self, *, but: Container[str] = (), keeps_mark: bool = False) -> None:
        """Delete every picture's file, except those of the ids `but`; whatever else lies in the folder is left alone. So is the
        mark of whose it is, where it `keeps_mark`.
        """
        if not keeps_mark:
            unlink(self.folder / MARK)
        self.delete(image_id for image_id in self.ids() if image_id not in but)

    def older_than(self, moment: float) -> list[Path]:
        """All files, complete or not, that were last changed before that (seconds since 1970)."""
        return [path for path in self.folder.glob("??/*.*") if _is_older(path, moment)]

    def read_mark(self) -> list[str]:
        """Its two lines, one in an old one, or none."""
        mark = self.folder / MARK
        return os.fsdecode(_read(mark)).split("\n", 1) if mark.exists() else []

    def write_mark(self, user: str, place: str) -> None:
        _write(self.folder / MARK, os.fsencode(f"{user}\n{place}"))

    def _path(self, image_id: str, suffix: str) -> Path:
        # Two levels, as folders with very many files are slow to list.
        return self.folder / image_id[:2] / f"{image_id}{suffix}"


def unlink(path: Path) -> None:
    """Raises `StorageError`."""
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise _storage_error(path, error) from error


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise NotFoundError("The picture's file is gone from the data folder.") from error
    except OSError as error:
        raise _storage_error(path, error) from error


def _write(path: Path, data: bytes) -> None:
    """All of it or nothing."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, unfinished = tempfile.mkstemp(dir=path.parent, suffix=UNFINISHED)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
            Path(unfinished).replace(path)
        except BaseException:
            Path(unfinished).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise _storage_error(path, error) from error


def _is_older(path: Path, moment: float) -> bool:
    try:
        return path.stat().st_mtime < moment
    except FileNotFoundError:  # deleted meanwhile
        return False


def _storage_error(path: Path, error: OSError) -> StorageError:
    return StorageError(
        f"The picture file {path.name} cannot be read or written in {path.parent.parent}: {error.strerror}. "
        "Check the free disk space and that the folder may be written to."
    )
