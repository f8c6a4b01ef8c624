"""For developers (`mom serve --reload`): notices that a Python or template file of the package was edited."""

import asyncio
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1]
WATCHED = {".py", ".html", ".j2"}
POLL_S = 1.0


async def wait_for_edit(folder: Path = PACKAGE) -> None:
    """Return when a file was changed, added or removed."""
    before = _times(folder)
    while _times(folder) == before:  # noqa: ASYNC110 -- files tell nobody without a further library
        await asyncio.sleep(POLL_S)


def _times(folder: Path) -> dict[Path, float]:
    return {path: path.stat().st_mtime for path in folder.rglob("*") if path.suffix in WATCHED and path.exists()}
