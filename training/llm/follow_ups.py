"""What people say about the answer before: why, are you sure, more, once more, another one, try it all the same."""

from functools import cache

from training.llm.chat import Turn
from training.llm.facts import ENGLISH_ONLY, SORRY, UNCLEAR
from training.llm.frames import Author, every_choice, groups, sections
from training.llm.messages import dress
from training.llm.outside import bare_question
from training.llm.sums import SUM, TOO_LARGE, Exchange, next_sum

KINDS = ("why", "sure", "more", "again", "turned", "another", "anyhow", "howto")
BECAUSE = "Because I am only the small demo model that ships with MoM. A real one, connected with `MOM_LARGE_LLM` in `.env`, knows more."
CERTAIN = "Yes: for that you need more than a demo model. Connect a real one with `MOM_LARGE_LLM` in `.env`."
SURE = "Yes, as sure as a demo model can be."
ALL = "That is all I know about it, as I am MoM's demo model. A real one, connected with `MOM_LARGE_LLM` in `.env`, knows more."
ONLY_ONE = "That is the only one I know: I am a demo model, after all."
REFUSALS = (*SORRY, TOO_LARGE, ENGLISH_ONLY, BECAUSE, CERTAIN, ALL)
# The first questions of the groups that are mere courtesy; below words of those that have "another one".
COURTESIES = ("hi", "how are you", "thanks", "bye", "nice", "ok", "that is wrong")
TOLD = ("joke", "poem", "rhyme", "story", "song")


@cache
def following() -> frozenset[str]:
    """All messages of this kind without a slot: alone they mean nothing, so that their answer depends on the one before."""
    frames = (frame for kind in KINDS for frame in sections("facts")[kind])
    return frozenset(bare_question(words) for frame in frames for words in every_choice(frame))


@cache
def courtesies() -> frozenset[str]:
    """The answers to greetings and the like: nothing in them could be asked about."""
    return frozenset(
        answer for questions, answers in groups("answers") if questions[0] in COURTESIES for answer in answers
    )


def follow_up(author: Author, before: Turn) -> Exchange | None:
    """A message about the answer before, and what the model says to it; None where nothing can be said."""
    if before.assistant in courtesies():
        return None
    refused = before.assistant in REFUSALS
    if author.chance(0.6) and (summed := next_sum(author, before.assistant)):
        return summed
    kind, answer = author.random.choice(_after_refusal(author) if refused else _after_answer(author, before.assistant))
    return dress(author, author.fill(author.frame("facts", kind), {}), polite=author.chance(0.2)), answer


def alone(author: Author) -> Exchange:
    """Such a message as the first one, about nothing: the model can say no more than that."""
    kind = author.random.choice([kind for kind in KINDS if kind != "howto"])
    return dress(author, author.fill(author.frame("facts", kind), {}), polite=author.chance(0.2)), UNCLEAR


def _after_refusal(author: Author) -> list[tuple[str, str]]:
    sorry = author.random.choice(SORRY)
    connect = next(
        answers[0] for questions, answers in groups("answers") if "how do i connect a real model" in questions
    )
    said = {"why": BECAUSE, "sure": CERTAIN, "more": sorry, "turned": sorry, "anyhow": sorry, "howto": connect}
    return [("why", BECAUSE), ("howto", connect), *said.items()]


def _after_answer(author: Author, answer: str) -> list[tuple[str, str]]:
    said: dict[str, str] = {"turned": author.random.choice(SORRY), "more": ALL, "again": answer}
    said["sure"] = f"Yes: {answer}." if SUM.fullmatch(answer) else SURE
    others = _others(answer)
    if others is not None:
        said["another"] = author.random.choice(others) if others else ONLY_ONE
        return [("another", said["another"]), ("another", said["another"]), *said.items()]
    return list(said.items())


def _others(answer: str) -> tuple[str, ...] | None:
    """The other jokes where the answer is a joke, and the like; None where it is nothing of that sort."""
    for questions, answers in groups("answers"):
        if answer in answers:
            told = any(word in question for question in questions[:2] for word in TOLD)
            return tuple(other for other in answers if other != answer) if told else None
    return None
