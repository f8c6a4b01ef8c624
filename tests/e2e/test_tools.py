"""A program's tools, from the official client through a whole MoM to llama.cpp and back."""

import json
from enum import StrEnum

import pytest
from openai import OpenAI
from pydantic import BaseModel

from tests.e2e.running_mom import running_mom
from tests.random_llm import write_random_llm

QUESTION = {"role": "user", "content": "paint the fence"}


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


class Paint(BaseModel):
    colour: Colour


TOOLS = [{"type": "function", "function": {"name": "paint", "parameters": Paint.model_json_schema()}}]


@pytest.fixture(scope="module")
def openai(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tools")
    (folder / "data").mkdir()
    settings = {
        "MOM_SMALL_LLM": "same",
        "MOM_LARGE_LLM": f"file:{write_random_llm(folder / 'tiny.gguf')}",
        "MOM_IMAGE_MODEL": "http://127.0.0.1:9/v1#none",
    }
    with running_mom(folder / "data", **settings) as mom:
        mom.wait_for("large_llm")
        with OpenAI(base_url=f"{mom.url}/v1", api_key="any", max_retries=0, timeout=60) as client:
            yield client


def test_a_tool_is_called_and_its_result_is_answered(openai: OpenAI):
    asked = {"model": "mom", "messages": [QUESTION], "tools": TOOLS, "tool_choice": "required", "temperature": 0}
    with openai.chat.completions.stream(**asked) as stream:
        (choice,) = stream.get_final_completion().choices
    (call,) = choice.message.tool_calls
    assert choice.finish_reason == "tool_calls"
    assert call.function.name == "paint"
    assert json.loads(call.function.arguments)["colour"] in set(Colour)

    called = choice.message.model_dump(include={"role", "content", "tool_calls"})
    messages = [QUESTION, called, {"role": "tool", "tool_call_id": call.id, "content": "It is dry."}]
    answer = openai.chat.completions.create(
        model="mom", messages=messages, tools=TOOLS, tool_choice="none", max_tokens=9
    )
    assert answer.choices[0].message.content
    assert answer.model_extra["mom"]["verdict"]["decided_by"] == "tool"


def test_an_answer_keeps_to_a_schema(openai: OpenAI):
    answer = openai.chat.completions.parse(model="mom", messages=[QUESTION], response_format=Paint, temperature=0)
    assert answer.choices[0].message.parsed.colour in set(Colour)
