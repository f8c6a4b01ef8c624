"""The training data as an endless, seeded stream, and the held-out sets."""

from collections.abc import Iterator, Sequence

from training.llm.by_hand import by_hand_example
from training.llm.chat import Example, Turn
from training.llm.chat_prompts import chat_example
from training.llm.first_minute import FIRST_MINUTE
from training.llm.frames import Author
from training.llm.outside import bare_question
from training.llm.requests import draw_example, route_example
from training.llm.several import several_example
from training.llm.sums import any_sum, asked_sum, is_held_out_sum
from training.llm.talk import answer_example

MAKERS = (route_example, by_hand_example, draw_example, answer_example, several_example, chat_example)
SHARES = (17, 23, 32, 19, 3, 6)  # the second sort is short: a tenth of the tokens
BEGINNINGS = frozenset(bare_question(talk[0].words) for talk in FIRST_MINUTE)


def mixed_examples(seed: int, count: int, shares: Sequence[float] = SHARES) -> Iterator[Example]:
    """`count` examples of all three tasks in these shares, as `MAKERS` lists them; the same seed gives the same examples."""
    author = Author(seed)
    for _ in range(count):
        while _is_of_first_minute(example := author.random.choices(MAKERS, shares)[0](author)):
            pass
        yield example


def _is_of_first_minute(example: Example) -> bool:
    """Whether it says by chance ("cat.") what the first-minute talks begin with, which training never sees."""
    return any(bare_question(turn.user.removeprefix("Message: ")) in BEGINNINGS for turn in example.turns)


def held_out_examples(task: str, seed: int, count: int) -> list[Example]:
    """`count` examples of one task with wordings that training never sees; `by hand` are decisions on messages that people wrote,
    `several` prompts where more than one picture is spoken of, `chats` prompts in chats that people wrote.
    """
    author = Author(seed, held_out=True)
    makers = dict(zip(("route", "by hand", "draw", "answer", "several", "chats"), MAKERS, strict=True))
    return [makers[task](author) for _ in range(count)]


def held_out_sums(seed: int, count: int) -> list[Example]:
    """`count` sums in held-out wordings: one half of them were in training in other wordings, the other half were not."""
    author = Author(seed, held_out=True)
    found: dict[str, list[Example]] = {"seen": [], "never seen": []}
    while min(len(examples) for examples in found.values()) < count // 2:
        first, sign, second, result = any_sum(author)
        kind = "never seen" if is_held_out_sum(first, sign, second) else "seen"
        if len(found[kind]) < count // 2:
            question = asked_sum(author, first, sign, second)
            found[kind].append(Example("answer", (Turn(question, f"{first} {sign} {second} = {result}"),), kind))
    return [*found["seen"], *found["never seen"]]
