"""The words that a small image model knows, where its folder lists them: so that the others can be named beside a picture."""

import re
from pathlib import Path

from mom.errors import ModelFileError

FILE = "known_words.txt"
_WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")
_PART_END = re.compile(r"['’]s\b|-")


class Vocabulary:
    """`known` are all words, in small letters, that say something to the model or to nobody (articles, prepositions)."""

    def __init__(self, known: frozenset[str]) -> None:
        self._known = known

    def unknown_in(self, prompt: str) -> list[str]:
        """The other words of a prompt as they are written there, each once. `light-blue` is known by its parts."""
        found: dict[str, str] = {}
        for word in _WORD.findall(prompt):
            found.setdefault(word.lower(), word)
        return [written for word, written in found.items() if not self._knows(word)]

    def _knows(self, word: str) -> bool:
        return word in self._known or all(part in self._known for part in _PART_END.split(word) if part)


def read_vocabulary(model: str) -> Vocabulary | None:
    """The list in a model's folder, one word a line; None for a model without one, as any large model is.

    Raises `ModelFileError` where it cannot be read.
    """
    file = Path(model).expanduser() / FILE
    if not file.is_file():
        return None
    try:
        words = file.read_text(encoding="utf-8-sig")  # Windows puts a mark before the first word
    except (OSError, UnicodeDecodeError) as error:
        raise ModelFileError(
            f"{file} cannot be read ({error}). Save it as UTF-8, and see that you may read it."
        ) from error
    return Vocabulary(frozenset(words.lower().split()))
