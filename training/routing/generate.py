"""Generates the training conversations: the same ones for the same seed, in some seconds."""

import random
import re
from collections.abc import Container, Iterator
from dataclasses import dataclass

from training.routing.grammar import Sections, make_sentence, read_frames

# How many sentences of each kind: in English, in a language with a file of its own, in one with few lines.
AMOUNTS = {
    "image:caption": (3000, 220, 60),
    "image:keywords": (1300, 0, 0),
    "image:long": (900, 0, 0),
    "image:request": (5200, 560, 160),
    "image:order": (1800, 100, 30),
    "image:slang": (600, 0, 0),
    "image:injected": (200, 0, 0),
    "image:longask": (600, 0, 0),
    "text:question": (3200, 300, 100),
    "text:task": (5000, 420, 90),
    "text:chat": (1200, 110, 30),
    "text:picture": (0, 260, 40),
    "text:picture_question": (4500, 0, 0),
    "text:code": (1300, 0, 0),
    "text:paste": (1100, 0, 0),
    "text:rules": (1600, 0, 0),
    "text:slang": (300, 0, 0),
    "text:injected": (260, 0, 0),
}
# After an answer: what the answer was, what is needed now.
FOLLOWUPS = {
    "edit": ("picture", "image", (3000, 200, 60)),
    "another": ("picture", "image", (1500, 60, 20)),
    "ask": ("picture", "text", (3200, 220, 60)),
    "drawthat": ("words", "image", (2200, 110, 30)),
    "textfollow": ("words", "text", (2200, 110, 30)),
}
AGAIN = (0.06, 0.07)  # the share of first messages that are also asked after a picture, and after words
OLDER = 0.15  # the share of conversations in which further turns lie between
EMOJI = ("🙂", "🙏", "😂", "❤️", "✨", "👍", "🎉", "😅")
KEYS = "abcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True, slots=True)
class Row:
    """One conversation, as (role, content) pairs, and what its last message needs."""

    turns: tuple[tuple[str, str], ...]
    route: str
    kind: str
    lang: str


class Generator:
    """Writes rows of one language."""

    def __init__(self, lang: str, languages: dict[str, Sections], source: random.Random) -> None:
        self.lang = lang
        self.english = languages["en"]
        self.sections = languages[lang]
        self.source = source
        self.column = 0 if lang == "en" else 1 if len(self.sections) > 15 else 2

    def rows(self) -> Iterator[Row]:
        for kind, amounts in AMOUNTS.items():
            if kind in self.sections:
                route, form = kind.split(":")
                for _ in range(amounts[self.column]):
                    message = self.mangled(self.write(kind))
                    yield Row((("user", message),), route, form, self.lang)
                    chance = self.source.random()
                    if chance < AGAIN[0]:
                        yield Row((*self.pictured(), ("user", message)), route, f"{form}_after_picture", self.lang)
                    elif chance < sum(AGAIN):
                        yield Row((*self.worded(form), ("user", message)), route, f"{form}_after_text", self.lang)
        for kind, (before, route, amounts) in FOLLOWUPS.items():
            if kind in self.sections:
                for _ in range(amounts[self.column]):
                    earlier = self.pictured() if before == "picture" else self.worded(kind)
                    yield Row((*earlier, ("user", self.mangled(self.write(kind)))), route, kind, self.lang)

    def write(self, kind: str) -> str:
        sections = self.sections if kind in self.sections else self.english
        return make_sentence(self.source.choice(sections[kind]), self.sections, self.english, self.source)

    def pictured(self) -> tuple[tuple[str, str], ...]:
        asked = self.write(self.source.choice(("image:request", "image:caption", "image:order")))
        scene = make_sentence("{scene}", self.english, self.english, self.source)
        turns: tuple[tuple[str, str], ...] = (("user", asked), ("assistant", f"[image] {scene}"))
        if self.source.random() < OLDER:
            turns = (*self.worded("textfollow"), *turns)
        return turns

    def worded(self, followed_by: str) -> tuple[tuple[str, str], ...]:
        if self.lang == "en":
            asked = self.write("asked" if followed_by == "drawthat" else "asked_words")
        else:
            asked = self.write("asked" if self.source.random() < 0.6 else "text:question")
        turns: tuple[tuple[str, str], ...] = (("user", asked), ("assistant", self.write("answer")))
        if self.source.random() < OLDER:
            turns = (*self.pictured(), *turns)
        return turns

    def mangled(self, message: str) -> str:
        """As people type it: in small letters, without its last sign, with typos, with an emoji."""
        source = self.source
        if source.random() < 0.35:
            message = message[:1].upper() + message[1:]
        elif source.random() < 0.25:
            message = message.lower()
        if source.random() < 0.15:
            message = message.rstrip("?.!。")
        elif source.random() < 0.12:
            message += source.choice((".", "!", "..", " ", "\n"))
        if source.random() < 0.03:
            message += " " + source.choice(EMOJI)
        if source.random() < 0.01:
            message = message.upper()
        if source.random() < 0.09 and 3 < len(message) < 200:
            for _ in range(source.randint(1, 2)):
                message = _with_typo(message, source)
        return message or "?"


def _with_typo(message: str, source: random.Random) -> str:
    place = source.randrange(len(message))
    form = source.randrange(4)
    if form == 0:
        return message[:place] + message[place + 1 :]
    if form == 1:
        return message[:place] + message[place : place + 2][::-1] + message[place + 2 :]
    if form == 2:
        return message[:place] + message[place] + message[place:]
    return message[:place] + source.choice(KEYS) + message[place + 1 :]


def plain(message: str) -> str:
    """A message without case, punctuation and spacing, to find it again."""
    return re.sub(r"[\W_]+", " ", message.lower()).strip()


def generate(seed: int = 1, *, without: Container[str] = frozenset()) -> list[Row]:
    """All rows of all languages, each once; messages whose `plain` words are in `without` are left out.

    Those of the development set are, unless they have fewer than three words: "another one" is everybody's.
    """
    languages = read_frames()
    rows: dict[Row, None] = {}
    for lang in sorted(languages):
        for row in Generator(lang, languages, random.Random(f"{seed} {lang}")).rows():
            words = plain(row.turns[-1][1])
            if words not in without or len(words.split()) < 3:
                rows[row] = None
    return list(rows)
