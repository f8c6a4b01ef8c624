"""Picks the messages of the small LLM's self-test: `python -m training.routing.pick_self_test`.

The small LLM is asked about what `bert` leaves undecided, so it is judged there: of the rows that nothing was trained on, those on
which `bert` is least sure. Text and image by turns, and of each state of the conversation as many as there are hard ones.
"""

import json
from pathlib import Path

from mom.mixture.verdict import Need
from mom.models.bert.reader import load_reader
from training.routing.dataset import read_dev
from training.routing.generate import plain
from training.routing.known import left_out
from training.routing.train import Lesson, lesson_of, lesson_of_case
from training.routing.written import split_written

EACH = 30  # texts, and as many images
FOLLOWUPS = 8  # of each, at least
LONGEST = 300  # characters of a message
FILE = Path(__file__).parents[2] / "src/mom/models/self_test/messages.jsonl"


def pick(lessons: list[Lesson], sureness: dict[int, float], *, image: bool) -> list[Lesson]:
    """The least sure ones, some of them after an answer, no words twice."""
    by_words: dict[str, Lesson] = {}
    for lesson in sorted(lessons, key=lambda lesson: sureness[id(lesson)]):
        if lesson.wants_image is image:
            by_words.setdefault(plain(lesson.conversation.last.content), lesson)
    ranked = list(by_words.values())
    followups = [lesson for lesson in ranked if lesson.conversation.earlier][:FOLLOWUPS]
    rest = [lesson for lesson in ranked if lesson not in followups]
    return sorted([*followups, *rest[: EACH - len(followups)]], key=lambda lesson: bool(lesson.conversation.earlier))


def main() -> None:
    reader = load_reader()
    lessons = [*map(lesson_of_case, read_dev()[0]), *map(lesson_of, split_written(without=left_out())[1])]
    short = [lesson for lesson in lessons if all(len(m.as_words) <= LONGEST for m in lesson.conversation.messages)]
    sureness = {id(lesson): abs(reader.logit(lesson.conversation)) for lesson in short}
    texts, images = (pick(short, sureness, image=image) for image in (False, True))
    lines = []
    for pair in zip(texts, images, strict=True):
        for lesson in pair:
            messages = [{"role": m.role, "content": m.as_words} for m in lesson.conversation.messages]
            route = (Need.IMAGE if lesson.wants_image else Need.TEXT).value
            lines.append(json.dumps({"messages": messages, "route": route}, ensure_ascii=False) + "\n")
    FILE.write_text("".join(lines), "utf-8")
    right = sum((reader.logit(lesson.conversation) > 0) is lesson.wants_image for lesson in (*texts, *images))
    print(f"{len(lines)} messages; at even odds bert is right on {right} of them")


if __name__ == "__main__":
    main()
