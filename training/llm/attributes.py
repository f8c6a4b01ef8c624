"""Whether a prompt says what the picture's truth says, attribute by attribute: count, colour, size, look, subject, place and so on.

Harmless differences count as right: capitals, articles, numbers as digits or words, `big` for `large`, `gray` for `grey`, adjectives in another
order, place and time in another order, style words in another order, "collage style" for "collage", two things joined by `and` in another order.
"""

import re

from training.llm.frames import plural
from training.llm.pictures import COLOURS, LARGE, NUMBERS, RARE_COLOURS, SMALL, Picture, Thing

WORD = re.compile(r"[^\s,.!?;:\"()]+")
ARTICLES = {"a", "an", "one"}
ARTICLE = re.compile(r"^an? ")
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


def take(words: Words, text: str, mark: str = GAP) -> bool:
    """Puts the mark in the place of the last occurrence of the text; False if it is not there."""
    phrase = words_of(text)
    places = find(words, phrase)
    if not places or not phrase:
        return not phrase
    words[places[-1] : places[-1] + len(phrase)] = [mark]
    return True


def _take_style(words: Words, style: str) -> bool:
    """Takes out the style, called a style or not."""
    name = style.removesuffix(" style")
    return take(words, f"{name} style") or take(words, name)


def wrong_attributes(said: str, truth: Picture) -> list[str]:
    """The names of the attributes that the prompt lacks or changes; "added" where it says more than was asked for."""
    words = words_of(said)
    wrong = ["style" for style in sorted(truth.style, key=len, reverse=True) if not _take_style(words, style)]
    wrong += [] if take(words, truth.medium) or take(words, ARTICLE.sub("", truth.medium)) else ["medium"]
    wrong += [name for name in ("time", "place", "side") if not take(words, getattr(truth, name))]
    if truth.things:
        wrong += _wrong_things(words, truth)
    elif [word for word in words if word not in {GAP, "a"}]:
        wrong.append("added")
    return list(dict.fromkeys(wrong))


def _wrong_things(words: Words, truth: Picture) -> list[str]:
    """What is wrong with the things, in the words that are left."""
    wrong_doing = ["doing" for thing in truth.things if thing.doing and not take(words, thing.doing, _mark(thing))]
    orders = [truth.things]
    if truth.joint in JOINED and len(truth.things) == 2:
        orders.append(truth.things[::-1])
    chunks = _split(words, truth.joints())
    if chunks is None:
        all_there = all(_noun_place(words, thing) is not None for thing in truth.things)
        return [*wrong_doing, "relation" if all_there else "subject"]
    found = [[_wrong_thing(chunk, thing) for chunk, thing in zip(chunks, order, strict=True)] for order in orders]
    return wrong_doing + min(([name for names in wrong for name in names] for wrong in found), key=len)


def _mark(thing: Thing) -> str:
    """What stands where a thing's doing was found: it is looked for in the words of that thing alone."""
    return f"{GAP}{thing.doing}"


def _split(words: Words, joints: tuple[str, ...]) -> list[Words] | None:
    """The words of each thing, without what was taken out; None where there are more or fewer."""
    left = [word for word in words if word != GAP]
    chunks = []
    for joint in map(words_of, joints):
        places = find(left, joint)
        if not places:
            return None
        chunks.append(left[: places[0]])
        left = left[places[0] + len(joint) :]
    if any(find(left, words_of(joint)) for joint in joints):
        return None
    return [*chunks, left]


def _noun_place(words: Words, thing: Thing) -> tuple[int, bool] | None:
    """Where the noun ends, and whether it has the right number."""
    forms = (f"{thing.noun} {thing.name}", thing.called()) if thing.name else (thing.noun, plural(thing.noun))
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
    before, after = words[:at], words[at + len(words_of(thing.called())) :]
    wrong = []
    if thing.doing and _mark(thing) in words:
        before, after = ([word for word in side if word != _mark(thing)] for side in (before, after))
    if after:
        wrong.append("added")
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
