"""The demo models along the three paths of the diagram, over HTTP, in a MoM that was started as its user starts it."""

import io
import json

import openai
import pytest
from PIL import Image

from tests.e2e.running_mom import RunningMom, running_mom

PARTS = ("small_llm", "large_llm", "image_model")


@pytest.fixture(scope="module")
def mom(tmp_path_factory):
    with running_mom(tmp_path_factory.mktemp("mom")) as mom:
        mom.wait_for(*PARTS)
        yield mom


def text_of(events) -> str:
    return "".join(event.data["text"] for event in events if event.name == "text_delta")


def test_every_part_is_ready_and_says_that_it_is_a_demo(mom: RunningMom):
    assert mom.http.get("/readyz").json()["ready"] is True
    assert all(mom.parts()[name]["demo"] for name in PARTS)


def test_a_question_is_answered_in_streamed_text(mom: RunningMom):
    events = mom.all_events(mom.ask("what is MoM?"))
    assert [events[0].name, events[1].name, events[-1].name] == ["turn_started", "routed", "turn_finished"]
    assert events[1].data["need"] == "text"
    assert events[1].data["decided_by"] == "bert"
    assert len([event for event in events if event.name == "text_delta"]) > 5
    assert "MoM" in text_of(events)


def test_a_message_that_needs_an_image_gets_one(mom: RunningMom):
    events = mom.all_events(mom.ask("please draw me a green square"))
    by_name = {event.name: event.data for event in events}
    assert by_name["routed"]["need"] == "image"
    assert "green square" in by_name["image_prompt_written"]["prompt"]
    assert any(event.data["preview"] for event in events if event.name == "image_progress")
    png = mom.http.get(by_name["image_finished"]["image"]["url"])
    assert png.headers["content-type"] == "image/png"
    red, green, blue = Image.open(io.BytesIO(png.content)).convert("RGB").resize((1, 1)).getpixel((0, 0))
    assert green > red
    assert green > blue


def test_words_that_the_demo_cannot_draw_are_named_and_kept_with_the_answer(mom: RunningMom):
    chat = mom.new_chat()
    events = mom.all_events(mom.ask("/image a castle under a yellow star", chat))
    assert "“castle”" in text_of(events)
    assert "star" not in text_of(events)
    *_, answer = mom.http.get(f"/api/chats/{chat}").json()["messages"]
    assert answer["content"] == text_of(events)
    assert answer["images"][0]["prompt"] == "a castle under a yellow star"
    assert text_of(mom.all_events(mom.ask("/image a yellow star at night", chat))) == ""


def test_the_image_message_path_asks_no_llm(mom: RunningMom):
    events = mom.all_events(mom.ask("/image a green square", seed=7))
    by_name = {event.name: event.data for event in events}
    assert by_name["routed"]["decided_by"] == "command"
    picture = Image.open(io.BytesIO(mom.http.get(by_name["image_finished"]["image"]["url"]).content))
    record = json.loads(picture.text["mom"])
    assert record["seed"] == 7
    assert "a green square" in picture.text["parameters"]


def test_the_openai_client_talks_to_the_mixture(mom: RunningMom):
    client = openai.OpenAI(base_url=f"{mom.url}/v1", api_key="none")
    said = client.chat.completions.create(model="mom", messages=[{"role": "user", "content": "hello"}])
    assert said.choices[0].message.content
    chunks = client.chat.completions.create(
        model="mom", messages=[{"role": "user", "content": "what is 2 plus 3?"}], stream=True, temperature=0
    )
    assert "5" in "".join(chunk.choices[0].delta.content or "" for chunk in chunks)
    drawn = client.images.generate(prompt="a red circle", response_format="b64_json")
    assert drawn.data[0].b64_json
    client.close()


def test_a_follow_up_changes_the_picture_before(mom: RunningMom):
    chat = mom.new_chat()
    mom.all_events(mom.ask("draw a red circle", chat))
    events = mom.all_events(mom.ask("make it blue", chat))
    by_name = {event.name: event.data for event in events}
    assert by_name["image_prompt_written"]["prompt"] == "a blue circle"
