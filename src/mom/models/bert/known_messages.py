"""Messages whose need people have said, with the vectors that the encoder gives them: the nearest ones explain a verdict."""

import gzip
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mom.mixture.verdict import Need
from mom.models.bert.encoder import SHIPPED_ENCODER, WIDTH

FILE = "known.gz"
SHOWN = 3
EXCERPT_CHARS = 60

Floats = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class KnownMessages:
    """`vectors` (messages, WIDTH) have length 1 after `centre` was taken away."""

    words: Sequence[str]
    needs: Sequence[Need]
    vectors: Floats
    centre: Floats

    def nearest(self, vector: Floats) -> list[str]:
        """The messages whose vectors point most nearly where `vector` does, the nearest first: one clause each."""
        likeness = self.vectors @ unit(vector - self.centre)
        return [
            f"{likeness[place]:.2f} like “{_excerpt(self.words[place])}”, which needs {_WITH_ARTICLE[self.needs[place]]}"
            for place in np.argsort(-likeness, kind="stable")[:SHOWN]
        ]


_WITH_ARTICLE = {Need.TEXT: "a text", Need.IMAGE: "an image"}


def unit(vectors: Floats) -> Floats:
    scaled: Floats = vectors / (np.linalg.norm(vectors, axis=-1, keepdims=True) + 1e-9)
    return scaled


def write_known_messages(words: Sequence[str], needs: Sequence[Need], vectors: Floats, folder: Path) -> None:
    """Write the messages with `vectors` as the encoder gave them, in 8 bits: the same messages give the same bytes."""
    centre = vectors.mean(0)
    turned = np.round(unit(vectors - centre) * 127).astype(np.int8)
    head = json.dumps({"words": list(words), "needs": list(needs)}, ensure_ascii=False).encode()
    data = len(head).to_bytes(4, "little") + head + centre.astype("<f4").tobytes() + turned.tobytes()
    (folder / FILE).write_bytes(gzip.compress(data, mtime=0))


@cache
def read_known_messages(folder: Path = SHIPPED_ENCODER) -> KnownMessages:
    data = gzip.decompress((folder / FILE).read_bytes())
    start = 4 + int.from_bytes(data[:4], "little")
    head = json.loads(data[4:start])
    numbers = np.frombuffer(data, "<f4", WIDTH, start)
    vectors = np.frombuffer(data, np.int8, offset=start + 4 * WIDTH).reshape(-1, WIDTH).astype(np.float32)
    return KnownMessages(head["words"], [Need(need) for need in head["needs"]], vectors / np.float32(127), numbers)


def _excerpt(words: str) -> str:
    line = " ".join(words.split())
    return line if len(line) <= EXCERPT_CHARS else f"{line[:EXCERPT_CHARS]}…"
