"""Names that people tell, their own and those of somebody of theirs, and the questions for them afterwards."""

from training.llm.frames import Author
from training.llm.messages import dress
from training.llm.sums import Exchange

UNTOLD = "You have not told me your name yet. What is it?"
KIN = (
    "dog", "cat", "horse", "hamster", "rabbit", "parrot", "goldfish", "son", "daughter", "sister", "brother", "mother", "father",
    "wife", "husband", "friend", "boss", "teacher", "baby", "neighbour", "car", "boat", "uncle", "aunt", "band", "tortoise",
)  # fmt: skip


def any_name(author: Author) -> str:
    """A name, known or invented, in capitals or in none, rarely two words; it is said back as it was typed."""
    name = author.word("name") if author.chance(0.5) else author.invented().capitalize()
    if author.chance(0.08):
        name += f" {author.invented().capitalize()}"
    return name.lower() if author.chance(0.2) else name


def name_told(author: Author) -> list[Exchange]:
    """The person's name is told, perhaps that of somebody of theirs or another one, and asked for; or asked for untold."""
    name = any_name(author)
    question = dress(author, author.frame("facts", "asked"), polite=False)
    roll = author.random.random()
    if roll < 0.12:
        unknown = (question, UNTOLD)
        return [unknown, _told(author, name)] if author.chance(0.5) else [unknown]
    said = [_told(author, name)]
    if roll < 0.25:
        name = any_name(author)
        said.append((_opened(author, author.fill(author.frame("facts", "renamed"), {"name": name})), f"Hello {name}!"))
    if roll < 0.55:
        kin, other = author.random.choice(KIN), any_name(author)
        bound = {"kin": kin, "name": other}
        told = _opened(author, author.fill(author.frame("facts", "pettold"), dict(bound)))
        pet = (told, f"Then say hello to {other} from me!")
        asked_for = dress(author, author.fill(author.frame("facts", "petasked"), dict(bound)), polite=False)
        return [*author.random.choice(([], said)), pet, (asked_for, f"Your {kin} is called {other}.")]
    return [*said, (question, f"Your name is {name}.")]


def _told(author: Author, name: str) -> Exchange:
    told = _opened(author, author.fill(author.frame("facts", "told"), {"name": name}))
    return told, f"Hello {name}! What shall we try?"


def _opened(author: Author, words: str) -> str:
    return words[0].upper() + words[1:] if author.chance(0.5) and not words[0].isupper() else words
