"""The child process that fetches a model from the hub, all its parts where it has several; what was fetched of a file stays, and the next start goes on from there.

`python -m mom.serving.download_child` reads `{"repo", "file": str|null, "folder", "endpoint", "token", "look_only"}` from stdin (see
`tether`), prints `{"done": bytes, "total": bytes}` and `{"wait_s": seconds}` lines (where it is only to look, one `{"total": bytes}`), and ends with 0, with 78 and a sentence (asking again is useless), or with another code.
"""

import errno
import hashlib
import json
import os
import re
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, TypeVar
from urllib.parse import urlsplit

from httpx2 import ConnectError, ConnectTimeout  # the hub client's own
from httpx2 import HTTPError as HTTPXError
from huggingface_hub import HfApi, get_hf_file_metadata, hf_hub_url
from huggingface_hub.constants import MAX_HTTP_DOWNLOAD_SIZE
from huggingface_hub.errors import (
    EntryNotFoundError,
    GatedRepoError,
    HfHubHTTPError,
    HFValidationError,
    OfflineModeIsEnabled,
    RepositoryNotFoundError,
)
from huggingface_hub.file_download import http_get
from huggingface_hub.utils._headers import build_hf_headers
from huggingface_hub.utils.tqdm import tqdm

from mom.serving.downloads import COMPLETE
from mom.serving.gguf_parts import parts_of
from mom.serving.image_server.checkpoint import DENOISERS
from mom.serving.tether import fail_for_good, read_config_and_tie

PARTIAL = ".partial"  # downloads under way, in the repository's folder
REPORT_EVERY_S = 0.5
SPARE_BYTES = 200_000_000
SHA256 = re.compile(r"[0-9a-f]{64}")
TOO_MANY_REQUESTS = 429
PATIENCE, DEFAULT_PAUSE_S, LONGEST_PAUSE_S = 5, 10, 300
INSTEAD = "use file: with a model of your own, or demo"
Answer = TypeVar("Answer")
HALF = ".fp16."
WEIGHTS = (".safetensors", f"{HALF}safetensors", ".bin")  # a folder's are the first of these that it has


@dataclass(frozen=True, slots=True)
class Wanted:
    """A file of a repository. The `etag` of a large one is its SHA-256; the `size` is 0 where the hub does not tell it."""

    name: str
    url: str
    headers: dict[str, str]
    size: int
    etag: str


class Progress(tqdm):
    """The hub's progress bar, as JSON lines of the whole download."""

    done = 0
    total_bytes = 0
    last_report = 0.0

    def __init__(self, **options: Any) -> None:  # noqa: ANN401 -- tqdm's
        super().__init__(**{**options, "disable": True})  # type: ignore[no-untyped-call]
        self.advance(options.get("initial") or 0)

    def update(self, n: float | None = 1) -> None:
        self.advance(n or 0)

    @classmethod
    def advance(cls, byte_count: float) -> None:
        Progress.done += int(byte_count)
        if time.monotonic() - Progress.last_report >= REPORT_EVERY_S or Progress.done == Progress.total_bytes:
            Progress.last_report = time.monotonic()
            print(json.dumps({"done": Progress.done, "total": Progress.total_bytes}), flush=True)  # noqa: T201 -- the protocol


def main() -> None:
    """Fetch what the configuration line asks for."""
    config = read_config_and_tie()
    repo, file, folder = config["repo"], config["file"], Path(config["folder"])
    endpoint, token = config["endpoint"], config["token"]
    try:
        names = parts_of(file) if file else _look_up_pipeline(repo, endpoint, token)
        wanted = [_look_up(repo, name, endpoint, token) for name in names]
        Progress.total_bytes = sum(each.size for each in wanted)
        _check_sizes(repo, wanted)
        _check_disk(wanted, folder)
        if config["look_only"]:
            print(json.dumps({"total": Progress.total_bytes}), flush=True)  # noqa: T201 -- the protocol
            return
        for each in wanted:
            _fetch(each, folder)
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
        case EntryNotFoundError() | HFValidationError():
            return f"The hub has no file {what}: check the spelling."
        case HfHubHTTPError():
            return f"The hub answered {error.response.status_code} for {what}: try again later, or {INSTEAD}."
        case UnicodeEncodeError():
            return "HF_TOKEN has a character in it that no token has. Copy it again."
        case OfflineModeIsEnabled() | ConnectError() | ConnectTimeout():
            return f"No hub is reachable at {endpoint or 'huggingface.co'} to fetch {what}; {INSTEAD}."
        case HTTPXError():
            return (
                f"The connection to the hub broke again and again; what has arrived of {what} is kept: try again later."
            )
        case OSError() if error.errno == errno.ENOSPC:
            return f"The disk is full: there is no room for {what}. Make room, or set MOM_DATA_DIR."
        case _:
            return None


def choose_pipeline_files(names: Sequence[str]) -> list[str]:
    """Of a repository's files, those a diffusers pipeline is loaded from: one form of each weight, and half precision only
    where there is no other. A name that leads out of the repository's folder is none of its files.
    """
    inside = [name for name in names if not {"", ".", ".."} & set(name.split("/"))]
    inner = [name for name in inside if "/" in name and not re.search(r"\.(bf16|non_ema|ema)\.", name)]
    chosen = [name for name in inner if name.endswith((".json", ".txt", ".model")) and HALF not in name]
    for folder in {PurePosixPath(name).parent for name in inner}:
        here = [name for name in inner if PurePosixPath(name).parent == folder]
        for suffix in WEIGHTS:
            if weights := [name for name in here if name.endswith(suffix) and (HALF in name) == (HALF in suffix)]:
                chosen += weights
                break
    return ["model_index.json", *sorted(chosen)]


def _look_up_pipeline(repo: str, endpoint: str | None, token: str | None) -> list[str]:
    info = _when_the_hub_has_time(lambda: HfApi(endpoint=endpoint, token=token).model_info(repo))
    names = [each.rfilename for each in info.siblings or []]
    if "model_index.json" not in names:
        fail_for_good(f"hf:{repo} is no diffusers pipeline: it has no model_index.json. Name one file of it.")
    chosen = choose_pipeline_files(names)
    denoisers = sorted(set(DENOISERS.values()))
    if not any(name.endswith(".safetensors") and name.split("/")[0] in denoisers for name in chosen):
        fail_for_good(f"hf:{repo} has no .safetensors weights for {' or '.join(denoisers)}. Use a model that has them.")
    return chosen


def _when_the_hub_has_time(ask: Callable[[], Answer]) -> Answer:
    """What `ask` answers; asked again where the hub says that it is too much at a time. (`http_get` does so by itself.)"""
    for _ in range(PATIENCE):
        try:
            return ask()
        except HfHubHTTPError as error:
            if error.response.status_code != TOO_MANY_REQUESTS:
                raise
            wish = error.response.headers.get("Retry-After", "")
            pause_s = min(int(wish) if wish.isdecimal() else DEFAULT_PAUSE_S, LONGEST_PAUSE_S)
            print(json.dumps({"wait_s": pause_s}), flush=True)  # noqa: T201 -- the protocol
            time.sleep(pause_s)
    return ask()


def _look_up(repo: str, name: str, endpoint: str | None, token: str | None) -> Wanted:
    url = hf_hub_url(repo, name, endpoint=endpoint)
    try:
        metadata = _when_the_hub_has_time(lambda: get_hf_file_metadata(url, token=token))
    except EntryNotFoundError:
        fail_for_good(f"The hub has no file hf:{repo}/{name}: check the spelling.")
    is_on_hub = urlsplit(metadata.location).netloc == urlsplit(url).netloc
    headers = build_hf_headers(token=token if is_on_hub else False)
    return Wanted(name, metadata.location, headers, metadata.size or 0, metadata.etag or "")


def _fetch(wanted: Wanted, folder: Path) -> None:
    """The file of this content, going on where an earlier download ended. (`hf_hub_download` 2.x begins anew in each process.)"""
    target, partial = folder / wanted.name, _partial(wanted, folder)
    if target.is_file() and target.stat().st_size == wanted.size:
        Progress.advance(wanted.size)
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    partial.parent.mkdir(parents=True, exist_ok=True)
    for other in partial.parent.iterdir():  # of a content that the hub has no longer
        if other.stem == target.name and other != partial:
            other.unlink()
    partial.touch()
    with partial.open("r+b" if wanted.size else "wb") as file:  # how much is left of one without a size is not known
        done = file.seek(0, os.SEEK_END)
        http_get(
            wanted.url,
            file,
            resume_size=done,
            headers=wanted.headers,
            expected_size=wanted.size or None,
            tqdm_class=Progress,
        )
    if SHA256.fullmatch(wanted.etag) and _sha256(partial) != wanted.etag:
        partial.unlink()
        fail_for_good(f"{wanted.name} arrived damaged (its checksum is another) and was removed: try again.")
    partial.replace(target)


def _partial(wanted: Wanted, folder: Path) -> Path:
    return folder / PARTIAL / f"{wanted.name}.{wanted.etag}"


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _check_sizes(repo: str, wanted: Sequence[Wanted]) -> None:
    if large := next((each for each in wanted if each.size > MAX_HTTP_DOWNLOAD_SIZE), None):
        fail_for_good(
            f"hf:{repo}/{large.name} has {large.size / 1e9:.0f} GB, and the hub gives at most {MAX_HTTP_DOWNLOAD_SIZE / 1e9:.0f} GB "
            "of one file. Choose a model in several files, or download it by other means and use file:."
        )


def _check_disk(wanted: Sequence[Wanted], folder: Path) -> None:
    """Other files of the repository that are there already leave no room for these."""
    size = sum(each.size for each in wanted)
    places = [place for each in wanted for place in (folder / each.name, _partial(each, folder))]
    present = sum(place.stat().st_size for place in places if place.is_file())
    free = shutil.disk_usage(next(each for each in (folder, *folder.absolute().parents) if each.exists())).free
    if size - present + SPARE_BYTES > free:
        fail_for_good(
            f"The model needs {size / 1e9:.1f} GB; {folder} has {free / 1e9:.1f} GB free. Make room, or set MOM_DATA_DIR."
        )


if __name__ == "__main__":
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    main()
