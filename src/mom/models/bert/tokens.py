"""A conversation as the encoder reads it: pieces of its vocabulary, and what each piece belongs to.

The last message comes first, then the answer before it, then the message that asked for that answer. Of a long text its
beginning and its end are read: an answer may offer in its last sentence to draw what it tells of. The kind of each piece
says where it stands, and what the last answer was.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from mom.mixture.conversation import Conversation
from mom.mixture.prompts import cut_middle
from mom.models.bert.features import State, state_of, words_read
from mom.models.bert.pieces import Vocabulary

START, PAD, END = range(3)
# Pieces at most, of the beginning and of the end. Only the beginning of a prompt says what was drawn.
LAST, ANSWER, DRAWN, ASKED = (52, 24), (6, 14), (16, 0), (12, 0)
EARLIER_CHARS = 320

KINDS = 8  # the first four: a piece of the last message, by `State`
PICTURE_KIND, WORDS_KIND, ASKED_KIND = 4, 5, 6


@dataclass(frozen=True, slots=True)
class Reading:
    """The pieces and their kinds; those of the last message are the first `last`."""

    pieces: Sequence[int]
    kinds: Sequence[int]
    last: int


def read(conversation: Conversation, vocabulary: Vocabulary) -> Reading:
    """At most about a hundred pieces, however long the conversation is."""
    pieces = [START, *_ends(vocabulary, words_read(conversation), LAST), END]
    state = state_of(conversation)
    kinds = [int(state)] * len(pieces)
    last = len(pieces)
    if state is not State.FIRST:
        for words, kind, most in _earlier(conversation):
            found = [*_ends(vocabulary, cut_middle(words, EARLIER_CHARS), most), END]
            pieces += found
            kinds += [kind] * len(found)
    return Reading(pieces, kinds, last)


def _ends(vocabulary: Vocabulary, text: str, most: tuple[int, int]) -> list[int]:
    pieces = vocabulary.encode(calm(text))
    head, tail = most
    return pieces if len(pieces) <= head + tail else pieces[:head] + pieces[len(pieces) - tail :]


def calm(text: str) -> str:
    """`text` in small letters, where most of it is in capitals: to shout asks for nothing else, in pieces that are rarely met."""
    capitals, small = sum(map(str.isupper, text)), sum(map(str.islower, text))
    return text.lower() if capitals > small else text


def _earlier(conversation: Conversation) -> list[tuple[str, int, tuple[int, int]]]:
    place = max(at for at, message in enumerate(conversation.earlier) if message.role == "assistant")
    answer = conversation.earlier[place]
    found = [(answer.content, WORDS_KIND, ANSWER) if answer.drawn is None else (answer.drawn, PICTURE_KIND, DRAWN)]
    asked = [message for message in conversation.earlier[:place] if message.role == "user"]
    if asked:
        found.append((asked[-1].content, ASKED_KIND, ASKED))
    return found
