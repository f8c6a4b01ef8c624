"""The `correction` stage: a message very near to one that the person corrected gets the verdict it was corrected to.

Near means the same message but for its writing (case, width, punctuation at the ends), or almost the same letters and no
word that is more than misspelt by a letter. A correction never reaches further: one other word makes another message. So do other
words before a short message that follows words: "yes please" means nothing alone.
"""

import math
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import lru_cache

from mom.mixture.conversation import Conversation
from mom.mixture.explaining import excerpt
from mom.mixture.ports import Correction, KnownCorrections
from mom.mixture.verdict import DecidedBy, Need, Verdict

COMPARED_CHARS = 600
NEAR = 0.85  # the cosine of the counts of character trigrams
# In shorter words one letter more or less mostly makes another word, such as card of car and chart of chat.
SHORTEST_MISSPELT_LETTERS = 5
SHORTEST_NEAR_CHARS = 12  # shorter messages must be the same
# From here on a message stands alone. Of 7,800 written ones that follow words, those that need now a text and now an image
# have 19 characters at most.
SHORTEST_ALONE_CHARS = 30
EXCERPT_CHARS = 48
SURE, QUITE_SURE = 0.99, 0.9
SHOWN, WORTH_SHOWING = 3, 0.3  # how many corrections are shown as evidence, and from which cosine on


@dataclass(frozen=True)
class CorrectionStage:
    """Implements `ports.ClassifierStage`. `corrections` are those of the person who asks."""

    corrections: KnownCorrections
    name: str = DecidedBy.CORRECTION.value

    async def classify(self, conversation: Conversation) -> Verdict | None:
        if len(conversation.last.content) > COMPARED_CHARS:
            return None
        words, follows_picture = plain_form(conversation.last.content), conversation.last_drawing is not None
        answered = None if len(words) >= SHORTEST_ALONE_CHARS else _words_before(conversation)
        nearest, nearness = None, 0.0
        for correction in await self.corrections.known():  # the newest first, so that it stands against older ones
            if (
                correction.follows_picture is follows_picture
                and (near := likeness(words, plain_form(correction.words))) > nearness
                and _are_alike(answered, correction.answered)
            ):
                nearest, nearness = correction, near
        return _verdict(nearest, is_same=nearness == 1.0) if nearest else None

    async def evidence(self, conversation: Conversation) -> Sequence[str]:
        """The corrections that come nearest, whether near enough or not."""
        words = plain_form(conversation.last.content[:COMPARED_CHARS])
        ranked = sorted(
            ((_resemblance(words, plain_form(each.words)), each) for each in await self.corrections.known()),
            key=lambda pair: -pair[0],
        )
        return [
            f"{share:.2f} like “{excerpt(each.words, EXCERPT_CHARS)}”{_whereafter(each)}, corrected to {each.need}"
            for share, each in ranked[:SHOWN]
            if share >= WORTH_SHOWING
        ]


def _words_before(conversation: Conversation) -> str | None:
    """The end of the newest answer, where that is in words."""
    answer = conversation.last_answer
    return answer.content[-COMPARED_CHARS:] if answer and not answer.drawing else None


def _are_alike(answered: str | None, other: str | None) -> bool:
    """Are these answers near? A message that stood without one means something alone, so that one does not matter."""
    return answered is None or other is None or likeness(plain_form(answered), plain_form(other)) > 0


def plain_form(text: str) -> str:
    """The message without what is mere writing: case, width, spaces, and punctuation at its ends."""
    words = " ".join(unicodedata.normalize("NFKC", text).casefold().split())
    first = next((place for place, sign in enumerate(words) if _says_something(sign)), 0)
    last = next((place for place, sign in enumerate(reversed(words)) if _says_something(sign)), 0)
    return words[first : len(words) - last] if any(map(_says_something, words)) else words


def _says_something(sign: str) -> bool:
    """Letters and digits do; so do the vowel signs in which many scripts write half of a word, and emoji."""
    category = unicodedata.category(sign)
    return category[0] in "LNM" or category == "So"


def likeness(one: str, other: str) -> float:
    """1 for the same plain form, 0 for messages that are not near, otherwise the cosine of their trigrams."""
    if one == other:
        return 1.0
    shorter, longer = sorted((len(one), len(other)))
    if shorter < SHORTEST_NEAR_CHARS or shorter < NEAR * longer or _digits(one) != _digits(other):
        return 0.0
    cosine = _resemblance(one, other)
    return min(cosine, SURE) if cosine >= NEAR and _differ_by_slips(one.split(), other.split()) else 0.0


def _differ_by_slips(one: Sequence[str], other: Sequence[str]) -> bool:
    """Is each word where it was, the same or a slip of the pen? In a long message one other word changes little else."""
    changes = [
        change for change in SequenceMatcher(None, one, other, autojunk=False).get_opcodes() if change[0] != "equal"
    ]
    return all(
        kind == "replace"
        and to - start == to_other - start_other
        and all(map(_is_slip, one[start:to], other[start_other:to_other]))
        for kind, start, to, start_other, to_other in changes
    )


def _is_slip(word: str, other: str) -> bool:
    """Do their letters differ by one that is missing, or by two that changed places?

    One letter for another makes another word too often: print of paint, Gesicht of Gedicht.
    """
    # Where letters have no case, one sign is often a word: 画 draws and 写 writes.
    if any(letter.upper() == letter for letter in word + other if letter.isalpha()):
        return False
    short, long = sorted((_letters(word), _letters(other)), key=len)
    if short == long:
        return True
    if len(short) < SHORTEST_MISSPELT_LETTERS or len(long) > len(short) + 1:
        return False
    if len(short) < len(long):
        return any(long[:at] + long[at + 1 :] == short for at in range(len(long)))
    return any(short[:at] + short[at : at + 2][::-1] + short[at + 2 :] == long for at in range(len(short)))


def _letters(word: str) -> str:
    """Without accents and punctuation, which hands leave out: “château,” is “chateau”."""
    return "".join(sign for sign in unicodedata.normalize("NFKD", word) if unicodedata.category(sign)[0] not in "MP")


def _verdict(correction: Correction, *, is_same: bool) -> Verdict:
    probability = SURE if is_same else QUITE_SURE
    return Verdict(
        need=correction.need,
        image_probability=probability if correction.need is Need.IMAGE else 1 - probability,
        decided_by=DecidedBy.CORRECTION,
        took_ms=0.0,
        reason=f"you corrected {'this message' if is_same else 'a message like this'} before: “{excerpt(correction.words, EXCERPT_CHARS)}”",
    )


def _whereafter(correction: Correction) -> str:
    if correction.follows_picture:
        return " after a picture"
    matters = correction.answered is not None and len(plain_form(correction.words)) < SHORTEST_ALONE_CHARS
    return f" after “{excerpt(correction.answered or '', EXCERPT_CHARS)}”" if matters else ""


def _digits(text: str) -> str:
    return "".join(filter(str.isdigit, text))


@lru_cache(maxsize=1_024)  # twice the corrections that are known; of longer messages each takes 50 KB
def _trigrams(text: str) -> Mapping[str, int]:
    padded = f"  {text} "
    return Counter(padded[place : place + 3] for place in range(len(padded) - 2))


def _resemblance(one: str, other: str) -> float:
    """The cosine of the counts of character trigrams."""
    return _cosine(_trigrams(one), _trigrams(other))


def _cosine(one: Mapping[str, int], other: Mapping[str, int]) -> float:
    product = sum(count * other.get(gram, 0) for gram, count in one.items())
    return product / math.sqrt(sum(n * n for n in one.values()) * sum(n * n for n in other.values()))
