"""The `regex` stage: regular expressions alone, as a baseline that needs no model. It always decides.

Its probabilities are set by hand, one for each rule; they say which rule spoke, not how often that rule is right.
"""

import unicodedata
from dataclasses import dataclass

from mom.mixture.conversation import Conversation
from mom.mixture.prompts import cut_middle
from mom.mixture.verdict import DecidedBy, Need, Verdict
from mom.models.regex_words import (
    ASKS_OR_TELLS,
    CHANGES_PICTURE,
    DRAW,
    MAKE_PICTURE,
    NAMED_PICTURE,
    POLITE_REQUEST,
    QUESTION_END,
    SPEAKS_OF_PICTURE,
    STYLE,
    WORDS_WANTED,
)

READ_CHARS = 1_000  # the head and tail that are read of a longer message
FEWEST_CAPTION_WORDS, CAPTION_WORDS = 2, 60
LONGEST_CHANGE_WORDS = 25
# A caption names somebody or something; it does not speak to anybody.
SPEAKS_TO_SOMEBODY = frozenset({"i", "i'm", "my", "me", "you", "your", "we", "us", "our", "please", "let's"})
CAPTION_BEGINS = frozenset(
    "a an two three four five six several many some the ein eine zwei un une una uno um uma een dos deux due duas jeden dwa один два bir iki".split()  # noqa: SIM905 - on one line
)
LONGEST_BARE_WORDS = 12


@dataclass(frozen=True)
class RegexStage:
    """Implements `ports.ClassifierStage`."""

    name: str = DecidedBy.REGEX.value

    async def classify(self, conversation: Conversation) -> Verdict | None:
        image_probability, reason = _weigh(conversation)
        return Verdict(
            need=Need.IMAGE if image_probability > 0.5 else Need.TEXT,  # noqa: PLR2004 - the likelier of two
            image_probability=image_probability,
            decided_by=DecidedBy.REGEX,
            took_ms=0.0,
            reason=reason,
        )


def _weigh(conversation: Conversation) -> tuple[float, str]:  # noqa: PLR0911 - one return a rule
    """The probability of an image, and the rule that says so; the first rule that fits decides."""
    text = unicodedata.normalize("NFKC", cut_middle(conversation.last.content, READ_CHARS)).strip().lower()
    is_polite = POLITE_REQUEST.search(text) is not None
    is_question = QUESTION_END.search(text) is not None and not is_polite
    draws = DRAW.search(text) or MAKE_PICTURE.search(text)
    if conversation.last_drawing is not None:
        return _weigh_after_picture(text, is_question=is_question, draws=bool(draws))
    if WORDS_WANTED.search(text):
        return 0.04, "it asks for words or code"
    if draws and not is_question:
        return 0.95, f"it says “{draws[0][:40]}”"
    if ASKS_OR_TELLS.search(text) or is_question:
        return 0.03, "it is a question, a task or small talk"
    if style := STYLE.search(text):
        return 0.92, f"it is written like an image prompt: “{style[0]}”"
    if NAMED_PICTURE.search(text):
        return 0.9, "it names a kind of picture"
    if not conversation.earlier and _is_caption(text):
        return 0.75, "it reads like a caption"
    return 0.2, "nothing in it asks for a picture"


def _weigh_after_picture(text: str, *, is_question: bool, draws: bool) -> tuple[float, str]:
    if is_question or SPEAKS_OF_PICTURE.search(text) or WORDS_WANTED.search(text):
        return 0.05, "it speaks of the picture, or asks for words"
    if draws or STYLE.search(text):
        return 0.95, "it asks for another picture"
    if CHANGES_PICTURE.search(text) and len(text.split()) <= LONGEST_CHANGE_WORDS:
        return 0.9, "it changes the picture"
    if ASKS_OR_TELLS.search(text):
        return 0.05, "it is a question, a task or small talk"
    return 0.4, "nothing in it changes the picture"


def _is_caption(text: str) -> bool:
    words = text.replace(",", " ").split()
    if not FEWEST_CAPTION_WORDS <= len(words) <= CAPTION_WORDS or SPEAKS_TO_SOMEBODY & set(words):
        return False
    return words[0] in CAPTION_BEGINS or ("," in text and len(words) <= LONGEST_BARE_WORDS)
