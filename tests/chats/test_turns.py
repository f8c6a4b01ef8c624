"""A question is answered in the background, and what was shown is what is kept."""

import logging
import threading

import pytest

from mom.chats.attachments import MAX_ATTACHMENTS
from mom.chats.question import MAX_MESSAGE_BYTES
from mom.errors import (
    AttachmentError,
    BusyError,
    EmptyMessageError,
    MessageTooLongError,
    NotFoundError,
    ParameterError,
    PartBrokenError,
    UnknownCommandError,
)
from mom.mixture.conversation import Attachment
from mom.mixture.events import ImageProgress, ImageQueued, ReasoningDelta
from tests.chats.stage import Stage
from tests.chats.waiting import wait_for
from tests.scripted import Gate, ScriptedImageModel, ScriptedLabelModel, ScriptedLanguageModel, png_of


def test_a_question_is_answered_with_text(stage):
    started = stage.ask("hello")
    assert stage.names(started) == ["turn_started", "routed", "text_delta", "text_delta", "turn_finished"]
    answer = stage.message(started)
    assert (answer["role"], answer["content"], answer["parent_id"]) == ("assistant", "Hello!", started.question_id)
    assert answer["verdict"]["need"] == "text"
    assert answer["turn"]["status"] == "finished"
    assert answer["turn"]["finish_reason"] == "stop"
    assert answer["turn"]["usage"] == {"prompt_tokens": 3, "completion_tokens": 2}
    assert answer["turn"]["models"]["large_llm"] == "scripted-llm"
    assert stage.question(started)["content"] == "hello"
    assert stage.turns.read(stage.owner, started.turn_id)["message_id"] == started.message_id


def test_a_question_is_answered_with_a_picture(stage):
    stage.parts.small_llm = ScriptedLabelModel(0.98)
    started = stage.ask("a fox please", seed=7)
    assert stage.names(started) == [
        "turn_started", "routed", "image_prompt_written", "image_queued", "image_progress", "image_finished",
        "turn_finished",
    ]  # fmt: skip
    [image] = stage.message(started)["images"]
    assert (image["prompt"], image["seed"], image["width"]) == ("a fox", 7, 64)
    assert image["url"] == f"/images/{image['id']}.png"
    assert stage.pictures.read_png(stage.owner, image["id"]).startswith(b"\x89PNG")


def test_what_a_model_thinks_is_kept_apart_from_what_it_says(stage):
    stage.parts.large_llm = ScriptedLanguageModel([ReasoningDelta("hm"), "Yes."])
    answer = stage.message(stage.answered("is it so?"))
    assert (answer["reasoning"], answer["content"]) == ("hm", "Yes.")


def test_the_question_is_stored_before_the_answer_begins(stage):
    gate = Gate()
    stage.parts.small_llm = ScriptedLabelModel(steps=[gate])
    started = stage.ask("hello")
    assert stage.question(started)["content"] == "hello"
    assert stage.status(started) == "running"
    gate.open()
    assert stage.names(started)[-1] == "turn_finished"


def test_the_answer_is_stored_as_it_grows(stage):
    gate = Gate()
    stage.parts.large_llm = ScriptedLanguageModel(["half of ", gate, "it"])
    started = stage.ask()
    wait_for(lambda: stage.message(started)["content"] == "half of ", "the first half to be stored")
    assert stage.message(started)["verdict"]["need"] == "text"
    gate.open()
    stage.events(started)
    assert stage.message(started)["content"] == "half of it"


CLASSIFYING, PREFILL, STREAMING, WRITING_THE_PROMPT, QUEUED, DENOISING = (
    "classifying", "prefill", "streaming", "writing the prompt", "queued", "denoising",
)  # fmt: skip


def hold(stage: Stage, state: str) -> Gate:
    """Make the next answer stand still in that state."""
    gate = Gate()
    if state == CLASSIFYING:
        stage.parts.small_llm = ScriptedLabelModel(steps=[gate])
        return gate
    if state in (PREFILL, STREAMING):
        stage.parts.large_llm = ScriptedLanguageModel([gate] if state == PREFILL else ["so far", gate])
        return gate
    stage.parts.small_llm = ScriptedLabelModel(0.98)
    if state == WRITING_THE_PROMPT:
        stage.parts.large_llm = ScriptedLanguageModel(structure=[gate])
    else:
        steps = [ImageQueued(2), gate] if state == QUEUED else [ImageProgress(1, 4, "data:,"), gate]
        stage.parts.image_model = ScriptedImageModel(steps)
    return gate


@pytest.mark.parametrize("state", [CLASSIFYING, PREFILL, STREAMING, WRITING_THE_PROMPT, QUEUED, DENOISING])
def test_stop_works_in_every_state_and_frees_the_backend(sqlite_stage, state):
    stage = sqlite_stage
    gate = hold(stage, state)
    started = stage.ask("a fox")
    gate.wait_until_reached()
    assert stage.parts.at_work == 1
    stage.turns.stop(stage.owner, started.turn_id)
    assert stage.parts.at_work == 0
    assert stage.status(started) == "stopped"
    names = stage.names(started)
    assert names[-1] == "turn_stopped"
    assert sum(name.startswith("turn_") for name in names) == 2
    assert stage.message(started)["content"] == ("so far" if state == STREAMING else "")
    assert stage.message(started)["images"] == []
    assert (stage.message(started)["verdict"] is None) == (state == CLASSIFYING)


def test_what_was_shown_before_a_stop_is_what_is_kept(database, tmp_path, loop):
    stage = Stage(database, tmp_path, loop, save_every_s=3600)
    first, second = Gate(), Gate()
    stage.parts.large_llm = ScriptedLanguageModel([first, "one ", "two ", second, "three"])
    started = stage.ask()
    wait_for(
        lambda: stage.message(started)["verdict"], "the verdict to be stored, after which only the end stores more"
    )
    first.open()
    second.wait_until_reached()
    stage.turns.stop(stage.owner, started.turn_id)
    shown = "".join(event.data["text"] for event in stage.events(started) if event.name == "text_delta")
    assert stage.message(started)["content"] == shown == "one two "


def test_a_stop_that_comes_twice_or_late_changes_nothing(stage):
    started = stage.answered()
    stage.turns.stop(stage.owner, started.turn_id)
    assert stage.status(started) == "finished"
    gate = hold(stage, STREAMING)
    second = stage.ask()
    gate.wait_until_reached()
    threads = [threading.Thread(target=stage.turns.stop, args=(stage.owner, second.turn_id)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert stage.names(second)[-1] == "turn_stopped"
    assert stage.names(second).count("turn_stopped") == 1


def test_a_stop_right_after_the_question_ends_it_as_well(stage):
    stage.parts.small_llm = ScriptedLabelModel(steps=[Gate()])
    for _ in range(5):
        started = stage.ask()
        stage.turns.stop(stage.owner, started.turn_id)
        assert stage.names(started)[-1] == "turn_stopped"
        assert stage.parts.at_work == 0


def test_a_part_that_fails_in_mid_answer_says_so_and_the_text_is_kept(stage):
    failure = PartBrokenError("The large LLM ended in mid-answer.", part="large_llm")
    stage.parts.large_llm = ScriptedLanguageModel(["The beginning", failure])
    started = stage.ask()
    last = stage.events(started)[-1]
    assert (last.name, last.data["error"]) == ("turn_failed", failure.as_json())
    answer = stage.message(started)
    assert (answer["content"], answer["turn"]["status"]) == ("The beginning", "failed")
    assert answer["turn"]["error"] == failure.as_json()


def test_a_defect_is_logged_whole_and_shown_as_a_plain_sentence(stage, caplog):
    stage.parts.large_llm = ScriptedLanguageModel(["Once", ZeroDivisionError("inner detail")])
    with caplog.at_level(logging.ERROR):
        started = stage.ask()
        last = stage.events(started)[-1]
    assert last.name == "turn_failed"
    assert last.data["error"]["code"] == "internal_error"
    assert "inner detail" not in last.data["error"]["message"]
    assert "inner detail" in caplog.text
    assert "Traceback" in caplog.text


def test_retry_answers_beside_the_first_answer(stage):
    first = stage.answered()
    stage.parts.large_llm = ScriptedLanguageModel(["Again."])
    second = stage.turns.retry(stage.owner, first.turn_id)
    stage.events(second)
    assert stage.message(second)["content"] == "Again."
    assert stage.message(first)["content"] == "Hello!"
    assert stage.message(first)["parent_id"] == stage.message(second)["parent_id"] == first.question_id
    assert len(stage.history.read_chat(stage.owner, stage.chat)["messages"]) == 3


def test_a_wished_seed_is_tried_again_only_where_it_made_no_picture(stage):
    stage.parts.image_model = ScriptedImageModel([PartBrokenError("It broke.", part="image_model")])
    failed = stage.answered("/image a ring", seed=5)
    stage.parts.image_model = model = ScriptedImageModel()
    drawn = stage.turns.retry(stage.owner, failed.turn_id)
    stage.events(drawn)
    stage.events(stage.turns.retry(stage.owner, drawn.turn_id))
    assert [request.seed for request in model.requests] == [5, None]


def test_overruling_answers_beside_and_keeps_the_correction(stage):
    first = stage.answered("a fox")
    second = stage.turns.overrule(stage.owner, first.turn_id, "image")
    assert "image_finished" in stage.names(second)
    assert stage.message(first)["verdict"]["corrected_to"] == "image"
    assert stage.message(second)["verdict"]["decided_by"] == "correction"
    assert stage.message(second)["verdict"]["corrected_to"] is None
    third = stage.turns.retry(stage.owner, second.turn_id)
    assert "image_finished" in stage.names(third)


def test_overruling_a_running_answer_stops_it_first(stage):
    gate = hold(stage, STREAMING)
    first = stage.ask("a fox")
    gate.wait_until_reached()
    second = stage.turns.overrule(stage.owner, first.turn_id, "image")
    assert stage.names(second)[-1] == "turn_finished"
    assert stage.names(first)[-1] == "turn_stopped"
    assert stage.message(first)["content"] == "so far"


def test_overruling_with_the_same_need_is_no_correction(stage):
    first = stage.answered()
    stage.events(stage.turns.overrule(stage.owner, first.turn_id, "text"))
    assert stage.message(first)["verdict"]["corrected_to"] is None


def test_the_same_client_id_gives_the_same_turn(stage):
    first = stage.ask("hello", client_id="abc")
    assert stage.ask("hello", client_id="abc") == first
    stage.events(first)
    assert stage.ask("something else", client_id="abc") == first
    assert len(stage.history.read_chat(stage.owner, stage.chat)["messages"]) == 2


def test_the_same_client_id_at_the_same_time_gives_one_turn(stage):
    barrier = threading.Barrier(6)
    started = []

    def ask():
        barrier.wait()
        started.append(stage.ask("hello", client_id="abc"))

    threads = [threading.Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(started) == 6
    assert len(set(started)) == 1
    stage.events(started[0])
    assert len(stage.history.read_chat(stage.owner, stage.chat)["messages"]) == 2


def test_an_edited_question_is_a_sibling_of_the_first(stage):
    stage.answered("first")
    second = stage.answered("second")
    edited = stage.answered("second, edited", parent_id=stage.question(second)["parent_id"])
    assert stage.question(edited)["parent_id"] == stage.question(second)["parent_id"]
    words = [message.content for message in stage.parts.large_llm.questions[-1]]
    assert words[1:] == ["first", "Hello!", "second, edited"]


def test_the_first_question_can_be_edited_too(stage):
    stage.answered("first")
    edited = stage.answered("first, edited", parent_id="root")
    assert stage.question(edited)["parent_id"] is None
    assert [message.content for message in stage.parts.large_llm.questions[-1]][1:] == ["first, edited"]


def test_a_question_cannot_follow_a_question_or_another_chats_answer(stage):
    first = stage.answered()
    with pytest.raises(ParameterError):
        stage.ask(parent_id=first.question_id)
    elsewhere = stage.history.create_chat(stage.owner)
    with pytest.raises(ParameterError):
        stage.turns.ask(stage.owner, elsewhere, "hello", parent_id=first.message_id)
    with pytest.raises(NotFoundError):
        stage.ask(parent_id="nowhere")


def test_a_question_asked_meanwhile_follows_the_newest_answer(stage):
    gate = hold(stage, STREAMING)
    first = stage.ask("one")
    gate.wait_until_reached()
    wait_for(lambda: stage.message(first)["content"], "the text so far to be stored")
    stage.parts.large_llm = ScriptedLanguageModel(["done"])
    second = stage.answered("two")
    assert stage.question(second)["parent_id"] == first.message_id
    assert [message.content for message in stage.parts.large_llm.questions[-1]][1:] == ["one", "so far", "two"]
    gate.open()
    assert stage.names(first)[-1] == "turn_finished"


@pytest.mark.parametrize(
    ("content", "error"),
    [
        ("", EmptyMessageError),
        (" \n", EmptyMessageError),
        ("/image", EmptyMessageError),
        ("/draw a cat", UnknownCommandError),
        ("ä" * (MAX_MESSAGE_BYTES // 2) + "!", MessageTooLongError),
        ("a\0b", ParameterError),
        ("half \ud83d", ParameterError),
    ],
)
def test_what_cannot_be_asked_is_refused_before_anything_is_stored(sqlite_stage, content, error):
    with pytest.raises(error):
        sqlite_stage.ask(content)
    assert sqlite_stage.history.read_chat(sqlite_stage.owner, sqlite_stage.chat)["messages"] == []


@pytest.mark.parametrize("wishes", [{"need": "song"}, {"seed": -1}, {"seed": 2**32}, {"client_id": ""}])
def test_what_cannot_be_wished_for_is_refused(sqlite_stage, wishes):
    with pytest.raises(ParameterError):
        sqlite_stage.ask("hello", **wishes)


def test_a_message_of_the_greatest_length_is_taken(stage):
    started = stage.answered("a" * MAX_MESSAGE_BYTES)
    assert len(stage.question(started)["content"]) == MAX_MESSAGE_BYTES


def test_an_attached_picture_is_kept_and_seen_by_the_vision_llm(stage):
    photo = Attachment(png_of(2000, 1000, form="JPEG"), "image/png")  # what the sender calls it is not believed
    started = stage.answered("what is it?", attachments=[photo])
    [image] = stage.question(started)["images"]
    assert (image["width"], image["height"]) == (1536, 768)
    [attachment] = stage.parts.vision_llm.questions[0][-1].attachments
    assert attachment.data == stage.pictures.read_png(stage.owner, image["id"])
    assert attachment.media_type == "image/png"
    assert stage.message(started)["verdict"]["decided_by"] == "attachment"
    stage.answered("and now?")
    assert all(not message.attachments for message in stage.parts.large_llm.questions[-1])


def test_a_picture_may_be_attached_without_words(stage):
    assert stage.message(stage.answered("", attachments=[Attachment(png_of(), "image/png")]))["content"] == "I see it."


@pytest.mark.parametrize("attachments", [[b"no picture"], [png_of()] * (MAX_ATTACHMENTS + 1)])
def test_an_attachment_that_is_refused_stores_nothing(sqlite_stage, attachments):
    stage = sqlite_stage
    with pytest.raises(AttachmentError):
        stage.ask("see", attachments=[Attachment(data, "image/png") for data in attachments])
    assert stage.history.read_chat(stage.owner, stage.chat)["messages"] == []
    assert list(stage.folder.rglob("*.png")) == []


def test_a_question_that_cannot_be_stored_leaves_no_picture_behind(sqlite_stage):
    stage = sqlite_stage
    with pytest.raises(NotFoundError):
        stage.turns.ask(stage.owner, "nowhere", "see", attachments=[Attachment(png_of(), "image/png")])
    assert list(stage.folder.rglob("*.png")) == []


def test_no_more_than_so_many_answers_are_written_at_a_time(database, tmp_path, loop):
    stage = Stage(database, tmp_path, loop, running_per_owner=2)
    gate = hold(stage, PREFILL)
    first, second = stage.ask(), stage.ask()
    with pytest.raises(BusyError) as refused:
        stage.ask()
    assert refused.value.retry_after_s > 0
    gate.open()
    for started in (first, second):
        assert stage.names(started)[-1] == "turn_finished"
    wait_for(lambda: not stage.turns._running, "the places to be free again")
    stage.answered()


def test_half_characters_and_nul_in_an_answer_do_not_lose_it(stage):
    stage.parts.large_llm = ScriptedLanguageModel(["\ud83d", "\ude00", "\ud83d", "\0", "!"])
    assert stage.message(stage.answered())["content"] == "😀\ufffd\ufffd!"


def test_at_the_end_running_answers_become_interrupted_with_what_they_had(stage):
    gate = hold(stage, STREAMING)
    started = stage.ask()
    gate.wait_until_reached()
    stage.close()
    assert stage.parts.at_work == 0
    assert stage.status(started) == "interrupted"
    assert stage.message(started)["content"] == "so far"
    with pytest.raises(BusyError):
        stage.ask()


def test_deleting_a_chat_stops_its_answers_and_deletes_its_pictures(stage):
    stage.answered("/image a ring")
    stage.answered("what is it?", attachments=[Attachment(png_of(), "image/png")])
    gate = hold(stage, STREAMING)
    running = stage.ask()
    gate.wait_until_reached()
    assert len(list(stage.folder.rglob("*.png"))) == 2
    stage.turns.delete_chat(stage.owner, stage.chat)
    assert stage.parts.at_work == 0
    assert list(stage.folder.rglob("*.png")) == []
    with pytest.raises(NotFoundError):
        stage.turns.read(stage.owner, running.turn_id)


def test_a_picture_that_was_being_stored_when_the_answer_was_stopped_is_taken_back(stage):
    held, reached = threading.Event(), threading.Event()

    class SlowDisk(type(stage.pictures)):
        def keep_drawing(self, *arguments):
            image = super().keep_drawing(*arguments)
            reached.set()
            held.wait(20)
            return image

    stage.turns._pictures = SlowDisk(stage.database, stage.folder)
    started = stage.ask("/image a ring")
    assert reached.wait(20)
    stopping = threading.Thread(target=stage.turns.stop, args=(stage.owner, started.turn_id))
    stopping.start()
    wait_for(lambda: stage.turns._running[started.turn_id]._when_cancelled, "the stop to arrive")
    held.set()
    stopping.join()
    assert "image_finished" not in stage.names(started)
    assert stage.message(started)["images"] == []
    assert list(stage.folder.rglob("*.png")) == []
