"""Messages in the wordings of the routing's training data (`training/routing/frames`), which are many more than our own.

They are split like ours, by a checksum of the line, so that a line that is added there moves no other to the other side.
"""

import re
import zlib
from functools import cache

from training.llm.frames import PERIOD, Author
from training.routing.grammar import Sections, make_sentence, read_frames

# What a message may be, as sections of those files. Those for `outside` name nothing that the demo model can answer.
KINDS = {
    "image": ("image:caption", "image:request", "image:request", "image:order", "image:slang"),
    "text": ("text:question", "text:task", "text:chat", "text:picture_question", "text:slang", "text:code"),
    "outside": (
        *("text:question", "text:question", "text:task", "text:task", "text:picture_question", "text:slang"),
        *("text:paste", "text:rules", "text:code"),
    ),
    "question": ("text:question", "text:task"),
    "edit": ("edit", "edit", "another"),
    "ask": ("ask",),
    "drawthat": ("drawthat",),
    "textfollow": ("textfollow",),
}
KNOWN = re.compile(
    r"jpe?g|png|prompt|joke|rhyme|\bcan you make\b|are you able to|colour|^stop|^\{topic\}$"
    r"|\{num\} ?([+*]|plus|minus|times|divided)|^(if a person|\{name\} buys)|(see|read|edit|generate|draw|make|store|understand)\) \(images",
    re.IGNORECASE,
)
LONGEST = 200  # characters; more would be padded too far
LONGEST_OUTSIDE = 420  # pasted texts and code


def _is_held_out(line: str) -> bool:
    return zlib.crc32(line.encode()) % PERIOD == 0


@cache
def _sections(language: str, *, held_out: bool) -> Sections:
    """The sections of a language: whole messages of one side of the split; of their parts, the training side or all."""
    messages = {section for sections in KINDS.values() for section in sections}
    found = {}
    for name, lines in read_frames()[language].items():
        split = [line for line in lines if _is_held_out(line) == held_out]
        found[name] = split if name in messages else (lines if held_out else split or lines)
    return found


def wide_message(author: Author, kind: str, languages: tuple[str, ...] = ("en",)) -> str:
    """A message of this kind in one of the languages."""
    english = _sections("en", held_out=author.held_out)
    spoken = [_sections(language, held_out=author.held_out) for language in languages]
    # A short section may have no held-out line.
    sources = [(sections, name) for sections in spoken for name in KINDS[kind] if sections.get(name)]
    while True:
        sections, name = author.random.choice(sources)
        frame = author.random.choice(sections[name])
        if kind == "outside" and KNOWN.search(frame):
            continue
        words = make_sentence(frame, sections, english, author.random)
        if 0 < len(words) <= (LONGEST_OUTSIDE if kind == "outside" else LONGEST):
            return words
