"""Chooses the pieces of the source encoder's vocabulary that the `bert` stage keeps: `python -m training.routing.vocabulary`.

The words of each language, weighted by how often they are said (the package `wordfreq`), the generated and the written
messages and this environment's own source code are cut into pieces by the whole vocabulary; the pieces met most often stay, and every
single character of those texts, so that any word can still be spelt.
"""

import gzip
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TypeVar

import numpy as np
import wordfreq

from mom.models.bert.encoder import PIECES, SHIPPED_ENCODER, WORDS
from mom.models.bert.pieces import UNKNOWN, Vocabulary
from training.routing.generate import generate
from training.routing.source_encoder import Source, read_source

KEPT = 44_000
CHARACTERS = 9_000  # at most, of the kept pieces
LANGUAGES = (
    "ar", "bn", "bg", "ca", "cs", "da", "de", "el", "en", "es", "fa", "fi", "fr", "he", "hi", "hu", "id", "it", "ja", "ko",
    "nb", "nl", "pl", "pt", "ro", "ru", "sk", "sv", "tr", "uk", "vi", "zh",
)  # fmt: skip
SHARE = {"en": 6.0}  # of the counts; the others count once
SAID_WORDS = 30_000  # of each language
RARER = {"bn", "bg", "ca", "sk", "fi", "ro", "el", "hu", "da", "nb", "he", "fa"}


Key = TypeVar("Key", int, str)


def choose(source: Source, texts: Iterable[str]) -> list[int]:
    """The places of the kept pieces in the source's vocabulary, in their order there."""
    vocabulary = Vocabulary(source.pieces, source.scores.tolist())
    counts: dict[int, float] = {}
    characters: dict[str, float] = {}
    for language in LANGUAGES:
        said = sorted(wordfreq.get_frequency_dict(language).items(), key=lambda pair: -pair[1])[:SAID_WORDS]
        weight = SHARE.get(language, 0.5 if language in RARER else 1.0) / sum(often for _, often in said)
        spellings = [(word, often * 0.7) for word, often in said] + [
            (word.title(), often * 0.3) for word, often in said
        ]
        _count(vocabulary, spellings, weight, counts)
        _add(characters, ((sign, often * weight) for word, often in said for sign in word))
    texts = list(texts)
    size = sum(map(len, texts)) or 1
    _count(vocabulary, ((text, 1.0) for text in texts), 60.0 / size, counts)
    _add(characters, ((sign, 1.0) for text in texts for sign in text))
    code = list(_code())
    _count(vocabulary, ((line, 1.0) for line in code), 4.0 / sum(map(len, code)), counts)
    _add(characters, ((chr(point), 1.0) for point in range(32, 0x250)))
    place = {piece: number for number, piece in enumerate(source.pieces)}
    single = {place[sign] for sign in _most(characters)[:CHARACTERS] if sign in place}
    kept = set(range(UNKNOWN + 1)) | single
    for number in _most(counts):
        if len(kept) >= KEPT:
            break
        kept.add(number)
    return sorted(kept)


def _count(vocabulary: Vocabulary, texts: Iterable[tuple[str, float]], weight: float, counts: dict[int, float]) -> None:
    for text, often in texts:
        for number in vocabulary.encode(text):
            counts[number] = counts.get(number, 0.0) + often * weight


def _add(sums: dict[str, float], amounts: Iterable[tuple[str, float]]) -> None:
    for sign, amount in amounts:
        sums[sign] = sums.get(sign, 0.0) + amount


def _most(sums: dict[Key, float]) -> list[Key]:
    return sorted(sums, key=lambda key: -sums[key])


def _code() -> Iterator[str]:
    for path in sorted(Path(np.__file__).parent.glob("l*/*.py")):
        yield from path.read_text("utf-8").splitlines()


def main() -> None:
    source = read_source()
    kept = choose(source, (content for row in generate() for _, content in row.turns))
    lines = "".join(f"{source.pieces[place]}\n{source.scores[place]:.3f}\n" for place in kept)
    SHIPPED_ENCODER.mkdir(exist_ok=True)
    (SHIPPED_ENCODER / PIECES).write_bytes(gzip.compress(lines.encode(), mtime=0))
    (SHIPPED_ENCODER / WORDS).write_bytes(source.words[kept].tobytes())
    print(f"{len(kept)} pieces are kept")


if __name__ == "__main__":
    main()
