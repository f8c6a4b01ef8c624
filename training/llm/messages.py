"""Single messages as people type them: requests for a picture, questions, and what stands around them."""

import re
from dataclasses import replace

from training.llm.any_picture import any_medium, any_picture, jumble
from training.llm.edits import correct_articles
from training.llm.frames import Author, groups, side, with_article
from training.llm.outside import foreign_question, outside
from training.llm.pictures import Picture

PLAIN_KINDS = ("picture", "image", "drawing", "illustration", "graphic", "scene")
ANYTHING = "a yellow star on a blue background"
WHATEVER = re.compile(r"\b(something|anything)\b|\ba picture$")
WISH = re.compile(r"^(make|design|create|sketch|draw|i need)( me)? ")
ORDERED = re.compile(
    r"\b((?:simple |round |modern |new )?(?:picture for an ad|sign over the door|(?:business|menu|birthday) card|header image|"
    r"(?:flyer|cover|calendar|menu) picture|t-shirt print|app icon|logo|poster|banner|icon|sign|stickers?|mascot|ad|mug|menu))\b"
)
# What may stand before and after a request; the empty ones are the most frequent.
STARTS = (
    *[""] * 9,
    *[
        "hi, ", "hey, ", "hello, ", "ok, ", "please ", "so, ", "well, ", "hi mom, ", "um, ", "now ", "hello! ",
        "hi! ", "hey mom, ", "i have a wish: ", "one more thing: ", "hey there, ", "hi :) ", "yo, ", "good morning, ",
        "dear mom, ", "btw ", "ok so ", "quick one: ", "one last thing: ", "another thing: ", "next thing: ", "my next wish: ",
    ],
)  # fmt: skip
ENDS = (
    *[""] * 9,
    *[
        ".", "!", " please", " :)", " :-)", ", thanks", " now", " for me", ". thank you", ". thanks!", ", if you can",
        " please!", " :-D", " =)", " ;)", " :D", " ;-)", " :P", " <3", " ^^", "!!", "!!!", "...", " \U0001f642", " \U0001f44b", " pls",
        " plz", ", thx", " mom",
    ],
)  # fmt: skip
PROPER_FORMS = {
    word.lower(): word
    for word in (
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
    )
}
PROPER = re.compile(rf"\b({'|'.join(PROPER_FORMS)})\b")
# What people put around a question without changing it.
ASKED = re.compile(r"^(can|could|do|does|are|is|will|may|would) (you|i|it|mom|we|this) ")
ADVERBS = ("maybe", "perhaps", "actually", "really", "also", "even", "by any chance", "possibly", "just", "still")
ASIDES = (
    *(" right now", " exactly", " then", " anyway", " by the way"),
    *(" today", " at all", ", tell me", ", i wonder", ", please explain"),
)
ASIDES_ABOUT_MOM = (" here", " in mom", " with this", " on this page")  # a question about the world has none of these
ROUNDABOUT = (
    *("can you tell me ", "could you tell me ", "tell me, ", "i wonder, ", "i want to know: ", "just asking: "),
    *("quick question: ", "do you know ", "say, ", "so ", "and ", "but ", "one question: ", "i'd like to know, "),
)


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
    if "kind}" in frame and author.chance(0.12):
        bindings["kind"] = any_medium(author)
        bindings["akind"] = with_article(bindings["kind"])
    message = author.fill(author.slip(frame), bindings)
    kind = (bindings.get("akind") or bindings.get("kind", "")).removeprefix("an ").removeprefix("a ")
    if kind and kind not in PLAIN_KINDS:
        between = frame.partition("kind}")[2].partition("{scene}")[0] if "kind}" in frame else " of "
        picture = replace(picture, medium=with_article(kind) + (" of" if between.endswith(": ") else between.rstrip()))
    message = dress(author, message, polite=frame[0] != "{", slips=False)
    return shouted(author, message, picture), picture


def shouted(author: Author, message: str, picture: Picture) -> str:
    """The message, now and then All In Capitals or SHOUTED; what is copied out of that goes back into small letters."""
    if picture.words().lower() != picture.words():  # which letters of a name or of a word to be written are capitals?
        return message
    # Practised more often than it is asked: capitals are other tokens than the letters that they become.
    if not author.chance(0.08 if picture.is_drawable() else 0.015 if author.held_out else 0.06):
        return message
    return message.upper() if author.chance(0.7) else message.title()


def _order(author: Author) -> tuple[str, Picture]:
    """A logo or the like, told by what it is for; or anything at all."""
    frame = author.frame("image", "logo")
    name = author.invented() if author.chance(0.4) else author.word("business")
    business = correct_articles(f"{author.random.choice(('my', 'our', 'a', 'the', 'my new'))} {name}")
    message = author.fill(frame, {"mybusiness": business})
    if "{" in frame:
        found = ORDERED.search(frame)
        item = found[1] if found else "picture"
        prompt = f"{item if item == 'stickers' else with_article(item)} for {business}"
    else:
        prompt = ANYTHING if WHATEVER.search(message) else WISH.sub("", message)
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
        return dress(author, loosened(author, words, about_mom=True), polite=author.chance(0.4))
    if author.chance(0.05):
        words = foreign_question(author)
    elif author.chance(0.06):
        first, second = author.random.randint(0, 100), author.random.randint(0, 100)
        words = f"{author.random.choice(('what is ', '', 'how much is ', 'calculate '))}{first} {author.random.choice(('+', '-', '*', 'plus', 'minus', 'times'))} {second}"
    elif author.chance(0.06):
        words = f"{author.random.choice(('say', 'repeat', 'spell', 'define', 'translate', 'what is', 'who is', 'explain'))} {author.invented()}"
    else:
        words = outside(author)
    return dress(author, loosened(author, words), polite=author.chance(0.4))


def loosened(author: Author, words: str, *, about_mom: bool = False) -> str:
    """The question, now and then as people talk: with a word that adds nothing, or asked in a roundabout way."""
    if not words.startswith(_QUESTION) or " " not in words or not author.chance(0.25):
        return words
    match author.random.randrange(3):
        case 0:
            return words.rstrip("?") + author.random.choice((*ASIDES, *ASIDES_ABOUT_MOM) if about_mom else ASIDES)
        case 1:
            return author.random.choice(ROUNDABOUT) + words
        case _:
            adverb = author.random.choice(ADVERBS)
            return ASKED.sub(lambda found: f"{found[0]}{adverb} ", words)
