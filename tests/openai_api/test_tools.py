"""Tools and formats of answers, as OpenAI's own client sends and reads them and as they stand on the wire."""

import json

import httpx
import openai as sdk
import pytest
from openai import OpenAI
from pydantic import BaseModel

from mom.mixture.conversation import ToolCall, ToolRequest, ToolResult
from mom.mixture.events import ToolCallDelta
from mom.mixture.ports import Ended
from tests.openai_api.test_chat import post, stream_lines
from tests.scripted import ScriptedLabelModel, ScriptedLanguageModel

QUESTION = {"role": "user", "content": "Is it raining in Oslo?"}
PARAMETERS = {"type": "object", "properties": {"city": {"type": "string", "default": None}}}
TOOLS = [
    {"type": "function", "function": {"name": name, "description": f"The {name}.", "parameters": PARAMETERS}}
    for name in ("weather", "time")
]
CALLS = [
    ToolCallDelta(0, "c1", "weather", ""),
    ToolCallDelta(0, None, None, '{"city": '),
    ToolCallDelta(0, None, None, '"Oslo"}'),
    ToolCallDelta(1, "c2", "time", "{}"),
    Ended("tool_calls"),
]
SCHEMA = {"type": "json_schema", "json_schema": {"name": "city", "schema": PARAMETERS, "strict": True}}
CALLED = {
    "role": "assistant", "content": None,
    "tool_calls": [{"id": "c1", "type": "function", "function": {"name": "weather", "arguments": '{"city": "Oslo"}'}}],
}  # fmt: skip
RESULT = {"role": "tool", "tool_call_id": "c1", "content": "It pours."}
STEPS = (ToolRequest("", (ToolCall("c1", "weather", '{"city": "Oslo"}'),)), ToolResult("c1", "It pours."))


@pytest.fixture
def calling(parts):
    parts.large_llm = ScriptedLanguageModel(CALLS)
    return parts


def test_calls_of_a_whole_answer(openai: OpenAI, calling):
    (choice,) = openai.chat.completions.create(model="mom", messages=[QUESTION], tools=TOOLS).choices
    assert (choice.finish_reason, choice.message.content) == ("tool_calls", None)
    assert [
        (call.id, call.type, call.function.name, call.function.arguments) for call in choice.message.tool_calls
    ] == [
        ("c1", "function", "weather", '{"city": "Oslo"}'),
        ("c2", "function", "time", "{}"),
    ]


def test_words_before_a_call_are_kept(openai: OpenAI, parts):
    parts.large_llm = ScriptedLanguageModel(["Let me see.", *CALLS])
    (choice,) = openai.chat.completions.create(model="mom", messages=[QUESTION], tools=TOOLS).choices
    assert (choice.message.content, len(choice.message.tool_calls)) == ("Let me see.", 2)


def test_streamed_calls_come_in_pieces(site, calling):
    chunks = stream_lines(site, messages=[QUESTION], tools=TOOLS)
    deltas = [chunk["choices"][0]["delta"] for chunk in chunks]
    assert [delta["tool_calls"] for delta in deltas if "tool_calls" in delta] == [
        [{"index": 0, "id": "c1", "type": "function", "function": {"name": "weather", "arguments": ""}}],
        [{"index": 0, "function": {"arguments": '{"city": '}}],
        [{"index": 0, "function": {"arguments": '"Oslo"}'}}],
        [{"index": 1, "id": "c2", "type": "function", "function": {"name": "time", "arguments": "{}"}}],
    ]
    assert [chunk["choices"][0]["finish_reason"] for chunk in chunks][-2:] == [None, "tool_calls"]


def test_the_official_client_puts_streamed_calls_together(openai: OpenAI, calling):
    with openai.chat.completions.stream(model="mom", messages=[QUESTION], tools=TOOLS) as stream:
        message = stream.get_final_completion().choices[0].message
    assert [(call.id, call.function.name, call.function.arguments) for call in message.tool_calls] == [
        ("c1", "weather", '{"city": "Oslo"}'),
        ("c2", "time", "{}"),
    ]


def test_tools_reach_the_model_as_they_are_and_without_instructions_of_moms_own(openai: OpenAI, calling):
    openai.chat.completions.create(
        model="mom", messages=[QUESTION], tools=TOOLS, tool_choice="auto", parallel_tool_calls=False
    )
    (options,) = calling.large_llm.options
    assert options.passed_on == {"tools": TOOLS, "tool_choice": "auto", "parallel_tool_calls": False}
    assert [message.content for message in calling.large_llm.questions[-1]] == [QUESTION["content"]]


def test_what_is_unknown_in_a_tool_reaches_no_model(site, calling):
    post(site, messages=[QUESTION], tools=[{**TOOLS[0], "cache": True, "function": {**TOOLS[0]["function"], "x": 1}}])
    assert calling.large_llm.options[-1].passed_on == {"tools": TOOLS[:1]}


@pytest.mark.parametrize(
    "fields",
    [{}, {"tools": [], "tool_choice": "auto", "parallel_tool_calls": True}, {"response_format": {"type": "text"}}],
)
def test_without_tools_and_a_format_nothing_is_passed_on(site, parts, fields):
    assert post(site, **fields).status_code == 200
    assert parts.large_llm.options[-1].passed_on == {}
    assert parts.large_llm.questions[-1][0].role == "system"


def test_a_message_that_may_call_a_tool_is_routed_like_any(openai: OpenAI, calling):
    calling.small_llm = ScriptedLabelModel(image_probability=0.9)
    (choice,) = openai.chat.completions.create(model="mom", messages=[QUESTION], tools=TOOLS).choices
    assert choice.message.images
    assert choice.message.tool_calls is None


@pytest.mark.parametrize(
    "fields",
    [
        {"tools": TOOLS, "tool_choice": "required"},
        {"tools": TOOLS, "tool_choice": {"type": "function", "function": {"name": "time"}}},
        {"response_format": {"type": "json_object"}},
        {"response_format": SCHEMA},
    ],
)
def test_what_only_words_comply_with_asks_no_classifier(site, parts, fields):
    parts.small_llm = ScriptedLabelModel(image_probability=0.9)
    assert post(site, messages=[QUESTION], **fields).headers["x-mom-route"].startswith("text; ")
    assert parts.small_llm.questions == []
    assert parts.large_llm.options[-1].passed_on == fields
    refused = post(site, model="mom-image", messages=[QUESTION], **fields)
    assert (refused.status_code, refused.json()["error"]["param"]) == (400, [*fields][-1])


def test_a_structured_answer_is_parsed_by_the_official_client(openai: OpenAI, parts):
    class City(BaseModel):
        name: str

    parts.large_llm = ScriptedLanguageModel(['{"name": ', '"Oslo"}'])
    answer = openai.chat.completions.parse(model="mom", messages=[QUESTION], response_format=City)
    assert answer.choices[0].message.parsed == City(name="Oslo")
    sent = parts.large_llm.options[-1].passed_on["response_format"]
    assert sent["json_schema"]["schema"]["required"] == ["name"]


@pytest.mark.parametrize("model", ["mom", "mom-text", "scripted-llm"])
def test_a_result_is_answered_in_words_without_asking_the_classifier(openai: OpenAI, parts, model):
    parts.small_llm = ScriptedLabelModel(image_probability=0.9)
    answer = openai.chat.completions.create(model=model, messages=[QUESTION, CALLED, RESULT], tools=TOOLS)
    assert answer.choices[0].message.content == "Hello!"
    assert parts.small_llm.questions == []
    asked = parts.large_llm.questions[-1][-1]
    assert (asked.content, asked.tool_steps) == (QUESTION["content"], STEPS)


def test_the_verdict_says_that_a_tool_has_given_its_result(site):
    route = post(site, messages=[QUESTION, CALLED, RESULT]).headers["x-mom-route"]
    assert route.startswith("text; by=tool; p=1.00")
    verdict = httpx.post(f"{site.url}/v1/classify", json={"messages": [QUESTION, CALLED, RESULT]}, timeout=30).json()
    assert (verdict["need"], verdict["decided_by"]) == ("text", "tool")


def test_the_classifier_reads_the_conversation_without_tools(openai: OpenAI, parts):
    answered = {"role": "assistant", "content": "It does."}
    after = {"role": "user", "content": "and in Rome?"}
    openai.chat.completions.create(model="mom", messages=[QUESTION, answered, after])
    openai.chat.completions.create(model="mom", messages=[QUESTION, CALLED, RESULT, answered, after], tools=TOOLS)
    without, with_tools = parts.small_llm.questions
    assert with_tools == without
    assert parts.large_llm.questions[-1][0].tool_steps == STEPS


def test_words_in_a_message_of_their_own_before_a_call_are_words_with_it(site, parts):
    said = {"role": "assistant", "content": "Let me see."}
    assert post(site, messages=[QUESTION, said, CALLED, RESULT]).status_code == 200
    assert parts.large_llm.questions[-1][-1].tool_steps[0].words == "Let me see."


@pytest.mark.parametrize("place", [1, 3])
def test_instructions_leave_a_result_with_its_question(site, parts, place):
    messages = [QUESTION, CALLED, RESULT]
    messages.insert(place, {"role": "system", "content": "Be brief."})
    assert post(site, messages=messages).status_code == 200
    assert [message.content for message in parts.large_llm.questions[-1]] == ["Be brief.", QUESTION["content"]]
    assert parts.large_llm.questions[-1][-1].tool_steps == STEPS


def test_results_count_in_the_length_of_a_conversation(site):
    half = {**RESULT, "content": "x" * 2**19}
    call = {"id": "c2", "type": "function", "function": {"name": "weather", "arguments": "x" * 2**19}}
    both = {**CALLED, "tool_calls": [*CALLED["tool_calls"], call]}
    answer = post(site, messages=[QUESTION, both, half, {**RESULT, "tool_call_id": "c2"}])
    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "message_too_long")


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"tools": [{"type": "custom", "custom": {"name": "f"}}]}, "tools.0.type"),
        ({"tools": [{"type": "function"}]}, "tools.0.function"),
        ({"tools": [{"type": "function", "function": {"name": ""}}]}, "tools.0.function.name"),
        (
            {"tools": [{"type": "function", "function": {"name": "f", "parameters": "x"}}]},
            "tools.0.function.parameters",
        ),
        ({"tools": "f"}, "tools"),
        ({"functions": [{"name": "f"}]}, "functions"),
        ({"tool_choice": "required"}, "tool_choice"),
        ({"tools": TOOLS, "tool_choice": "any"}, "tool_choice"),
        ({"tools": TOOLS, "tool_choice": {"type": "function", "function": {"name": "f"}}}, "tool_choice"),
        ({"tools": TOOLS, "parallel_tool_calls": "maybe"}, "parallel_tool_calls"),
        ({"response_format": {"type": "grammar"}}, "response_format.type"),
        ({"response_format": {"type": "json_schema"}}, "response_format"),
        ({"response_format": {"type": "json_object", "schema": PARAMETERS}}, "response_format.schema"),
        (
            {"response_format": {"type": "json_schema", "json_schema": {"name": "x"}}},
            "response_format.json_schema.schema",
        ),
        ({"messages": [QUESTION, RESULT]}, "messages.1.tool_call_id"),
        ({"messages": [QUESTION, CALLED, RESULT, RESULT]}, "messages.3.tool_call_id"),
        ({"messages": [QUESTION, CALLED, {"role": "tool", "content": "x"}]}, "messages.2.tool_call_id"),
        ({"messages": [QUESTION, CALLED]}, "messages.1"),
        ({"messages": [QUESTION, CALLED, QUESTION]}, "messages.1"),
        ({"messages": [CALLED, RESULT, QUESTION]}, "messages.0"),
        ({"messages": [QUESTION, {**CALLED, "tool_calls": [{"id": "c1"}]}]}, "messages.1.tool_calls.0.function"),
        (
            {"messages": [QUESTION, CALLED, {**RESULT, "content": [{"type": "image_url", "image_url": {"url": "x"}}]}]},
            "messages.2.content",
        ),
    ],
)
def test_what_does_not_fit_is_refused_with_the_name_of_the_field(site, body, param):
    answer = post(site, **body)
    assert answer.status_code == 400, answer.text
    error = answer.json()["error"]
    assert (error["type"], error["param"]) == ("invalid_request_error", param)


def test_a_call_without_its_result_is_told_by_its_id(openai: OpenAI):
    with pytest.raises(sdk.BadRequestError, match="The call c1 has no result"):
        openai.chat.completions.create(model="mom", messages=[QUESTION, CALLED, QUESTION])


def test_empty_lists_of_calls_are_what_some_clients_always_send(site):
    answered = {"role": "assistant", "content": "Yes.", "tool_calls": []}
    assert post(site, messages=[QUESTION, answered, QUESTION]).status_code == 200


def test_arguments_that_hold_odd_ends_of_lines_stay_in_their_chunk(site, parts):
    parts.large_llm = ScriptedLanguageModel([ToolCallDelta(0, "c1", "weather", "\u2028"), Ended("tool_calls")])
    body = {"model": "mom", "messages": [QUESTION], "tools": TOOLS, "stream": True}
    with httpx.stream("POST", f"{site.url}/v1/chat/completions", json=body, timeout=30) as answer:
        chunks = [json.loads(line.removeprefix("data: ")) for line in answer.iter_lines() if line.startswith("data: {")]
    assert chunks[1]["choices"][0]["delta"]["tool_calls"][0]["function"]["arguments"] == "\u2028"
