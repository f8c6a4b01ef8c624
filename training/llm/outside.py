"""Messages about the world outside the demo model's own: that it knows nothing of, or that speak another language."""

import re
from functools import cache

from training.llm.any_picture import simple_picture
from training.llm.edits import correct_articles
from training.llm.frames import SLOT, Author, Bindings, every_choice, groups, plural, sections, side
from training.llm.wide import wide_message

FOREIGN_TEXT = (
    "wo wohnst du", "was ist das", "wer hat das gemacht", "erkläre mir die Schwerkraft", "wie funktioniert ein Motor",
    "was kostet das", "schreib ein Gedicht", "où habites-tu", "qu'est-ce que c'est", "explique la gravité", "qui a écrit cela",
    "écris un poème", "combien ça coûte", "dónde vives", "qué es esto", "quién lo ha hecho", "explica la gravedad",
    "escribe un poema", "cuánto cuesta", "was kannst du", "kannst du mir helfen", "ich habe eine frage", "que sais-tu faire",
    "peux-tu m'aider", "puedes ayudarme", "tengo una pregunta", "cosa sai fare", "puoi aiutarmi", "wat kun je doen",
    "kun je me helpen", "o que você sabe fazer", "pode me ajudar", "czy możesz mi pomóc", "bana yardım et", "помоги мне",
    "что ты умеешь", "你好吗", "今日はいい天気ですね", "도와줄 수 있나요", "مرحبا كيف حالك", "क्या तुम मेरी मदद कर सकते हो",
    "wie spät ist es", "erzähl mir einen witz", "raconte-moi une histoire", "cuéntame un chiste", "rechne das aus",
)  # fmt: skip


def foreign_question(author: Author) -> str:
    """A question in another language."""
    if author.chance(0.4):
        return author.random.choice(side(FOREIGN_TEXT, held_out=author.held_out))
    return wide_message(author, "question", ("de", "fr", "es", "it", "nl", "pt"))


def outside(author: Author) -> str:
    """A question that the demo model knows nothing about, in our own wordings or in those of the routing's data."""
    while True:
        roll = author.random.random()
        if roll < 0.25:
            words = wide_message(author, "outside")
        elif roll < 0.55:
            bindings: Bindings = {"ascene": simple_picture(author).words()}
            if author.chance(0.25):
                bindings["topic"] = author.invented()
                bindings["thinginquestion"] = author.invented()
            words = correct_articles(author.fill(author.frame("text", "outside"), bindings))
        else:
            words = _beyond(author)
        if bare_question(words) not in known_questions() and not touches_known(words):
            return words


def _beyond(author: Author) -> str:
    """A message of the section `beyond`, whose slots have lists of their own in that file."""
    frame = author.frame("text", "beyond")
    bindings: Bindings = {}
    lists = sections("text")
    for name, number in SLOT.findall(frame):
        if name == "creatures":
            bindings[name + number] = plural(_listed(author, "creature"))
        elif name == "subject" and author.chance(0.07):
            bindings[name + number] = author.invented()
        elif name in lists:
            bindings[name + number] = _listed(author, name)
    words = author.fill(frame, bindings).replace("\\n", "\n")
    return words if "snippet" in frame else correct_articles(words)


def _listed(author: Author, name: str) -> str:
    """An entry of a list: a held-out one half of the time in evaluation, as with the word lists."""
    held_out = author.held_out and author.chance(0.5)
    return author.chosen(author.random.choice(side(sections("text")[name], held_out=held_out)))


# What the demo model has an answer to, or is asked for in words that its own questions have.
TOUCHES_KNOWN = re.compile(
    r"\b(mom|machine learning|neural net\w*|artificial intelligence|ollama|llama\.cpp|gguf|lcm|llms?|language models?|gpus?)\b"
    r"|(what|explain|define|tell me|how does|how do|works?|stand for|mean|better|smaller|difference).*"
    r"\b(jpe?g|png|a pixel|pixels|an image model|image models|stable diffusion|diffusion models?)\b"
    r"|\b(jpe?g|png) (or|and|vs) |^(a pixel|an image model|stable diffusion|a diffusion model|jpe?g|png)\b"
    r"|\b(poem|rhyme|verse|haiku)s?\b.*\b(cats?|kittens?|dogs?|pupp(y|ies)|moon|night|rainbows?|colou?rs)\b"
    r"|\bcolou?r (is|has|of) (the sky|the sun|grass|snow|a banana|milk|blood)\b"
    r"|\bopposite of (happy|sad|cold|hot|light|day|night|good|old|new|black|white)\b|^why is the sky blue"
    r"|\bcan you (see|read|edit|generate|draw|make|understand) (images|pictures|photos)\b|\bprimary colou?r",
    re.IGNORECASE,
)


def touches_known(words: str) -> bool:
    """Whether a message about the world asks for something that the demo model does know."""
    return TOUCHES_KNOWN.search(words) is not None


@cache
def known_questions() -> frozenset[str]:
    """All questions that the demo model has an answer to, on both sides of the split, without their marks."""
    asked = (every_choice(question) for questions, _ in groups("answers") for question in questions)
    return frozenset(bare_question(words) for choices in asked for words in choices)


def bare_question(words: str) -> str:
    """The question in small letters, without the marks at its end."""
    return words.lower().rstrip("?!. ")
