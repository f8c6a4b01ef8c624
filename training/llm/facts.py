"""Small facts whose questions and answers are put together: colours, shapes, capitals, names, the last picture."""

from training.llm.any_picture import simple_picture
from training.llm.frames import Author, plural, with_article
from training.llm.messages import dress
from training.llm.pictures import NUMBERS, Picture
from training.llm.sums import Exchange, asked

SETTING = "`MOM_LARGE_LLM=ollama:llama3.2:1b`"
SORRY = (
    f"I am only the small demo model that ships with MoM, so I cannot help with that. Connect a real one: put {SETTING} into `.env`.",
    f"That is beyond me: I am MoM's small demo model. For real answers, start Ollama and put {SETTING} into `.env`.",
    "That is too much for a tiny demo model like me. A real one, connected with `MOM_LARGE_LLM` in `.env`, can help.",
    f"I would like to help, but I am only MoM's demo model. Put {SETTING} into `.env`, and a real model answers here.",
)
PROMPT_TAILS = ("soft light", "highly detailed")
ENGLISH_ONLY = "I am MoM's small demo model and speak English only. A real model, connected with `MOM_LARGE_LLM` in `.env`, speaks your language too."
UNCLEAR = "I am not sure what you mean: I am only MoM's small demo model. Ask me what MoM is, or for a real model put `MOM_LARGE_LLM` into `.env`."
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
CAPITALS = {
    "France": "Paris", "Germany": "Berlin", "Italy": "Rome", "Spain": "Madrid", "England": "London", "Japan": "Tokyo",
    "Austria": "Vienna", "Portugal": "Lisbon", "Greece": "Athens", "Norway": "Oslo", "Sweden": "Stockholm", "Poland": "Warsaw",
    "Egypt": "Cairo", "China": "Beijing", "Russia": "Moscow", "Canada": "Ottawa", "Ireland": "Dublin", "Denmark": "Copenhagen",
    "Finland": "Helsinki", "Turkey": "Ankara",
}  # fmt: skip
OPPOSITES = {
    "big": "small", "hot": "cold", "up": "down", "left": "right", "black": "white", "day": "night", "yes": "no", "good": "bad",
    "old": "new", "fast": "slow", "happy": "sad", "light": "dark", "long": "short", "open": "closed", "full": "empty",
    "high": "low", "wet": "dry",
}  # fmt: skip
# What has one colour, as everybody would say.
COLOURS = {
    "red": ("a tomato", "a strawberry", "a cherry", "blood", "a ruby", "a fire engine", "ketchup"),
    "yellow": ("a lemon", "a sunflower", "a canary", "butter", "cheese", "mustard"),
    "orange": ("a carrot", "a pumpkin", "a clownfish"),
    "green": ("a cucumber", "a frog", "a leaf", "a pea", "spinach", "a cactus", "moss"),
    "white": ("milk", "a polar bear", "a swan", "salt", "a snowman", "flour", "rice"),
    "black": ("coal", "a raven", "tar", "a crow", "a panther"),
    "grey": ("an elephant", "a dolphin", "ash", "concrete"),
    "brown": ("chocolate", "a coconut", "coffee", "a chestnut", "a bear"),
    "pink": ("a flamingo", "a pig", "bubblegum"),
    "blue": ("a sapphire", "a blueberry", "a bluebell"),
    "purple": ("an aubergine", "a plum", "lavender", "an amethyst"),
}
COLOUR_OF = {what: colour for colour, things in COLOURS.items() for what in things}
OTHER_SHAPES = (
    "heptagon", "nonagon", "decagon", "cube", "pyramid", "cylinder", "cone", "star", "cross", "kite", "heart", "spiral",
    "tetrahedron", "trapezium", "parallelogram", "dodecagon", "snowflake", "crescent", "polygon", "prism",
)  # fmt: skip
OTHER_WORDS = (
    "tree", "gravity", "love", "democracy", "seven", "music", "orange", "teacher", "water", "irony", "purple", "car", "logic",
    "monday", "cat", "chocolate", "metaphor", "paris", "bread", "history", "jazz", "monarchy", "winter", "optimism", "chair",
    "synonym", "entropy", "friend", "loud", "rich", "brave", "noisy", "ancient", "generous", "shallow", "victory", "arrive",
)  # fmt: skip
OTHER_MIXES = (
    ("purple", "brown"), ("pink", "grey"), ("green", "orange"), ("turquoise", "pink"), ("brown", "white"), ("purple", "yellow"),
    ("orange", "blue"), ("green", "purple"), ("pink", "brown"), ("grey", "orange"), ("turquoise", "black"), ("brown", "blue"),
)  # fmt: skip


def fact_exchange(author: Author) -> Exchange:
    """A fact of one of the sorts; a quarter of the questions of some of them ask for what is not known."""
    return author.random.choice(FACTS)(author)


def _mix(author: Author) -> Exchange:
    pair, mixed = author.random.choice(tuple(MIXES.items()))
    one, two = pair if author.chance(0.5) else pair[::-1]
    answer = f"{one.capitalize()} and {two} make {mixed}."
    if author.chance(0.15):
        (one, two), answer = author.random.choice(OTHER_MIXES), author.random.choice(SORRY)
    return asked(author, "mix", {"one": one, "two": two}), answer


def _unmix(author: Author) -> Exchange:
    """Of which colours another is mixed; brown has two ways, so it is not asked for."""
    (one, two), mixed = author.random.choice([item for item in MIXES.items() if item[1] != "brown"])
    return asked(author, "unmix", {"mixed": mixed}), f"{one.capitalize()} and {two} make {mixed}."


def _sides(author: Author) -> Exchange:
    shape, sides = author.random.choice(tuple(SIDES.items()))
    named = with_article(shape)
    question = asked(author, "sides", {"shape": named})
    if author.chance(0.25):
        other = author.invented() if author.chance(0.4) else author.random.choice(OTHER_SHAPES)
        return asked(author, "sides", {"shape": with_article(other)}), author.random.choice(SORRY)
    return question, f"{named.capitalize()} has {sides} {'corners' if 'orners' in question else 'sides'}."


def _shape(author: Author) -> Exchange:
    shape, sides = author.random.choice([item for item in SIDES.items() if item[0] not in ("rectangle", "diamond")])
    return asked(author, "shape", {"sides": sides}), f"{with_article(shape).capitalize()} has {sides} sides."


def _capital(author: Author) -> Exchange:
    country, capital = author.random.choice(tuple(CAPITALS.items()))
    answer = f"The capital of {country} is {capital}."
    if author.chance(0.5):
        roll = author.random.random()
        if roll < 0.2:
            country = author.invented().capitalize()
        elif roll < 0.5:
            country = author.word("country")
        else:
            country = _in_capitals(author.frame("facts", "unknowncountry"))
        answer = author.random.choice(SORRY)
    typed = country.lower() if author.chance(0.35) else country
    return asked(author, "capital", {"country": typed}), answer


def _in_capitals(words: str) -> str:
    small = ("the", "of", "and")
    return " ".join(word if word in small else word.capitalize() for word in words.split())


def _opposite(author: Author) -> Exchange:
    pair = author.random.choice(tuple(OPPOSITES.items()))
    word, other = pair if author.chance(0.5) else pair[::-1]
    answer = f"The opposite of {word} is {other}."
    if author.chance(0.2):
        word = author.invented() if author.chance(0.4) else author.random.choice(OTHER_WORDS)
        answer = author.random.choice(SORRY)
    return asked(author, "opposite", {"word": word}), answer


def _colour(author: Author) -> Exchange:
    what = author.random.choice(tuple(COLOUR_OF))
    answer = f"{what[0].upper()}{what[1:]} is {COLOUR_OF[what]}."
    if author.chance(0.2):
        what, answer = with_article(author.invented()), author.random.choice(SORRY)
    return asked(author, "colourof", {"what": what}), answer


def _said_back(author: Author) -> Exchange:
    """Words to be said back: mostly known ones; invented ones, which so small a model rarely repeats letter by letter, are few."""
    roll = author.random.random()
    words = simple_picture(author).words()
    if roll < 0.35:
        words = author.word(author.random.choice(("animal", "thing", "name", "topic")))
    elif roll < 0.45:
        words = author.invented()
    return author.fill(author.frame("facts", "say"), {"words": words}), words


def _prompt(author: Author) -> Exchange:
    words = simple_picture(author).words()
    tail = author.random.choice(PROMPT_TAILS)
    return asked(author, "prompt", {"words": words}), f'A prompt could be: "{words}, {tail}".'


FACTS = (_mix, _mix, _unmix, _sides, _shape, _capital, _capital, _opposite, _colour, _said_back, _prompt)


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
