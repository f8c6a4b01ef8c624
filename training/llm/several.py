"""Examples of messages that ask for several pictures, each with a prompt of its own, and of those that seem to."""

import json
from collections.abc import Sequence

from mom.mixture.needs_image import MOST_PICTURES
from mom.mixture.prompts import FOR_IMAGE_PROMPT
from training.llm.any_picture import any_picture, simple_picture
from training.llm.chat import Example, Turn, transcript
from training.llm.edits import edit
from training.llm.frames import Author
from training.llm.messages import dress
from training.llm.pictures import NUMBERS, Picture
from training.llm.requests import Earlier, pictures_in_a_row, small_history

Wish = tuple[Earlier, str, Sequence[Picture]]


def several_example(author: Author) -> Example:
    """One message and its prompts: of each picture, in their order."""
    makers = (_versions, _more_versions, _changed_versions, _each, _one_picture)
    earlier, words, pictures = author.random.choices(makers, (28, 22, 14, 20, 16))[0](author)
    first, *others = pictures
    reply = {"prompt": first.words()} | ({"others": [other.words() for other in others]} if others else {})
    asked = transcript(earlier, dress(author, words, polite=False, slips=False), FOR_IMAGE_PROMPT, author.chance(0.5))
    turn = Turn(asked, json.dumps(reply, ensure_ascii=False))
    return Example("draw", (turn,), "several" if others else "one", first, tuple(others))


def _versions(author: Author) -> Wish:
    frame, count = _counted(author, "versions")
    scene = _any_scene(author)
    return _history(author), author.fill(frame, {"scene": scene.words()}), [scene] * count


def _more_versions(author: Author) -> Wish:
    earlier = _history(author)
    frame, count = _counted(author, "moreversions")
    return earlier, frame, [pictures_in_a_row(author, earlier)[-1]] * count


def _changed_versions(author: Author) -> Wish:
    earlier = _history(author)
    old = pictures_in_a_row(author, earlier)[-1]
    frame, count = _counted(author, "changedversions")
    change, new = edit(author, old)
    return earlier, author.fill(frame, {"change": change}), [new] * count


def _each(author: Author) -> Wish:
    frame = author.frame("several", "each")
    scenes = {slot: _any_scene(author) for slot in ("scene", "second", "third") if f"{{{slot}}}" in frame}
    in_order = sorted(scenes, key=lambda slot: frame.index(f"{{{slot}}}"))
    words = author.fill(frame, {slot: scene.words() for slot, scene in scenes.items()})
    return _history(author), words, [scenes[slot] for slot in in_order]


def _one_picture(author: Author) -> Wish:
    scene = _any_scene(author)
    return _history(author), author.fill(author.frame("several", "onepicture"), {"scene": scene.words()}), [scene]


def _counted(author: Author, section: str) -> tuple[str, int]:
    """A frame with its number said, and the number: the frame's own where it ends in ` => N`."""
    frame, _, told = author.frame("several", section).partition(" => ")
    count = int(told) if told else author.random.randint(2, MOST_PICTURES)
    return frame.replace("{number}", str(count) if author.chance(0.4) else NUMBERS[count]), count


def _any_scene(author: Author) -> Picture:
    return simple_picture(author) if author.chance(0.4) else any_picture(author)


def _history(author: Author) -> Earlier:
    return small_history(author, author.random.choice((0, 0, 0, 1)))
