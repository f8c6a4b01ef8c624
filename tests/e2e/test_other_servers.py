"""All three paths with models that MoM does not run: an Ollama-shaped server, and OpenAI-shaped ones for words and pictures."""

import base64
import json

import pytest
from starlette.responses import JSONResponse

from tests.e2e.running_mom import RunningMom, running_mom
from tests.models.fake_servers import STOP, USAGE, chunk, completion, running, sse
from tests.scripted import png_of

CHAT = "/v1/chat/completions"
STREAMED = sse(chunk("Hel"), chunk("lo"), STOP, USAGE)


def ollama_reply(**fields: object) -> JSONResponse:
    message = {"role": "assistant", "content": json.dumps(fields)}
    return JSONResponse({"message": message, "done": True, "done_reason": "stop"})


def ollama_shaped():
    """Knows two models. It is asked for a label first and for a prompt afterwards."""
    tags = {"models": [{"name": "small:1b", "size": 10}, {"name": "large:8b", "size": 80}]}
    return running(
        {
            "/api/version": [JSONResponse({"version": "0.13.0"})],
            "/api/tags": [JSONResponse(tags)],
            "/api/chat": [ollama_reply(label="image"), ollama_reply(prompt="a fox")],
            CHAT: [STREAMED],
        }
    )


def openai_images():
    picture = base64.b64encode(png_of()).decode()
    drawn = JSONResponse({"created": 1, "data": [{"b64_json": picture}]})
    models = JSONResponse({"object": "list", "data": [{"id": "painter", "object": "model", "owned_by": "someone"}]})
    return running({"/v1/models": [models], "/v1/images/generations": [drawn]})


@pytest.fixture
def images():
    with openai_images() as server:
        yield server


def by_name(mom: RunningMom, turn: str) -> dict:
    return {event.name: event.data for event in mom.all_events(turn)}


def text_of(mom: RunningMom, turn: str) -> str:
    return "".join(event.data["text"] for event in mom.all_events(turn) if event.name == "text_delta")


def test_the_three_paths_with_ollama_and_an_openai_shaped_images_server(tmp_path, images):
    with ollama_shaped() as ollama:
        settings = {
            "MOM_OLLAMA_URL": ollama.root,
            "MOM_SMALL_LLM": "ollama:small:1b",
            "MOM_LARGE_LLM": "ollama:large:8b",
            "MOM_IMAGE_MODEL": f"{images.root}/v1#painter",
            "MOM_CLASSIFIER": "small-llm",
            "MOM_SPECULATIVE": "off",
        }
        with running_mom(tmp_path, **settings) as mom:
            drawn = by_name(mom, mom.ask("a fox, please"))
            at_once = by_name(mom, mom.ask("/image a bear"))
            said = text_of(mom, mom.ask("/text hello"))
            parts = mom.parts()
    assert (drawn["routed"]["need"], drawn["routed"]["decided_by"]) == ("image", "small_llm")
    assert drawn["image_prompt_written"]["prompt"] == "a fox"
    assert [body["prompt"] for body in images.bodies("/v1/images/generations")] == ["a fox", "a bear"]
    assert at_once["image_finished"]["image"]["prompt"] == "a bear"
    assert said == "Hello"
    assert {parts[name]["state"] for name in ("small_llm", "large_llm", "image_model")} == {"external"}
    assert not any(part["demo"] for part in parts.values())
    assert [body["model"] for body in ollama.bodies("/api/chat")] == ["small:1b", "large:8b"]


def test_the_three_paths_with_openai_shaped_servers(tmp_path, images):
    structured = [completion(json.dumps({"label": "image"}))]
    written = [completion(json.dumps({"prompt": "a fox"})), STREAMED]
    with running({CHAT: structured}) as small, running({CHAT: written}) as large:
        settings = {
            "MOM_SMALL_LLM": f"{small.root}/v1#small",
            "MOM_LARGE_LLM": f"{large.root}/v1#large",
            "MOM_API_KEY_LARGE_LLM": "sk-large",
            "MOM_IMAGE_MODEL": f"{images.root}/v1#painter",
            "MOM_CLASSIFIER": "small-llm",
            "MOM_CLASSIFIER_DEADLINE_MS": "20000",  # a busy machine is no failure
            "MOM_SPECULATIVE": "off",
        }
        with running_mom(tmp_path, **settings) as mom:
            drawn = by_name(mom, mom.ask("a fox, please"))
            assert drawn["image_finished"]["image"]["prompt"] == "a fox"
            assert text_of(mom, mom.ask("/text hello")) == "Hello"
            assert "sk-large" not in mom.said()
