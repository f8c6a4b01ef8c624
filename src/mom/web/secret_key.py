"""The key that signs what browsers hand back: made at the first start, kept to this machine, never shipped."""

import os
import secrets
from contextlib import suppress
from pathlib import Path

from mom.errors import StorageError

KEY_BYTES = 32


def read_or_make_secret_key(data_dir: Path) -> bytes:
    """The bytes of `data_dir/secret_key`, made with mode 0600 where there is none yet. Raises `StorageError`."""
    path = data_dir / "secret_key"
    try:
        data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        with suppress(FileExistsError):
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(secrets.token_bytes(KEY_BYTES))
        key = path.read_bytes()
    except OSError as error:
        raise StorageError(
            f"MoM cannot keep its secret key in {data_dir}: {error.strerror}. Make the folder writable, or set "
            "MOM_DATA_DIR to another."
        ) from error
    if len(key) < KEY_BYTES:
        raise StorageError(f"The secret key {path} is damaged. Delete the file: MoM makes a new one.")
    return key
