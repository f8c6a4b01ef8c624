"""What a new picture keeps of the last one."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from mom.mixture.conversation import Conversation, Drawing, Message
from mom.mixture.follow_up import carry_over, compare, find_subject
from mom.mixture.paths import Wishes, answer
from mom.mixture.ports import DrawingRequest
from tests.mixture.album import Album
from tests.scripted import ScriptedLabelModel, ScriptedLanguageModel, ScriptedParts

BOAT = Drawing("a red boat on a lake", seed=7, image_id="boat")
PNG = b"the boat's file"


def carried(prompt, *, last=BOAT, source=PNG, **wishes) -> DrawingRequest:
    anew = wishes.pop("anew", False)
    return carry_over(DrawingRequest(prompt=prompt, **wishes), replace(last, png=source), anew=anew)


@pytest.mark.parametrize(
    "prompt", ["a blue boat on a lake", "a red boat on a lake at night", "A red boat on the lake, oil painting"]
)
def test_a_change_of_the_picture_keeps_its_seed_and_begins_from_it(prompt):
    request = carried(prompt)
    assert (request.prompt, request.seed, request.source) == (prompt, 7, PNG)
    assert 0.6 <= request.strength <= 0.9


@pytest.mark.parametrize("prompt", ["a fox in the snow", "a red fox in the snow", "ein Fuchs im Schnee", "!?"])
def test_another_subject_keeps_nothing(prompt):
    assert carried(prompt) == DrawingRequest(prompt=prompt)


def test_another_subject_in_the_same_frame_keeps_nothing():
    assert carried("a close-up of a car", last=Drawing("a close-up of a bee", seed=7)) == DrawingRequest(
        prompt="a close-up of a car"
    )


@pytest.mark.parametrize("prompt", ["a red boat on a lake", "A red boat on the lake."])
def test_another_one_is_a_variation_with_a_seed_of_its_own(prompt):
    assert carried(prompt) == DrawingRequest(prompt=prompt)


def test_the_more_there_is_to_change_the_more_is_painted_over():
    little, much = carried("a blue boat on a lake"), carried("a blue boat on a lake at night under a huge yellow moon")
    assert little.strength < much.strength


def test_of_a_prompt_that_is_nearly_all_new_only_the_seed_is_kept():
    request = carried("a boat race of huge pirate ships in a storm", last=Drawing("a boat", seed=7))
    assert (request.seed, request.source) == (7, None)


def test_a_seed_that_was_wished_for_is_kept_and_a_retry_has_another():
    assert carried("a blue boat on a lake", seed=9).seed == 9
    again = carried("a blue boat on a lake", anew=True)
    assert (again.seed, again.source) == (None, PNG)


def test_where_the_picture_is_gone_its_seed_is_kept():
    request = carried("a blue boat on a lake", source=None)
    assert (request.seed, request.source, request.strength) == (7, None, None)


@pytest.mark.parametrize(("old", "new"), [("", "a fox"), ("a fox", ""), ("", "")])
def test_an_empty_prompt_has_nothing_in_common_with_any(old, new):
    assert not compare(old, new).is_of_the_picture


@pytest.mark.parametrize(
    ("prompt", "subject"),
    [
        ("a red boat on a lake", "boat"),
        ("Oil painting of three old ships in a harbour", "ships"),
        ("two dogs playing in a park", "dogs"),
        ("an old king, golden throne", "king"),
        ("a close-up of a bee on a flower", "bee"),
        ("digital art of an old castle", "castle"),
        ("the view", "view"),
        ("a sailing ship", "ship"),
        ("fox", "fox"),
        ("", ""),
    ],
)
def test_the_subject_is_the_last_word_before_the_first_border(prompt, subject):
    assert find_subject(prompt) == subject


def test_of_a_hundred_follow_ups_written_by_hand_the_rule_judges_nearly_all_rightly():
    """`keeps`: the picture is changed, not its subject; the rule was made with the first sixty in view, not the `unseen`."""
    rows = [json.loads(line) for line in (Path(__file__).parent / "follow_ups.jsonl").read_text().splitlines()]
    assert (len(rows), sum(row["keeps"] for row in rows)) == (100, 50)
    wrong = [row for row in rows if compare(row["old"], row["new"]).is_of_the_picture != row["keeps"]]
    assert [row for row in wrong if "unseen" not in row] == []
    assert len(wrong) == 1


async def drawn(last_words, prompt, **wishes) -> DrawingRequest:
    parts = ScriptedParts(
        small_llm=ScriptedLabelModel(0.98), large_llm=ScriptedLanguageModel(structure={"prompt": prompt})
    )
    conversation = Conversation(
        (Message("user", "a boat"), Message("assistant", "", drawing=BOAT), Message("user", last_words))
    )
    mixture = parts.mixture_for(Album(files={"boat": PNG}))
    async for _ in answer(conversation, mixture, Wishes(**wishes)):
        pass
    (request,) = parts.image_model.requests
    return request


async def test_a_follow_up_reaches_the_image_model_with_the_last_pictures_seed_and_file():
    request = await drawn("make it bluer", "a blue boat on a lake")
    assert (request.prompt, request.seed, request.source) == ("a blue boat on a lake", 7, PNG)
    assert (await drawn("make it bluer", "a blue boat on a lake", anew=True)).seed is None


async def test_the_image_message_path_begins_anew():
    assert await drawn("/image a blue boat on a lake", "unused") == DrawingRequest(prompt="a blue boat on a lake")
