"""Examples for the two short tasks: deciding between text and image, and writing the image prompt."""

import json
import re
from dataclasses import replace
from functools import cache

from training.llm.chat import Example, Turn, transcript
from training.llm.edits import correct_articles, edit
from training.llm.frames import Author, Bindings, groups, side
from training.llm.pictures import Picture, any_picture, simple_picture

Earlier = list[tuple[str, str]]

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
COLOUR_WORDS = {
    "zeichne {}": ("einen roten Kreis=a red circle", "ein blaues Quadrat=a blue square", "einen gelben Stern=a yellow star",
                   "ein grünes Dreieck=a green triangle", "ein rotes Herz=a red heart", "eine Katze=a cat", "ein Haus=a house"),
    "male mir {}": ("einen Baum=a tree", "einen grünen Kreis=a green circle", "ein rosa Herz=a pink heart", "einen Hund=a dog"),
    "dessine {}": ("un cercle rouge=a red circle", "un carré bleu=a blue square", "une étoile jaune=a yellow star",
                   "un triangle vert=a green triangle", "un coeur rouge=a red heart", "un chat=a cat", "une maison=a house"),
    "dibuja {}": ("un círculo rojo=a red circle", "un cuadrado azul=a blue square", "una estrella amarilla=a yellow star",
                  "un triángulo verde=a green triangle", "un corazón rojo=a red heart", "un gato=a cat", "una casa=a house"),
}  # fmt: skip
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


def chatter(author: Author) -> str:
    """An answer in words as any large model may give it: only read, never learned."""
    _, answers = author.random.choice(groups("answers"))
    parts = [author.random.choice(answers)]
    while author.chance(0.45) and len(parts) < 4:
        subject, other = author.word("topic"), simple_picture(author).words()
        parts.append(author.random.choice((
            f"{subject[0].upper()}{subject[1:]} is related to {author.word('topic')}.", f"For example, {other}.", f"It is {author.word('looks')}.",
            f"You can {author.word('task')} first, then {author.word('task')}.", f"- {author.word('topic')}\n- {author.word('thing')}",
            f"Here is {author.word('thing')}:\n\n```\n{author.invented()} = {author.random.randint(1, 99)}\n```",
        )))  # fmt: skip
    return " ".join(parts)


def small_history(author: Author, turns: int) -> Earlier:
    """Earlier messages of both sorts; rarely many of them, so that long conversations are known too."""
    if author.chance(0.008):
        turns = author.random.randint(5, 9)
    earlier: Earlier = []
    for _ in range(turns):
        if author.chance(0.4):
            words, prompt, _ = request(author)
            earlier += [("user", words), ("assistant", f"[image] {prompt}")]
        else:
            earlier += [("user", question(author)), ("assistant", chatter(author))]
    return earlier


def after_picture(author: Author, earlier: Earlier) -> Picture:
    """A picture is asked for and drawn, perhaps changed once."""
    words, prompt, picture = request(author)
    while picture is None:
        words, prompt, picture = request(author)
    earlier += [("user", words), ("assistant", f"[image] {prompt}")]
    if author.chance(0.25):
        words, picture = edit(author, picture)
        earlier += [("user", words), ("assistant", f"[image] {picture.words()}")]
    return picture


def follow_up(author: Author) -> tuple[Earlier, str, str]:
    """Earlier turns ending in a picture, a message that changes it, the new prompt."""
    earlier = small_history(author, author.random.choice((0, 0, 0, 1)))
    picture = after_picture(author, earlier)
    if author.chance(0.1):
        earlier += [("user", author.frame("text", "afterimage")), ("assistant", chatter(author))]
    words, new = edit(author, picture)
    return earlier, dress(author, words, polite=author.chance(0.3)), new.words()


def draw_that(author: Author) -> tuple[Earlier, str, str]:
    """Words were spoken of something that is now to be drawn."""
    earlier = small_history(author, author.random.choice((0, 0, 1)))
    picture = replace(simple_picture(author), place="")
    scene = picture.words()
    said = author.random.choice((
        (f"write a prompt about {scene}", f'A prompt could be: "{scene}".'), (f"i saw {scene} today", "That sounds nice."),
        (f"i have {scene}", chatter(author)), (f"tell me about {scene}", chatter(author)), (f"what does {scene} look like", chatter(author)),
        (f"do you know {scene}", "I am only a demo model."), (f"i dreamed of {scene}", "What a dream!"),
        (f"give me an image prompt for {scene}", scene), ("what should i draw", f"You could draw {scene}."),
        ("what is your favourite thing", f"I like {scene}."), ("give me an idea for a picture", f"How about {scene}?"),
    ))  # fmt: skip
    earlier += [("user", dress(author, said[0], polite=False)), ("assistant", said[1])]
    return earlier, dress(author, author.frame("image", "drawthat"), polite=author.chance(0.3)), scene


def route_example(author: Author) -> Example:
    """One decision, half of them for an image."""
    roll = author.random.random()
    earlier: Earlier = []
    if roll < 0.20:
        words, _, _ = request(author)
        earlier, need, kind = small_history(author, author.random.choice((0, 0, 0, 1, 1, 2))), "image", "request"
    elif roll < 0.36:
        earlier, words, _ = follow_up(author)
        if author.chance(0.3):
            words = dress(author, author.frame("image", "follow"), polite=author.chance(0.3))
        need, kind = "image", "follow-up"
    elif roll < 0.42:
        earlier, words, _ = draw_that(author)
        need, kind = "image", "draw that"
    elif roll < 0.44:
        frame = author.random.choice(tuple(COLOUR_WORDS))
        words = dress(author, frame.format(author.random.choice(COLOUR_WORDS[frame]).partition("=")[0]), polite=False)
        need, kind = "image", "foreign"
    elif roll < 0.80:
        words, need, kind = question(author), "text", "question"
        earlier = small_history(author, author.random.choice((0, 0, 0, 1, 1, 2)))
    elif roll < 0.93:
        after_picture(author, earlier)
        words = dress(author, author.frame("text", "afterimage"), polite=author.chance(0.3))
        need, kind = "text", "after a picture"
    else:
        after_picture(author, earlier)
        words, need, kind = question(author), "text", "question after a picture"
    content = transcript(earlier, words, author.chance(0.5))
    reply = need if author.chance(0.92) else json.dumps({"need": need})
    return Example("route", (Turn(content, reply),), kind)


def draw_example(author: Author) -> Example:
    """One image prompt."""
    roll = author.random.random()
    earlier: Earlier = []
    if roll < 0.5:
        words, prompt, _ = request(author)
        earlier, kind = small_history(author, author.random.choice((0, 0, 0, 0, 1))), "request"
    elif roll < 0.9:
        earlier, words, prompt = follow_up(author)
        kind = "follow-up"
    elif roll < 0.97:
        earlier, words, prompt = draw_that(author)
        kind = "draw that"
    else:
        frame = author.random.choice(tuple(COLOUR_WORDS))
        local, _, prompt = author.random.choice(COLOUR_WORDS[frame]).partition("=")
        words, kind = dress(author, frame.format(local), polite=False), "foreign"
    reply = json.dumps({"prompt": prompt}, ensure_ascii=False)
    return Example("draw", (Turn(transcript(earlier, words, author.chance(0.5)), reply),), kind)
