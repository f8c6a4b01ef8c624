"""Which changes a picture allows, and to which of its things: a message must be able to say them without doubt."""

from itertools import combinations

from training.llm.changes import noun_of_doing, noun_of_place
from training.llm.pictures import COLOURS, NUMBERS, Picture, Thing, are_told_apart

LONG_DOING = 5  # spaces
# Changes to one thing: of several, the message names it.
OF_A_THING = (
    "recolour",
    "larger",
    "smaller",
    "normal",
    "look",
    "swap",
    "count",
    "more",
    "fewer",
    "add_some",
    "give",
    "act",
)
COUNTED = ("count", "more", "fewer", "add_some")
# Changes whose message says in another way which thing it means.
TOLD = ("recolour_of", "recolour_part")


def allows(old: Picture, kind: str) -> bool:
    """Whether this kind of change means something for this picture."""
    first, *others = old.things
    if kind in (*OF_A_THING, *TOLD):
        return bool(indices(old, kind)) and (not others or can_be_named(old))
    colours = {thing.colour for thing in old.things if thing.colour}
    idle_alone = not others and not first.doing
    allowed = {
        "remove": bool(removable(old)),
        "exchange": len(others) == 1 and len(colours) == 2 and not any(_has_coloured(thing) for thing in old.things),
        "relate": len(others) == 1 and can_be_named(old),
        "everything": bool(others),
        "add": len(others) < 2,
        "addat": not others,
        "another": idle_alone and first.count == 1 and bool(first.colour) and not (first.owner or first.proper),
        "name": idle_alone and first.count == 1 and not first.name and not first.proper,
        "write": idle_alone,
    }
    return allowed.get(kind, True)


def _has_coloured(thing: Thing) -> bool:
    """Whether it has on or does something with a colour of its own: "the colours" would be three."""
    return not set(COLOURS).isdisjoint(thing.doing.split(" "))


def indices(old: Picture, kind: str) -> list[int]:
    """Which of the things may be changed so."""
    told_by = {"recolour_of": "colour"} | dict.fromkeys(COUNTED, "noun")
    words = [getattr(thing, told_by.get(kind, "noun")) for thing in old.things]
    return [
        index
        for index, thing in enumerate(old.things)
        if _allows_thing(thing, kind) and (kind not in told_by or words.count(words[index]) == 1)
    ]


def _allows_thing(thing: Thing, kind: str) -> bool:
    """Whether this kind of change means something for this thing."""
    one_of_its_kind = thing.name or thing.proper or thing.owner or thing.doing.startswith(("named ", "called "))
    room = 0 if one_of_its_kind else max(NUMBERS) - thing.count  # there is but one dog Bello
    allowed = {
        "count": not one_of_its_kind,
        "more": room > 0,
        "add_some": room > 1,
        "fewer": not one_of_its_kind and thing.count > 1,
        "recolour_of": bool(thing.colour),
        "recolour_part": noun_of_doing(thing) not in {"", "text"} and thing.doing.count(" ") < LONG_DOING,
        "swap": not thing.name and not thing.proper,
        "normal": bool(thing.size),
        "give": not thing.doing or noun_of_doing(thing) not in {"", "text"},
        "act": not thing.doing,
    }
    return allowed.get(kind, True)


def can_be_named(picture: Picture) -> bool:
    """Whether there are things that words can tell apart."""
    return all(are_told_apart(one, two) for one, two in combinations(picture.things, 2))


def removable(picture: Picture) -> list[tuple[str, int]]:
    """What can be taken away: "place", what a thing has on ("doing"), or one of several things; and of which thing."""
    found = [("place", 0)] if noun_of_place(picture) else []
    found += [("doing", at) for at, thing in enumerate(picture.things) if noun_of_doing(thing)]
    if len(picture.things) > 1 and can_be_named(picture):
        same = len(set(picture.joints())) == 1  # else what would stand between the first and the last?
        found += [("thing", at) for at in range(len(picture.things)) if at != 1 or same or len(picture.things) == 2] * 2
    return found
