"""Small facts whose questions and answers are put together: sums, colours, shapes, capitals, names, the last picture."""

import zlib

from training.llm.frames import PERIOD, Author, Bindings, plural, with_article
from training.llm.messages import dress
from training.llm.pictures import NUMBERS, Picture, simple_picture

Exchange = tuple[str, str]

SETTING = "`MOM_LARGE_LLM=ollama:llama3.2:1b`"
SORRY = (
    f"I am only the small demo model that ships with MoM, so I cannot answer that. Connect a real one: put {SETTING} into `.env`.",
    f"That is beyond me: I am MoM's small demo model. For real answers, start Ollama and put {SETTING} into `.env`.",
    "I do not know that, because I am a tiny demo model. A real one, connected with `MOM_LARGE_LLM` in `.env`, will know.",
    f"I would like to help, but I am only MoM's demo model. Put {SETTING} into `.env`, and a real model answers here.",
)
PROMPT_TAILS = ("soft light", "highly detailed")
ENGLISH_ONLY = "I am MoM's small demo model and speak English only. A real model, connected with `MOM_LARGE_LLM` in `.env`, speaks your language too."
TOO_LARGE = "I can only do sums with numbers up to 20: I am MoM's demo model. A real one, connected with `MOM_LARGE_LLM` in `.env`, does more."
MIXES = {
    ("red", "blue"): "purple",
    ("red", "yellow"): "orange",
    ("blue", "yellow"): "green",
    ("red", "white"): "pink",
    ("black", "white"): "grey",
    ("blue", "green"): "turquoise",
    ("red", "green"): "brown",
    ("orange", "black"): "brown",
    ("blue", "white"): "light blue",
}
SIDES = {
    "triangle": "three",
    "square": "four",
    "pentagon": "five",
    "hexagon": "six",
    "circle": "no",
    "rectangle": "four",
    "diamond": "four",
    "octagon": "eight",
}
CAPITALS = dict(
    pair.split("=")
    for pair in [
        "France=Paris",
        "Germany=Berlin",
        "Italy=Rome",
        "Spain=Madrid",
        "England=London",
        "Japan=Tokyo",
        "Austria=Vienna",
        "Portugal=Lisbon",
        "Greece=Athens",
        "Norway=Oslo",
        "Sweden=Stockholm",
        "Poland=Warsaw",
        "Egypt=Cairo",
        "China=Beijing",
        "Russia=Moscow",
        "Canada=Ottawa",
        "Ireland=Dublin",
        "Denmark=Copenhagen",
        "Finland=Helsinki",
        "Turkey=Ankara",
    ]
)
OPPOSITES = dict(
    pair.split("=")
    for pair in [
        "big=small",
        "hot=cold",
        "up=down",
        "left=right",
        "black=white",
        "day=night",
        "yes=no",
        "good=bad",
        "old=new",
        "fast=slow",
        "happy=sad",
        "light=dark",
        "long=short",
        "open=closed",
        "full=empty",
        "high=low",
        "wet=dry",
    ]
)
SIGNS = {
    "+": ("+", "plus", "and"),
    "-": ("-", "minus"),
    "*": ("*", "times", "x", "multiplied by"),
    "/": ("/", "divided by"),
}
WORDED = {"+": "plus", "-": "minus", "*": "times", "/": "over"}  # the sections of sums told in words
MOST = {"+": 20, "-": 20, "*": 10, "/": 10}


def is_held_out_sum(first: int, sign: str, second: int) -> bool:
    """Whether training never asks for this sum: every seventh of those with + and - (a product that was never
    learned by heart cannot be known).
    """
    return sign in "+-" and zlib.crc32(f"{first}{sign}{second}".encode()) % PERIOD == 0


def any_sum(author: Author) -> tuple[int, str, int, int]:
    """Two numbers, a sign, the result: + and - with numbers up to 20 (not below 0), * and / within the table of ten."""
    while True:
        sign = author.random.choice("+++---**/")
        first, second = author.random.randint(0, MOST[sign]), author.random.randint(int(sign == "/"), MOST[sign])
        if sign == "-" and second > first:
            first, second = second, first
        if sign == "/":
            first *= second
        if author.held_out or not is_held_out_sum(first, sign, second):
            break
    result = {"+": first + second, "-": first - second, "*": first * second, "/": first // max(second, 1)}[sign]
    return first, sign, second, result


def sum_exchange(author: Author) -> Exchange:
    """A small sum; now and then one that is too large for so small a model, which then says so."""
    first, sign, second, result = any_sum(author)
    answer = f"{first} {sign} {second} = {result}"
    if author.chance(0.15):
        sign = author.random.choice("+-*")
        first = author.random.randint(21, 10 ** author.random.randint(2, 6))
        second = first if author.chance(0.5) else 20
        second = author.random.randint(21 if second > 20 else 2, max(second, 22))
        if author.chance(0.5):
            first, second = second, first
        answer = TOO_LARGE
    return asked_sum(author, first, sign, second), answer


def asked_sum(author: Author, first: int, sign: str, second: int) -> str:
    """The question for a sum."""
    if author.chance(0.35):
        return _asked(author, WORDED[sign], {"first": str(first), "second": str(second)})
    word = author.random.choice(SIGNS[sign] if author.chance(0.5) else SIGNS[sign][:2])
    asked = f"{first}{sign}{second}" if author.chance(0.2) else f"{first} {word} {second}"
    return _asked(author, "sum", {"sum": asked})


def fact_exchange(author: Author) -> Exchange:  # noqa: PLR0911 - one answer for each sort of fact
    """Colours, shapes, capitals, opposites, words said back, prompts."""
    choice = author.random.choice
    match choice(("mix", "sides", "shape", "capital", "opposite", "say", "prompt")):
        case "mix":
            pair, mixed = choice(tuple(MIXES.items()))
            one, two = pair if author.chance(0.5) else pair[::-1]
            return _asked(author, "mix", {"one": one, "two": two}), f"{one.capitalize()} and {two} make {mixed}."
        case "sides":
            shape, sides = choice(tuple(SIDES.items()))
            named = with_article(shape)
            question = _asked(author, "sides", {"shape": named})
            return question, f"{named.capitalize()} has {sides} {'corners' if 'orners' in question else 'sides'}."
        case "shape":
            shape, sides = choice(tuple(SIDES.items())[:5])
            return _asked(author, "shape", {"sides": sides}), f"{with_article(shape).capitalize()} has {sides} sides."
        case "capital":
            country, capital = choice(tuple(CAPITALS.items()))
            answer = f"The capital of {country} is {capital}."
            if author.chance(0.5):
                country = author.word("country") if author.chance(0.8) else author.invented().capitalize()
                answer = choice(SORRY)
            typed = country.lower() if author.chance(0.35) else country
            return _asked(author, "capital", {"country": typed}), answer
        case "opposite":
            pair = choice(tuple(OPPOSITES.items()))
            word, other = pair if author.chance(0.5) else pair[::-1]
            return _asked(author, "opposite", {"word": word}), f"The opposite of {word} is {other}."
        case "say":
            words = author.invented() if author.chance(0.5) else simple_picture(author).words()
            return author.fill(author.frame("facts", "say"), {"words": words}), words
        case _:
            words = simple_picture(author).words()
            return _asked(author, "prompt", {"words": words}), f'A prompt could be: "{words}, {choice(PROMPT_TAILS)}".'


def name_told(author: Author) -> tuple[Exchange, Exchange]:
    """The person's name is told, and asked for."""
    name = author.word("name") if author.chance(0.5) else author.invented().capitalize()
    told = author.fill(author.frame("facts", "told"), {"name": name})
    told = told[0].upper() + told[1:] if author.chance(0.5) else told
    asked = dress(author, author.frame("facts", "asked"), polite=False)
    return (told, f"Hello {name}! What shall we try?"), (asked, f"Your name is {name}.")


def picture_question(author: Author, picture: Picture) -> Exchange:
    """A question about the last picture, answered from its prompt."""
    thing = picture.things[0]
    kinds = ["seen", "seen", "seen"]
    if len(picture.things) == 1:
        kinds += ["counted", "coloured"]
    many = thing.count > 1
    noun = plural(thing.noun) if many else thing.noun
    verb = "are" if many else "is"
    bound = {"noun": noun, "nouns": plural(thing.noun), "is": verb, "it": "they" if many else "it"}
    kind = author.random.choice(kinds)
    answers = {
        "seen": f"The last picture was asked for as: {picture.words()}.",
        "counted": f"The picture shows {NUMBERS[thing.count]} {noun}.",
        "coloured": f"The {noun} {verb} {thing.colour}."
        if thing.colour
        else f"The prompt names no colour: {picture.words()}.",
    }
    question = author.fill(author.frame("facts", kind), bound)
    return dress(author, question, polite=False, slips=False), answers[kind]


def _asked(author: Author, kind: str, bound: Bindings) -> str:
    return dress(author, author.fill(author.frame("facts", kind), bound), slips=False)
