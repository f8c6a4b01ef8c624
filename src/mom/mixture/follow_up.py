"""Follow-ups: what a new picture keeps of the last one, decided by what its prompt keeps of the last one's prompt.

The large LLM is asked for nothing more than a prompt: "make it bluer" and "the same at night" come back as the old prompt
with the change worked in, "another one" as the old prompt, and a new subject as another prompt.
"""

import re
from dataclasses import dataclass, replace

from mom.mixture.conversation import Drawing
from mom.mixture.ports import DrawingRequest

KEPT_AT_LEAST = 0.3
"""Share of the old prompt's words in the new one, from which the picture is changed rather than its subject, if that stays."""
NEW_AT_MOST = 0.75
"""Share of new words in the new prompt, up to which the old picture is begun from: beyond, little of it would stay."""
LEAST_STRENGTH, MOST_STRENGTH = 0.6, 0.9
# Words that say nothing about the subject. Other languages' are few in prompts, which are written in English.
SMALL_WORDS = frozenset(
    "a an and are as at be but by for from in into is it its near of on or over that the their this to under with".split()  # noqa: SIM905 - on one line
)
ARTICLES = frozenset({"a", "an", "the"})
MEDIA = frozenset(
    "drawing illustration image painting photo photograph picture portrait render sketch watercolor watercolour".split()  # noqa: SIM905 - on one line
)
# What a picture is "of": a close-up of a bee, and of a car, are not of the same.
FRAMES = frozenset(
    "art artwork cartoon closeup icon logo poster print scene shot silhouette sticker up view wallpaper".split()  # noqa: SIM905 - on one line
)
# What ends the words of a subject, with the small words: "a fox | behind a tree", "two dogs | playing".
BORDERS = SMALL_WORDS - ARTICLES | frozenset(
    ", above across against among behind beside between during inside through which while who without".split()  # noqa: SIM905 - on one line
)
NOUNS_IN_ING = frozenset("building ceiling evening king morning ring spring string thing wedding wing".split())  # noqa: SIM905
_WORD = re.compile(r"[^\W_]+")
_WORD_OR_COMMA = re.compile(r"[^\W_]+|,")


@dataclass(frozen=True, slots=True)
class Change:
    """`kept`: share of the old prompt's words that are in the new one; `new`: share of the new one's that are not old;
    `has_subject`: the new prompt has the word for what the old one is a picture of.
    """

    kept: float
    new: float
    has_subject: bool

    @property
    def is_none(self) -> bool:
        return self.kept == 1 and self.new == 0

    @property
    def is_of_the_picture(self) -> bool:
        """Not of the subject."""
        return self.has_subject and self.kept >= KEPT_AT_LEAST


def compare(old: str, new: str) -> Change:
    """How far two prompts agree, as sets of words, and whether they are about the same thing."""
    before, after = _words(old), _words(new)
    if not before or not after:
        return Change(0.0, 1.0, has_subject=False)
    both = len(before & after)
    has_subject = _singular(find_subject(old)) in map(_singular, after)
    return Change(both / len(before), 1 - both / len(after), has_subject)


def find_subject(prompt: str) -> str:
    """The word for what is drawn: the last before the first border, past a medium. "Oil painting of an old boat on a lake": boat.

    Shared words alone do not tell: prompts of one chat share their style ("digital art, highly detailed, soft light"), and
    of "a red apple" and "a green apple" they are half.
    """
    subject = ""
    for word in _WORD_OR_COMMA.findall(prompt.casefold()):
        if word in MEDIA or (word == "of" and (not subject or subject in FRAMES)):
            subject = ""
        elif subject and (word in BORDERS or (word.endswith("ing") and word not in NOUNS_IN_ING)):
            return subject
        elif word not in ARTICLES and word != ",":
            subject = word
    return subject


def carry_over(request: DrawingRequest, last: Drawing, *, anew: bool = False) -> DrawingRequest:
    """`request`, whose prompt is written, with what it keeps of the last drawing.

    A change of the picture keeps its seed and begins from its file, the stronger the more there is to change. The same prompt
    again ("another one") is a variation: a new seed and nothing else. `anew`: the person wants another try of this change.
    """
    change = compare(last.prompt, request.prompt)
    if change.is_none or not change.is_of_the_picture:
        return request
    kept = request
    if request.seed is None and not anew:
        kept = replace(kept, seed=last.seed)
    if last.png is not None and change.new <= NEW_AT_MOST:
        strength = LEAST_STRENGTH + (MOST_STRENGTH - LEAST_STRENGTH) * change.new / NEW_AT_MOST
        kept = replace(kept, source=last.png, strength=round(strength, 2))
    return kept


def _words(prompt: str) -> frozenset[str]:
    found = frozenset(_WORD.findall(prompt.casefold()))
    return found - SMALL_WORDS or found


def _singular(word: str) -> str:
    return word.removesuffix("s")
