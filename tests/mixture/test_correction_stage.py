"""The `correction` stage: as near as it says, and no further."""

from collections.abc import Sequence
from dataclasses import dataclass

import pytest

from mom.mixture.classifier import Classifier
from mom.mixture.conversation import Conversation, Drawing, Message
from mom.mixture.correction_stage import COMPARED_CHARS, CorrectionStage
from mom.mixture.explaining import explain
from mom.mixture.ports import Correction
from mom.mixture.verdict import DecidedBy, Need, Verdict

PICTURE = (Message("user", "a boat"), Message("assistant", "", drawing=Drawing("a red boat")))
TEXT = (Message("user", "hello"), Message("assistant", "Hello!"))
SCENE = "about an old lighthouse keeper who finds a bottle on the beach, with gulls, fog and a red boat in the distance"


@dataclass
class Kept:
    """Implements `ports.KnownCorrections`: the newest first."""

    corrections: Sequence[Correction]

    async def known(self) -> Sequence[Correction]:
        return self.corrections


async def verdict(words: str, *corrections: Correction, earlier: tuple[Message, ...] = ()) -> Verdict | None:
    return await CorrectionStage(Kept(corrections)).classify(Conversation((*earlier, Message("user", words))))


@pytest.mark.parametrize(
    "words", ["the tower of Pisa", "The Tower of Pisa!", "  the  tower\nof pisa", "“The tower of Pisa…”"]
)
async def test_the_same_message_gets_the_corrected_verdict(words):
    found = await verdict(words, Correction("the tower of Pisa", Need.TEXT))
    assert (found.need, found.decided_by, found.image_probability) == (
        Need.TEXT,
        DecidedBy.CORRECTION,
        pytest.approx(0.01),
    )
    assert found.reason == "you corrected this message before: “the tower of Pisa”"


@pytest.mark.parametrize(
    ("corrected", "words"),
    [
        ("my grandmother's kitchen in the late autumn sun", "my grandmothers kitchen in the late autum sun"),
        ("my grandmother's kitchen in the late autumn sun", "my grandmother's kitchen in the late autumnn sun"),
        (
            "a castle above the clouds at dawn, seen from a balloon",
            "a castel above the clouds at dawn; seen from a balloon",
        ),
        ("un château au-dessus des nuages à l’aube", "un chateau au-dessus des nuages à l'aube"),
        ("замок над облаками на рассвете, вид с шара", "замок над облаками на расвете, вид с шара"),
    ],
)
async def test_a_slip_of_the_pen_is_near(corrected, words):
    found = await verdict(words, Correction(corrected, Need.IMAGE))
    assert (found.need, found.confidence) == (Need.IMAGE, 0.9)
    assert "a message like this" in found.reason


@pytest.mark.parametrize(
    ("corrected", "words"),
    [
        ("a logo for my bakery", "a slogan for my bakery"),
        ("draw a fox", "draw an ox"),
        ("fox", "box"),
        ("I need a logo for my little bakery in the old town", "I need a blog for my little bakery in the old town"),
        ("make me a poster for the opening of our yoga studio", "make me a post for the opening of our yoga studio"),
        (
            "a chart of our sales in the last quarter for the boss",
            "a chat of our sales in the last quarter for the boss",
        ),
        ("paint the old man and the sea in the evening light", "print the old man and the sea in the evening light"),
        ("Mach mir ein Gesicht einer alten Frau am Meer", "Mach mir ein Gedicht einer alten Frau am Meer"),
        ("a castle above the clouds, its roofs all on fire 🔥", "a castle above the clouds, its roofs all on fire 🥶"),
        ("red cats and dogs running", "reds cat ande dog runing"),
        (f"write a poem {SCENE}", f"draw a picture {SCENE}"),
        (f"draw me {SCENE}", f"tell me {SCENE}"),
        (f"{SCENE}: draw it", f"{SCENE}: what is it"),
        ("what happened at sea in the year 1912", "what happened at sea in the year 1812"),
        ("猫", "犬"),
        (
            "画一只在海边的老灯塔下面睡觉的白猫,旁边有一条红色的小船和几只海鸥",
            "写一只在海边的老灯塔下面睡觉的白猫,旁边有一条红色的小船和几只海鸥",
        ),
        (f"do draw a scene {SCENE}", f"do not draw a scene {SCENE}"),
        ("!", "?"),
        ("make it 🔥", "make it 🥶"),
        ("ดี", "ดู"),  # good, look: vowel signs are no letters
        ("a fox", "a fox " * 300),
    ],
)
async def test_another_message_is_left_to_the_next_stage(corrected, words):
    assert await verdict(words, Correction(corrected, Need.IMAGE)) is None


async def test_a_correction_holds_only_where_the_answer_before_was_of_the_same_kind():
    after_picture = Correction("what about blue?", Need.IMAGE, follows_picture=True)
    assert (await verdict("what about blue?", after_picture, earlier=PICTURE)).need is Need.IMAGE
    assert await verdict("what about blue?", after_picture) is None
    assert await verdict("what about blue?", after_picture, earlier=TEXT) is None
    assert await verdict("what about blue?", Correction("what about blue?", Need.TEXT), earlier=PICTURE) is None


OFFER = "A keeper lives there, alone with his gulls. Shall I draw it for you?"
RECIPE = "Beat the eggs, then fold in the flour. Shall I go on?"


def after(answer: str) -> tuple[Message, ...]:
    return (Message("user", "hello"), Message("assistant", answer))


async def test_a_correction_of_a_short_message_after_words_holds_only_after_much_the_same_words():
    yes = Correction("yes please", Need.IMAGE, answered=OFFER)
    assert (await verdict("Yes please!", yes, earlier=after(OFFER))).need is Need.IMAGE
    assert (await verdict("yes please", yes, earlier=after(OFFER.replace("alone", "aloen")))).need is Need.IMAGE
    assert await verdict("yes please", yes, earlier=after(RECIPE)) is None


async def test_a_short_message_that_once_stood_alone_needs_no_words_before_it():
    first, later = Correction("the tower of Pisa", Need.TEXT), Correction("a fox", Need.IMAGE, answered=OFFER)
    assert (await verdict("the tower of Pisa", first, earlier=after(RECIPE))).need is Need.TEXT
    assert (await verdict("a fox", later)).need is Need.IMAGE


async def test_a_longer_message_stands_alone_wherever_it_was_corrected():
    scene = Correction(f"{SCENE}, oil on canvas", Need.IMAGE, answered=OFFER)
    assert (await verdict(scene.words, scene, earlier=after(RECIPE))).need is Need.IMAGE


async def test_a_correction_that_holds_stands_against_a_newer_one_made_after_other_words():
    newer, older = (Correction("yes", Need.TEXT, answered=RECIPE), Correction("yes", Need.IMAGE, answered=OFFER))
    assert (await verdict("yes", newer, older, earlier=after(OFFER))).need is Need.IMAGE
    assert (await verdict("yes", newer, older, earlier=after(RECIPE))).need is Need.TEXT


async def test_of_a_long_answer_the_end_counts():
    long = " ".join(f"chapter {number}" for number in range(300))
    yes = Correction("yes", Need.IMAGE, answered=f"{long} {OFFER}"[-COMPARED_CHARS:])
    assert (await verdict("yes", yes, earlier=after(f"{long} {OFFER}"))).need is Need.IMAGE
    assert await verdict("yes", yes, earlier=after(f"{long} {RECIPE}")) is None


async def test_of_contradictory_corrections_the_newest_stands():
    newest, older = Correction("a fox", Need.TEXT), Correction("A fox!", Need.IMAGE)
    assert (await verdict("a fox", newest, older)).need is Need.TEXT
    assert (await verdict("a fox", older, newest)).need is Need.IMAGE


async def test_the_very_message_stands_against_a_newer_one_that_is_only_like_it():
    like = Correction("my grandmother's kitchen in the late autum sun", Need.TEXT)
    same = Correction("my grandmother's kitchen in the late autumn sun", Need.IMAGE)
    assert (await verdict(same.words, like, same)).need is Need.IMAGE


async def test_the_evidence_is_the_nearest_corrections_near_enough_or_not():
    kept = Kept(
        [Correction("hello there", Need.TEXT), Correction("a slogan for my bakery", Need.TEXT, follows_picture=True)]
    )
    conversation = Conversation((Message("user", "a logo for my bakery"),))
    (clause,) = await CorrectionStage(kept).evidence(conversation)
    assert clause.endswith("like “a slogan for my bakery” after a picture, corrected to text")
    (opinion,) = await explain(conversation, Classifier([CorrectionStage(kept)], 5))
    assert (opinion.stage, opinion.verdict, opinion.evidence) == ("correction", None, (clause,))


async def test_the_evidence_tells_the_words_before_a_short_message():
    kept = Kept([Correction("yes please", Need.IMAGE, answered=RECIPE), Correction(SCENE, Need.IMAGE, answered=RECIPE)])
    for words, clause in (
        (
            "yes please",
            "1.00 like “yes please” after “Beat the eggs, then fold in the flour. Shall I g…”, corrected to image",
        ),
        (SCENE, "1.00 like “about an old lighthouse keeper who finds a bottl…”, corrected to image"),
    ):
        (found,) = await CorrectionStage(kept).evidence(Conversation((Message("user", words),)))
        assert found == clause


async def test_a_message_of_a_megabyte_is_not_compared():
    async def never():
        raise AssertionError("nothing is to be read for it")

    kept = Kept(())
    kept.known = never
    long = Conversation((Message("user", "x" * 1_000_000),))
    assert await CorrectionStage(kept).classify(long) is None
