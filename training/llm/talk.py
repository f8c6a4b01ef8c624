"""Conversations for the answering task: a small world that the demo model can speak about, and honesty about the rest."""

from collections.abc import Callable

from training.llm.chat import Example, Turn
from training.llm.facts import ENGLISH_ONLY, SORRY, fact_exchange, picture_question
from training.llm.follow_ups import alone, follow_up, following
from training.llm.frames import Author, groups, side
from training.llm.messages import dress, loosened, request
from training.llm.names import UNTOLD, name_told
from training.llm.outside import bare_question, foreign_question, outside
from training.llm.requests import Earlier, after_picture, changed_picture, drawn_in_words
from training.llm.sums import Exchange, sum_exchange

COURTESIES = ("hi", "how are you", "thanks", "nice", "ok")  # the first questions of these groups


def spoken_exchange(author: Author) -> Exchange:
    """One of the written questions with its answer."""
    questions, answers = author.random.choice(groups("answers"))
    # The first wordings of a group are the ones that most people use.
    common = side(questions, held_out=author.held_out)
    question = author.chosen(author.random.choice(common[:2] if author.chance(0.3) else common))
    question = loosened(author, question, about_mom=True)
    return dress(author, question, polite=author.chance(0.4)), author.random.choice(answers)


def outside_exchange(author: Author) -> Exchange:
    """A question about anything else, and what the demo model says to that."""
    if author.chance(0.07):
        return dress(author, foreign_question(author), polite=False), ENGLISH_ONLY
    words = outside(author)
    while bare_question(words) in following():
        words = outside(author)
    return dress(author, loosened(author, words), polite=author.chance(0.4)), author.random.choice(SORRY)


EXCHANGES: dict[str, tuple[int, Callable[[Author], Exchange]]] = {
    "sum": (16, sum_exchange),
    "spoken": (42, spoken_exchange),
    "outside": (40, outside_exchange),
    "fact": (18, fact_exchange),
}


# How many conversations are nothing but sums: these need the most repetition.
DRILLS = 0.10


def any_exchange(author: Author) -> tuple[str, Turn]:
    """One question with its answer, and which sort it is; now and then something is said before the question."""
    kind = author.random.choices(tuple(EXCHANGES), [weight for weight, _ in EXCHANGES.values()])[0]
    words, answer = EXCHANGES[kind][1](author)
    if author.chance(0.08) and len(words) < 120 and words[:1].isalnum():
        words = f"{opening(author)} {words}"
    return kind, Turn(words, answer)


def opening(author: Author) -> str:
    """A greeting, thanks or a sentence that says nothing, before the question that is to be answered."""
    if author.chance(0.4):
        questions, _ = author.random.choice([group for group in groups("answers") if group[0][0] in COURTESIES])
        words = author.chosen(author.random.choice(side(questions, held_out=author.held_out)))
        words = words.rstrip("!.?") + author.random.choice((".", "!", ",", " -"))
    else:
        words = author.frame("text", "opening")
    return words[:1].upper() + words[1:] if author.chance(0.5) else words


def after_picture_exchange(author: Author) -> tuple[str, Turn]:
    """A remark on the picture that was just drawn: thanks and praise have their answers, all else is beyond the demo model."""
    words = author.frame("text", "beyondpicture")
    return "outside", Turn(dress(author, words, polite=author.chance(0.2)), author.random.choice(SORRY))


def picture_turns(author: Author) -> tuple[str, list[Turn]]:
    """A picture, perhaps changed once or twice, and a question about the last one; or a remark that is beyond the model."""
    earlier: Earlier = []
    picture = after_picture(author, earlier)
    kind, last = "picture", Turn(*picture_question(author, picture))
    # Training asks more often for what only the world knows, which is the harder of the two to tell apart.
    if author.chance(0.2 if author.held_out else 0.35):
        kind, last = after_picture_exchange(author)
    return kind, [*_only_read(earlier), last]


def picture_in_words(author: Author) -> list[Turn]:
    """A wish for a picture, or for a change to one, that is to be answered in words all the same ("answer as text")."""
    earlier, words, picture = changed_picture(author) if author.chance(0.3) else ([], *request(author))
    return [*_only_read(earlier), Turn(words, drawn_in_words(picture.words()))]


def _only_read(earlier: Earlier) -> list[Turn]:
    return [Turn(asked[1], said[1], learned=False) for asked, said in zip(earlier[::2], earlier[1::2], strict=True)]


def name_turns(author: Author, turns: list[Turn]) -> tuple[str, list[Turn]]:
    """A name is told and asked for, perhaps with a question between; one conversation has one such part."""
    if any(turn.assistant.startswith(("Hello ", "Your ", UNTOLD)) for turn in turns):
        return "", []  # a second name would contradict the first
    *told, asked = (Turn(*exchange) for exchange in name_told(author))
    between = [any_exchange(author)[1]] if told and author.chance(0.4) else []
    return "name", [*told, *between, asked]


def next_turns(author: Author, turns: list[Turn]) -> tuple[str, list[Turn]]:
    """What is said next in a conversation, and which sort it is; rarely nothing."""
    roll = author.random.random()
    if roll < 0.08:
        return picture_turns(author)
    if roll < 0.12:
        words, picture = request(author)
        return "", [Turn(words, f"[image] {picture.words()}", learned=False)]
    if roll < 0.16:
        return "in words", picture_in_words(author)
    if roll < 0.21:
        return name_turns(author, turns)
    if roll < 0.34 and turns and turns[-1].learned:
        exchange = follow_up(author, turns[-1])
        return "follow-up", [Turn(*exchange)] if exchange else []
    kind, turn = any_exchange(author)
    return kind, [turn]


def answer_example(author: Author) -> Example:
    """A conversation of one to three exchanges, rarely many more; pictures among them are only read."""
    if author.chance(DRILLS):
        return Example("answer", tuple(Turn(*sum_exchange(author)) for _ in range(6)), "sum")
    if author.chance(0.008):
        return Example("answer", (Turn(*alone(author)),), "follow-up")
    turns: list[Turn] = []
    kind = ""
    length = author.random.randint(5, 10) if author.chance(0.01) else author.random.choice((1, 1, 1, 2, 2, 3))
    for _ in range(length):
        found, more = next_turns(author, turns)
        turns += more
        kind = found if more else kind
    if not turns or not turns[-1].learned:
        kind, turn = any_exchange(author)
        turns.append(turn)
    return Example("answer", tuple(turns), kind)
