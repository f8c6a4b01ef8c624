"""Where converted models are kept between starts: a folder each, named by all that went into it, and never trusted unchecked."""

import json
import re
import shutil
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

LAYOUT = 1  # to be raised when what is written into such a folder changes
VERDICT = "verdict.json"
CHUNK_BYTES = 1 << 24


@dataclass(frozen=True, slots=True)
class Verdict:
    """What comparing its pictures with PyTorch's came to: `difference` in levels of 255 (root mean square)."""

    agrees: bool
    difference: float


class Conversions:
    """Those of one model, below `root`. `sources` are the files and folders it is read from; `how` names what else it
    depends on. A folder is whole when its verdict, which is written last, names the sums of its other files.
    """

    def __init__(self, root: Path, name: str, sources: Iterable[Path], how: str) -> None:
        self._root = root
        self._model = re.sub(r"[^\w.-]+", "-", name)[:60]
        key = json.dumps([LAYOUT, how, [list(_describe(source)) for source in sources]])
        self.folder = root / f"{self._model}-{zlib.crc32(key.encode()):08x}"

    def read(self) -> Verdict | None:
        """The verdict on what is kept, or None where nothing is, or where a file of it is missing or damaged."""
        try:
            kept = json.loads((self.folder / VERDICT).read_text(encoding="utf-8"))
            verdict, sums = Verdict(**kept["verdict"]), kept["sums"]
            return verdict if sums == _sum_all(self.folder) else None
        except (OSError, ValueError, KeyError, TypeError):
            return None

    @contextmanager
    def begin(self) -> Iterator[Path]:
        """A folder to convert into, in place of all others of this model; deleted where this ends without `keep`."""
        for other in self._root.glob(f"{self._model}-{'[0-9a-f]' * 8}"):
            shutil.rmtree(other, ignore_errors=True)
        self.folder.mkdir(parents=True)
        try:
            yield self.folder
        finally:
            if not (self.folder / VERDICT).exists():
                shutil.rmtree(self.folder, ignore_errors=True)

    def keep(self, verdict: Verdict) -> None:
        """What was converted is kept from now on; of what does not agree, only that. Raises `OSError`."""
        if not verdict.agrees:
            for file in self.folder.iterdir():
                file.unlink()
        half_written = self.folder / f"{VERDICT}.partial"
        kept = {"verdict": asdict(verdict), "sums": _sum_all(self.folder)}
        half_written.write_text(json.dumps(kept), encoding="utf-8")
        half_written.replace(self.folder / VERDICT)


def _describe(source: Path) -> Iterator[tuple[str, int, int]]:
    """Every file by name, size and time: reading gigabytes to find out that they are the same takes seconds."""
    for file in sorted(source.rglob("*")) if source.is_dir() else [source]:
        if file.is_file():
            about = file.stat()
            yield str(file.resolve()), about.st_size, about.st_mtime_ns


def _sum_all(folder: Path) -> dict[str, int]:
    """CRC-32, because it is against accidents, and four times as fast as SHA-256 on the 2 GB of Stable Diffusion."""
    return {file.name: _sum(file) for file in sorted(folder.iterdir()) if not file.name.startswith(VERDICT)}


def _sum(file: Path) -> int:
    total = 0
    with file.open("rb") as opened:
        while chunk := opened.read(CHUNK_BYTES):
            total = zlib.crc32(chunk, total)
    return total
