"""Readers attach to a turn, come back to it, and find it again after a restart."""

from mom.chats.turn_log import TurnLog
from mom.mixture.events import ImageProgress
from tests.chats.stage import Stage
from tests.scripted import Gate, ScriptedImageModel, ScriptedLanguageModel


def held_in_mid_answer(stage: Stage):
    gate = Gate()
    stage.parts.large_llm = ScriptedLanguageModel(["so ", "far", gate, " and on"])
    started = stage.ask()
    gate.wait_until_reached()
    return started, gate


def first_events(stage: Stage, started, count: int, after: str | None = None) -> list:
    stream = stage.turns.events(stage.owner, started.turn_id, after)

    async def read():
        events = []
        while len(events) < count:
            events += await anext(stream)
        await stream.aclose()
        return events[:count]

    return stage.on_loop(read())


def test_two_readers_of_a_running_turn_see_the_same(stage):
    started, gate = held_in_mid_answer(stage)
    before = first_events(stage, started, 4)
    gate.open()
    assert stage.events(started) == stage.events(started)
    assert stage.events(started)[:4] == before


def test_a_reader_that_leaves_does_not_end_the_turn(stage):
    started, gate = held_in_mid_answer(stage)
    [*_, last] = first_events(stage, started, 3)
    gate.open()
    rest = stage.events(started, after=last.id)
    assert [event.data.get("text") for event in rest[:-1]] == ["far", " and on"]
    assert stage.message(started)["content"] == "so far and on"


def test_an_id_of_another_epoch_gets_a_snapshot_then_what_follows(stage):
    started, gate = held_in_mid_answer(stage)
    [snapshot] = first_events(stage, started, 1, after="0000-3")
    assert snapshot.name == "turn_snapshot"
    assert snapshot.data["status"] == "running"
    assert snapshot.data["message"]["content"] == "so far"
    assert snapshot.data["message"]["verdict"]["need"] == "text"
    gate.open()
    assert [event.data.get("text") for event in stage.events(started, after=snapshot.id)[:-1]] == [" and on"]
    stage.answered()


def test_a_snapshot_holds_what_is_not_stored_yet(database, tmp_path, loop):
    stage = Stage(database, tmp_path, loop, save_every_s=3600)
    started, gate = held_in_mid_answer(stage)
    [snapshot] = first_events(stage, started, 1, after="0000-3")
    assert snapshot.data["message"]["content"] == "so far"
    gate.open()
    stage.events(started)


def test_after_a_restart_the_end_is_told_from_the_database(stage):
    finished = stage.answered()
    stopped, _ = held_in_mid_answer(stage)
    stage.turns.stop(stage.owner, stopped.turn_id)
    stage.parts.large_llm = ScriptedLanguageModel([ValueError("broken")])
    failed = stage.answered()
    before = {started: stage.events(started)[-1] for started in (finished, stopped, failed)}

    again = Stage(stage.database, stage.folder, stage.loop)
    for started, last in before.items():
        snapshot, end = again.events(started, after=last.id)
        assert snapshot.name == "turn_snapshot"
        assert snapshot.data["message"]["content"] == stage.message(started)["content"]
        assert (end.name, end.data) == (last.name, last.data)
        assert [snapshot.id, end.id] == [f"{again.log.epoch}-1", f"{again.log.epoch}-0"]


def test_a_turn_that_the_log_has_forgotten_is_told_from_the_database(stage):
    started = stage.answered()
    stage.turns._log = TurnLog()
    assert stage.names(started) == ["turn_snapshot", "turn_finished"]


def test_a_late_reader_gets_the_newest_preview_only(stage):
    gate = Gate()
    steps = [ImageProgress(step, 4, f"data:,{step}") for step in (1, 2, 3)]
    stage.parts.image_model = ScriptedImageModel([*steps, gate])
    started = stage.ask("/image a ring")
    gate.wait_until_reached()
    events = first_events(stage, started, 4)
    assert [event.data["step"] for event in events if event.name == "image_progress"] == [3]
    gate.open()
    assert stage.names(started)[-1] == "turn_finished"
