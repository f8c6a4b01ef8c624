"""Models from the hub, in the supervisor: runs the child that fetches one, and turns its lines into sentences for people."""

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from mom.errors import DownloadError
from mom.models.addresses import ModelAddress
from mom.models.parts import Progress
from mom.serving.child import Child
from mom.serving.program import Program

COMPLETE = ".complete"
RATE_LIMITED = "Rate limited. Waiting"  # huggingface_hub's words, while it waits as long as the hub asks


@dataclass(frozen=True, slots=True)
class Hub:
    """Where and as whom models are fetched, and the folder they are kept in."""

    folder: Path
    endpoint: str | None = None
    token: str | None = None


def split_hub_target(address: ModelAddress) -> tuple[str, str | None]:
    """`owner/repo` and the file in it, or None for the whole repository."""
    owner, repo, *rest = address.target.split("/")
    return f"{owner}/{repo}", "/".join(rest) or None


def place_of(address: ModelAddress, folder: Path) -> Path:
    """Where in the `folder` of all models the file or folder of an `hf:` address is, once it is downloaded."""
    repo, file = split_hub_target(address)
    return folder / repo / file if file else folder / repo


Tell = Callable[[str, Progress | None], None]


async def fetch(address: ModelAddress, hub: Hub, tell: Tell, *, log_folder: Path, name: str) -> Path:
    """The model's file or folder, fetched where it is not there yet; `tell` gets words and, once it is known, the progress.

    Raises `DownloadError`. The download ends when this is cancelled; the next one goes on where it ended.
    """
    repo, file = split_hub_target(address)
    folder = hub.folder / repo
    target = place_of(address, hub.folder)
    if target.is_file() or (not file and (folder / COMPLETE).exists()):
        return target
    tell(f"asking the hub for {address}", None)
    program = Program(
        f"{name}-download",
        (sys.executable, "-m", "mom.serving.download_child"),
        {"repo": repo, "file": file, "folder": str(folder), "endpoint": hub.endpoint, "token": hub.token},
    )

    progress: Progress | None = None

    def on_line(line: str) -> None:
        nonlocal progress
        if line.startswith('{"done": '):
            told = json.loads(line)
            progress = Progress(target.name.removesuffix(".gguf"), told["done"], told["total"])
            tell(progress_words(progress), progress)
        elif line.startswith('{"wait_s": ') or RATE_LIMITED in line:
            tell("the hub is asked for too much at a time: waiting as long as it wishes", progress)

    child = await Child.start(program, log_folder, on_line=on_line)
    try:
        code = await child.wait()
    finally:
        await child.end()
    if code != 0:
        raise DownloadError(child.last_words())
    return target


def progress_words(progress: Progress) -> str:
    """Such as `downloading: 0.4 of 1.3 GB (31%)`."""
    done, total = progress.bytes_done, progress.bytes_total
    if not total:
        return f"downloading: {done / 1e6:.0f} MB"
    unit, words = (1e9, "GB") if total >= 1e9 else (1e6, "MB")  # noqa: PLR2004 -- a gigabyte
    return f"downloading: {done / unit:.1f} of {total / unit:.1f} {words} ({min(100, 100 * done // total)}%)"
