"""What tests of `/v1/responses` share: requests as they are sent, and streams of which each event is one of OpenAI's."""

import json

import httpx
from openai.types.responses import Response, ResponseStreamEvent
from pydantic import TypeAdapter

EVENTS = TypeAdapter(ResponseStreamEvent)
DRAWS = [{"type": "image_generation"}]


def post(site, **body) -> httpx.Response:
    return httpx.post(f"{site.url}/v1/responses", json={"model": "mom", "input": "hello", **body}, timeout=30)


def create(site, **body) -> dict:
    answer = post(site, **body)
    assert answer.status_code == 200, answer.text
    Response.model_validate(answer.json())
    return answer.json()


def stream(site, **body) -> list[dict]:
    """The `data:` of every event. Its name and number are checked, and its shape by OpenAI's own type."""
    answer = post(site, stream=True, **body)
    assert answer.headers["Content-Type"].startswith("text/event-stream"), answer.text
    *blocks, end = answer.text.split("\n\n")
    assert end == ""
    events = []
    for number, block in enumerate(blocks):
        name, data = block.split("\n")
        event = json.loads(data.removeprefix("data: "))
        assert (name, event["sequence_number"]) == (f"event: {event['type']}", number)
        read = EVENTS.validate_python(event)
        assert type(read).__name__.startswith("Response")
        assert read.type == event["type"]
        events.append(event)
    return events


def kinds(events: list[dict]) -> list[str]:
    """The events' names, each repetition once."""
    names = [event["type"].removeprefix("response.") for event in events]
    return [name for number, name in enumerate(names) if number == 0 or names[number - 1] != name]


def items(events: list[dict]) -> list[dict]:
    return [event["item"] for event in events if event["type"] == "response.output_item.done"]
