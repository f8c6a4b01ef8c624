"""Pictures chosen at random, from known words and from invented ones that can only be copied."""

from dataclasses import replace

from training.llm.frames import Author, with_article
from training.llm.pictures import (
    COLOURS,
    LARGE,
    RARE_COLOURS,
    SCENERY,
    SHAPES,
    SIMPLE_PLACES,
    SIMPLE_TIMES,
    SMALL,
    TIMES,
    Picture,
    Thing,
    are_told_apart,
)

SIDES = (
    *("on the left", "on the right", "on the left side", "on the right side", "at the top", "at the bottom", "near the top"),
    *(f"{where} {side}{corner}" for where in ("in the top", "in the bottom") for side in ("left", "right") for corner in (" corner", "")),
)  # fmt: skip
# Looks that a later wish for a size or a colour would contradict.
NO_LOOKS = {*SMALL, *LARGE, *COLOURS, *RARE_COLOURS, "miniature"}
GROUNDS = ("Lake", "Mount", "Port", "New", "Fort", "Castle", "San", "Cape")
TITLES = ("Mr", "Mrs", "Doctor", "Captain", "King", "Queen", "Aunt", "Uncle", "Little", "Old", "Saint", "Sir", "Lady")
STYLE_NOUNS = (" art", " style", " drawing", " painting", " craft")
JOINTS = (
    *("and", "and", "and", "and", "and", "next to", "next to", "with", "with", "beside", "under", "above", "above"),
    *("in front of", "behind", "on", "over", "below", "left of", "to the left of", "to the right of"),
)  # fmt: skip


def any_colour(author: Author) -> str:
    return author.random.choice(COLOURS if author.chance(0.8) else RARE_COLOURS)


def any_noun(author: Author) -> str:
    """A noun of the lists, or an invented one that can only be copied."""
    roll = author.random.random()
    if roll < 0.3:
        return author.invented()
    if roll < 0.33:
        return f"{author.invented()} {author.word('thing')}"
    if roll < 0.36:
        return f"{author.word('thing')} of {author.invented()}"
    return author.word(author.random.choices(("animal", "thing", "person"), (3, 4, 2))[0])


def any_name(author: Author) -> str:
    """A proper name, most of them invented, rarely of two words."""
    name = author.word("name") if author.chance(0.3) else author.invented().capitalize()
    if author.chance(0.12):
        return f"{author.random.choice(TITLES)} {name}"
    return f"{name} {author.invented().capitalize()}" if author.chance(0.1) else name


def any_look(author: Author, *, known: bool = False) -> str:
    """How a thing looks: never its colour or its size, which are told apart from that. `known`: a real word."""
    while (look := author.word("looks") if known or author.chance(0.7) else author.invented()) in NO_LOOKS:
        pass
    return look


def any_style(author: Author, *, told: bool = False) -> str:
    """A style: a real one, or an invented one. `told`: one that tells by itself that it is a style."""
    if author.chance(0.8):
        return author.word("style")
    return author.invented() + author.random.choice(STYLE_NOUNS if told else ("", *STYLE_NOUNS))


def any_medium(author: Author) -> str:
    """A medium that nobody knows: it can only be copied."""
    return (
        f"{author.invented()} {author.random.choice(('card', 'poster', 'sign', 'badge', 'cover', 'label', 'banner'))}"
    )


def any_owner(author: Author) -> str:
    """Whose it is."""
    return author.word("owner") if author.chance(0.85) else f"{any_name(author)}'s"


def any_thing(author: Author, *, shapes: bool) -> Thing:
    """One thing: a shape or a piece of scenery as the demo image model draws them, or anything."""
    chance = author.chance
    count = author.random.choices((1, 2, 3, 4, 5, 6), (16, 3, 3, 2, 1, 1))[0] if chance(0.7) else 1
    size = author.random.choice(SMALL + LARGE) if chance(0.2) else ""
    digits = chance(0.15)
    if shapes:
        noun = author.random.choice(SHAPES if chance(0.5) else SCENERY)
        colour = any_colour(author) if chance(0.8) else ""
        if noun in SCENERY and count == 1 and chance(0.06):
            return Thing(noun, colour, size, owner=any_owner(author), name=any_name(author) if chance(0.5) else "")
        return Thing(noun, colour, size, "", count, digits)
    look = any_look(author) if chance(0.42) else ""
    colour = any_colour(author) if chance(0.35) else ""
    if chance(0.06):
        return Thing(any_name(author), proper=True, doing=any_doing(author) if chance(0.2) else "")
    owner = any_owner(author) if count == 1 and chance(0.12) else ""
    name = any_name(author) if owner and chance(0.5) else ""
    noun = author.word("animal" if chance(0.6) else "person") if name and chance(0.7) else any_noun(author)
    return Thing(noun, colour, "" if look else size, look, count, digits, owner, name)


def any_place(author: Author, *, shapes: bool) -> str:
    """Where it is: for shapes a background or a simple place, else anywhere."""
    choice = author.random.choice
    if shapes:
        backdrop = f"on {with_article(any_colour(author))} background"
        return choice((backdrop, backdrop, backdrop, choice(SIMPLE_PLACES), choice(SIMPLE_PLACES)))
    roll = author.random.random()
    if roll < 0.2:
        return f"{choice(('in', 'on', 'near', 'under', 'behind'))} {any_thing(author, shapes=False).words()}"
    if roll < 0.35:
        preposition = choice(("in", "on", "at", "near", "under", "by", "behind", "next to", "in front of"))
        return f"{preposition} {choice(('a', 'the', 'the', 'an old'))} {author.invented()}"
    if roll < 0.45:
        where = any_name(author) if author.chance(0.6) else f"{choice(GROUNDS)} {author.invented().capitalize()}"
        return f"{choice(('in', 'in', 'near', 'above', 'over'))} {where}"
    while (place := author.word("place")) in TIMES:
        pass
    return place


def any_side(author: Author) -> str:
    """On which side of the picture it is."""
    return author.random.choice(SIDES)


def any_doing(author: Author, count: int = 1) -> str:
    """What as many things do, what they have on them, or what they are called."""
    choice, chance = author.random.choice, author.chance
    roll = author.random.random()
    if roll < 0.18:
        return f"with {some_part(author)}"
    if roll < 0.3 and count == 1:
        return f"{choice(('named', 'called'))} {any_name(author)}"
    if roll < 0.34:
        return f"with the word {any_written(author)}"
    if roll < 0.6:
        who = choice(("", "", "", "that are ", "who are ") if count > 1 else ("", "", "", "that is ", "who is "))
        return who + author.word("doing")
    verb = author.word("verb") if chance(0.65) else author.invented() + "ing"
    other = any_thing(author, shapes=False)
    return f"{verb} {replace(other, doing='').words()}"


def some_part(author: Author) -> str:
    """A part of a thing, as it is spoken of: "a long tail", "red wheels"."""
    part, look = author.word("part"), any_colour(author) if author.chance(0.3) else any_look(author)
    return f"{look} {part}" if part.endswith("s") else with_article(f"{look} {part}")


def any_written(author: Author) -> str:
    """A word as it is to be written into a picture."""
    word = author.word("name") if author.chance(0.2) else author.invented()
    return author.random.choice((word.upper(), word.upper(), word.lower(), word.capitalize()))


def any_time(author: Author, *, shapes: bool) -> str:
    if shapes:
        return author.random.choice(("at night", "at sunset", author.random.choice(SIMPLE_TIMES)))
    if author.chance(0.2):
        return f"{author.random.choice(('during', 'after', 'before'))} {author.random.choice(('the ', 'a ', ''))}{author.invented()}"
    if author.chance(0.1):
        year = author.random.randint(1100, 2100)
        return author.random.choice((f"in {year}", f"in the {year // 10 * 10}s"))
    return author.word("time")


def any_picture(author: Author) -> Picture:
    """Any picture: shapes and scenery as the demo image model knows them, or things of the world."""
    chance, shapes = author.chance, author.chance(0.58)
    things = _any_things(author, author.random.choices((1, 2, 3), (76, 20, 4))[0], shapes=shapes)
    joint, later = author.random.choice(JOINTS), author.random.choice(JOINTS) if chance(0.3) else "and"
    place = any_place(author, shapes=shapes) if chance(0.33) else ""
    side = any_side(author) if chance(0.09 if shapes else 0.02) else ""
    time = any_time(author, shapes=shapes) if chance(0.2) else ""
    if shapes:
        return Picture(things, place, time, (), joint, "", side, later)
    if chance(0.22):
        things = (replace(things[0], doing=any_doing(author, things[0].count)), *things[1:])
    style = [any_style(author)] if chance(0.15) else []
    style += (
        [f"in the style of {author.word('artist') if chance(0.6) else author.invented().capitalize()}"]
        if chance(0.06)
        else []
    )
    style += [author.word("look") for _ in range(author.random.choice((0, 0, 0, 0, 0, 1, 2)))]
    return Picture(things, place, time, tuple(dict.fromkeys(style)), joint, "", side, later)


def _any_things(author: Author, count: int, *, shapes: bool) -> tuple[Thing, ...]:
    """So many things, of which each can be named: no two of them have the same noun and the same colour."""
    things: tuple[Thing, ...] = ()
    while len(things) < count:
        thing = any_thing(author, shapes=shapes)
        alike = [other for other in things if other.noun == thing.noun]
        if not alike or (author.chance(0.5) and all(are_told_apart(thing, other) for other in alike)):
            things += (thing,)
    return things


def simple_picture(author: Author) -> Picture:
    """A short picture, as it is spoken of in ordinary sentences."""
    picture = any_picture(author)
    place = picture.place if author.chance(0.4) else ""
    first = replace(picture.things[0], doing="")
    return replace(picture, things=(first,), style=(), time="", side="", place=place)


def jumble(author: Author) -> Picture:
    """Words in a row that mean nothing together: there is nothing to do but to copy them."""
    lists = ("animal", "thing", "person", "looks", "business", "topic", "place", "abstract", "time", "style")
    words = [
        author.invented() if author.chance(0.6) else author.word(author.random.choice(lists))
        for _ in range(author.random.randint(1, 5))
    ]
    return Picture((), medium=with_article(" ".join(words)))
