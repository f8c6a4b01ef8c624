"""Small sums as people ask for them: in digits, in words, told as little stories, several in a row; too large ones are refused."""

import re
import zlib

from training.llm.frames import PERIOD, Author, Bindings
from training.llm.messages import dress

Exchange = tuple[str, str]

TOO_LARGE = "I only know sums up to 20 and the table of ten: I am MoM's demo model. A real one, connected with `MOM_LARGE_LLM` in `.env`, does more."
BY_ZERO = "Nobody can divide by 0."
SIGNS = {
    "+": ("+", "plus", "and"),
    "-": ("-", "minus"),
    "*": ("*", "times", "x", "multiplied by"),
    "/": ("/", "divided by"),
}
WORDED = {"+": "plus", "-": "minus", "*": "times", "/": "over"}  # the sections of sums told in words
MOST = {"+": 20, "-": 20, "*": 10, "/": 10}
UNITS = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"),
    *("thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"),
)
TENS = ("", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
SUM = re.compile(r"(\d+) ([-+*/]) (\d+) = (\d+)")


def is_held_out_sum(first: int, sign: str, second: int) -> bool:
    """Whether training never asks for this sum: every seventh of those with + and - (a product that was never
    learned by heart cannot be known).
    """
    return sign in "+-" and zlib.crc32(f"{first}{sign}{second}".encode()) % PERIOD == 0


def any_sum(author: Author) -> tuple[int, str, int, int]:
    """Two numbers, a sign, the result: + and - with numbers up to 20 (not below 0), * and / within the table of ten."""
    while True:
        sign = author.random.choice("+++---**/")
        first, second = author.random.randint(0, MOST[sign]), author.random.randint(int(sign == "/"), MOST[sign])
        if sign == "-" and second > first:
            first, second = second, first
        if sign == "/":
            first *= second
        if author.held_out or not is_held_out_sum(first, sign, second):
            break
    result = {"+": first + second, "-": first - second, "*": first * second, "/": first // max(second, 1)}[sign]
    return first, sign, second, result


def sum_exchange(author: Author) -> Exchange:
    """A small sum; now and then one that is too large for so small a model, which then says so."""
    first, sign, second, result = any_sum(author)
    answer = f"{first} {sign} {second} = {result}"
    roll = author.random.random()
    if roll < 0.05:  # beyond the table of ten, by little
        sign, first, second = "*", author.random.randint(11, 20), author.random.randint(2, 20)
        if author.chance(0.5):
            first, second = second, first
        answer = TOO_LARGE
    elif roll < 0.17:
        sign = author.random.choice("+-*")
        first = author.random.randint(21, 10 ** author.random.randint(2, 6))
        second = first if author.chance(0.5) else 20
        second = author.random.randint(21 if second > 20 else 2, max(second, 22))
        if author.chance(0.5):
            first, second = second, first
        answer = TOO_LARGE
    elif roll < 0.24:
        return _of_three(author)
    elif roll < 0.29:
        return _uneven(author)
    elif roll < 0.34:
        return _of_one(author)
    return asked_sum(author, first, sign, second), answer


def asked_sum(author: Author, first: int, sign: str, second: int) -> str:
    """The question for a sum, its numbers now and then in words."""
    one, other = str(first), str(second)
    if max(first, second) <= 100 and author.chance(0.2):
        one, other = (in_words(first), in_words(second)) if author.chance(0.7) else (one, in_words(second))
    if author.chance(0.35):
        return asked(author, WORDED[sign], {"first": one, "second": other})
    word = author.random.choice(SIGNS[sign] if author.chance(0.5) else SIGNS[sign][:2])
    close = one.isdigit() and other.isdigit() and not word.isalpha() and " " not in word
    return asked(
        author, "sum", {"sum": f"{one}{word}{other}" if close and author.chance(0.3) else f"{one} {word} {other}"}
    )


def in_words(number: int) -> str:
    """The English word for a number from 0 to 100."""
    if number < len(UNITS):
        return UNITS[number]
    if number == 100:
        return "a hundred"
    return TENS[number // 10] + (f"-{UNITS[number % 10]}" if number % 10 else "")


def _of_three(author: Author) -> Exchange:
    """Three numbers in a row with + and -, of which no part is more than 20 or below 0."""
    while True:
        numbers = [author.random.randint(0, 12) for _ in range(3)]
        signs = [author.random.choice("++-") for _ in range(2)]
        part = numbers[0] + numbers[1] if signs[0] == "+" else numbers[0] - numbers[1]
        result = part + numbers[2] if signs[1] == "+" else part - numbers[2]
        known = is_held_out_sum(numbers[0], signs[0], numbers[1]), is_held_out_sum(part, signs[1], numbers[2])
        if 0 <= part <= 20 and 0 <= result <= 20 and (author.held_out or not any(known)):
            break
    told = f"{numbers[0]} {signs[0]} {numbers[1]} {signs[1]} {numbers[2]}"
    words = told
    if author.chance(0.4):
        words = words.replace("+", author.random.choice(("plus", "and"))).replace("-", "minus")
    elif author.chance(0.4):
        words = words.replace(" ", "")
    if author.chance(0.1):
        words = re.sub(r"\d+", lambda found: in_words(int(found[0])), told.replace("+", "plus").replace("-", "minus"))
    return asked(author, "sum", {"sum": words}), f"{told} = {result}"


def _uneven(author: Author) -> Exchange:
    """A difference below 0, a division that leaves something over, or one by 0."""
    sign = author.random.choice("--//")
    first, second = author.random.randint(1, 20), author.random.randint(2, 10)
    if sign == "-":
        while first >= second or (is_held_out_sum(first, sign, second) and not author.held_out):
            first, second = author.random.randint(0, 20), author.random.randint(0, 20)
        answer = f"{first} - {second} = {first - second}"
    else:
        first, second = max(first, second), 0 if author.chance(0.1) else min(first, second)
        rest = first % max(second, 1)
        whole = f"{first} / {second} = {first // max(second, 1)}"
        answer = BY_ZERO if not second else f"{whole}, and {rest} is left over." if rest else whole
    word = author.random.choice(SIGNS[sign])
    return asked(author, "sum", {"sum": f"{first} {word} {second}"}), answer


def _of_one(author: Author) -> Exchange:
    """The double, the half or the square of a number."""
    number = author.random.randint(1, 10)
    kind = author.random.choice(("double", "half", "squared"))
    first, answer = {
        "double": (number, f"2 * {number} = {2 * number}"),
        "half": (2 * number, f"{2 * number} / 2 = {number}"),
        "squared": (number, f"{number} * {number} = {number * number}"),
    }[kind]
    told = in_words(first) if author.chance(0.15) else str(first)
    return asked(author, kind, {"first": told}), answer


def next_sum(author: Author, answer: str) -> Exchange | None:
    """After a sum: something is added to its result or taken from it; None where the new sum is held out, or was no sum before."""
    told = SUM.fullmatch(answer)
    sign = author.random.choice("+-")
    if answer == TOO_LARGE or (told and int(told[4]) > 20):
        return asked(
            author, "thenplus" if sign == "+" else "thenminus", {"second": str(author.random.randint(1, 20))}
        ), TOO_LARGE
    if told is None:
        return None
    first = int(told[4])
    second = author.random.randint(1, 20 if sign == "+" else max(first, 1))
    if (second > first and sign == "-") or (is_held_out_sum(first, sign, second) and not author.held_out):
        return None
    result = first + second if sign == "+" else first - second
    kind = "thenplus" if sign == "+" else "thenminus"
    return asked(author, kind, {"second": str(second)}), f"{first} {sign} {second} = {result}"


def asked(author: Author, kind: str, bound: Bindings) -> str:
    """A question of a section of `facts.txt`, as it may be typed."""
    return dress(author, author.fill(author.frame("facts", kind), bound), slips=False)
