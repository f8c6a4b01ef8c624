"""The answers of the demo language model's training data: one for each question, true, and honest about the world outside."""

import re
from pathlib import Path

import pytest

from training.llm.chat import Turn
from training.llm.data import mixed_examples
from training.llm.facts import CAPITALS, SORRY
from training.llm.follow_ups import REFUSALS, follow_up, following
from training.llm.frames import Author, every_choice, groups, sections
from training.llm.names import UNTOLD, name_told
from training.llm.outside import bare_question, touches_known
from training.llm.sums import in_words, sum_exchange
from training.llm.talk import picture_in_words

ROOT = Path(__file__).parents[2]


def test_no_question_is_answered_in_two_ways() -> None:
    answers: dict[str, set[tuple[str, ...]]] = {}
    for questions, said in groups("answers"):
        for words in (words for question in questions for words in every_choice(question)):
            answers.setdefault(bare_question(words), set()).add(said)
    assert not {words for words, said in answers.items() if len(said) > 1}
    assert not following() & answers.keys()


def test_what_is_known_is_never_refused() -> None:
    first = [example.turns[0] for example in mixed_examples(14, 30_000) if example.task == "answer"]
    refused = {bare_question(turn.user) for turn in first if turn.assistant in SORRY}
    answered = {bare_question(turn.user) for turn in first if turn.learned and turn.assistant not in SORRY}
    assert refused
    assert not refused & answered


@pytest.mark.parametrize(
    "words",
    [
        "explain how PNG works",
        "what is machine learning",
        "write a short poem about my cat",
        "JPEG or WebP",
        "is red a primary color",
    ],
)
def test_a_question_of_the_world_touches_nothing_known(words: str) -> None:
    assert touches_known(words)
    assert not touches_known("what is the square root of 50")


def test_the_answers_name_only_settings_and_commands_that_exist() -> None:
    said = "\n".join(answer for _, answers in groups("answers") for answer in answers) + "\n".join(REFUSALS)
    settings = (ROOT / ".env.example").read_text(encoding="utf-8")
    assert {name for name in re.findall(r"MOM_\w+", said) if name not in settings} == set()
    commands = {path.stem for path in (ROOT / "src/mom/cli").glob("*.py")}
    assert set(re.findall(r"`mom (\w+)", said)) <= commands


def test_a_name_is_said_back_as_it_was_told_last() -> None:
    author = Author(15)
    for _ in range(400):
        exchanges = name_told(author)
        asked, answer = exchanges[-1]
        if found := re.fullmatch(r"Your \w+ is (?:called )?(.+)\.", answer):
            assert found[1].lower() in exchanges[-2][0].lower()
        else:
            assert UNTOLD in (answer, exchanges[0][1]), asked


def test_a_follow_up_goes_on_from_the_answer_before() -> None:
    author = Author(16)
    said = [follow_up(author, Turn("12 and 5", "12 + 5 = 17")) for _ in range(400)]
    answers = {answer for _, answer in filter(None, said)}
    assert {"Yes: 12 + 5 = 17.", "12 + 5 = 17"} <= answers
    assert all(eval_sum(answer) for answer in answers if answer[0].isdigit())
    assert follow_up(author, Turn("thanks", "You are welcome!")) is None


def eval_sum(told: str) -> bool:
    """Whether a sum of numbers with + and - is right."""
    parts = told.split()
    total = int(parts[0])
    for sign, number in zip(parts[1:-2:2], parts[2:-2:2], strict=True):
        total += int(number) if sign == "+" else -int(number)
    return total == int(parts[-1])


def test_sums_in_a_row_and_below_zero_are_right() -> None:
    author = Author(17)
    answers = [answer for _, answer in (sum_exchange(author) for _ in range(3000)) if " = " in answer]
    plain = [answer for answer in answers if not re.search(r"[*/]", answer)]
    assert all(map(eval_sum, plain))
    assert any(len(answer.split()) == 7 for answer in plain)
    assert any("= -" in answer for answer in plain)
    for first, second, whole, rest in re.findall(r"(\d+) / (\d+) = (\d+), and (\d+) is left", "\n".join(answers)):
        assert int(first) == int(second) * int(whole) + int(rest)


def test_a_capital_that_is_not_known_is_not_made_up() -> None:
    countries = {country.casefold() for country in sections("facts")["unknowncountry"]}
    assert not countries & {country.casefold() for country in CAPITALS}


def test_a_wish_that_is_answered_in_words_is_told_and_not_drawn() -> None:
    author = Author(18)
    for *before, last in (picture_in_words(author) for _ in range(400)):
        assert re.fullmatch(r'In words: .+\. Say "draw that", and it is drawn\.', last.assistant)
        assert last.learned
        assert not any(turn.learned for turn in before)


def test_numbers_are_told_in_words() -> None:
    assert [in_words(number) for number in (0, 7, 13, 20, 56, 100)] == [
        "zero", "seven", "thirteen", "twenty", "fifty-six", "a hundred",
    ]  # fmt: skip
