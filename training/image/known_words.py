"""All words that the demo image model can be asked in, written beside its weights: the image server names the others."""

from __future__ import annotations

from pathlib import Path

from training.image.backdrops import COLOURS
from training.image.prompts import HELD_OUT_FRAMES, TRAINING_FRAMES
from training.image.words import (
    ABOVE_OR_BELOW,
    BESIDE,
    COLOUR_WORDS,
    CORNERS,
    COUNT_WORDS,
    GLYPH_WORDS,
    ONE_SIDE,
    OTHER_WORDS,
    PLACE_PHRASES,
    PLURALS,
    SIZE_WORDS,
    SKY_PHRASES,
    STACKED,
    TIME_PHRASES,
)

FILE = "known_words.txt"
# What `prompts.py` and `scenes.py` say in other words than those of `words.py`.
PLACES = "left right top bottom upper lower middle centre center background backdrop wall front side sides corner landscape scenery one 1 medium"
# They name nothing that could be missing from a picture.
GRAMMAR = """
    a an the this that these those each every all both some any no one ones it its they them their he she his her him we us our you your i my me mine
    is are was were be been being has have had do does did will would shall should can could may might must let there here where when while
    and or but nor so than then as if not without of in on at by to from into onto out off up down over under with within near nearby
    behind before after around between beside besides among along across through against about above below beneath like called named
    who which what whose how why very too also just only really quite rather more most less much many few lot lots other another same
    please thanks thank seen show showing shows shown draw drawn drawing drawings paint painted painting picture pictures image images
    """
# Wishes for quality: every picture is meant to be so, whatever is asked.
PRAISE = """
    beautiful nice pretty bright vivid simple plain clean crisp flat detailed smooth lovely perfect bold sharp elegant minimal minimalist single
    solid 4k 8k hd digital soft fresh fine great good awesome high highly low intricate masterpiece
    """


def known_words() -> list[str]:
    """Sorted, in small letters."""
    nouns = {noun for names in GLYPH_WORDS.values() for noun in names}
    phrases = [
        *nouns, *(PLURALS.get(noun, f"{noun}s") for noun in nouns), *COLOURS, *OTHER_WORDS, PLACES, GRAMMAR, PRAISE,
        *ONE_SIDE, *ABOVE_OR_BELOW, *CORNERS, *BESIDE, *STACKED, *TRAINING_FRAMES, *HELD_OUT_FRAMES,
    ]  # fmt: skip
    for said in (COLOUR_WORDS, SIZE_WORDS, COUNT_WORDS, TIME_PHRASES, SKY_PHRASES, PLACE_PHRASES):
        phrases += [phrase for several in said.values() for phrase in several]
    words = {word.strip("{},?!.") for phrase in phrases for word in phrase.lower().split()}
    return sorted(word for word in words if word.isalnum())


def write_known_words(folder: Path) -> None:
    """Beside a model's other files, one word a line."""
    (folder / FILE).write_text("\n".join(known_words()) + "\n", encoding="utf-8")
