"""Conversations for the answering task: a small world that the demo model can speak about, and honesty about the rest."""

from collections.abc import Callable

from training.llm.chat import Example, Turn
from training.llm.facts import ENGLISH_ONLY, SORRY, Exchange, fact_exchange, name_told, picture_question, sum_exchange
from training.llm.frames import Author, groups, side
from training.llm.messages import dress, foreign_question, loosened, outside, request
from training.llm.requests import Earlier, after_picture


def spoken_exchange(author: Author) -> Exchange:
    """One of the written questions with its answer."""
    questions, answers = author.random.choice(groups("answers"))
    # The first wordings of a group are the ones that most people use.
    common = side(questions, held_out=author.held_out)
    question = author.chosen(author.random.choice(common[:2] if author.chance(0.3) else common))
    return dress(author, loosened(author, question), polite=author.chance(0.4)), author.random.choice(answers)


def outside_exchange(author: Author) -> Exchange:
    """A question about anything else, and what the demo model says to that."""
    if author.chance(0.07):
        return dress(author, foreign_question(author), polite=False), ENGLISH_ONLY
    return dress(author, loosened(author, outside(author)), polite=author.chance(0.4)), author.random.choice(SORRY)


EXCHANGES: dict[str, tuple[int, Callable[[Author], Exchange]]] = {
    "sum": (16, sum_exchange),
    "spoken": (42, spoken_exchange),
    "outside": (32, outside_exchange),
    "fact": (18, fact_exchange),
}


# How many conversations are nothing but sums: these need the most repetition.
DRILLS = 0.10


def any_exchange(author: Author) -> tuple[str, Turn]:
    """One question with its answer, and which sort it is."""
    kind = author.random.choices(tuple(EXCHANGES), [weight for weight, _ in EXCHANGES.values()])[0]
    return kind, Turn(*EXCHANGES[kind][1](author))


def answer_example(author: Author) -> Example:
    """A conversation of one to three exchanges, rarely many more; pictures among them are only read."""
    turns: list[Turn] = []
    kind = ""
    if author.chance(DRILLS):
        return Example("answer", tuple(Turn(*sum_exchange(author)) for _ in range(6)), "sum")
    length = author.random.randint(5, 10) if author.chance(0.01) else author.random.choice((1, 1, 1, 2, 2, 3))
    for _ in range(length):
        roll = author.random.random()
        if roll < 0.08:
            earlier: Earlier = []
            picture = after_picture(author, earlier)
            turns += [
                Turn(said[1], drawn[1], learned=False) for said, drawn in zip(earlier[::2], earlier[1::2], strict=True)
            ]
            turns.append(Turn(*picture_question(author, picture)))
            kind = "picture"
        elif roll < 0.12:
            words, picture = request(author)
            turns.append(Turn(words, f"[image] {picture.words()}", learned=False))
        elif roll < 0.15:
            told, asked = name_told(author)
            between = [any_exchange(author)[1]] if author.chance(0.4) else []
            turns += [Turn(*told), *between, Turn(*asked)]
            kind = "name"
        else:
            kind, turn = any_exchange(author)
            turns.append(turn)
    if not turns[-1].learned:
        kind, turn = any_exchange(author)
        turns.append(turn)
    return Example("answer", tuple(turns), kind)
