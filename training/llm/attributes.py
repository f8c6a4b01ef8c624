"""Whether a prompt says what the picture's truth says, attribute by attribute: count, colour, size, look, subject, place and so on.

Harmless differences count as right: capitals, articles, numbers as digits or words, `big` for `large`, `gray` for `grey`, adjectives in another
order, place and time in another order, style words in another order, two things joined by `and` in another order.
"""

import re
from itertools import pairwise

from training.llm.frames import plural
from training.llm.pictures import COLOURS, LARGE, NUMBERS, RARE_COLOURS, SMALL, Picture, Thing

WORD = re.compile(r"[^\s,.!?;:\"()]+")
ARTICLES = {"a", "an", "one"}
SPELLINGS = {"gray": "grey"} | {str(number): word for number, word in NUMBERS.items()}
SIZES = dict.fromkeys(SMALL, "small") | dict.fromkeys(LARGE, "large")
JOINED = {"and", "next to", "with", "beside"}  # joints whose two sides may be swapped
GAP = "|"  # stands where words were found and taken out

Words = list[str]


def words_of(text: str) -> Words:
    """Small letters, no punctuation, numbers up to six as words, one spelling of grey, one article."""
    words = [SPELLINGS.get(word, word) for word in WORD.findall(text.lower())]
    return ["a" if word in ARTICLES else word for word in words]


def find(words: Words, phrase: Words) -> list[int]:
    """Where the phrase begins."""
    return [at for at in range(len(words) - len(phrase) + 1) if words[at : at + len(phrase)] == phrase]


def take(words: Words, text: str) -> bool:
    """Takes the last occurrence of the text out of the words; False if it is not there."""
    phrase = words_of(text)
    places = find(words, phrase)
    if not places or not phrase:
        return not phrase
    words[places[-1] : places[-1] + len(phrase)] = [GAP]
    return True


def wrong_attributes(said: str, truth: Picture) -> list[str]:
    """The names of the attributes that the prompt lacks or changes; "added" where it says more than was asked for."""
    words = words_of(said)
    wrong = ["style" for style in sorted(truth.style, key=len, reverse=True) if not take(words, style)]
    wrong += [name for name in ("medium", "time", "place", "doing") if not take(words, getattr(truth, name))]
    if truth.things:
        wrong += _wrong_things(words, truth)
    elif [word for word in words if word not in {GAP, "a"}]:
        wrong.append("added")
    return list(dict.fromkeys(wrong))


def _wrong_things(words: Words, truth: Picture) -> list[str]:
    """What is wrong with the things, in the words that are left."""
    orders = [truth.things]
    if truth.joint in JOINED and len(truth.things) == 2:
        orders.append(truth.things[::-1])
    chunks = _split(words, words_of(truth.joint), len(truth.things))
    if chunks is None:
        all_there = all(_noun_place(words, thing) is not None for thing in truth.things)
        return ["relation" if all_there else "subject"]
    found = [[_wrong_thing(chunk, thing) for chunk, thing in zip(chunks, order, strict=True)] for order in orders]
    return min(([name for names in wrong for name in names] for wrong in found), key=len)


def _split(words: Words, joint: Words, parts: int) -> list[Words] | None:
    """The words of each thing, without what was taken out; None where there are not as many."""
    left = [word for word in words if word != GAP]
    if parts == 1:
        return [left]
    places = find(left, joint)
    if len(places) != parts - 1:
        return None
    edges = [-len(joint), *places, len(left)]
    return [left[start + len(joint) : end] for start, end in pairwise(edges)]


def _noun_place(words: Words, thing: Thing) -> tuple[int, bool] | None:
    """Where the noun ends, and whether it has the right number."""
    forms = (thing.noun, plural(thing.noun))
    for form in forms[::-1] if thing.count > 1 else forms:
        phrase = words_of(form)
        places = find(words, phrase)
        if places:
            return places[-1], form == forms[thing.count > 1]
    return None


def _wrong_thing(words: Words, thing: Thing) -> list[str]:
    """What is wrong with one thing, told by its own words."""
    place = _noun_place(words, thing)
    if place is None:
        return ["subject"]
    at, right_number = place
    before, after = words[:at], words[at + len(words_of(thing.noun)) :]
    wrong = ["added"] if after else []
    counted = [word for word in before if word in NUMBERS.values()]
    if not right_number or counted != ([NUMBERS[thing.count]] if thing.count > 1 else []):
        wrong.append("count")
    if not take(before, thing.owner):
        wrong.append("owner")
    wrong += [name for name in ("colour", "look") if not take(before, getattr(thing, name))]
    sizes = [SIZES[word] for word in before if word in SIZES]
    if sizes != ([SIZES[thing.size]] if thing.size else []):
        wrong.append("size")
    left = [word for word in before if word not in {"a", GAP} and word not in SIZES and word not in NUMBERS.values()]
    if left and "look" not in wrong:
        wrong.append("colour" if " ".join(left) in COLOURS + RARE_COLOURS and "colour" in wrong else "added")
    return wrong
