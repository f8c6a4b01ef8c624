"""The messages that measure, and so are never trained on: `python -m training.routing.known FILE.jsonl…` adds a test set's."""

import hashlib
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from mom.evaluation.routing_data import read_routing_data
from training.routing.dataset import read_dev
from training.routing.generate import plain
from training.routing.written import read_blind

DIGESTS = Path(__file__).parent / "left_out.txt"
DIGEST_LENGTH = 12


@dataclass(frozen=True)
class LeftOut:
    """Plain words that are not trained on: our own sets' by themselves, those of sets that are not ours by their digests."""

    words: frozenset[str]
    digests: frozenset[str]

    def __contains__(self, words: object) -> bool:
        return words in self.words or (isinstance(words, str) and digest(words) in self.digests)


def left_out() -> LeftOut:
    return LeftOut(known_words(), frozenset(DIGESTS.read_text().split()))


def known_words() -> frozenset[str]:
    """The messages of the development set and the blind set, in plain words."""
    cases = [*read_blind(), *(case for half in read_dev() for case in half)]
    return frozenset(plain(case.conversation.last.content) for case in cases)


def digest(words: str) -> str:
    return hashlib.sha256(words.encode()).hexdigest()[:DIGEST_LENGTH]


def add_digests(files: Iterable[Path]) -> int:
    """Add the messages of `files`, and give how many there are now."""
    found = set(DIGESTS.read_text().split()) if DIGESTS.exists() else set()
    found |= {digest(plain(case.conversation.last.content)) for case in read_routing_data(files)}
    DIGESTS.write_text("".join(f"{each}\n" for each in sorted(found)))
    return len(found)


if __name__ == "__main__":
    print(f"{add_digests(map(Path, sys.argv[1:]))} messages are left out")
