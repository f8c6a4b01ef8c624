"""What speaks for the verdict: what would be said without each word, and which known messages are nearest."""

import zlib
from collections.abc import Sequence
from math import copysign
from pathlib import Path

from mom.mixture.conversation import Conversation
from mom.models.bert.encoder import SHIPPED_ENCODER, Floats
from mom.models.bert.features import WORD, words_read
from mom.models.bert.known_messages import FILE, read_known_messages
from mom.models.bert.reader import Reader, probability_of

WORDS_TRIED = 60
SHOWN = 4
WORTH_SHOWING = 0.25  # of a change in log-odds


def evidence_for(reader: Reader, conversation: Conversation, folder: Path = SHIPPED_ENCODER) -> Sequence[str]:
    """The words that speak for the verdict, then those known messages of `folder` that the encoder finds nearest."""
    _, vector = reader.encoder.weigh(conversation)
    return [*words_that_speak(reader, conversation), *_nearest_known(vector, folder)]


def _nearest_known(vector: Floats, folder: Path) -> Sequence[str]:
    try:
        return read_known_messages(folder).nearest(vector)
    except (OSError, EOFError, zlib.error, ValueError, LookupError, TypeError) as error:
        return [
            f"which known messages are nearest cannot be told: {FILE} is missing or damaged ({type(error).__name__})"
        ]


def words_that_speak(reader: Reader, conversation: Conversation) -> Sequence[str]:
    """The words without which the head would be less sure, most telling first: the probability of an image without each."""
    text = words_read(conversation)
    whole = reader.logit(conversation.with_last_words(text))
    changes = []
    for found in list(WORD.finditer(text))[:WORDS_TRIED]:
        without = conversation.with_last_words(text[: found.start()] + text[found.end() :])
        logit = reader.logit(without)
        changes.append((copysign(1, whole) * (whole - logit), found[0], probability_of(logit)))
    changes.sort(key=lambda change: -change[0])
    return [
        f"without “{word}” the probability of an image is {probability:.4f}"
        for change, word, probability in changes[:SHOWN]
        if change >= WORTH_SHOWING
    ]
