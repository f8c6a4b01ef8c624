"""The log replays, follows, and forgets only what the database can tell."""

import asyncio

import pytest

from mom.chats.turn_log import EVENTS_AT_ONCE, TurnLog
from mom.mixture.events import ImageProgress, ImageQueued, TextDelta, TurnFinished, TurnStarted

END = TurnFinished("stop", None, {})


async def read_all(log: TurnLog, turn_id: str = "t", position: int = 0) -> list:
    return [event async for some in log.follow(turn_id, position) for event in some]


def logged(log: TurnLog, *events, turn_id: str = "t") -> list[str]:
    ids = [log.append(turn_id, event) for event in events]
    if isinstance(events[-1], TurnFinished):
        log.end(turn_id)
    return ids


async def test_ids_count_a_turns_events_within_the_logs_epoch():
    log = TurnLog()
    assert logged(log, TurnStarted({}), TextDelta("a")) == [f"{log.epoch}-1", f"{log.epoch}-2"]
    assert logged(log, TurnStarted({}), turn_id="another") == [f"{log.epoch}-1"]
    assert log.epoch != TurnLog().epoch


async def test_what_has_happened_is_replayed_and_what_comes_is_followed():
    log = TurnLog()
    logged(log, TurnStarted({"large_llm": "x"}), TextDelta("a"))
    reading = asyncio.create_task(read_all(log))
    await asyncio.sleep(0)
    logged(log, TextDelta("b"), END)
    events = await reading
    assert [event.name for event in events] == ["turn_started", "text_delta", "text_delta", "turn_finished"]
    assert [event.data for event in events[:2]] == [{"models": {"large_llm": "x"}}, {"text": "a"}]


async def test_a_reader_that_comes_back_gets_the_rest():
    log = TurnLog()
    ids = logged(log, TurnStarted({}), TextDelta("a"), TextDelta("b"), END)
    position = log.position("t", ids[1])
    assert [event.id for event in await read_all(log, position=position)] == ids[2:]
    assert await read_all(log, position=log.position("t", ids[-1])) == []


async def test_only_the_newest_preview_is_kept():
    log = TurnLog()
    previews = [ImageProgress(step, 4, f"data:,{step}") for step in (1, 2, 3)]
    logged(log, ImageQueued(0), *previews, END)
    assert [event.data.get("step") for event in await read_all(log)] == [None, 3, None]
    assert sum(event is not None for event in log._turns["t"].events) == 3


async def test_a_slow_reader_passes_over_old_previews():
    log = TurnLog()
    logged(log, ImageProgress(1, 4, "data:,1"))
    reader = log.follow("t", 0)
    assert [event.data["step"] for event in await anext(reader)] == [1]
    logged(log, *[ImageProgress(step, 4, f"data:,{step}") for step in (2, 3, 4)], END)
    assert [event.data.get("step") for event in await anext(reader)] == [4, None]


@pytest.mark.parametrize(
    "asked", ["0000-1", "EPOCH-99", "EPOCH-x", "EPOCH-", "EPOCH", "-1", "EPOCH--1", "EPOCH-²", f"EPOCH-{'9' * 5000}"]
)
async def test_an_id_that_this_log_never_gave_has_no_position(asked):
    log = TurnLog()
    logged(log, TurnStarted({}))
    assert log.position("t", asked.replace("EPOCH", log.epoch)) is None


async def test_without_an_id_a_reader_begins_at_the_beginning():
    log = TurnLog()
    logged(log, TurnStarted({}))
    assert log.position("t", None) == log.position("t", "") == 0
    assert log.position("nowhere", None) is None


async def test_ended_turns_are_forgotten_when_newer_ones_need_their_room():
    log = TurnLog(events_kept_after_end=6)
    logged(log, TurnStarted({}), turn_id="running")
    for number in range(5):
        logged(log, TurnStarted({}), TextDelta("a"), END, turn_id=f"t{number}")
    assert [log.position(f"t{number}", None) for number in range(5)] == [None, None, None, 0, 0]
    assert log.position("running", None) == 0


async def test_the_newest_turn_is_kept_however_long_it_is():
    log = TurnLog(events_kept_after_end=2)
    logged(log, TurnStarted({}), *[TextDelta("a")] * 9, END)
    assert log.position("t", None) == 0


async def test_a_reader_in_the_middle_of_a_forgotten_turn_still_gets_its_end():
    log = TurnLog(events_kept_after_end=2)
    logged(log, TurnStarted({}), turn_id="old")
    reader = log.follow("old", 0)
    await anext(reader)
    logged(log, END, turn_id="old")
    logged(log, TurnStarted({}), END, turn_id="new")
    assert log.position("old", None) is None
    assert [[event.name for event in some] async for some in reader] == [["turn_finished"]]


async def test_a_late_reader_is_given_many_events_at_once():
    log = TurnLog()
    logged(log, *[TextDelta(str(number)) for number in range(EVENTS_AT_ONCE * 2)], END)
    given = [[event.data.get("text") for event in some] async for some in log.follow("t", 0)]
    assert [len(some) for some in given] == [EVENTS_AT_ONCE, EVENTS_AT_ONCE, 1]
    assert [text for some in given for text in some] == [*map(str, range(EVENTS_AT_ONCE * 2)), None]


async def test_an_event_is_written_as_json_once_for_all_its_readers():
    log = TurnLog()
    logged(log, TextDelta("half \ud83e"), END)
    one, another = [(await read_all(log))[0] for _ in range(2)]
    assert one.text == '{"text": "half \\ud83e"}'
    assert one.text is another.text


async def test_a_thousand_followers_get_every_event_in_order():
    log = TurnLog()
    logged(log, TurnStarted({}))
    readers = [asyncio.create_task(read_all(log)) for _ in range(1000)]
    for number in range(20):
        logged(log, TextDelta(str(number)))
        await asyncio.sleep(0)
    logged(log, END)
    expected = ["turn_started", *["text_delta"] * 20, "turn_finished"]
    for events in await asyncio.gather(*readers):
        assert [event.name for event in events] == expected
        assert [event.data["text"] for event in events[1:-1]] == [str(number) for number in range(20)]
