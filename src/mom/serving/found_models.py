"""The models on this machine's disk: those in the folder `models` where MoM was started, and those that it has downloaded."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from mom.errors import ModelFileError
from mom.serving.downloads import COMPLETE
from mom.serving.gguf_file import check_gguf
from mom.serving.gguf_parts import parts_of
from mom.serving.image_server.weights import SD_TEXT_ENCODER, SDXL_TEXT_ENCODER, read_names

FOLDER = Path("models")
DEPTH = 3  # folders below it that are looked into: owner/repo/FOLDER, as the hub and LM Studio have them
OWNER_AND_REPO = 2  # folders in which what was downloaded lies
PIPELINE = "model_index.json"  # in the folder of a diffusers pipeline


@dataclass(frozen=True, slots=True)
class FoundModel:
    """`address` is the model's, `file:` or `hf:`; `size_bytes` is that of all its files."""

    address: str
    size_bytes: int
    draws: bool


def find_models(downloads: Path, folder: Path = FOLDER) -> list[FoundModel]:
    """Those that can be told by their beginning to be whole models, by their addresses. `downloads` has the hub's, as
    `owner/repo`; a model of one's own may lie there as well.
    """
    places = {place.absolute(): place for root in (folder, downloads) for place in _candidates(root)}
    found = (_look_at(place, downloads) for place in places.values())
    return sorted((model for model in found if model), key=lambda model: model.address)


def _candidates(root: Path) -> Iterator[Path]:
    """The files and folders below `root` that are named as models are. A link to a folder above it is not followed."""
    for name, folders, files in os.walk(root, followlinks=True):
        here = Path(name)
        if PIPELINE in files:
            yield here
        if PIPELINE in files or len(here.relative_to(root).parts) >= DEPTH:
            folders.clear()
        real = here.resolve()
        folders[:] = [
            each for each in folders if not each.startswith(".") and not real.is_relative_to((here / each).resolve())
        ]
        yield from (here / file for file in files if file.endswith((".gguf", ".safetensors")) and PIPELINE not in files)


def _look_at(place: Path, downloads: Path) -> FoundModel | None:
    """None where this is no whole model that an address can name."""
    address = _address_of(place, downloads)
    if address is None:
        return None
    try:
        address.encode()
        is_model = place.is_dir() or (place.is_file() and _is_model(place))
        return FoundModel(address, _size_of(place), draws=place.suffix != ".gguf") if is_model else None
    except (ModelFileError, OSError, UnicodeError):
        return None


def _is_model(file: Path) -> bool:
    """Raises `ModelFileError`."""
    if file.suffix == ".safetensors":
        return any(name.startswith((SD_TEXT_ENCODER, SDXL_TEXT_ENCODER)) for name in read_names(file))
    check_gguf(file)
    # An mmproj is the eye of a model that stands beside it.
    return parts_of(str(file))[0] == str(file) and "mmproj" not in file.name.lower()


def _address_of(place: Path, downloads: Path) -> str | None:
    """One that was downloaded is named as it was asked for, so that the setting and the file are one choice; None: it is not
    whole yet.
    """
    below = place.relative_to(downloads).parts if place.is_relative_to(downloads) else ()
    if len(below) < (OWNER_AND_REPO if place.is_dir() else OWNER_AND_REPO + 1):
        return f"file:{place}"
    if place.is_dir() and not (place / COMPLETE).exists():
        return None
    return f"hf:{'/'.join(below)}"


def _size_of(place: Path) -> int:
    files = map(Path, parts_of(str(place))) if place.is_file() else place.rglob("*")
    return sum(each.stat().st_size for each in files if each.is_file())
