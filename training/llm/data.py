"""The training data as an endless, seeded stream, and the held-out sets."""

from collections.abc import Iterator

from training.llm.chat import Example
from training.llm.frames import Author
from training.llm.requests import draw_example, route_example
from training.llm.talk import answer_example

MAKERS = (route_example, draw_example, answer_example)
SHARES = (26, 44, 30)


def mixed_examples(seed: int, count: int, *, held_out: bool = False) -> Iterator[Example]:
    """`count` examples of all three tasks; the same seed gives the same examples."""
    author = Author(seed, held_out=held_out)
    for _ in range(count):
        yield author.random.choices(MAKERS, SHARES)[0](author)


def held_out_examples(task: str, seed: int, count: int) -> list[Example]:
    """`count` examples of one task with wordings that training never sees."""
    author = Author(seed, held_out=True)
    maker = {"route": route_example, "draw": draw_example, "answer": answer_example}[task]
    return [maker(author) for _ in range(count)]
