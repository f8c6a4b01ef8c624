"""Frames: the sentences of the training data, with slots, read from `frames/*.txt` and split into training and held-out.

Of every list, each seventh entry beginning with the fifth is held out: training never sees it, evaluation asks nothing else.
The split is by frame and by word, not by finished sentence, so that a held-out question is new in its wording.
"""

import random
import re
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent / "frames"
SLOT = re.compile(r"\{([a-z]+)(\d*)\}")
CHOICE = re.compile(r"\(([^()]*\|[^()]*)\)")
PERIOD, FIRST = 7, 4

# Of these an invented word is made.
ONSETS = [
    "b", "c", "d", "f", "g", "h", "j", "k", "l", "m", "n", "p", "r", "s", "t", "v", "w", "z", "bl", "br", "ch", "cl",
    "cr", "dr", "fl", "fr", "gr", "kn", "pl", "qu", "sc", "sh", "sk", "sl", "sn", "sp", "st", "str", "th", "tr",
]  # fmt: skip
VOWELS = [
    "a", "e", "i", "o", "u", "a", "e", "i", "o", "u", "ai", "ea", "ee", "oa", "oo", "ou", "y", "ie",
]  # fmt: skip
ENDINGS = [
    "", "b", "ck", "d", "ft", "g", "k", "l", "ll", "m", "mp", "n", "nd", "ng", "nt", "p", "r", "rd", "rk", "rm", "rn",
    "s", "sh", "sk", "ss", "st", "t", "th", "x", "er", "le", "ly", "ing", "ed", "on", "us",
]  # fmt: skip

Bindings = dict[str, str]


@cache
def sections(file: str) -> dict[str, tuple[str, ...]]:
    """The `[name]` lists of a frames file: one entry a line, or, in the word lists, separated by commas."""
    found: dict[str, list[str]] = {}
    current: list[str] = []
    for line in (FOLDER / f"{file}.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            current = found.setdefault(line.strip("[]"), [])
        elif line and not line.startswith("#"):
            current.extend(line.split(", ") if file == "words" else [line])
    return {name: tuple(dict.fromkeys(entries)) for name, entries in found.items()}


@cache
def groups(file: str) -> tuple[tuple[tuple[str, ...], tuple[str, ...]], ...]:
    """The question groups of a file: the `?` lines and the `=` lines of each paragraph."""
    paragraphs = re.split(r"\n\s*\n", (FOLDER / f"{file}.txt").read_text(encoding="utf-8"))
    found = []
    for paragraph in paragraphs:
        lines = paragraph.strip().splitlines()
        questions = tuple(line[2:] for line in lines if line.startswith("? "))
        answers = tuple(line[2:].replace("\\n", "\n") for line in lines if line.startswith("= "))
        if questions and answers:
            found.append((questions, answers))
    return tuple(found)


def every_choice(frame: str) -> list[str]:
    """The frame with its `(a|b)` taken in all ways."""
    found = CHOICE.search(frame)
    if found is None:
        return [frame]
    return [
        words
        for option in found[1].split("|")
        for words in every_choice(frame[: found.start()] + option + frame[found.end() :])
    ]


def is_held_out(index: int) -> bool:
    """Whether the entry at this place of a list is kept for evaluation."""
    return index % PERIOD == FIRST


@cache
def side(entries: tuple[str, ...], *, held_out: bool) -> tuple[str, ...]:
    """One side of a list's split; a list too short to have a held-out entry is the same on both sides."""
    chosen = tuple(entry for index, entry in enumerate(entries) if is_held_out(index) == held_out)
    return chosen or entries


class Author:
    """Picks frames and words at random, from one side of the split."""

    def __init__(self, seed: int, *, held_out: bool = False) -> None:
        self.random = random.Random(seed)
        self.held_out = held_out

    def chance(self, probability: float) -> bool:
        return self.random.random() < probability

    def frame(self, file: str, section: str) -> str:
        """A frame of a section, with one of each of its `(a|b)` taken."""
        return self.chosen(self.random.choice(side(sections(file)[section], held_out=self.held_out)))

    def chosen(self, frame: str) -> str:
        return CHOICE.sub(lambda found: self.random.choice(found[1].split("|")), frame)

    def slip(self, frame: str) -> str:
        """The frame, rarely with a slip of the finger; never in what stands in its slots, as that is to be copied."""
        places = [
            at
            for at in range(1, len(frame) - 1)
            if frame[at - 1 : at + 2].isalpha() and "{" not in frame[: at + 1].rpartition("}")[2]
        ]
        if not places or not self.chance(0.03):
            return frame
        at = self.random.choice(places)
        return frame[:at] + self.random.choice((frame[at + 1] + frame[at] + frame[at + 2 :], frame[at + 1 :]))

    def word(self, section: str) -> str:
        """A word of a list: in training one of the training words, in evaluation a held-out one half of the time."""
        held_out = self.held_out and self.chance(0.5)
        return self.random.choice(side(sections("words")[section], held_out=held_out))

    def invented(self) -> str:
        """A word that means nothing: the models must copy it without knowing it.

        Half of them are made of two known words, so that nothing but reading to the end tells them from those.
        """
        choice = self.random.choice
        roll = self.random.random()
        if roll < 0.1:
            return "".join(choice("abcdefghijklmnopqrstuvwxyz") for _ in range(self.random.randint(3, 8)))
        if roll < 0.6:
            return self.blend()
        count = self.random.choices((1, 2, 3), (4, 5, 1))[0]
        return "".join(choice(ONSETS) + choice(VOWELS) for _ in range(count)) + choice(ENDINGS)

    def blend(self) -> str:
        """The beginning of one known word and the end of another: "lanquito", "raccsel"."""
        one, two = (self.random.choice(known_words(held_out=False)) for _ in range(2))
        return one[: self.random.randint(2, len(one) - 1)] + two[self.random.randint(1, len(two) - 2) :]

    def fill(self, frame: str, bindings: Bindings) -> str:
        """The frame with its slots filled; the same slot gets the same words, and `bindings` remembers them."""

        def one(match: re.Match[str]) -> str:
            slot = match.group(1) + match.group(2)
            if slot not in bindings:
                bindings[slot] = self.slot(match.group(1))
            return bindings[slot]

        return SLOT.sub(one, frame)

    def slot(self, name: str) -> str:
        """Words for a slot that nobody bound."""
        match name:
            case "akind" | "awriting" | "astyle":
                return with_article(self.word(name[1:]))
            case "mybusiness":
                return f"{self.random.choice(('my', 'our', 'a', 'the', 'my new'))} {self.word('business')}"
            case "nouns":
                return plural(self.word(self.random.choice(("animal", "thing", "person"))))
            case "number":
                return str(self.random.randint(2, 99))
            case _:
                return self.word(name)


@cache
def known_words(*, held_out: bool) -> tuple[str, ...]:
    """The single words of the lists that name or describe what can be in a picture."""
    lists = ("animal", "thing", "person", "looks", "style", "business", "kind")
    words = (
        word for name in lists for entry in side(sections("words")[name], held_out=held_out) for word in entry.split()
    )
    return tuple(dict.fromkeys(word for word in words if len(word) > 3 and word.isalpha()))


def with_article(words: str) -> str:
    """`a` or `an` before the words, by their first letter."""
    return f"{'an' if words[:1].lower() in 'aeio' else 'a'} {words}"


IRREGULAR = {
    "fox": "foxes", "mouse": "mice", "wolf": "wolves", "sheep": "sheep", "goldfish": "goldfish", "jellyfish": "jellyfish",
    "deer": "deer", "leaf": "leaves", "child": "children", "salmon": "salmon", "moose": "moose", "fish": "fish",
    "tomato": "tomatoes", "potato": "potatoes", "volcano": "volcanoes", "superhero": "superheroes", "hero": "heroes",
    "elf": "elves", "scarf": "scarves", "bookshelf": "bookshelves", "shelf": "shelves", "knife": "knives",
    "tooth": "teeth", "foot": "feet", "person": "people",
}  # fmt: skip


def plural(noun: str) -> str:
    """The regular English plural of the last word, and a few irregular ones."""
    if " of " in noun:
        first, of, rest = noun.partition(" of ")
        return plural(first) + of + rest
    head, space, last = noun.rpartition(" ")
    if last in IRREGULAR:
        made = IRREGULAR[last]
    elif last.endswith("man"):
        made = last[:-3] + "men"
    elif last.endswith(("s", "x", "z", "ch", "sh")):
        made = last + "es"
    elif last.endswith("y") and last[-2:-1] not in "aeiou":
        made = last[:-1] + "ies"
    else:
        made = last + "s"
    return head + space + made
