"""An answer that is stopped, by its asker, with its chat or at the end of the process: every backend is freed, and what was shown is kept."""

import threading

import pytest

from mom.errors import BusyError, NotFoundError
from mom.mixture.conversation import Attachment
from mom.mixture.events import ImageProgress
from tests.chats.holding import CLASSIFYING, DENOISING, PREFILL, QUEUED, STREAMING, WRITING_THE_PROMPT, hold
from tests.chats.stage import Stage
from tests.chats.waiting import wait_for
from tests.scripted import Gate, ScriptedImageModel, ScriptedLabelModel, ScriptedLanguageModel, png_of


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


def test_of_a_picture_that_is_stopped_the_last_preview_is_kept(stage):
    gate = Gate()
    steps = [ImageProgress(step, 4, f"data:image/jpeg;base64,{step}") for step in (1, 2)]
    stage.parts.image_model = ScriptedImageModel([*steps, ImageProgress(3, 4), gate])
    stopped = stage.ask("/image a fox")
    gate.wait_until_reached()
    stage.turns.stop(stage.owner, stopped.turn_id)
    assert stage.message(stopped)["preview"] == "data:image/jpeg;base64,2"
    stage.parts.image_model = ScriptedImageModel(steps)
    assert stage.message(stage.answered("/image a fox"))["preview"] == ""


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
    stage.parts.can_see = False  # the large LLM is the one that is held
    gate = hold(stage, STREAMING)
    running = stage.ask()
    gate.wait_until_reached()
    assert len(list(stage.folder.rglob("*.png"))) == 2
    stage.turns.delete_chat(stage.owner, stage.chat)
    assert stage.parts.at_work == 0
    assert list(stage.folder.rglob("*.png")) == []
    with pytest.raises(NotFoundError):
        stage.turns.read(stage.owner, running.turn_id)
