"""Models from the hub, in the supervisor: runs the child that fetches one, and turns its lines into sentences for people."""

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from mom.errors import DownloadError
from mom.models.addresses import ModelAddress
from mom.serving.child import Child
from mom.serving.program import Program

COMPLETE = ".complete"


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


async def fetch(address: ModelAddress, hub: Hub, tell: Callable[[str], None], *, log_folder: Path, name: str) -> Path:
    """The model's file or folder, fetched where it is not there yet; progress goes to `tell`. Raises `DownloadError`.

    The download ends when this is cancelled; the next one goes on where it ended.
    """
    repo, file = split_hub_target(address)
    folder = hub.folder / repo
    target = folder / file if file else folder
    if target.is_file() or (not file and (folder / COMPLETE).exists()):
        return target
    tell(f"asking the hub for {address}")
    program = Program(
        f"{name}-download",
        (sys.executable, "-m", "mom.serving.download_child"),
        {"repo": repo, "file": file, "folder": str(folder), "endpoint": hub.endpoint, "token": hub.token},
    )

    def on_line(line: str) -> None:
        if line.startswith('{"done": '):
            progress = json.loads(line)
            tell(progress_words(progress["done"], progress["total"]))

    child = await Child.start(program, log_folder, on_line=on_line)
    try:
        code = await child.wait()
    finally:
        await child.end()
    if code != 0:
        raise DownloadError(child.last_words())
    return target


def progress_words(done: int, total: int) -> str:
    """Such as `downloading: 0.4 of 1.3 GB (31%)`."""
    if not total:
        return f"downloading: {done / 1e6:.0f} MB"
    unit, words = (1e9, "GB") if total >= 1e9 else (1e6, "MB")  # noqa: PLR2004 -- a gigabyte
    return f"downloading: {done / unit:.1f} of {total / unit:.1f} {words} ({min(100, 100 * done // total)}%)"
