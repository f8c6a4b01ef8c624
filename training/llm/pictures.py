"""Pictures in words: what a prompt can say, chosen at random."""

from dataclasses import dataclass, replace

from training.image.words import GLYPH_WORDS, PLACE_PHRASES, TIME_PHRASES
from training.llm.frames import Author, plural, with_article

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
SIMPLE_PLACES = tuple(
    dict.fromkeys(("in the sky", "under the stars", *(place for places in PLACE_PHRASES.values() for place in places)))
)
SIMPLE_TIMES = tuple(
    dict.fromkeys(("at night", "by day", "in the night", *(time for times in TIME_PHRASES.values() for time in times)))
)
NUMBERS = {1: "one", 2: "two", 3: "three", 4: "four", 5: "five", 6: "six"}
SMALL, LARGE = ("small", "little", "tiny"), ("large", "big", "huge", "giant")


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

    def bare_words(self) -> str:
        noun = plural(self.noun) if self.count > 1 else self.noun
        return " ".join(part for part in (self.size, self.look, self.colour, noun) if part)

    def words(self) -> str:
        if self.count > 1:
            return f"{self.count if self.digits else NUMBERS[self.count]} {self.bare_words()}"
        return f"{self.owner} {self.bare_words()}" if self.owner else with_article(self.bare_words())


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture: things, what they do, where, when, in which style, and in which medium ("a portrait of")."""

    things: tuple[Thing, ...]
    doing: str = ""
    place: str = ""
    time: str = ""
    style: tuple[str, ...] = ()
    joint: str = "and"
    medium: str = ""

    def words(self) -> str:
        subject = f" {self.joint} ".join(thing.words() for thing in self.things)
        sentence = " ".join(part for part in (self.medium, subject, self.doing, self.place, self.time) if part)
        return ", ".join((sentence, *self.style))

    def is_drawable(self) -> bool:
        """Whether it shows shapes and scenery alone, as the demo image model draws them."""
        if not self.things or self.doing or self.style or self.medium:
            return False
        known = all(thing.noun in SHAPES + SCENERY and not thing.look for thing in self.things)
        return known and (not self.place or self.place in SIMPLE_PLACES + SIDES or self.place.endswith("background"))


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
    """A proper name, half of them invented."""
    return author.word("name") if author.chance(0.5) else author.invented().capitalize()


def any_look(author: Author) -> str:
    return author.word("looks") if author.chance(0.7) else author.invented()


def any_style(author: Author) -> str:
    if author.chance(0.8):
        return author.word("style")
    return author.invented() + author.random.choice(("", " art", " style", " drawing"))


def any_thing(author: Author, *, shapes: bool) -> Thing:
    """One thing: a shape or a piece of scenery as the demo image model draws them, or anything."""
    chance = author.chance
    count = author.random.choices((1, 2, 3, 4, 5, 6), (16, 3, 3, 2, 1, 1))[0] if chance(0.7) else 1
    size = author.random.choice(SMALL + LARGE) if chance(0.2) else ""
    digits = chance(0.15)
    if shapes:
        noun = author.random.choice(SHAPES if chance(0.5) else SCENERY)
        return Thing(noun, any_colour(author) if chance(0.8) else "", size, "", count, digits)
    look = any_look(author) if chance(0.42) else ""
    owner = author.word("owner") if count == 1 and chance(0.08) else ""
    colour = any_colour(author) if chance(0.35) else ""
    noun = any_noun(author)
    if owner and chance(0.4):
        noun = f"{noun} {any_name(author)}"
    return Thing(noun, colour, "" if look else size, look, count, digits, owner)


def any_place(author: Author, *, shapes: bool) -> str:
    """Where it is: for shapes a background or a side, else anywhere."""
    choice = author.random.choice
    if shapes:
        backdrop = f"on {with_article(any_colour(author))} background"
        return choice((backdrop, backdrop, backdrop, choice(SIDES), choice(SIMPLE_PLACES), choice(SIMPLE_PLACES)))
    roll = author.random.random()
    if roll < 0.2:
        return f"{choice(('in', 'on', 'near', 'under', 'behind', 'with'))} {any_thing(author, shapes=False).words()}"
    if roll < 0.35:
        preposition = choice(("in", "on", "at", "near", "under", "by", "behind", "next to", "in front of"))
        return f"{preposition} {choice(('a', 'the', 'the', 'an old'))} {author.invented()}"
    if roll < 0.47:
        year, name = author.random.randint(1100, 2100), author.invented().capitalize()
        return choice(
            (
                f"in {year}",
                f"in the {year // 10 * 10}s",
                f"in {name}",
                f"named {name}",
                f"called {name}",
                f"with the word {name.upper()}",
            )
        )
    return author.word("place")


def any_doing(author: Author) -> str:
    """What the things in a picture do."""
    if author.chance(0.4):
        return author.random.choice(("", "", "", "that is ", "who is ")) + author.word("doing")
    verb = author.word("verb") if author.chance(0.65) else author.invented() + "ing"
    return f"{verb} {any_thing(author, shapes=False).words()}"


def any_time(author: Author, *, shapes: bool) -> str:
    if shapes:
        return author.random.choice(("at night", "at sunset", author.random.choice(SIMPLE_TIMES)))
    if author.chance(0.2):
        return f"{author.random.choice(('at', 'in', 'during', 'after'))} {author.random.choice(('the ', 'a ', ''))}{author.invented()}"
    return author.word("time")


def any_picture(author: Author) -> Picture:
    """Any picture: shapes and scenery as the demo image model knows them, or things of the world."""
    chance, shapes = author.chance, author.chance(0.58)
    things = tuple(any_thing(author, shapes=shapes) for _ in range(author.random.choices((1, 2, 3), (80, 17, 3))[0]))
    joint = author.random.choice(JOINTS)
    place = any_place(author, shapes=shapes) if chance(0.35) else ""
    time = any_time(author, shapes=shapes) if chance(0.2) else ""
    if shapes:
        return Picture(things, "", place, time, (), joint)
    doing = any_doing(author) if chance(0.2) else ""
    style = [any_style(author)] if chance(0.15) else []
    style += (
        [f"in the style of {author.word('artist') if chance(0.6) else author.invented().capitalize()}"]
        if chance(0.06)
        else []
    )
    style += [author.word("look") for _ in range(author.random.choice((0, 0, 0, 0, 0, 1, 2)))]
    return Picture(things, doing, place, time, tuple(dict.fromkeys(style)), joint)


def simple_picture(author: Author) -> Picture:
    """A short picture, as it is spoken of in ordinary sentences."""
    picture = any_picture(author)
    place = picture.place if author.chance(0.4) else ""
    return replace(picture, things=picture.things[:1], style=(), time="", place=place, doing="")


def jumble(author: Author) -> Picture:
    """Words in a row that mean nothing together: there is nothing to do but to copy them."""
    lists = ("animal", "thing", "person", "looks", "business", "topic", "place", "abstract", "time", "style")
    words = [
        author.invented() if author.chance(0.6) else author.word(author.random.choice(lists))
        for _ in range(author.random.randint(1, 5))
    ]
    return Picture((), medium=with_article(" ".join(words)))
