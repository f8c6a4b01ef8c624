"""Models from the hub, in the supervisor: runs the child that fetches one, and turns its lines into sentences for people."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from weakref import WeakValueDictionary

from mom.errors import DownloadError
from mom.models.addresses import ModelAddress
from mom.models.parts import Progress
from mom.serving.child import Child
from mom.serving.gguf_parts import parts_of, without_part
from mom.serving.program import PYTHON, Program

COMPLETE = ".complete"  # stands in a repository's folder when all its files are there
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
    """Where in the `folder` of all models the file or folder of an `hf:` address is, once it is downloaded. Of a model in
    several parts it is the first: the others are beside it.
    """
    repo, file = split_hub_target(address)
    return folder / repo / file if file else folder / repo


def is_downloaded(address: ModelAddress, folder: Path) -> bool:
    """Is the model of this `hf:` address in the `folder` of all models, and whole?"""
    target = place_of(address, folder)
    if split_hub_target(address)[1] is None:
        return (target / COMPLETE).exists()
    return all(Path(part).is_file() for part in parts_of(str(target)))


Tell = Callable[[str, Progress | None], None]


@dataclass
class _Shared:
    """What the parts that want the same model share: one of them fetches it at a time, and all are told how far it is."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    tells: list[Tell] = field(default_factory=list)

    def tell(self, words: str, progress: Progress | None) -> None:
        for tell in self.tells:
            tell(words, progress)


_shared = WeakValueDictionary[Path, _Shared]()


async def fetch(address: ModelAddress, hub: Hub, tell: Tell, *, log_folder: Path, name: str) -> Path:
    """The model's file or folder, fetched where it is not there yet; `tell` gets words and, once it is known, the progress.

    Raises `DownloadError`. The download ends when this is cancelled; the next one goes on where it ended.
    """
    target = place_of(address, hub.folder)
    if is_downloaded(address, hub.folder):
        return target
    tell(f"asking the hub for {address}", None)
    shared = _shared.setdefault(target, _Shared())
    shared.tells.append(tell)
    try:
        async with shared.lock:
            if not is_downloaded(address, hub.folder):
                await _fetch(target, _program(address, hub, f"{name}-download"), log_folder, shared.tell)
    finally:
        shared.tells.remove(tell)
    return target


async def _fetch(target: Path, program: Program, log_folder: Path, tell: Tell) -> None:
    progress: Progress | None = None

    def on_line(line: str) -> None:
        nonlocal progress
        if line.startswith('{"done": '):
            told = json.loads(line)
            progress = Progress(without_part(target.name).removesuffix(".gguf"), told["done"], told["total"])
            tell(progress_words(progress), progress)
        elif line.startswith('{"wait_s": ') or RATE_LIMITED in line:
            tell("the hub is asked for too much at a time: waiting as long as it wishes", progress)

    await _run(program, log_folder, on_line)


async def look_up(address: ModelAddress, hub: Hub, *, log_folder: Path) -> int:
    """How many bytes the model has, as the hub says; nothing is fetched. Raises `DownloadError` as `fetch` would."""
    size = 0

    def on_line(line: str) -> None:
        nonlocal size
        if line.startswith('{"total": '):
            size = int(json.loads(line)["total"])

    await _run(_program(address, hub, "look-up", look_only=True), log_folder, on_line)
    return size


def _program(address: ModelAddress, hub: Hub, name: str, *, look_only: bool = False) -> Program:
    repo, file = split_hub_target(address)
    return Program(
        name,
        (*PYTHON, "mom.serving.download_child"),
        {
            "repo": repo,
            "file": file,
            "folder": str(hub.folder / repo),
            "endpoint": hub.endpoint,
            "token": hub.token,
            "look_only": look_only,
        },
    )


async def _run(program: Program, log_folder: Path, on_line: Callable[[str], None]) -> None:
    child = await Child.start(program, log_folder, on_line=on_line)
    try:
        code = await child.wait()
    finally:
        await child.end()
    if code != 0:
        raise DownloadError(child.last_words())


def progress_words(progress: Progress) -> str:
    """Such as `downloading: 0.4 of 1.3 GB (31%)`."""
    done, total = progress.bytes_done, progress.bytes_total
    if not total:
        return f"downloading: {done / 1e6:.0f} MB"
    unit, words = (1e9, "GB") if total >= 1e9 else (1e6, "MB")  # noqa: PLR2004 -- a gigabyte
    return f"downloading: {done / unit:.1f} of {total / unit:.1f} {words} ({min(100, 100 * done // total)}%)"
