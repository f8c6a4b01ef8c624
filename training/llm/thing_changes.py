"""What the changes to one thing of a picture do: its colour, number, size and look, what it is, has on and does."""

import re
from dataclasses import replace
from functools import cache

from training.llm.any_picture import any_colour, any_look, any_name, any_noun, any_thing, any_written, some_part
from training.llm.frames import Author, Bindings, plural, sections, with_article
from training.llm.pictures import COLOURS, NUMBERS, RARE_COLOURS, SCENERY, SHAPES, SMALL, Picture, Thing

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
# "Bigger" once more, where it is large already.
LARGER = dict.fromkeys(("large", "big"), "huge") | dict.fromkeys(("huge", "giant"), "giant")
SMALLER = dict.fromkeys(SMALL, "tiny")
DRAWN = SHAPES + SCENERY


@cache
def tails() -> frozenset[str]:
    """What a wish may add to the end of a prompt: "realistic", "with birds"."""
    return frozenset(frame.partition(" => ")[2] for frame in sections("edits")["tail"])


def put(old: Picture, index: int, changed: Thing) -> Picture:
    """The picture with one of its things changed."""
    return replace(old, things=(*old.things[:index], changed, *old.things[index + 1 :]))


def index_of(bound: Bindings) -> int:
    """Which thing is changed."""
    return int(bound.get("index", "0"))


def _resized(old: Picture, bound: Bindings, size: str) -> Picture:
    return put(old, index_of(bound), replace(old.things[index_of(bound)], size=size))


def recolour(author: Author, old: Picture, bound: Bindings) -> Picture:
    at, thing = index_of(bound), old.things[index_of(bound)]
    colour = thing.colour
    while colour == thing.colour:
        more = "{colourer}" in bound["frame"]
        colour = author.random.choice(tuple(COMPARATIVES)) if more else any_colour(author)
    bound["colour"], bound["colourer"] = colour, COMPARATIVES.get(colour, "")
    return put(old, at, replace(thing, colour=colour))


def recolour_of(author: Author, old: Picture, bound: Bindings) -> Picture:
    """A thing told by its colour gets another."""
    bound["oldcolour"] = old.things[index_of(bound)].colour
    return recolour(author, old, bound)


def recolour_part(author: Author, old: Picture, bound: Bindings) -> Picture:
    """The hat of "wearing a small hat" gets a colour, or another one than it has."""
    at, thing = index_of(bound), old.things[index_of(bound)]
    colours = (*COLOURS, *RARE_COLOURS)
    first, *words = thing.doing.split(" ")
    article = words.pop(0) if words[0] in {"a", "an"} else ""
    *adjectives, noun = words
    rest = " ".join(adjectives)
    had = next((colour for colour in sorted(colours, key=len, reverse=True) if f" {rest}".endswith(f" {colour}")), "")
    colour = had
    while colour == had:
        colour = any_colour(author)
    bound["colour"] = colour
    said = " ".join(part for part in (rest.removesuffix(had).strip(), colour, noun) if part)
    return put(old, at, replace(thing, doing=f"{first} {with_article(said) if article else said}"))


def count(author: Author, old: Picture, bound: Bindings) -> Picture:
    thing = old.things[index_of(bound)]
    wanted = author.random.choice([number for number in NUMBERS if number != thing.count])
    digits = author.chance(0.2)
    bound["number"] = str(wanted) if digits else NUMBERS[wanted]
    bound["nouns"] = plural(thing.noun) if wanted > 1 else thing.noun
    bound["oldnumber"] = NUMBERS[thing.count]
    return put(old, index_of(bound), _counted(replace(thing, digits=digits), wanted))


def add_some(author: Author, old: Picture, bound: Bindings) -> Picture:
    thing = old.things[index_of(bound)]
    added = author.random.randint(2, max(NUMBERS) - thing.count)
    bound["number"], bound["nouns"] = NUMBERS[added], plural(thing.noun)
    return put(old, index_of(bound), _counted(thing, thing.count + added))


def _counted(thing: Thing, count: int) -> Thing:
    """So many of the thing, and what they do in the right number."""
    is_or_are = ("is", "are") if count > 1 else ("are", "is")
    doing = re.sub(rf"^(that|who) {is_or_are[0]} ", rf"\1 {is_or_are[1]} ", thing.doing)
    return replace(thing, count=count, doing=doing)


def enlarge(_: Author, old: Picture, bound: Bindings) -> Picture:
    said = re.search(r"\b(huge|giant)\b", bound["frame"])
    return _resized(old, bound, said[1] if said else LARGER.get(old.things[index_of(bound)].size, "large"))


def shrink(_: Author, old: Picture, bound: Bindings) -> Picture:
    said = re.search(r"\btiny\b", bound["frame"])
    return _resized(old, bound, said[0] if said else SMALLER.get(old.things[index_of(bound)].size, "small"))


def reset_size(_: Author, old: Picture, bound: Bindings) -> Picture:
    return _resized(old, bound, "")


def change_look(author: Author, old: Picture, bound: Bindings) -> Picture:
    # "Make it funny" is said of the whole picture, and a word that nobody knows could be a style as well.
    of_one = "{noun}" in bound["frame"]
    while (look := any_look(author, known=not of_one)) in tails() and not of_one:
        pass
    bound["look"] = look
    return put(old, index_of(bound), replace(old.things[index_of(bound)], look=bound["look"]))


def swap(author: Author, old: Picture, bound: Bindings) -> Picture:
    thing = old.things[index_of(bound)]
    noun = thing.noun
    while noun in {thing.noun for thing in old.things}:
        noun = author.random.choice(DRAWN) if thing.noun in DRAWN else any_noun(author)
    new = replace(thing, noun=noun, colour=any_colour(author) if author.chance(0.2) else thing.colour)
    words = [new.colour] if new.colour != thing.colour else []
    if thing.count > 1:
        bound["frame"] = bound["frame"].replace("a {newnoun}", "{newnoun}")
    bound["newnoun"] = " ".join((*words, new.called()))
    return put(old, index_of(bound), new)


def add_one(_: Author, old: Picture, bound: Bindings) -> Picture:
    return _counted_on(old, bound, 1)


def take_one(_: Author, old: Picture, bound: Bindings) -> Picture:
    return _counted_on(old, bound, -1)


def _counted_on(old: Picture, bound: Bindings, by: int) -> Picture:
    thing = old.things[index_of(bound)]
    bound["one"] = thing.noun
    return put(old, index_of(bound), _counted(thing, thing.count + by))


def give(author: Author, old: Picture, bound: Bindings) -> Picture:
    bound["frame"], _arrow, doing = bound["frame"].partition(" => ")
    at, thing = index_of(bound), old.things[index_of(bound)]
    bound["other"] = _given(author, doing)
    new = author.fill(doing, bound)
    if thing.doing:  # allowed where it has something on: "with a hat and a long tail"
        new = f"{thing.doing} and {new.removeprefix(thing.doing.partition(' ')[0] + ' ')}"
    return put(old, at, replace(thing, doing=new))


def _given(author: Author, doing: str) -> str:
    """What a thing may get, wear, hold and so on."""
    section = {"wearing {other}": "wear", "holding {other}": "hold", "carrying {other}": "hold"}.get(doing, "")
    if doing == "with {other}":
        if author.chance(0.4):
            return some_part(author)
        section = author.random.choice(("wear", "hold"))
    if section and author.chance(0.6):
        noun = author.word(section)
        words = f"{any_colour(author)} {noun}" if author.chance(0.4) else noun
        return words if noun.endswith("s") else with_article(words)
    while (other := any_thing(author, shapes=False)).proper:
        pass
    return replace(other, doing="").words()


def let_act(author: Author, old: Picture, bound: Bindings) -> Picture:
    bound["act"], _equals, bound["acting"] = author.word("act").partition("=")
    at, thing, acting = index_of(bound), old.things[index_of(bound)], bound["acting"]
    # "Now sleeping" could be said of a look too, so that it is one.
    is_look = acting in sections("words")["looks"]
    return put(old, at, replace(thing, look=acting) if is_look else replace(thing, doing=acting))


def name(author: Author, old: Picture, bound: Bindings) -> Picture:
    bound["newname"] = any_name(author)
    return put(old, 0, replace(old.things[0], doing=f"named {bound['newname']}"))


def write_on(author: Author, old: Picture, bound: Bindings) -> Picture:
    bound["written"] = any_written(author)
    return put(old, 0, replace(old.things[0], doing=f"with the word {bound['written']}"))
