"""Single messages as people type them: requests for a picture, questions, and what stands around them."""

import re
from dataclasses import replace
from functools import cache

from training.llm.edits import correct_articles
from training.llm.frames import Author, Bindings, every_choice, groups, side, with_article
from training.llm.pictures import Picture, any_picture, jumble, simple_picture
from training.llm.wide import wide_message

PLAIN_KINDS = ("picture", "image", "drawing", "illustration", "graphic", "scene")
ANYTHING = "a yellow star on a blue background"
WHATEVER = re.compile(r"\b(something|anything)\b|\ba picture$")
WISH = re.compile(r"^(make|design|create|sketch|draw|i need)( me)? ")
ORDERED = re.compile(r"\b(an? )?(birthday card|logo|poster|banner|flyer picture|icon)\b.*")
# What may stand before and after a request; the empty ones are the most frequent.
STARTS = (
    *[""] * 9,
    *[
        "hi, ", "hey, ", "hello, ", "ok, ", "please ", "so, ", "well, ", "hi mom, ", "um, ", "now ", "hello! ",
        "hi! ", "hey mom, ", "i have a wish: ", "one more thing: ", "hey there, ", "hi :) ", "yo, ", "good morning, ",
        "dear mom, ", "btw ", "ok so ", "quick one: ",
    ],
)  # fmt: skip
ENDS = (
    *[""] * 9,
    *[
        ".", "!", " please", " :)", ", thanks", " now", " for me", ". thank you", ". thanks!", ", if you can",
        " please!", " :-D", " =)", " ;)", " :D", " ^^", "!!", "!!!", "...", " \U0001f642", " \U0001f44b", " pls",
        " plz", ", thx", " mom",
    ],
)  # fmt: skip
PROPER_FORMS = {
    word.lower(): word
    for word in [
        "I",
        "MoM",
        "Ollama",
        "OpenAI",
        "AI",
        "JPEG",
        "JPG",
        "PNG",
        "GPU",
        "LLM",
        "LCM",
        "GGUF",
        "API",
        "URL",
        "HTML",
    ]
}
PROPER = re.compile(rf"\b({'|'.join(PROPER_FORMS)})\b")
# What people put around a question without changing it.
ASKED = re.compile(r"^(can|could|do|does|are|is|will|may|would) (you|i|it|mom|we|this) ")
ADVERBS = ("maybe", "perhaps", "actually", "really", "also", "even", "by any chance", "possibly", "just", "still")
ASIDES = (
    *(" here", " in mom", " with this", " right now", " on this page", " exactly", " then", " anyway", " by the way"),
    *(" today", " at all", ", tell me", ", i wonder", ", please explain"),
)
ROUNDABOUT = (
    *("can you tell me ", "could you tell me ", "tell me, ", "i wonder, ", "i want to know: ", "just asking: "),
    *("quick question: ", "do you know ", "say, ", "so ", "and ", "but ", "one question: ", "i'd like to know, "),
)
FOREIGN_TEXT = (
    "wie geht es dir", "was ist das", "wer bist du", "erkläre mir die Schwerkraft", "wie funktioniert ein Motor", "was kostet das",
    "schreib ein Gedicht", "comment ça va", "qu'est-ce que c'est", "explique la gravité", "qui es-tu", "écris un poème",
    "combien ça coûte", "cómo estás", "qué es esto", "quién eres", "explica la gravedad", "escribe un poema", "cuánto cuesta",
)  # fmt: skip


def dress(author: Author, words: str, *, polite: bool = True, slips: bool = True) -> str:
    """The message as a person may type it: a greeting, a question mark or none, capitals, a slip of the finger."""
    choice, chance = author.random.choice, author.chance
    if polite:
        start, end = choice(STARTS), choice(ENDS)
        words = f"{start}{words}{end if words[-1].isalnum() else ''}"
    if words.startswith(_QUESTION) and words[-1].isalnum() and chance(0.5):
        words += "?"
    if chance(0.5):
        words = words[:1].upper() + words[1:]
    if slips and chance(0.03):
        words = words.upper()
    elif slips and chance(0.04) and len(words) > 8:
        at = author.random.randrange(2, len(words) - 2)
        words = words[:at] + choice((words[at + 1] + words[at] + words[at + 2 :], words[at + 1 :]))
    return PROPER.sub(lambda found: PROPER_FORMS[found[0]], words) if chance(0.5) else words


_QUESTION = (
    "what",
    "who",
    "how",
    "why",
    "where",
    "when",
    "which",
    "can",
    "could",
    "is",
    "are",
    "do",
    "does",
    "may",
    "would",
    "will",
)


def request(author: Author) -> tuple[str, Picture]:
    """A message that wants a picture, and the picture it asks for; one without things cannot be edited."""
    roll = author.random.random()
    if roll < 0.05:
        return _order(author)
    if roll < 0.12:
        words = jumble(author)
        frame = author.frame("image", "request")
        while "kind}" in frame:
            frame = author.frame("image", "request")
        return dress(author, author.fill(author.slip(frame), {"scene": words.words()}), slips=False), words
    picture = any_picture(author)
    if author.chance(0.3):
        return shouted(author, bare(author, picture), picture), picture
    frame = author.frame("image", "request")
    bindings = {"scene": picture.words()}
    message = author.fill(author.slip(frame), bindings)
    kind = (bindings.get("akind") or bindings.get("kind", "")).removeprefix("an ").removeprefix("a ")
    if kind and kind not in PLAIN_KINDS:
        between = frame.partition("kind}")[2].partition("{scene}")[0] if "kind}" in frame else " of "
        picture = replace(
            picture, medium=with_article(kind) + between.rstrip() if between != ": " else with_article(kind) + " of"
        )
    message = dress(author, message, polite=frame[0] != "{", slips=False)
    return shouted(author, message, picture), picture


def shouted(author: Author, message: str, picture: Picture) -> str:
    """The message, now and then All In Capitals or SHOUTED; what is copied out of that goes back into small letters."""
    if not author.chance(0.08 if picture.is_drawable() else 0.015):
        return message
    return message.upper() if author.chance(0.7) else message.title()


def _order(author: Author) -> tuple[str, Picture]:
    """A logo or the like, told by what it is for; or anything at all."""
    frame = author.frame("image", "logo")
    bindings: Bindings = {
        "mybusiness": f"{author.random.choice(('my', 'our', 'a', 'the', 'my new'))} {author.invented() if author.chance(0.4) else author.word('business')}"
    }
    message = author.fill(frame, bindings)
    prompt = ANYTHING
    if not WHATEVER.search(message):
        found = ORDERED.search(message) if "{" in frame else None
        prompt = with_article(found[0].removeprefix("an ").removeprefix("a ")) if found else WISH.sub("", message)
    return dress(author, message, polite=False, slips=False), Picture((), medium=prompt)


def bare(author: Author, picture: Picture) -> str:
    """The description alone, as a message; the article may be left out, which the prompt puts back."""
    words = picture.words()
    if author.chance(0.35):
        words = words.removeprefix("a ").removeprefix("an ")
    words += author.random.choice(("", "", "", "", ".", "!", " please"))
    return words[0].upper() + words[1:] if author.chance(0.3) else words


def question(author: Author) -> str:
    """A message that wants words: of the world outside, or one the demo model can answer."""
    if author.chance(0.22):
        questions = author.random.choice([group for group, _ in groups("answers")])
        words = author.chosen(author.random.choice(side(questions, held_out=author.held_out)))
    elif author.chance(0.05):
        words = foreign_question(author)
    elif author.chance(0.06):
        first, second = author.random.randint(0, 100), author.random.randint(0, 100)
        words = f"{author.random.choice(('what is ', '', 'how much is ', 'calculate '))}{first} {author.random.choice(('+', '-', '*', 'plus', 'minus', 'times'))} {second}"
    elif author.chance(0.06):
        words = f"{author.random.choice(('say', 'repeat', 'spell', 'define', 'translate', 'what is', 'who is', 'explain'))} {author.invented()}"
    else:
        words = outside(author)
    return dress(author, loosened(author, words), polite=author.chance(0.4))


def loosened(author: Author, words: str) -> str:
    """The question, now and then as people talk: with a word that adds nothing, or asked in a roundabout way."""
    if not words.startswith(_QUESTION) or " " not in words or not author.chance(0.25):
        return words
    match author.random.randrange(3):
        case 0:
            return words.rstrip("?") + author.random.choice(ASIDES)
        case 1:
            return author.random.choice(ROUNDABOUT) + words
        case _:
            adverb = author.random.choice(ADVERBS)
            return ASKED.sub(lambda found: f"{found[0]}{adverb} ", words)


def foreign_question(author: Author) -> str:
    """A question in another language."""
    if author.chance(0.4):
        return author.random.choice(side(FOREIGN_TEXT, held_out=author.held_out))
    return wide_message(author, "question", ("de", "fr", "es", "it", "nl", "pt"))


def outside(author: Author) -> str:
    """A question that the demo model knows nothing about, in our own wordings or in those of the routing's data."""
    while True:
        if author.chance(0.4):
            words = wide_message(author, "outside")
            if bare_question(words) not in known_questions():
                return words
        bindings: Bindings = {"ascene": simple_picture(author).words()}
        if author.chance(0.25):
            bindings["topic"] = author.invented()
            bindings["thinginquestion"] = author.invented()
        words = correct_articles(author.fill(author.frame("text", "outside"), bindings))
        if bare_question(words) not in known_questions():
            return words


@cache
def known_questions() -> frozenset[str]:
    """All questions that the demo model has an answer to, on both sides of the split, without their marks."""
    asked = (every_choice(question) for questions, _ in groups("answers") for question in questions)
    return frozenset(bare_question(words) for choices in asked for words in choices)


def bare_question(words: str) -> str:
    """The question in small letters, without the marks at its end."""
    return words.lower().rstrip("?!. ")
