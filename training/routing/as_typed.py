"""Messages as people type them on a telephone: another spelling of the same words, which needs the same answer."""

import random
import unicodedata
from collections.abc import Callable

# Letters whose marks people leave out; those of other scripts (of Japanese, Hindi, Thai) tell words apart.
MARKED = ((0x00C0, 0x024F), (0x0370, 0x03FF), (0x0620, 0x06FF), (0x1E00, 0x1FFF))
BEFORE = ("hey ", "hi, ", "ok ", "okay so ", "um ", "so ", "and ", "yo ", "please ", "pls ", "quick one: ", "- ", "> ")
AFTER = (" pls", " please", " thx", " thanks", " asap", "!!", "!!!", "...", " :)", " ok?", " lol", " rn", " /", ",")
SHORTER = (("you", "u"), ("your", "ur"), ("are", "r"), ("please", "plz"), ("because", "cuz"), ("with", "w/"), ("for", "4"),
           ("to", "2"), ("and", "n"), ("want to", "wanna"), ("going to", "gonna"), ("what", "wat"), ("picture", "pic"))  # fmt: skip
QUOTES = (('"', '"'), ("'", "'"), ("“", "”"), ("« ", " »"), ("「", "」"), ("(", ")"), ("*", "*"))


def as_typed(message: str, lang: str, source: random.Random) -> str:
    """One of the habits below, at random; `lang` is an ISO code."""
    habits = ENGLISH if lang == "en" else HABITS
    return source.choice(habits)(message, source) or message


def in_capitals(message: str, _: random.Random) -> str:
    return message.upper()


def without_marks(message: str, _: random.Random) -> str:
    return "".join(map(_bare, message))


def without_signs(message: str, _: random.Random) -> str:
    """In small letters, every sign between words dropped."""
    kept = (
        sign if not unicodedata.category(sign).startswith("P") else " " for sign in message.lower().replace("'", "")
    )
    return " ".join("".join(kept).split())


def with_loose_signs(message: str, source: random.Random) -> str:
    """A space too many or too few about the signs, or doubled."""
    for sign in ",.?!":
        message = message.replace(f"{sign} ", source.choice((f" {sign} ", sign, f"{sign}  ", f"{sign} ")))
    return message


def in_capitals_at_first(message: str, _: random.Random) -> str:
    return message.title() if len(message) < 60 else message[:1].upper() + message[1:]


def on_lines(message: str, source: random.Random) -> str:
    return message.replace(", " if source.random() < 0.3 else ". ", "\n")


def in_quotes(message: str, source: random.Random) -> str:
    first, last = source.choice(QUOTES)
    return f"{first}{message}{last}"


def with_a_word_before(message: str, source: random.Random) -> str:
    return source.choice(BEFORE) + message[:1].lower() + message[1:]


def with_a_word_after(message: str, source: random.Random) -> str:
    return message.rstrip(".!。 ") + source.choice(AFTER)


def with_short_words(message: str, _: random.Random) -> str:
    padded = f" {message.lower()} "
    for whole, short in SHORTER:
        padded = padded.replace(f" {whole} ", f" {short} ")
    return padded.strip()


def _bare(sign: str) -> str:
    if any(first <= ord(sign) <= last for first, last in MARKED):
        return unicodedata.normalize("NFD", sign)[0]
    return {"ё": "е", "Ё": "Е"}.get(sign, sign)


Habit = Callable[[str, random.Random], str]
HABITS: tuple[Habit, ...] = (
    in_capitals, without_marks, without_signs, with_loose_signs, in_capitals_at_first, on_lines, in_quotes,
)  # fmt: skip
ENGLISH = (*HABITS, with_a_word_before, with_a_word_after, with_short_words)
