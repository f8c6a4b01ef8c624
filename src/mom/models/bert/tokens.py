"""A conversation as the encoder reads it: pieces of its vocabulary, and what each piece belongs to.

The last message comes first, its beginning and its end where it is long, then what is left of the answer before it and
of the message that asked for that answer. The kind of each piece says where it stands, and what the last answer was.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from mom.mixture.conversation import Conversation
from mom.models.bert.features import HEAD_CHARS, PICTURE, TAIL_CHARS, State, ends_of, state_of
from mom.models.bert.pieces import Vocabulary

START, PAD, END = range(3)
LAST_HEAD, LAST_TAIL, ANSWER, ASKED = 52, 24, 16, 12  # pieces at most
EARLIER_CHARS = 160

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
    pieces = vocabulary.encode(calm(ends_of(conversation.last.content, HEAD_CHARS, TAIL_CHARS)))
    if len(pieces) > LAST_HEAD + LAST_TAIL:
        pieces = pieces[:LAST_HEAD] + pieces[-LAST_TAIL:]
    pieces = [START, *pieces, END]
    state = state_of(conversation)
    kinds = [int(state)] * len(pieces)
    last = len(pieces)
    if state is not State.FIRST:
        for words, kind, most in _earlier(conversation):
            found = [*vocabulary.encode(calm(words[:EARLIER_CHARS]))[:most], END]
            pieces += found
            kinds += [kind] * len(found)
    return Reading(pieces, kinds, last)


def calm(text: str) -> str:
    """`text` in small letters, where most of it is in capitals: to shout asks for nothing else, in pieces that are rarely met."""
    capitals, small = sum(map(str.isupper, text)), sum(map(str.islower, text))
    return text.lower() if capitals > small else text


def _earlier(conversation: Conversation) -> list[tuple[str, int, int]]:
    place = max(at for at, message in enumerate(conversation.earlier) if message.role == "assistant")
    answer = conversation.earlier[place]
    drawn = answer.drawing.prompt if answer.drawing else None
    if drawn is None and answer.content.startswith(PICTURE):
        drawn = answer.content.removeprefix(PICTURE).strip()
    found = [(answer.content, WORDS_KIND, ANSWER) if drawn is None else (drawn, PICTURE_KIND, ANSWER)]
    asked = [message for message in conversation.earlier[:place] if message.role == "user"]
    if asked:
        found.append((asked[-1].content, ASKED_KIND, ASKED))
    return found
