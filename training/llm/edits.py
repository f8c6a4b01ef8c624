"""Follow-ups: messages that change the picture made before, and the picture they ask for."""

import re
from collections.abc import Callable
from dataclasses import replace

from training.llm.frames import Author, Bindings, plural, with_article
from training.llm.pictures import NUMBERS, SHAPES, Picture, Thing, any_colour, any_noun, any_place, any_thing

COMPARATIVES = {
    "blue": "bluer",
    "red": "redder",
    "green": "greener",
    "yellow": "yellower",
    "pink": "pinker",
    "black": "blacker",
    "white": "whiter",
    "grey": "greyer",
    "brown": "browner",
}

Change = Callable[[Author, Picture, Bindings], Picture]


def _first(old: Picture, changed: Thing) -> Picture:
    """The picture with its first thing changed."""
    return replace(old, things=(changed, *old.things[1:]))


def _recolour(author: Author, old: Picture, bound: Bindings) -> Picture:
    if not author.held_out and author.chance(0.25):
        bound["frame"] = "make {it} {colourer}"
    frame = bound["frame"]
    if "{noun}" not in frame and len(old.things) > 1:
        bound["frame"] = "make the {noun} {colour}"
    bound["colour"] = author.random.choice(tuple(COMPARATIVES)) if "{colourer}" in frame else any_colour(author)
    bound["colourer"] = COMPARATIVES.get(bound["colour"], "")
    return _first(old, replace(old.things[0], colour=bound["colour"]))


def _count(author: Author, old: Picture, bound: Bindings) -> Picture:
    thing = old.things[0]
    count = author.random.choice([number for number in (2, 3, 4, 5, 6) if number != thing.count])
    digits = author.chance(0.2)
    bound["number"] = str(count) if digits else NUMBERS[count]
    bound["nouns"], bound["oldnumber"] = plural(thing.noun), NUMBERS[thing.count]
    return _first(old, replace(thing, count=count, digits=digits))


def _larger(_: Author, old: Picture, __: Bindings) -> Picture:
    return _first(old, replace(old.things[0], size="large"))


def _smaller(_: Author, old: Picture, __: Bindings) -> Picture:
    return _first(old, replace(old.things[0], size="small"))


def _look(author: Author, old: Picture, bound: Bindings) -> Picture:
    bound["look"] = author.word("looks")
    return _first(old, replace(old.things[0], look=bound["look"]))


def _background(author: Author, old: Picture, bound: Bindings) -> Picture:
    bound["colour"] = any_colour(author)
    return replace(old, place=f"on {with_article(bound['colour'])} background")


def _side(author: Author, old: Picture, bound: Bindings) -> Picture:
    bound["side"] = author.random.choice(("left", "right"))
    return replace(old, place=f"on the {bound['side']}")


def _place(author: Author, old: Picture, bound: Bindings) -> Picture:
    bound["place"] = any_place(author, shapes=False)
    return replace(old, place=bound["place"])


def _time(author: Author, old: Picture, bound: Bindings) -> Picture:
    bound["time"] = author.word("time")
    return replace(old, time=bound["time"])


def _style(author: Author, old: Picture, bound: Bindings) -> Picture:
    bound["style"] = author.word("style")
    return replace(old, style=(bound["style"],))


def _swap(author: Author, old: Picture, bound: Bindings) -> Picture:
    shapes = old.things[0].noun in SHAPES
    bound["newnoun"] = author.random.choice(SHAPES) if shapes else any_noun(author)
    return _first(old, replace(old.things[0], noun=bound["newnoun"]))


def _add(author: Author, old: Picture, bound: Bindings) -> Picture:
    other = any_thing(author, shapes=old.things[0].noun in SHAPES)
    bound["other"] = other.words()
    return replace(old, things=(old.things[0], other), joint="and")


def _again(_: Author, old: Picture, __: Bindings) -> Picture:
    return old


def _tail(_: Author, old: Picture, bound: Bindings) -> Picture:
    bound["frame"], _arrow, tail = bound["frame"].partition(" => ")
    return replace(old, style=(*old.style, tail))


# Each kind of change: how often, and what it does; its wordings are the section of that name in `frames/edits.txt`.
CHANGES: dict[str, tuple[int, Change]] = {
    "recolour": (8, _recolour),
    "count": (5, _count),
    "larger": (2, _larger),
    "smaller": (2, _smaller),
    "look": (3, _look),
    "background": (4, _background),
    "side": (2, _side),
    "place": (3, _place),
    "time": (3, _time),
    "style": (3, _style),
    "swap": (4, _swap),
    "add": (4, _add),
    "again": (3, _again),
    "tail": (3, _tail),
}


def edit(author: Author, old: Picture) -> tuple[str, Picture]:
    """A follow-up that changes the picture, and the picture it asks for."""
    thing = old.things[0]
    kind = author.random.choices(tuple(CHANGES), [weight for weight, _ in CHANGES.values()])[0]
    if kind in {"count", "swap", "add"} and len(old.things) > 1:
        kind = "background"
    elif kind == "place" and thing.noun in SHAPES:
        kind = "side"
    many = thing.count > 1
    bound = {
        "frame": author.frame("edits", kind),
        "it": "them" if many else "it",
        "noun": plural(thing.noun) if many else thing.noun,
    }
    new = CHANGES[kind][1](author, old, bound)
    return correct_articles(author.fill(bound["frame"], bound)), new


def correct_articles(words: str) -> str:
    """`an` where a frame's `a` came to stand before a vowel."""
    return re.sub(r"\ba (?=[aeio])", "an ", words)
