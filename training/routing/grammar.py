"""Reads the frames and makes sentences of them.

A file holds sections (`= name`); a section holds lines, each one frame, or words separated by ` | `. In a frame
`(a|b)` is one of several, `{name}` any line of a section (of the same language, else of English), `{en.name}` one of English.
"""

import random
import re
from pathlib import Path

FOLDER = Path(__file__).parent / "frames"
CHOICE = re.compile(r"\(([^()]*\|[^()]*)\)")
SLOT = re.compile(r"\{(en\.)?([a-z_]+)\}")
MOST_SLOTS = 60  # of one sentence; frames that refer to themselves end here

Sections = dict[str, list[str]]


def read_frames() -> dict[str, Sections]:
    """The sections of each language. English stands in `en_*.txt`, languages with few lines in `small.txt`."""
    languages: dict[str, Sections] = {}
    for path in sorted(FOLDER.glob("*.txt")):
        language = path.stem.split("_")[0]
        section: list[str] = []
        for line in path.read_text("utf-8").splitlines():
            if line.startswith("@ "):
                language = line[2:]
            elif line.startswith("= "):
                section = languages.setdefault(language, {}).setdefault(line[2:], [])
            elif line and not line.startswith("# "):
                section.extend(line.split(" | "))
    return languages


def make_sentence(frame: str, sections: Sections, english: Sections, source: random.Random) -> str:
    """`frame` with all its choices made and its slots filled."""
    for _ in range(MOST_SLOTS):
        frame = CHOICE.sub(lambda found: source.choice(found[1].split("|")), frame)
        slot = SLOT.search(frame)
        if slot is None:
            break
        own = english if slot[1] or slot[2] not in sections else sections
        frame = frame[: slot.start()] + source.choice(own[slot[2]]) + frame[slot.end() :]
    return frame.replace("\\n", "\n").strip()
