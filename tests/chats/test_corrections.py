"""Corrections: kept by overruling, known to the classifier, listed, deleted; on both databases."""

import pytest

from mom.chats.corrections import Corrections, CorrectionsOf
from mom.errors import NotFoundError, PartBrokenError
from mom.mixture.classifier import Classifier, SmallLlmStage
from mom.mixture.conversation import Attachment
from mom.mixture.correction_stage import COMPARED_CHARS, CorrectionStage
from mom.mixture.paths import Mixture
from mom.mixture.ports import Correction
from mom.mixture.verdict import Need
from tests.chats.stage import Stage, another_person
from tests.scripted import DEADLINE_S, ScriptedImageModel, ScriptedLabelModel, png_of


@pytest.fixture
def corrections(stage):
    return Corrections(stage.database)


def overruled(stage: Stage, content: str, need: str = "image", **wishes):
    first = stage.answered(content, **wishes)
    second = stage.turns.overrule(stage.owner, first.turn_id, need)
    stage.events(second)
    return first, second


def test_a_correction_is_listed_as_routing_data_with_the_whole_conversation(stage, corrections):
    stage.answered("hello")
    overruled(stage, "a fox")
    (row,) = corrections.read_all(stage.owner)
    assert row["messages"] == [
        {"role": "user", "content": "hello"},
        {"role": "assistant", "content": "Hello!"},
        {"role": "user", "content": "a fox"},
    ]
    assert (row["route"], row["decided"], row["decided_by"], row["source"]) == (
        "image",
        "text",
        "small_llm",
        "correction",
    )
    assert row["corrected_at"].endswith("+00:00")


def test_the_newest_correction_comes_first(stage, corrections):
    first = stage.answered("a fox")
    overruled(stage, "a bear")
    stage.events(stage.turns.overrule(stage.owner, first.turn_id, "image"))  # the older answer, corrected later
    assert [each.words for each in corrections.known(stage.owner)] == ["a fox", "a bear"]
    assert [row["messages"][-1]["content"] for row in corrections.read_all(stage.owner)] == ["a fox", "a bear"]


def test_whether_the_answer_before_was_a_picture_is_known(stage, corrections):
    stage.answered("/image a boat")
    overruled(stage, "what about blue")
    assert corrections.known(stage.owner) == [Correction("what about blue", Need.IMAGE, follows_picture=True)]
    overruled(stage, "a fox", parent_id="root")
    assert corrections.known(stage.owner)[0] == Correction("a fox", Need.IMAGE, follows_picture=False)


def test_the_end_of_an_answer_in_words_before_is_known(stage, corrections):
    stage.answered("hello")
    overruled(stage, "yes please")
    assert corrections.known(stage.owner) == [Correction("yes please", Need.IMAGE, answered="Hello!")]
    stage.parts.large_llm.reply = ["long " * 1_000, "and its end"]
    stage.answered("tell me more", parent_id="root")
    overruled(stage, "yes")
    (newest, _) = corrections.known(stage.owner)
    assert newest.answered == f"{'long ' * 1_000}and its end"[-COMPARED_CHARS:]


def test_a_correction_of_yes_please_does_not_act_in_another_chat(stage, corrections):
    small_llm = acting(stage, corrections)
    stage.parts.large_llm.reply = ["Shall I draw it?"]
    offer = stage.answered("tell me about the boat")
    overruled(stage, "yes please", parent_id=offer.message_id)
    again = stage.answered("Yes please!", parent_id=offer.message_id)
    assert stage.message(again)["verdict"]["decided_by"] == "correction"
    stage.parts.large_llm.reply = ["Shall I tell you the rest of the recipe?"]
    other = stage.answered("how do I bake bread?", parent_id="root")
    elsewhere = stage.answered("yes please", parent_id=other.message_id)
    assert stage.message(elsewhere)["verdict"]["decided_by"] == "small_llm"
    assert len(small_llm.questions) == 4


def test_a_picture_that_was_never_drawn_counts_as_one_before(stage, corrections):
    stage.parts.image_model = ScriptedImageModel([PartBrokenError("It broke.", part="image_model")])
    stage.answered("/image a boat")
    overruled(stage, "what about blue")
    assert corrections.known(stage.owner) == [Correction("what about blue", Need.IMAGE, follows_picture=True)]
    (row,) = corrections.read_all(stage.owner)
    assert row["messages"][-2] == {"role": "assistant", "content": "[image] a boat"}


def test_a_picture_of_moms_that_is_attached_counts_as_the_answer_before(stage, corrections):
    drawn = stage.message(stage.answered("/image a red boat"))["images"][0]["id"]
    boat = Attachment(stage.pictures.read_png(stage.owner, drawn), "image/png")
    overruled(stage, "now in blue please", parent_id="root", attachments=[boat])
    assert corrections.known(stage.owner) == [Correction("now in blue please", Need.IMAGE, follows_picture=True)]
    (row,) = corrections.read_all(stage.owner)
    assert row["by_form"] is False
    assert row["messages"] == [
        {"role": "assistant", "content": "[image] a red boat"},
        {"role": "user", "content": "now in blue please"},
    ]


def test_a_photo_beside_a_picture_of_moms_is_no_lesson_whatever_was_asked_for(stage, corrections):
    drawn = stage.message(stage.answered("/image a red boat"))["images"][0]["id"]
    both = [Attachment(stage.pictures.read_png(stage.owner, drawn), "image/png"), Attachment(png_of(), "image/png")]
    first = stage.answered("which is older?", parent_id="root", attachments=both, need="image")
    stage.events(stage.turns.overrule(stage.owner, first.turn_id, "text"))
    assert corrections.known(stage.owner) == []
    (row,) = corrections.read_all(stage.owner)
    assert row["by_form"] is True
    assert row["messages"] == [{"role": "user", "content": "which is older?"}]


def test_overruling_back_makes_the_newest_stand(stage, corrections):
    _, second = overruled(stage, "a fox")
    stage.events(stage.turns.overrule(stage.owner, second.turn_id, "text"))
    assert [each.need for each in corrections.known(stage.owner)] == [Need.TEXT, Need.IMAGE]
    assert [row["by_form"] for row in corrections.read_all(stage.owner)] == [False, False]


def test_that_the_first_verdict_was_right_takes_the_correction_back(stage, corrections):
    first, _ = overruled(stage, "a fox")
    stage.events(stage.turns.overrule(stage.owner, first.turn_id, "text"))
    assert corrections.known(stage.owner) == []
    assert corrections.read_all(stage.owner) == []


def test_what_the_form_decided_is_no_lesson_for_the_classifier(stage, corrections):
    overruled(stage, "/image a fox", need="text")
    overruled(stage, "make it blue", attachments=[Attachment(png_of(), "image/png")])
    assert corrections.known(stage.owner) == []
    assert [row["by_form"] for row in corrections.read_all(stage.owner)] == [True, True]


@pytest.mark.parametrize(
    ("content", "pictures", "there", "back"),
    [("tell me about it in blue", [png_of()], "image", "text"), ("/image a fox", [], "text", "image")],
)
def test_what_the_form_decided_is_no_lesson_after_overruling_there_and_back(
    stage, corrections, content, pictures, there, back
):
    _, second = overruled(stage, content, there, attachments=[Attachment(png, "image/png") for png in pictures])
    stage.events(stage.turns.overrule(stage.owner, second.turn_id, back))
    assert corrections.known(stage.owner) == []
    rows = corrections.read_all(stage.owner)
    assert [(row["route"], row["by_form"]) for row in rows] == [(back, True), (there, True)]


def test_a_very_long_message_is_kept_but_not_compared_with(stage, corrections):
    overruled(stage, "x" * 5_000)
    assert corrections.known(stage.owner) == []
    assert len(corrections.read_all(stage.owner)) == 1


def test_a_correction_of_a_message_with_a_file_is_of_its_words(stage, corrections):
    stage.answered("/image a fox")
    overruled(stage, "File: tale.txt\n```\nA fox.\n```\n\nshow this")
    assert corrections.known(stage.owner) == [Correction("show this", Need.IMAGE)]
    (row,) = corrections.read_all(stage.owner)
    assert row["messages"] == [{"role": "user", "content": "show this"}]


def test_a_deleted_correction_is_forgotten_and_the_answer_stays(stage, corrections):
    first, _ = overruled(stage, "a fox")
    (row,) = corrections.read_all(stage.owner)
    corrections.delete(stage.owner, row["id"])
    assert corrections.read_all(stage.owner) == []
    assert stage.message(first)["verdict"]["corrected_to"] is None
    with pytest.raises(NotFoundError):
        corrections.delete(stage.owner, row["id"])


def test_another_persons_corrections_are_neither_seen_nor_deleted(stage, corrections):
    overruled(stage, "a fox")
    assert [each.words for each in corrections.known(stage.owner)] == ["a fox"]
    stranger = another_person(stage.database)
    assert corrections.read_all(stranger) == []
    assert corrections.known(stranger) == []
    (row,) = corrections.read_all(stage.owner)
    with pytest.raises(NotFoundError) as of_another:
        corrections.delete(stranger, row["id"])
    with pytest.raises(NotFoundError) as of_nobody:
        corrections.delete(stranger, "nowhere")
    assert of_another.value.as_json() == of_nobody.value.as_json()
    assert len(corrections.read_all(stage.owner)) == 1


def test_a_deleted_chat_takes_its_corrections_with_it(stage, corrections):
    overruled(stage, "a fox")
    stage.turns.delete_chat(stage.owner, stage.chat)
    assert corrections.read_all(stage.owner) == []


def acting(stage: Stage, corrections: Corrections) -> ScriptedLabelModel:
    """The stage with the corrections before its small LLM, which is given."""
    known = CorrectionsOf(corrections, lambda: stage.owner)
    small_llm = ScriptedLabelModel(0.02)

    def mixture_for(pictures):
        parts = stage.parts
        classifier = Classifier([CorrectionStage(known), SmallLlmStage(small_llm)], DEADLINE_S)
        return Mixture(classifier, parts.large_llm, parts.vision_llm, parts.image_model, pictures)

    stage.turns._mixture_for = mixture_for
    return small_llm


def test_a_correction_acts_on_the_next_message_like_it(stage, corrections):
    small_llm = acting(stage, corrections)
    overruled(stage, "a fox")
    again = stage.answered("A fox!", parent_id="root")
    assert stage.message(again)["verdict"]["decided_by"] == "correction"
    assert len(stage.message(again)["images"]) == 1
    assert len(small_llm.questions) == 1
    other = stage.answered("a whale in the sea", parent_id="root")
    assert stage.message(other)["verdict"]["decided_by"] == "small_llm"


def test_a_correction_acts_on_the_same_words_with_another_file(stage, corrections):
    small_llm = acting(stage, corrections)
    code, other = (f"File: {name}.py\n```\n{f'{name} = 1; ' * 1_000}\n```\n\n" for name in ("a", "b"))
    overruled(stage, f"{code}{'draw it ' * COMPARED_CHARS}")  # too long to be compared, as without a file
    overruled(stage, f"{code}illustrate it", parent_id="root")
    assert corrections.known(stage.owner) == [Correction("illustrate it", Need.IMAGE)]
    again = stage.answered(f"{other}Illustrate it!", parent_id="root")
    assert stage.message(again)["verdict"]["decided_by"] == "correction"
    assert len(small_llm.questions) == 2
