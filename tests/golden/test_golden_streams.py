"""The golden event streams speak exactly the language of `mixture/events.py`; vitest reduces the same files."""

import json
import re
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import TypeAdapter

from mom.chats.shapes import message_json, turn_json
from mom.chats.tables import Message, Turn, now
from mom.mixture.events import AnswerEvent, Event, LastEvent, Routed, TurnSnapshot, TurnStarted
from mom.mixture.verdict import DecidedBy, Need, Verdict

STREAMS = sorted(Path(__file__).parent.glob("*.jsonl"))
LAST = {event.name for event in get_args(LastEvent)}
EVENTS = {event.name: event for event in (TurnStarted, TurnSnapshot, *get_args(AnswerEvent), *get_args(LastEvent))}


def lines_of(stream: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.read_text(encoding="utf-8").splitlines()]


def event_from(name: str, data: dict[str, Any]) -> Event:
    """The event whose `as_json()` this is."""
    if name == Routed.name:
        return Routed(
            Verdict(
                need=Need(data["need"]),
                image_probability=data["probabilities"]["image"],
                decided_by=DecidedBy(data["decided_by"]),
                took_ms=data["took_ms"],
                reason=data["reason"],
                expert=data["expert"],
            )
        )
    return TypeAdapter(EVENTS[name]).validate_python(data)


@pytest.mark.parametrize("stream", STREAMS, ids=lambda path: path.stem)
def test_each_event_is_one_that_python_would_write(stream: Path) -> None:
    for line in lines_of(stream):
        assert line.keys() == {"id", "event", "data"}
        assert event_from(line["event"], line["data"]).as_json() == line["data"]


@pytest.mark.parametrize("stream", STREAMS, ids=lambda path: path.stem)
def test_a_stream_begins_with_its_start_and_ends_with_exactly_one_last_event(stream: Path) -> None:
    names = [line["event"] for line in lines_of(stream)]
    assert names[0] == TurnStarted.name
    assert [name in LAST for name in names] == [False] * (len(names) - 1) + [True]


@pytest.mark.parametrize("stream", STREAMS, ids=lambda path: path.stem)
def test_event_ids_count_up_within_their_epoch(stream: Path) -> None:
    counted: dict[str, int] = {}
    for line in lines_of(stream):
        found = re.fullmatch(r"(?P<epoch>[0-9a-z]+)-(?P<number>\d+)", line["id"])
        assert found
        assert int(found["number"]) == counted.get(found["epoch"], 0) + 1
        counted[found["epoch"]] = int(found["number"])


def test_every_event_of_the_language_stands_in_a_golden_stream() -> None:
    seen = {line["event"] for stream in STREAMS for line in lines_of(stream)}
    assert seen == EVENTS.keys() == {event.name for event in Event.__subclasses__()}


@pytest.mark.parametrize("stream", STREAMS, ids=lambda path: path.stem)
def test_each_stream_says_what_its_answer_is_in_the_end(stream: Path) -> None:
    final = json.loads(stream.with_suffix(".final.json").read_text(encoding="utf-8"))
    last = lines_of(stream)[-1]["event"]
    assert final["status"] == last.removeprefix("turn_")


def test_the_snapshot_holds_a_message_as_the_chats_store_it() -> None:
    [snapshot] = [line for stream in STREAMS for line in lines_of(stream) if line["event"] == TurnSnapshot.name]
    message = snapshot["data"]["message"]
    assert message.keys() == message_json(Message(created_at=now()), [], None, None).keys()
    assert message["turn"].keys() == turn_json(Turn()).keys()
