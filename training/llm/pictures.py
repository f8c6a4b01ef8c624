"""Pictures in words: what a prompt can say, chosen at random."""

from dataclasses import dataclass, replace

from training.llm.frames import Author, plural, with_article

COLOURS = ("red", "orange", "yellow", "green", "turquoise", "blue", "purple", "pink", "brown", "grey", "black", "white")
RARE_COLOURS = (
    "violet",
    "cyan",
    "teal",
    "gray",
    "gold",
    "silver",
    "dark blue",
    "light blue",
    "dark green",
    "beige",
    "crimson",
)
SHAPES = ("circle", "square", "triangle", "star", "heart", "diamond", "ring", "cross")
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
    """One picture: things, what they do, where, when, and in which style."""

    things: tuple[Thing, ...]
    doing: str = ""
    place: str = ""
    time: str = ""
    style: tuple[str, ...] = ()
    joint: str = "and"

    def words(self) -> str:
        subject = f" {self.joint} ".join(thing.words() for thing in self.things)
        sentence = " ".join(part for part in (subject, self.doing, self.place, self.time) if part)
        return ", ".join((sentence, *self.style))


def any_colour(author: Author) -> str:
    return author.random.choice(COLOURS if author.chance(0.85) else RARE_COLOURS)


def any_noun(author: Author) -> str:
    """A noun of the lists, or an invented one that can only be copied."""
    roll = author.random.random()
    if roll < 0.18:
        return author.invented()
    if roll < 0.22:
        return f"{author.invented()} {author.word('thing')}"
    if roll < 0.26:
        return f"{author.word('thing')} of {author.invented()}"
    return author.word(author.random.choices(("animal", "thing", "person"), (3, 4, 2))[0])


def any_thing(author: Author, *, shapes: bool) -> Thing:
    chance = author.chance
    count = author.random.choices((1, 2, 3, 4, 5, 6), (16, 3, 3, 2, 1, 1))[0] if chance(0.7) else 1
    size = author.random.choice(SMALL + LARGE) if chance(0.2) else ""
    if shapes:
        return Thing(
            author.random.choice(SHAPES), any_colour(author) if chance(0.85) else "", size, "", count, chance(0.15)
        )
    look = author.word("looks") if chance(0.3) else author.invented() if chance(0.1) else ""
    owner = author.word("owner") if count == 1 and chance(0.08) else ""
    colour = any_colour(author) if chance(0.35) else ""
    return Thing(any_noun(author), colour, "" if look else size, look, count, chance(0.15), owner)


def any_place(author: Author, *, shapes: bool) -> str:
    if shapes:
        backdrop = f"on {with_article(any_colour(author))} background"
        return author.random.choice((backdrop, backdrop, f"on the {author.random.choice(('left', 'right'))}"))
    if author.chance(0.2):
        return f"{author.random.choice(('in', 'on', 'near', 'under', 'behind', 'with'))} {any_thing(author, shapes=False).words()}"
    if author.chance(0.15):
        year, name = author.random.randint(1100, 2100), author.invented().capitalize()
        return author.random.choice(
            (f"in {year}", f"in the {year // 10 * 10}s", f"in {name}", f"named {name}", f"with the word {name.upper()}")
        )
    return author.word("place")


def any_doing(author: Author) -> str:
    """What the things in a picture do."""
    if author.chance(0.4):
        return author.word("doing")
    verb = author.word("verb") if author.chance(0.8) else author.invented() + "ing"
    return f"{verb} {any_thing(author, shapes=False).words()}"


def any_picture(author: Author) -> Picture:
    """Any picture: shapes as the demo image model knows them, or things of the world."""
    chance, shapes = author.chance, author.chance(0.55)
    many = 2 if chance(0.12) else 1
    things = tuple(any_thing(author, shapes=shapes) for _ in range(many))
    joint = author.random.choice(("and", "and", "next to", "with", "beside", "under", "above"))
    place = any_place(author, shapes=shapes) if chance(0.3) else ""
    if shapes:
        return Picture(things, "", place, "at night" if chance(0.05) else "", (), joint)
    doing = any_doing(author) if chance(0.2) else ""
    time = author.word("time") if chance(0.15) else ""
    style = [author.word("style")] if chance(0.13) else []
    style += [f"in the style of {author.word('artist')}"] if chance(0.05) else []
    style += [author.word("look") for _ in range(author.random.choice((0, 0, 0, 0, 0, 1, 2)))]
    return Picture(things, doing, place, time, tuple(style), joint)


def simple_picture(author: Author) -> Picture:
    """A short picture, as it is spoken of in ordinary sentences."""
    picture = any_picture(author)
    return replace(
        picture,
        things=picture.things[:1],
        style=(),
        time="",
        place=picture.place if author.chance(0.4) else "",
        doing="",
    )
