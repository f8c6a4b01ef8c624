"""Cuts words into the pieces of the encoder's vocabulary: the likeliest segmentation under a unigram model.

The method is SentencePiece's (Kudo 2018, arXiv:1804.10959; Viterbi 1967). It is written out here because the library's
table of these pieces takes 35 MB and a quarter of a second to fill; a dictionary takes 6 MB, and a message needs no more speed.
"""

import re
import unicodedata
from array import array
from collections.abc import Mapping, Sequence
from functools import lru_cache

UNKNOWN = 3
UNKNOWN_COST = 10.0  # below the rarest piece, as SentencePiece has it
SPACE = "▁"
WORD = re.compile(f"{SPACE}?[^{SPACE}]*")
REMEMBERED = 2_000  # words
LONGEST_REMEMBERED = 24


class Vocabulary:
    """Pieces with their log-probabilities; a piece's place is its number."""

    def __init__(self, pieces: Sequence[str], scores: Sequence[float]) -> None:
        self._places: Mapping[str, int] = {
            piece: place
            for place, piece in enumerate(pieces)
            if place > UNKNOWN  # the special ones are never written
        }
        self._scores = array("f", scores)
        self._longest = max(map(len, self._places), default=1)
        self._unknown = min(scores) - UNKNOWN_COST
        self._cut_known = lru_cache(REMEMBERED)(self._cut)

    def __len__(self) -> int:
        return len(self._places) + UNKNOWN + 1

    def encode(self, text: str) -> list[int]:
        """The numbers of the pieces of `text`; a run of signs that no piece has is one `UNKNOWN`."""
        words = SPACE + re.sub(r"\s+", SPACE, unicodedata.normalize("NFKC", text)).removeprefix(SPACE)
        found: list[int] = []
        for word in WORD.findall(words):
            found += self._cut_known(word) if len(word) <= LONGEST_REMEMBERED else self._cut(word)
        return found

    def _cut(self, word: str) -> tuple[int, ...]:
        size = len(word)
        best = [0.0] + [float("-inf")] * size  # of the first so many signs
        ends: list[tuple[int, int]] = [(0, UNKNOWN)] * (size + 1)  # where the last piece begins, and its number
        for start in range(size):
            so_far = best[start]
            for end in range(start + 1, min(size, start + self._longest) + 1):
                number = self._places.get(word[start:end], UNKNOWN)
                if number == UNKNOWN and end > start + 1:
                    continue
                score = self._unknown if number == UNKNOWN else self._scores[number]
                if so_far + score > best[end]:
                    best[end] = so_far + score
                    ends[end] = (start, number)
        found: list[int] = []
        end = size
        while end:
            end, number = ends[end]
            if not (number == UNKNOWN and found and found[-1] == UNKNOWN):
                found.append(number)
        return tuple(reversed(found))
