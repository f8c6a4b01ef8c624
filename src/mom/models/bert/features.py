"""A conversation as features: hashed n-grams of its last message and what came before, the same on every machine.

Each n-gram counts twice, once for itself and once together with the state of the conversation, so that "darker" means
another thing after a picture than after a poem (the feature copies of Daumé III, 2007, arXiv:0907.1815). Every group
of features has length 1 before its weight, so that long messages do not outweigh short ones.
"""

import re
import unicodedata
import zlib
from collections.abc import Sequence
from enum import IntEnum
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from mom.mixture.conversation import Conversation
from mom.mixture.prompts import cut_middle

VERSION = 2  # of the features; a head trained on others is not used
BITS = 20
READ_CHARS, HEAD_CHARS = 700, 400  # of a long message, of which the beginning and the end are read
EARLIER_CHARS = 300
LONGEST_NGRAM = 5
EDGE_WORDS = 4

WORD = re.compile(r"\w+")
MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)  # 2**64 / golden ratio, as in Fibonacci hashing (Knuth, TAOCP 3, 6.4)
SHIFT = np.uint64(64 - BITS)
MIX = np.uint64(29)

Indices = NDArray[np.uint32]
Values = NDArray[np.float32]


class State(IntEnum):
    """What the last answer was."""

    FIRST = 0
    PICTURE = 1
    WORDS = 2
    WORDS_AFTER_PICTURE = 3


def state_of(conversation: Conversation) -> State:
    pictured = [message.drawn is not None for message in conversation.earlier if message.role == "assistant"]
    if not pictured:
        return State.FIRST
    if pictured[-1]:
        return State.PICTURE
    return State.WORDS_AFTER_PICTURE if any(pictured) else State.WORDS


def features(conversation: Conversation) -> tuple[Indices, Values]:
    """The features of the conversation's last message: indices below 2**BITS and their values."""
    raw = words_read(conversation)
    state = state_of(conversation)
    text = _plain(raw)
    words = WORD.findall(text)
    own = [_ngram_hashes(text), _word_hashes(_word_features(words), salt=0)]
    parts = [(own[0], 1.0), (own[1], 1.0)]
    salt = np.uint64((0xD6E8FEB86659FD93 * (state + 1)) % 2**64)
    parts += [(_mixed(hashes ^ salt), 0.7) for hashes in own]
    parts.append((_word_hashes(_facts(raw, words, state), salt=7), 1.0))
    parts.append((_word_hashes(_earlier_features(conversation), salt=11), 0.5))
    indices, values = [], []
    for hashes, weight in parts:
        if hashes.size:
            unique = np.unique(hashes >> SHIFT).astype(np.uint32)
            indices.append(unique)
            values.append(np.full(unique.size, weight / np.sqrt(unique.size), np.float32))
    return np.concatenate(indices), np.concatenate(values)


def words_read(conversation: Conversation) -> str:
    """What is read of the last message: bounded work, however long it is."""
    return cut_middle(conversation.last.content, READ_CHARS, head=HEAD_CHARS)


def _plain(text: str) -> str:
    return re.sub(r"\s+", " ", unicodedata.normalize("NFKC", text).lower()).strip()


def _mixed(hashes: NDArray[np.uint64]) -> NDArray[np.uint64]:
    return (hashes ^ (hashes >> MIX)) * MULTIPLIER


def _ngram_hashes(text: str) -> NDArray[np.uint64]:
    """The hashes of all n-grams of 1 to 5 characters; the message's two ends are characters, too."""
    points = np.frombuffer(f"\x02{text}\x03".encode("utf-32-le", "replace"), np.uint32).astype(np.uint64)
    hashes = _mixed(points + np.uint64(1))
    found = [hashes]
    for length in range(2, min(LONGEST_NGRAM, points.size) + 1):
        hashes = _mixed(hashes[:-1] + points[length - 1 :] + np.uint64(length))
        found.append(hashes)
    return np.concatenate(found)


def _word_hashes(words: Sequence[str], *, salt: int) -> NDArray[np.uint64]:
    sums = [zlib.crc32(word.encode("utf-8", "replace"), salt) for word in words]
    return _mixed(_mixed(np.array(sums, np.uint64) + np.uint64(salt << 32)))


def _word_features(words: Sequence[str]) -> list[str]:
    found = [*words, *(f"{a} {b}" for a, b in pairwise(words))]
    found += [f"{a} * {b}" for a, b in zip(words, words[2:], strict=False)]
    found += [f"<{place} {word}" for place, word in enumerate(words[:EDGE_WORDS])]
    found += [f"< {' '.join(words[:length])}" for length in (2, 3, 4)]
    found += [f">{place} {word}" for place, word in enumerate(reversed(words[-EDGE_WORDS:]))]
    return found


def _facts(raw: str, words: Sequence[str], state: State) -> list[str]:
    """What can be said of the message without reading it."""
    size = len(raw).bit_length()
    commas = min(sum(map(raw.count, ",,、،")), 6)
    ends = raw.rstrip()[-1:]
    facts = [
        f"state {state.name}",
        f"size {size} {state.name}",
        f"words {min(len(words), 12)} {state.name}",
        f"commas {commas} of {len(words).bit_length()}",
        f"ends {unicodedata.category(ends) if ends else ''} {ends if ends in '.?!…:?' else ''}",
        f"lines {min(raw.count(chr(10)), 5)}",
        f"code {min(sum(map(raw.count, '{}()[]=;<>`_$')) * 20 // (len(raw) + 1), 6)}",
        f"digits {min(sum(map(str.isdigit, raw)) * 10 // (len(raw) + 1), 4)}",
        f"capitals {min(sum(map(str.isupper, raw)) * 10 // (len(raw) + 1), 4)}",
    ]
    scripts = {unicodedata.name(sign, "?").split()[0] for sign in raw[:40] if sign.isalpha()}
    return facts + [f"script {script}" for script in sorted(scripts)]


def _earlier_features(conversation: Conversation) -> list[str]:
    """The words of the last answer, where it was one in words, and of the message it answered."""
    found: list[str] = []
    for message in conversation.earlier[-2:]:
        if message.role == "system" or message.drawn is not None:
            continue
        words = WORD.findall(_plain(message.content[:EARLIER_CHARS]))
        found += [f"{message.role} {word}" for word in words]
    return found
