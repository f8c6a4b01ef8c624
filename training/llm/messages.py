"""Single messages as people type them: requests for a picture, questions, and what stands around them."""

import re
from functools import cache

from training.llm.edits import correct_articles
from training.llm.frames import Author, Bindings, groups, side
from training.llm.pictures import Picture, any_picture, simple_picture

PLAIN_KINDS = ("picture", "image", "drawing", "illustration", "graphic", "scene")
ANYTHING = "a yellow star on a blue background"
# What may stand before and after a request; the empty ones are the most frequent.
STARTS = (
    *[""] * 9,
    *[
        "hi, ",
        "hey, ",
        "hello, ",
        "ok, ",
        "please ",
        "so, ",
        "well, ",
        "hi mom, ",
        "um, ",
        "now ",
        "hello! ",
        "hi! ",
        "hey mom, ",
        "i have a wish: ",
        "one more thing: ",
    ],
)
ENDS = (
    *[""] * 9,
    *[
        ".",
        "!",
        " please",
        " :)",
        ", thanks",
        " now",
        " for me",
        ". thank you",
        ". thanks!",
        ", if you can",
        " please!",
    ],
)
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


def request(author: Author) -> tuple[str, str, Picture | None]:
    """A message that wants a picture, the prompt for it, and the picture where it is one that can be edited."""
    if author.chance(0.06):
        frame = author.frame("image", "logo")
        prompt = "a" + frame.partition(" a")[2] if "{" in frame else ANYTHING
        bindings: Bindings = {}
        message = author.fill(frame, bindings)
        if "{" in frame:
            start = message.find("a ") if not frame.startswith("logo") else 0
            start = message.find("an icon") if "an icon" in message else start
            prompt = message[start:] if start >= 0 else message
        return dress(author, message, polite=False, slips=False), prompt, None
    drawn = any_picture(author)
    scene = drawn.words()
    picture: Picture | None = drawn
    if author.chance(0.36):
        if author.chance(0.3):
            scene, picture = scene.removeprefix("a ").removeprefix("an "), None
        return bare(author, scene), scene, picture
    frame = author.frame("image", "request")
    bindings = {"scene": scene}
    message = author.fill(frame, bindings)
    prompt = scene
    kind = bindings.get("akind") or bindings.get("kind", "")
    if kind and kind.removeprefix("an ").removeprefix("a ") not in PLAIN_KINDS:
        between = frame.partition("kind}")[2].partition("{scene}")[0] if "kind}" in frame else " of "
        prompt = f"{kind}{between}{scene}"
        picture = None
    return dress(author, message, polite=frame[0] != "{", slips=False), prompt, picture


def bare(author: Author, scene: str) -> str:
    """The description alone, as a message."""
    words = scene + ("." if author.chance(0.2) else "")
    if author.chance(0.25):
        words = words[0].upper() + words[1:]
    return words


def question(author: Author) -> str:
    """A message that wants words: of the world outside, or one the demo model can answer."""
    if author.chance(0.25):
        questions = author.random.choice([group for group, _ in groups("answers")])
        words = author.random.choice(side(questions, held_out=author.held_out))
    elif author.chance(0.04):
        words = author.random.choice(side(FOREIGN_TEXT, held_out=author.held_out))
    elif author.chance(0.06):
        first, second = author.random.randint(0, 100), author.random.randint(0, 100)
        words = f"{author.random.choice(('what is ', '', 'how much is ', 'calculate '))}{first} {author.random.choice(('+', '-', '*', 'plus', 'minus', 'times'))} {second}"
    else:
        words = outside(author)
    return dress(author, words, polite=author.chance(0.5))


def outside(author: Author) -> str:
    """A question that the demo model knows nothing about."""
    while True:
        bindings: Bindings = {"ascene": simple_picture(author).words()}
        if author.chance(0.12):
            bindings["topic"] = author.invented()
            bindings["thinginquestion"] = author.invented()
        words = correct_articles(author.fill(author.frame("text", "outside"), bindings))
        if words.rstrip("?").lower() not in known_questions():
            return words


@cache
def known_questions() -> frozenset[str]:
    """All questions that the demo model has an answer to, on both sides of the split."""
    return frozenset(question.lower() for questions, _ in groups("answers") for question in questions)
