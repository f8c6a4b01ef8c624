"""Pictures in words: what a prompt can say, chosen at random."""

from dataclasses import dataclass, replace

from training.image.words import GLYPH_WORDS, PLACE_PHRASES, TIME_PHRASES
from training.llm.frames import Author, plural, sections, with_article

COLOURS = ("red", "orange", "yellow", "green", "turquoise", "blue", "purple", "pink", "brown", "grey", "black", "white")
RARE_COLOURS = (
    *("violet", "cyan", "teal", "gray", "gold", "silver", "dark blue", "light blue", "dark green", "light green", "beige", "crimson"),
    *("golden", "cream", "pale blue", "sky blue", "navy", "deep blue", "lime", "pale green", "deep green"),
)  # fmt: skip
SHAPES = ("circle", "square", "triangle", "star", "heart", "diamond", "ring", "cross")
# All else that the demo image model can draw, by all of its names.
SCENERY = tuple(dict.fromkeys(word for words in GLYPH_WORDS.values() for word in words if word not in SHAPES))
SIDES = (
    *("on the left", "on the right", "on the left side", "on the right side", "at the top", "at the bottom", "near the top"),
    *(f"{where} {side}{corner}" for where in ("in the top", "in the bottom") for side in ("left", "right") for corner in (" corner", "")),
)  # fmt: skip
SIMPLE_TIMES = tuple(
    dict.fromkeys(("at night", "by day", "in the night", *(time for times in TIME_PHRASES.values() for time in times)))
)
# What is a time is no place too: a message that says it alone would change either.
TIMES = frozenset((*SIMPLE_TIMES, *sections("words")["time"]))
SIMPLE_PLACES = tuple(
    place
    for place in dict.fromkeys(("in the sky", *(place for places in PLACE_PHRASES.values() for place in places)))
    if place not in TIMES
)
NUMBERS = {1: "one", 2: "two", 3: "three", 4: "four", 5: "five", 6: "six"}
SMALL, LARGE = ("small", "little", "tiny"), ("large", "big", "huge", "giant")
# Looks that a later wish for a size or a colour would contradict.
NO_LOOKS = {*SMALL, *LARGE, *COLOURS, *RARE_COLOURS, "miniature"}
GROUNDS = ("Lake", "Mount", "Port", "New", "Fort", "Castle", "San", "Cape")
TITLES = ("Mr", "Mrs", "Doctor", "Captain", "King", "Queen", "Aunt", "Uncle", "Little", "Old", "Saint", "Sir", "Lady")


@dataclass(frozen=True, slots=True)
class Thing:
    """What is in a picture: how many, how it looks, its colour, its noun."""

    noun: str
    colour: str = ""
    size: str = ""
    look: str = ""
    count: int = 1
    digits: bool = False
    owner: str = ""
    name: str = ""  # the Bello of "my dog Bello"
    doing: str = ""
    proper: bool = False  # whether the noun is itself a name, which has no article: "Bello on a beach"

    def called(self) -> str:
        """The noun, in its number, and the name."""
        noun = plural(self.noun) if self.count > 1 else self.noun
        return f"{noun} {self.name}" if self.name else noun

    def bare_words(self) -> str:
        return " ".join(part for part in (self.size, self.look, self.colour, self.called()) if part)

    def words(self) -> str:
        bare = self.bare_words()
        if self.count > 1:
            said = f"{self.count if self.digits else NUMBERS[self.count]} {bare}"
        elif self.owner:
            said = f"{self.owner} {bare}"
        else:
            said = bare if self.proper and bare == self.noun else with_article(bare)
        return f"{said} {self.doing}" if self.doing else said


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture: things, on which side of it, where, when, in which style, and in which medium ("a portrait of").

    `joint` stands between the first two things, `later` before every other.
    """

    things: tuple[Thing, ...]
    place: str = ""
    time: str = ""
    style: tuple[str, ...] = ()
    joint: str = "and"
    medium: str = ""
    side: str = ""
    later: str = "and"

    def joints(self) -> tuple[str, ...]:
        """What stands between the things, one fewer than these."""
        return (self.joint, *[self.later] * len(self.things))[: max(len(self.things) - 1, 0)]

    def words(self) -> str:
        subject = (
            " ".join(
                word
                for joint, thing in zip(("", *self.joints()), self.things, strict=True)
                for word in (joint, thing.words())
                if word
            )
            if self.things
            else ""
        )
        sentence = " ".join(part for part in (self.medium, subject, self.side, self.place, self.time) if part)
        return ", ".join((sentence, *self.style))

    def is_drawable(self) -> bool:
        """Whether it shows shapes and scenery alone, as the demo image model draws them."""
        if not self.things or self.style or self.medium:
            return False
        known = all(
            thing.noun in SHAPES + SCENERY and not (thing.look or thing.doing or thing.owner) for thing in self.things
        )
        return known and (not self.place or self.place in SIMPLE_PLACES or self.place.endswith("background"))


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


def any_style(author: Author, *, known: bool = False) -> str:
    if known or author.chance(0.8):
        return author.word("style")
    return author.invented() + author.random.choice(("", " art", " style", " drawing", " painting", " craft"))


def any_medium(author: Author) -> str:
    """A medium that nobody knows: it can only be copied."""
    return (
        f"{author.invented()} {author.random.choice(('card', 'poster', 'sign', 'badge', 'cover', 'label', 'banner'))}"
    )


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
            return Thing(noun, colour, size, owner=author.word("owner"), name=any_name(author) if chance(0.5) else "")
        return Thing(noun, colour, size, "", count, digits)
    look = any_look(author) if chance(0.42) else ""
    colour = any_colour(author) if chance(0.35) else ""
    if chance(0.06):
        return Thing(any_name(author), proper=True, doing=any_doing(author) if chance(0.2) else "")
    owner = author.word("owner") if count == 1 and chance(0.12) else ""
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


def are_told_apart(one: Thing, two: Thing) -> bool:
    """Whether words can say which of the two is meant: by their nouns, or by their colours."""
    return one.noun != two.noun or (bool(one.colour and two.colour) and one.colour != two.colour)


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
