"""Pictures in words: what a prompt can say."""

from dataclasses import dataclass

from training.image.words import GLYPH_WORDS, PLACE_PHRASES, TIME_PHRASES
from training.llm.frames import plural, sections, with_article

COLOURS = ("red", "orange", "yellow", "green", "turquoise", "blue", "purple", "pink", "brown", "grey", "black", "white")
RARE_COLOURS = (
    *("violet", "cyan", "teal", "gray", "gold", "silver", "dark blue", "light blue", "dark green", "light green", "beige", "crimson"),
    *("golden", "cream", "pale blue", "sky blue", "navy", "deep blue", "lime", "pale green", "deep green"),
)  # fmt: skip
SHAPES = ("circle", "square", "triangle", "star", "heart", "diamond", "ring", "cross")
# All else that the demo image model can draw, by all of its names.
SCENERY = tuple(dict.fromkeys(word for words in GLYPH_WORDS.values() for word in words if word not in SHAPES))
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


def are_told_apart(one: Thing, two: Thing) -> bool:
    """Whether words can say which of the two is meant: by their nouns, or by their colours."""
    return one.noun != two.noun or (bool(one.colour and two.colour) and one.colour != two.colour)
