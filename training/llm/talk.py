"""Examples for the answering task: a small world that the demo model can speak about, and honesty about the rest."""

from collections.abc import Callable

from training.llm.chat import Example, Turn
from training.llm.frames import Author, groups, plural, side, with_article
from training.llm.pictures import NUMBERS, Picture, simple_picture
from training.llm.requests import Earlier, after_picture, dress, outside, request

Exchange = tuple[str, str]

SORRY = (
    "I am only the small demo model that ships with MoM, so I cannot answer that. Connect a real one: put `MOM_LARGE_LLM=ollama:llama3.2:1b` into `.env`.",
    "That is beyond me: I am MoM's small demo model. For real answers, start Ollama and put `MOM_LARGE_LLM=ollama:llama3.2:1b` into `.env`.",
    "I do not know that, because I am a tiny demo model. A real one, connected with `MOM_LARGE_LLM` in `.env`, will answer it.",
)
MIXES = {
    ("red", "blue"): "purple", ("red", "yellow"): "orange", ("blue", "yellow"): "green", ("red", "white"): "pink", ("black", "white"): "grey",
    ("blue", "green"): "turquoise", ("red", "green"): "brown", ("orange", "black"): "brown", ("blue", "white"): "light blue",
}  # fmt: skip
SIDES = {
    "triangle": "three",
    "square": "four",
    "rectangle": "four",
    "diamond": "four",
    "pentagon": "five",
    "hexagon": "six",
    "octagon": "eight",
    "circle": "no",
}
CAPITALS = {
    "France": "Paris", "Germany": "Berlin", "Italy": "Rome", "Spain": "Madrid", "England": "London", "Japan": "Tokyo", "Austria": "Vienna",
    "Portugal": "Lisbon", "Greece": "Athens", "Norway": "Oslo", "Sweden": "Stockholm", "Poland": "Warsaw", "Egypt": "Cairo", "China": "Beijing",
    "Russia": "Moscow", "Canada": "Ottawa", "Ireland": "Dublin", "Denmark": "Copenhagen", "Finland": "Helsinki", "Turkey": "Ankara",
}  # fmt: skip
OPPOSITES = {
    "big": "small", "hot": "cold", "up": "down", "left": "right", "black": "white", "day": "night", "yes": "no", "good": "bad", "old": "new",
    "fast": "slow", "happy": "sad", "light": "dark", "long": "short", "open": "closed", "full": "empty", "high": "low", "wet": "dry",
}  # fmt: skip
SUM_FRAMES = (
    "what is {}", "{}", "how much is {}", "calculate {}", "compute {}", "what's {}", "{} =", "what does {} make", "can you tell me what {} is",
    "how much does {} make", "solve {}", "tell me {}", "please calculate {}", "i need to know what {} is", "{} = ?", "work out {}",
    "and what is {}", "and {}", "do you know what {} is", "what do you get for {}",
)  # fmt: skip
SIGNS = {"+": ("+", "plus", "and"), "-": ("-", "minus"), "*": ("*", "times", "x", "multiplied by")}
HELD_OUT_SUMS = 11


def is_held_out_sum(first: int, sign: str, second: int) -> bool:
    """Whether training never sees this sum: one in eleven."""
    return (first * 37 + second * 101 + ord(sign)) % HELD_OUT_SUMS == 0


def sum_exchange(author: Author) -> Exchange:
    """A sum with + up to 100 + 100, - without negative results, * up to 12 times 12 and some up to 20 times 20."""
    number, sign = author.random.randint, author.random.choice("++-*")
    while True:
        if sign == "*":
            most = 20 if author.chance(0.25) else 12
            first, second = number(0, most), number(0, most)
        else:
            most = author.random.choice((10, 20, 50, 100))
            first, second = number(0, most), number(0, most)
            if sign == "-":
                first, second = max(first, second), min(first, second)
        if is_held_out_sum(first, sign, second) == author.held_out:
            break
    result = {"+": first + second, "-": first - second, "*": first * second}[sign]
    word = author.random.choice(SIGNS[sign] if author.chance(0.5) else SIGNS[sign][:2])
    frame = author.random.choice(side(SUM_FRAMES, author.held_out))
    return dress(author, frame.format(f"{first} {word} {second}"), slips=False), f"{first} {sign} {second} = {result}"


def spoken_exchange(author: Author) -> Exchange:
    """One of the written questions with its answer."""
    questions, answers = author.random.choice(groups("answers"))
    return dress(
        author, author.random.choice(side(questions, author.held_out)), polite=author.chance(0.4)
    ), author.random.choice(answers)


def outside_exchange(author: Author) -> Exchange:
    """A question about anything else, and what the demo model says to that."""
    return dress(author, outside(author), polite=author.chance(0.4)), author.random.choice(SORRY)


def small_fact_exchange(author: Author) -> Exchange:
    """Colours, shapes, capitals, opposites, words said back."""
    choice = author.random.choice
    match author.random.randrange(7):
        case 0:
            pair, mixed = choice(tuple(MIXES.items()))
            one, two = pair if author.chance(0.5) else pair[::-1]
            frame = choice(("what do {} and {} make", "what colour do {} and {} make", "mix {} and {}", "what is {} mixed with {}",
                            "which colour do i get from {} and {}", "what happens if i mix {} and {}", "{} and {} make what"))  # fmt: skip
            question, answer = frame.format(one, two), f"{one.capitalize()} and {two} make {mixed}."
        case 1:
            shape, sides = choice(tuple(SIDES.items()))
            named = with_article(shape)
            frame = choice(
                (
                    "how many sides has {}",
                    "how many sides does {} have",
                    "how many corners has {}",
                    "how many corners does {} have",
                )
            )
            part = "sides" if "sides" in frame else "corners"
            question, answer = frame.format(named), f"{named.capitalize()} has {sides} {part}."
        case 2:
            shape, sides = choice(
                [pair for pair in SIDES.items() if pair[0] in ("triangle", "square", "pentagon", "hexagon", "circle")]
            )
            frame = choice(
                (
                    "which shape has {} sides",
                    "what shape has {} sides",
                    "what has {} sides",
                    "name a shape with {} sides",
                )
            )
            question, answer = frame.format(sides), f"{with_article(shape).capitalize()} has {sides} sides."
        case 3:
            country, capital = choice(tuple(CAPITALS.items()))
            frame = choice(
                (
                    "what is the capital of {}",
                    "capital of {}",
                    "which city is the capital of {}",
                    "name the capital of {}",
                )
            )
            question, answer = frame.format(country), f"The capital of {country} is {capital}."
        case 4:
            pair = choice(tuple(OPPOSITES.items()))
            word, other = pair if author.chance(0.5) else pair[::-1]
            frame = choice(
                (
                    "what is the opposite of {}",
                    "opposite of {}",
                    "give me the opposite of {}",
                    "what's the opposite of {}",
                )
            )
            question, answer = frame.format(word), f"The opposite of {word} is {other}."
        case 5:
            words = author.invented() if author.chance(0.5) else simple_picture(author).words()
            frame = choice(
                ('say "{}"', 'repeat "{}"', "repeat after me: {}", "please say: {}", 'can you say "{}"', "say {}")
            )
            question, answer = frame.format(words), words
            return question, answer
        case _:
            scene = simple_picture(author).words()
            frame = choice(("write an image prompt about {}", "write a prompt for an image model about {}", "give me an image prompt for {}",
                            "write a prompt about {}", "suggest a prompt for {}", "give me a prompt for {}"))  # fmt: skip
            answer = choice(
                ('A prompt could be: "{}, soft light".', 'A prompt could be: "{}, highly detailed".')
            ).format(scene)
            return dress(author, frame.format(scene), slips=False), answer
    return dress(author, question, slips=False), answer


def name_exchanges(author: Author) -> list[Exchange]:
    """The person's name is told, and asked for later."""
    name = author.word("name") if author.chance(0.5) else author.invented().capitalize()
    told = author.random.choice(
        ("my name is {}", "i am {}", "i'm {}", "call me {}", "hi, i am {}", "hello, my name is {}")
    ).format(name)
    asked = author.random.choice(
        ("what is my name", "who am i", "do you remember my name", "what's my name", "say my name")
    )
    told = told[0].upper() + told[1:] if author.chance(0.5) else told
    between = [author.random.choice(EXCHANGES)(author)] if author.chance(0.4) else []
    return [
        (told, f"Hello {name}! What shall we try?"),
        *between,
        (dress(author, asked, polite=False), f"Your name is {name}."),
    ]


def picture_question(author: Author, picture: Picture) -> Exchange:
    """A question about the last picture, answered from its prompt."""
    thing = picture.things[0]
    many = thing.count > 1 or len(picture.things) > 1
    choice = author.random.choice
    kinds = ["what", "what", "what"]
    if len(picture.things) == 1:
        kinds += ["count", "colour"] if thing.colour else ["count"]
    match choice(kinds):
        case "count":
            noun = plural(thing.noun)
            question = choice(("how many are there", "how many {} are there", "how many do you see", "how many {} are in the picture",
                               "how many {} did you draw")).format(noun)  # fmt: skip
            answer = f"The picture shows {NUMBERS[thing.count]} {noun if thing.count > 1 else thing.noun}."
        case "colour":
            noun = plural(thing.noun) if many else thing.noun
            verb = "are" if many else "is"
            question = choice(("what colour {1} the {0}", "which colour {1} the {0}", "what color {1} the {0}",
                               "what colour {1} " + ("they" if many else "it"))).format(noun, verb)  # fmt: skip
            answer = f"The {noun} {verb} {thing.colour}."
        case _:
            question = choice(("what is in it", "what is in the picture", "what does it show", "what did you draw", "describe it",
                               "describe the picture", "what is it", "what was the prompt", "what do you see", "what is in the last picture",
                               "which prompt did you use", "tell me about it", "what's in it", "what is that", "repeat the prompt",
                               "what is on the picture", "what does the picture show", "describe it in one sentence"))  # fmt: skip
            answer = f"The last picture was asked for as: {picture.words()}."
    return dress(author, question, polite=False, slips=False), answer


EXCHANGES: tuple[Callable[[Author], Exchange], ...] = (
    sum_exchange,
    spoken_exchange,
    outside_exchange,
    small_fact_exchange,
)
_WEIGHTS = (30, 40, 22, 18)


def answer_example(author: Author) -> Example:
    """A conversation of one to four exchanges; pictures among them are only read."""
    turns: list[Turn] = []
    kinds: list[str] = []
    for _ in range(author.random.choice((1, 1, 1, 2, 2, 3))):
        roll = author.random.random()
        if roll < 0.08:
            earlier: Earlier = []
            picture = after_picture(author, earlier)
            turns += [
                Turn(said[1], drawn[1], learned=False) for said, drawn in zip(earlier[::2], earlier[1::2], strict=True)
            ]
            turns.append(Turn(*picture_question(author, picture)))
            kinds.append("picture")
        elif roll < 0.12:
            words, prompt, _ = request(author)
            turns.append(Turn(words, f"[image] {prompt}", learned=False))
            kinds.append("seen")
        elif roll < 0.15:
            turns += [Turn(*exchange) for exchange in name_exchanges(author)]
            kinds.append("name")
        else:
            made = author.random.choices(EXCHANGES, _WEIGHTS)[0]
            turns.append(Turn(*made(author)))
            kinds.append(made.__name__.removesuffix("_exchange"))
    if not turns[-1].learned:
        made = author.random.choices(EXCHANGES, _WEIGHTS)[0]
        turns.append(Turn(*made(author)))
        kinds.append(made.__name__.removesuffix("_exchange"))
    return Example("answer", tuple(turns), kinds[-1])
