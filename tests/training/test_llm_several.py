"""Training data for several pictures in one answer: as many prompts as are asked for, each of its own picture."""

import json
import re

import pytest

pytest.importorskip("tokenizers")

from mom.mixture.needs_image import MOST_PICTURES
from training.llm.data import held_out_examples
from training.llm.frames import sections
from training.llm.pictures import NUMBERS

TOLD = re.compile(r"(.*) => (\d)")
COUNTED = ("versions", "moreversions", "changedversions")


@pytest.mark.parametrize("section", COUNTED)
def test_each_frame_says_how_many_pictures_it_wants(section: str) -> None:
    for frame in sections("several")[section]:
        told = TOLD.fullmatch(frame)
        assert ("{number}" in frame) != bool(told), frame
        assert not told or 2 <= int(told[2]) <= MOST_PICTURES, frame


def test_the_reply_has_a_prompt_for_each_picture() -> None:
    examples = held_out_examples("several", 5, 300)
    for example in examples:
        assert example.picture is not None
        reply = json.loads(example.turns[-1].assistant)
        wanted = [example.picture, *example.others]
        assert [reply["prompt"], *reply.get("others", ())] == [picture.words() for picture in wanted]
    assert {len(example.others) for example in examples} == set(range(MOST_PICTURES))


def test_the_number_that_is_said_is_the_number_of_prompts() -> None:
    spoken = re.compile(rf"\b({'|'.join((*'234', *(NUMBERS[count] for count in (2, 3, 4))))}) more\b", re.IGNORECASE)
    counts = {str(count): count for count in (2, 3, 4)} | {NUMBERS[count]: count for count in (2, 3, 4)}
    checked = 0
    for example in held_out_examples("several", 6, 600):
        message = example.turns[-1].user.rpartition("Message: ")[2]
        if found := spoken.search(message):
            checked += 1
            assert len(example.others) + 1 == counts[found[1].lower()], message
    assert checked > 20
