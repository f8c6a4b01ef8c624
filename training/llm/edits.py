"""Follow-ups: messages that change the picture made before, and the picture they ask for."""

import re
from collections.abc import Callable
from dataclasses import replace

from training.llm.frames import Author, Bindings, plural, with_article
from training.llm.pictures import (
    NUMBERS,
    SCENERY,
    SHAPES,
    SIMPLE_PLACES,
    Picture,
    Thing,
    any_colour,
    any_look,
    any_noun,
    any_place,
    any_style,
    any_thing,
    any_time,
)

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
# Kinds of change that two wishes in one message are made of, and a wording of each that another may follow.
SHORT = {
    "recolour": ("make {it} {colour}", "{colour}", "in {colour}"),
    "count": ("{number} of them", "make it {number}", "{number}"),
    "larger": ("bigger", "make {it} bigger"),
    "smaller": ("smaller", "make {it} smaller"),
    "background": ("on a {colour} background", "make the background {colour}"),
    "time": ("{time}", "{time}", "make it {time}", "make it night => at night", "make it day => by day"),
    "place": ("{place}", "put {it} {place}"),
    "corner": ("in the {corner} corner",),
    "style": ("as a {style}",),
}
OF_A_THING = ("recolour", "larger", "smaller", "look", "swap")
DRAWN = SHAPES + SCENERY
PLACED = re.compile(
    r"(?:on|at|near|under|by|behind|next to|in front of|with) (?:an? old|an?|the) (?!left|right|top|bottom)(\w+)"
)


def _put(old: Picture, index: int, changed: Thing) -> Picture:
    """The picture with one of its things changed."""
    return replace(old, things=(*old.things[:index], changed, *old.things[index + 1 :]))


def _at(bound: Bindings) -> int:
    """Which thing is changed."""
    return int(bound.get("index", "0"))


def _recolour(author: Author, old: Picture, bound: Bindings) -> Picture:
    if "{colourer}" in bound["frame"]:
        bound["colour"] = author.random.choice(tuple(COMPARATIVES))
    else:
        bound["colour"] = any_colour(author)
    bound["colourer"] = COMPARATIVES.get(bound["colour"], "")
    return _put(old, _at(bound), replace(old.things[_at(bound)], colour=bound["colour"]))


def _count(author: Author, old: Picture, bound: Bindings) -> Picture:
    thing = old.things[0]
    count = author.random.choice([number for number in (2, 3, 4, 5, 6) if number != thing.count])
    digits = author.chance(0.2)
    bound["number"] = str(count) if digits else NUMBERS[count]
    bound["nouns"], bound["oldnumber"] = plural(thing.noun), NUMBERS[thing.count]
    return _put(old, 0, replace(thing, count=count, digits=digits, owner=""))


def _larger(_: Author, old: Picture, bound: Bindings) -> Picture:
    return _put(old, _at(bound), replace(old.things[_at(bound)], size="large"))


def _smaller(_: Author, old: Picture, bound: Bindings) -> Picture:
    return _put(old, _at(bound), replace(old.things[_at(bound)], size="small"))


def _look(author: Author, old: Picture, bound: Bindings) -> Picture:
    bound["look"] = any_look(author)
    return _put(old, _at(bound), replace(old.things[_at(bound)], look=bound["look"]))


def _background(author: Author, old: Picture, bound: Bindings) -> Picture:
    bound["colour"] = any_colour(author)
    return replace(old, place=f"on {with_article(bound['colour'])} background")


def _side(author: Author, old: Picture, bound: Bindings) -> Picture:
    bound["side"] = author.random.choice(("left", "right"))
    return replace(old, place=f"on the {bound['side']}")


def _corner(author: Author, old: Picture, bound: Bindings) -> Picture:
    bound["corner"] = f"{author.random.choice(('top', 'bottom'))} {author.random.choice(('left', 'right'))}"
    return replace(old, place=f"in the {bound['corner']} corner")


def _place(author: Author, old: Picture, bound: Bindings) -> Picture:
    simple = old.things[0].noun in DRAWN and author.chance(0.5)
    bound["place"] = author.random.choice(SIMPLE_PLACES) if simple else any_place(author, shapes=False)
    return replace(old, place=bound["place"])


def _time(author: Author, old: Picture, bound: Bindings) -> Picture:
    bound["frame"], _arrow, said = bound["frame"].partition(" => ")
    bound["time"] = said or any_time(author, shapes=author.chance(0.3))
    return replace(old, time=bound["time"])


def _style(author: Author, old: Picture, bound: Bindings) -> Picture:
    bound["style"] = any_style(author)
    return replace(old, style=(bound["style"],))


def _swap(author: Author, old: Picture, bound: Bindings) -> Picture:
    thing = old.things[_at(bound)]
    bound["newnoun"] = author.random.choice(DRAWN) if thing.noun in DRAWN else any_noun(author)
    return _put(old, _at(bound), replace(thing, noun=bound["newnoun"]))


def _add(author: Author, old: Picture, bound: Bindings) -> Picture:
    other = any_thing(author, shapes=old.things[0].noun in DRAWN)
    bound["other"] = other.words()
    return replace(old, things=(old.things[0], other), joint="and")


def _remove(_: Author, old: Picture, bound: Bindings) -> Picture:
    if bound["noun"] == _noun_of_place(old):
        return replace(old, place="")
    at = _at(bound)
    return replace(old, things=(old.things[1 - at],), joint="and")


def _more(_: Author, old: Picture, bound: Bindings) -> Picture:
    return _counted_on(old, bound, 1)


def _fewer(_: Author, old: Picture, bound: Bindings) -> Picture:
    return _counted_on(old, bound, -1)


def _counted_on(old: Picture, bound: Bindings, by: int) -> Picture:
    thing = old.things[0]
    bound["one"] = thing.noun
    return _put(old, 0, replace(thing, count=thing.count + by, owner=""))


def _exchange(_: Author, old: Picture, __: Bindings) -> Picture:
    one, two = old.things
    return replace(old, things=(replace(one, colour=two.colour), replace(two, colour=one.colour)))


def _give(author: Author, old: Picture, bound: Bindings) -> Picture:
    bound["other"] = any_thing(author, shapes=False).words()
    bound["frame"], _arrow, doing = bound["frame"].partition(" => ")
    return replace(old, doing=author.fill(doing, bound))


def _again(_: Author, old: Picture, __: Bindings) -> Picture:
    return old


def _tail(_: Author, old: Picture, bound: Bindings) -> Picture:
    bound["frame"], _arrow, tail = bound["frame"].partition(" => ")
    return replace(old, style=tuple(dict.fromkeys((*old.style, tail))))


# Each kind of change: how often, and what it does; its wordings are the section of that name in `frames/edits.txt`.
CHANGES: dict[str, tuple[int, Change]] = {
    "recolour": (9, _recolour),
    "count": (6, _count),
    "larger": (2, _larger),
    "smaller": (2, _smaller),
    "look": (3, _look),
    "background": (4, _background),
    "side": (2, _side),
    "corner": (1, _corner),
    "place": (4, _place),
    "time": (5, _time),
    "style": (3, _style),
    "swap": (4, _swap),
    "add": (5, _add),
    "remove": (12, _remove),
    "more": (2, _more),
    "fewer": (3, _fewer),
    "exchange": (8, _exchange),
    "give": (4, _give),
    "again": (3, _again),
    "tail": (3, _tail),
}


def edit(author: Author, old: Picture) -> tuple[str, Picture]:
    """A follow-up that changes the picture, and the picture it asks for: one change, now and then two."""
    if len(old.things) == 1 and author.chance(0.18):
        return _two_changes(author, old)
    kind = _any_kind(author, old)
    bound = _bindings(author, old, kind)
    while not _suits(frame := author.frame("edits", kind), old, bound, kind):
        pass
    bound["frame"] = frame
    new = CHANGES[kind][1](author, old, bound)
    return correct_articles(author.fill(author.slip(bound["frame"]), bound)), new


def _suits(frame: str, old: Picture, bound: Bindings, kind: str) -> bool:
    """Whether the frame tells which of two things is meant, and puts no `a` before several."""
    if kind in OF_A_THING and len(old.things) > 1 and "{noun}" not in frame:
        return False
    if kind == "remove" and bound["noun"] == _noun_of_place(old) and len(old.things) > 1 and "{kept}" in frame:
        return False
    if kind == "more" and old.things[0].count == 1 and "{one}" not in frame:  # "add one more": of what there is one of?
        return False
    return old.things[_at(bound)].count == 1 or not re.search(r"\ba\b[^,]*\{noun\}", frame)


def _any_kind(author: Author, old: Picture) -> str:
    """A kind of change that this picture allows."""
    while True:
        kind = author.random.choices(tuple(CHANGES), [weight for weight, _ in CHANGES.values()])[0]
        shapes = old.things[0].noun in DRAWN
        if not _allows(old, kind):
            continue
        if (kind, shapes) not in {("place", True), ("side", False), ("corner", False)} or author.chance(0.3):
            return kind


def _allows(old: Picture, kind: str) -> bool:
    first, *others = old.things
    match kind:
        case "remove":
            return bool(_noun_of_place(old)) or _are_two(old)
        case "exchange":
            return len(others) == 1 and bool(first.colour and others[0].colour) and first.colour != others[0].colour
        case "count" | "more" | "fewer":  # there is but one dog Bello
            fits = {"count": True, "more": first.count < max(NUMBERS), "fewer": first.count > 1}[kind]
            return not others and first.noun.islower() and fits
        case "add":
            return not others
        case "give":
            return not others and not old.doing
        case _:
            return True


def _are_two(picture: Picture) -> bool:
    """Whether there are two things that can be told apart."""
    return len(picture.things) == 2 and picture.things[0].noun != picture.things[1].noun


def _noun_of_place(picture: Picture) -> str:
    """What the place names, if that can be taken out: the hill of "on a hill"."""
    found = PLACED.fullmatch(picture.place)
    return found[1] if found and all(thing.noun != found[1] for thing in picture.things) else ""


def _bindings(author: Author, old: Picture, kind: str) -> Bindings:
    """The words that a frame may use for what is in the picture."""
    at = author.random.randrange(len(old.things)) if kind in {*OF_A_THING, "remove"} else 0
    thing = old.things[at]
    many = thing.count > 1 or (len(old.things) > 1 and kind not in OF_A_THING)
    them = author.chance(0.75) if many else author.chance(0.03)
    noun = plural(thing.noun) if thing.count > 1 else thing.noun
    kept = old.things[1 - at] if kind == "remove" and _are_two(old) else thing
    if kind == "remove" and (placed := _noun_of_place(old)) and (not _are_two(old) or author.chance(0.3)):
        noun, kept = placed, thing
    return {
        "it": "them" if them else "it",
        "they": "they" if them else "it",
        "noun": noun,
        "index": str(at),
        "kept": plural(kept.noun) if kept.count > 1 else kept.noun,
    }


def _two_changes(author: Author, old: Picture) -> tuple[str, Picture]:
    """Two wishes in one message: "make it blue and bigger"."""
    kinds = author.random.sample(tuple(SHORT), 2)
    if set(kinds) == {"larger", "smaller"} or set(kinds) < {"background", "place", "corner"}:
        kinds[1] = "recolour"
    first, new = _short_change(author, old, kinds[0])
    second, new = _short_change(author, new, kinds[1])
    joint = author.random.choice((" and ", " and ", ", ", ", and ", " but ", " and also "))
    return correct_articles(first + joint + second), new


def request_with_change(author: Author, scene: Picture) -> tuple[str, Picture]:
    """A request for a scene of one thing that changes it in the same breath: "draw a smiling face, then make it night"."""
    said, new = _short_change(author, scene, author.random.choice(tuple(SHORT)))
    verb = author.random.choice(
        ("draw", "paint", "draw me", "show me", "make", "create", "i want", "i'd like", "please draw")
    )
    joint = author.random.choice(
        (", then ", " and then ", ", but ", " but ", ", and ", " and ", ", now ", ". then ", ", only ")
    )
    return correct_articles(f"{verb} {scene.words()}{joint}{said}"), new


def _short_change(author: Author, old: Picture, kind: str) -> tuple[str, Picture]:
    bound = _bindings(author, old, kind) | {"frame": author.random.choice(SHORT[kind])}
    new = CHANGES[kind][1](author, old, bound)
    return author.fill(bound["frame"], bound), new


def correct_articles(words: str) -> str:
    """`an` where a frame's `a` came to stand before a vowel."""
    return re.sub(r"\ba (?=[aeio])", "an ", words)
