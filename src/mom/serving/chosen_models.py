"""The models that were chosen while MoM ran, kept over a restart with their keys: a small JSON file in the data folder.

A choice holds against the setting that it was made against; where that has changed since, the setting is the newer wish.
"""

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mom.models.parts import PartName

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Choice:
    """A model's address as a person wrote it, and the key that was given with it."""

    address: str
    api_key: str | None = field(default=None, repr=False)


class ChosenModels:
    """`settings` are the addresses that the environment asks for, where it does."""

    def __init__(self, path: Path, settings: Mapping[PartName, str]) -> None:
        self._path = path
        self._settings = settings

    def read(self) -> dict[PartName, Choice]:
        """What was chosen for each part where it still holds."""
        return {
            PartName(name): Choice(choice["address"], choice.get("api_key"))
            for name, choice in self._read_file().items()
            if name in set(PartName) and choice["instead_of"] == self._settings.get(PartName(name))
        }

    def keep(self, part: PartName, choice: Choice) -> None:
        kept = {"address": choice.address, "instead_of": self._settings.get(part)}
        if choice.api_key is not None:
            kept["api_key"] = choice.api_key
        self._write_file({**self._read_file(), part.value: kept})

    def forget(self, part: PartName) -> None:
        choices = self._read_file()
        if choices.pop(part.value, None):
            self._write_file(choices)

    def _read_file(self) -> dict[str, dict[str, Any]]:
        try:
            return _check_choices(json.loads(self._path.read_text(encoding="utf-8")))
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, RecursionError):
            log.warning("%s cannot be read: the models chosen before are forgotten.", self._path)
            return {}

    def _write_file(self, choices: Mapping[str, Mapping[str, str | None]]) -> None:
        # Another model plays now, whether that can be written down or not.
        unfinished = self._path.with_suffix(".unfinished")
        try:
            unfinished.unlink(missing_ok=True)  # one that was left there may be open to others
            unfinished.touch(mode=0o600)  # it holds keys, and an address may hold a password
            unfinished.write_text(json.dumps(choices, indent=1), encoding="utf-8")
            unfinished.replace(self._path)
        except OSError as error:
            log.warning(
                "%s cannot be written (%s): the choice is forgotten at the next start.", self._path, error.strerror
            )


def _check_choices(read: object) -> dict[str, dict[str, Any]]:
    """Raises `ValueError` for what no MoM has written, or another version of it."""
    if not isinstance(read, dict) or not all(map(_is_choice, read.values())):
        raise ValueError("this is no file of chosen models")
    return read


def _is_choice(value: object) -> bool:
    return (
        isinstance(value, dict)
        and isinstance(value.get("address"), str)
        and isinstance(value.get("api_key"), str | None)
        and "instead_of" in value
    )
