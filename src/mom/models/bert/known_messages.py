"""Messages whose need people have said, with the vectors that the encoder gives them: the nearest ones explain a verdict."""

import gzip
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from mom.mixture.explaining import excerpt
from mom.mixture.verdict import Need
from mom.models.bert.encoder import SHIPPED_ENCODER, WIDTH, Floats

FILE = "known.gz"
SHOWN = 3
EXCERPT_CHARS = 60


@dataclass(frozen=True, eq=False)
class KnownMessages:
    """`vectors` (messages, WIDTH) have length 1 after `centre` was taken away, and what lies along `axis`: on it nearly all vectors
    of a tuned encoder differ, and by the need alone.
    """

    words: Sequence[str]
    needs: Sequence[Need]
    vectors: Floats
    centre: Floats
    axis: Floats

    def nearest(self, vector: Floats) -> list[str]:
        """The messages whose vectors point most nearly where `vector` does, the nearest first: one clause each."""
        likeness = self.vectors @ direction(vector, self.centre, self.axis)
        return [
            f"{likeness[place]:.2f} like “{excerpt(self.words[place], EXCERPT_CHARS)}”, which needs {_WITH_ARTICLE[self.needs[place]]}"
            for place in np.argsort(-likeness, kind="stable")[:SHOWN]
        ]


_WITH_ARTICLE = {Need.TEXT: "a text", Need.IMAGE: "an image"}


def unit(vectors: Floats) -> Floats:
    scaled: Floats = vectors / (np.linalg.norm(vectors, axis=-1, keepdims=True) + 1e-9)
    return scaled


def direction(vectors: Floats, centre: Floats, axis: Floats) -> Floats:
    """Where the vectors point from the centre, beside the axis."""
    apart = vectors - centre
    return unit(apart - np.multiply.outer(apart @ axis, axis))


def write_known_messages(words: Sequence[str], needs: Sequence[Need], vectors: Floats, folder: Path) -> None:
    """Write the messages with `vectors` as the encoder gave them, in 8 bits: the same messages give the same bytes."""
    wants_image = np.array([need is Need.IMAGE for need in needs])
    centre, axis = vectors.mean(0), unit(vectors[wants_image].mean(0) - vectors[~wants_image].mean(0))
    turned = np.round(direction(vectors, centre, axis) * 127).astype(np.int8)
    head = json.dumps({"words": list(words), "needs": list(needs)}, ensure_ascii=False).encode()
    numbers = np.stack([centre, axis]).astype("<f4")
    data = len(head).to_bytes(4, "little") + head + numbers.tobytes() + turned.tobytes()
    (folder / FILE).write_bytes(gzip.compress(data, mtime=0))


@cache
def read_known_messages(folder: Path = SHIPPED_ENCODER) -> KnownMessages:
    data = gzip.decompress((folder / FILE).read_bytes())
    start = 4 + int.from_bytes(data[:4], "little")
    head = json.loads(data[4:start])
    centre, axis = np.frombuffer(data, "<f4", 2 * WIDTH, start).reshape(2, WIDTH)
    vectors = np.frombuffer(data, np.int8, offset=start + 8 * WIDTH).reshape(-1, WIDTH).astype(np.float32)
    return KnownMessages(head["words"], [Need(need) for need in head["needs"]], vectors / np.float32(127), centre, axis)
