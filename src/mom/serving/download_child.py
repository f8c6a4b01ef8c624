"""The child process that fetches a model from the hub; what was fetched of a file stays, and the next start goes on from there.

`python -m mom.serving.download_child` reads `{"repo", "file": str|null, "folder", "endpoint", "token"}` from stdin (see `tether`),
prints `{"done": bytes, "total": bytes}` lines, and ends with 0, with 78 and a sentence (asking again is useless), or with another code.
"""

import errno
import hashlib
import json
import os
import re
import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from httpx2 import HTTPError as HTTPXError  # the hub client's own
from huggingface_hub import HfApi, get_hf_file_metadata, hf_hub_download, hf_hub_url
from huggingface_hub.errors import (
    EntryNotFoundError,
    GatedRepoError,
    HfHubHTTPError,
    HFValidationError,
    LocalEntryNotFoundError,
    OfflineModeIsEnabled,
    RepositoryNotFoundError,
)
from huggingface_hub.utils.tqdm import tqdm

from mom.serving.tether import fail_for_good, read_config_and_tie

COMPLETE = ".complete"  # stands in a repository's folder when all its files are there
REPORT_EVERY_S = 0.5
SPARE_BYTES = 200_000_000
SHA256 = re.compile(r"[0-9a-f]{64}")
INSTEAD = "use file: with a model of your own, or demo"
WEIGHTS = (".safetensors", ".bin")


@dataclass(frozen=True, slots=True)
class Wanted:
    """A file of a repository. `sha256` is known for the large ones."""

    name: str
    size: int
    sha256: str | None


class Progress(tqdm):
    """The hub's progress bar, as JSON lines of the whole download."""

    done = 0
    total_bytes = 0
    last_report = 0.0

    def __init__(self, **options: Any) -> None:  # noqa: ANN401 -- tqdm's
        super().__init__(**{**options, "disable": True})  # type: ignore[no-untyped-call]
        self._advance(options.get("initial") or 0)

    def update(self, n: float | None = 1) -> None:
        self._advance(n or 0)

    @classmethod
    def _advance(cls, byte_count: float) -> None:
        Progress.done += int(byte_count)
        if time.monotonic() - Progress.last_report >= REPORT_EVERY_S:
            Progress.last_report = time.monotonic()
            print(json.dumps({"done": Progress.done, "total": Progress.total_bytes}), flush=True)  # noqa: T201 -- the protocol


def main() -> None:
    """Fetch what the configuration line asks for."""
    config = read_config_and_tie()
    repo, file, folder = config["repo"], config["file"], Path(config["folder"])
    endpoint, token = config["endpoint"], config["token"]
    try:
        wanted = [_look_up(repo, file, endpoint, token)] if file else _look_up_pipeline(repo, endpoint, token)
        Progress.total_bytes = sum(each.size for each in wanted)
        _check_disk(Progress.total_bytes, folder)
        for each in wanted:
            _fetch(repo, each, folder, endpoint, token)
    except Exception as error:
        what = f"hf:{repo}/{file}" if file else f"hf:{repo}"
        if sentence := _sentence_for(error, what, endpoint):
            fail_for_good(sentence)
        raise
    if not file:
        (folder / COMPLETE).touch()


def _sentence_for(error: Exception, what: str, endpoint: str | None) -> str | None:  # noqa: PLR0911 -- one line for each
    """What people are told; None for what nobody foresaw."""
    match error:
        case GatedRepoError():
            return f"{what} asks for an agreement: accept it on the hub's page of the model, and set HF_TOKEN."
        case RepositoryNotFoundError():
            return f"The hub has no {what}, or it is private: check the spelling, or set HF_TOKEN."
        case LocalEntryNotFoundError() | OfflineModeIsEnabled() | HTTPXError():
            return f"No hub is reachable at {endpoint or 'huggingface.co'} to fetch {what}; {INSTEAD}."
        case EntryNotFoundError() | HFValidationError():
            return f"The hub has no file {what}: check the spelling."
        case HfHubHTTPError():
            return f"The hub answered {error.response.status_code} for {what}: try again later, or {INSTEAD}."
        case OSError() if error.errno == errno.ENOSPC:
            return f"The disk is full: there is no room for {what}. Make room, or set MOM_DATA_DIR."
        case _:
            return None


def choose_pipeline_files(names: Sequence[str]) -> list[str]:
    """Of a repository's files, those a diffusers pipeline is loaded from: one form of each weight, no other precision."""
    inner = [name for name in names if "/" in name and not re.search(r"\.(fp16|bf16|non_ema|ema)\.", name)]
    chosen = [name for name in inner if name.endswith((".json", ".txt", ".model"))]
    for folder in {PurePosixPath(name).parent for name in inner}:
        here = [name for name in inner if PurePosixPath(name).parent == folder]
        for suffix in WEIGHTS:
            if weights := [name for name in here if name.endswith(suffix)]:
                chosen += weights
                break
    return ["model_index.json", *sorted(chosen)]


def _look_up(repo: str, file: str, endpoint: str | None, token: str | None) -> Wanted:
    metadata = get_hf_file_metadata(hf_hub_url(repo, file, endpoint=endpoint), token=token or False)
    etag = metadata.etag or ""
    return Wanted(file, metadata.size or 0, etag if SHA256.fullmatch(etag) else None)


def _look_up_pipeline(repo: str, endpoint: str | None, token: str | None) -> list[Wanted]:
    info = HfApi(endpoint=endpoint, token=token or False).model_info(repo, files_metadata=True)
    files = {each.rfilename: each for each in info.siblings or []}
    if "model_index.json" not in files:
        fail_for_good(f"hf:{repo} is no diffusers pipeline: it has no model_index.json. Name one file of it.")
    return [
        Wanted(name, files[name].size or 0, files[name].lfs.sha256 if files[name].lfs else None)  # type: ignore[union-attr]
        for name in choose_pipeline_files(list(files))
    ]


def _fetch(repo: str, wanted: Wanted, folder: Path, endpoint: str | None, token: str | None) -> None:
    before = Progress.done
    path = Path(
        hf_hub_download(
            repo, wanted.name, local_dir=folder, endpoint=endpoint, token=token or False, tqdm_class=Progress
        )
    )
    Progress.done = before + wanted.size  # also where it was there already
    if wanted.sha256 is not None and _sha256(path) != wanted.sha256:
        path.unlink()
        fail_for_good(
            f"{wanted.name} of hf:{repo} arrived damaged (its checksum is another) and was removed: try again."
        )


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _check_disk(size: int, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    present = sum(each.stat().st_size for each in folder.rglob("*") if each.is_file())
    free = shutil.disk_usage(folder).free
    if size - present + SPARE_BYTES > free:
        fail_for_good(
            f"The model needs {size / 1e9:.1f} GB; {folder} has {free / 1e9:.1f} GB free. Make room, or set MOM_DATA_DIR."
        )


if __name__ == "__main__":
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    main()
