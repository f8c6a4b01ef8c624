"""Decisions on whole messages and chats that people of this project wrote for the router (`training/routing/written`).

They are split as there: what measures the router is not trained on here either.
"""

from functools import cache

from mom.mixture.prompts import FOR_VERDICT
from training.llm.chat import Example, Turn, transcript
from training.llm.frames import Author
from training.llm.requests import small_history
from training.routing.generate import Row
from training.routing.known import left_out
from training.routing.written import split_written

LONGEST_BYTES = 480  # of a whole chat; in some scripts each byte is a token


@cache
def _rows(*, held_out: bool) -> list[Row]:
    trained, held = split_written(without=left_out())
    rows = held if held_out else trained
    return [row for row in rows if sum(len(words.encode()) for _, words in row.turns) <= LONGEST_BYTES]


def by_hand_example(author: Author) -> Example:
    """One decision; in training a first message now and then comes later, in small letters or without its last sign."""
    row = author.random.choice(_rows(held_out=author.held_out))
    *earlier, (_, words) = row.turns
    if not author.held_out and author.chance(0.3):
        words = words.lower() if author.chance(0.6) else words.rstrip(".!?") or words
    if not author.held_out and not earlier and author.chance(0.12):
        earlier = small_history(author, 1)
    question = transcript(earlier, words, FOR_VERDICT, author.chance(0.5))
    return Example("route", (Turn(question, row.route),), "English" if row.lang == "en" else "other languages")
