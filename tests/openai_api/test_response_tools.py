"""Tools and formats of answers in responses."""

import pytest
from openai import OpenAI
from pydantic import BaseModel

from mom.mixture.conversation import ToolCall, ToolRequest, ToolResult
from mom.mixture.events import ReasoningDelta, ToolCallDelta
from mom.mixture.ports import Ended
from tests.openai_api.responses import DRAWS, create, items, kinds, post, stream
from tests.scripted import ScriptedLabelModel, ScriptedLanguageModel

QUESTION = {"role": "user", "content": "Is it raining in Oslo?"}
PARAMETERS = {"type": "object", "properties": {"city": {"type": "string", "default": None}}}
TOOLS = [
    {"type": "function", "name": name, "description": f"The {name}.", "parameters": PARAMETERS, "strict": True}
    for name in ("weather", "time")
]
PASSED_ON = [
    {"type": "function", "function": {name: value for name, value in tool.items() if name != "type"}} for tool in TOOLS
]
CALLS = [
    ToolCallDelta(0, "c1", "weather", ""),
    ToolCallDelta(0, None, None, '{"city": '),
    ToolCallDelta(0, None, None, '"Oslo"}'),
    ToolCallDelta(1, "c2", "time", "{}"),
    Ended("tool_calls"),
]
SCHEMA = {"type": "json_schema", "name": "city", "schema": PARAMETERS, "strict": True}
CALLED = {"type": "function_call", "id": "fc_1", "call_id": "c1", "name": "weather", "arguments": '{"city": "Oslo"}'}
RESULT = {"type": "function_call_output", "call_id": "c1", "output": "It pours."}
STEPS = (ToolRequest("", (ToolCall("c1", "weather", '{"city": "Oslo"}'),)), ToolResult("c1", "It pours."))
CHOSEN = {"type": "function", "name": "time"}


@pytest.fixture
def calling(parts):
    parts.large_llm = ScriptedLanguageModel(CALLS)
    return parts


def test_calls_of_a_whole_answer(openai: OpenAI, calling):
    answer = openai.responses.create(model="mom", input=[QUESTION], tools=TOOLS)
    assert (answer.status, answer.output_text) == ("completed", "")
    assert [(call.type, call.status, call.call_id, call.name, call.arguments) for call in answer.output] == [
        ("function_call", "completed", "c1", "weather", '{"city": "Oslo"}'),
        ("function_call", "completed", "c2", "time", "{}"),
    ]


def test_streamed_calls_tell_each_step(site, openai: OpenAI, calling):
    calling.large_llm.reply = ["Let me see.", *CALLS]
    events = stream(site, input=[QUESTION], tools=TOOLS)
    call = ["output_item.added", "function_call_arguments.delta"]
    end = ["function_call_arguments.done", "output_item.done"]
    assert kinds(events)[8:] == [*call, *call, *end, *end, "completed"]
    _, weather, time = items(events)
    assert (weather["arguments"], time["arguments"]) == ('{"city": "Oslo"}', "{}")
    with openai.responses.stream(model="mom", input=[QUESTION], tools=TOOLS) as answering:
        assert [item.type for item in answering.get_final_response().output] == [
            "message",
            "function_call",
            "function_call",
        ]


def test_pieces_of_calls_may_come_by_turns(site, parts):
    pieces = [(0, "c1", "weather", "{"), (1, "c2", "time", "{"), (0, None, None, "}"), (1, None, None, "}")]
    parts.large_llm = ScriptedLanguageModel([*(ToolCallDelta(*piece) for piece in pieces), Ended("tool_calls")])
    assert [item["arguments"] for item in items(stream(site, tools=TOOLS))] == ["{}", "{}"]


def test_a_call_that_was_cut_off_is_incomplete_and_one_before_it_is_not(site, parts):
    parts.large_llm = ScriptedLanguageModel([*CALLS[:-1], Ended("length")])
    assert [item["status"] for item in create(site, tools=TOOLS)["output"]] == ["completed", "incomplete"]


def test_tools_reach_the_model_as_chat_completions_write_them(site, calling):
    create(site, tools=[*TOOLS, *DRAWS], tool_choice="auto", parallel_tool_calls=False)
    create(site, tools=TOOLS, tool_choice=CHOSEN)
    first, second = [options.passed_on for options in calling.large_llm.options]
    assert first == {"tools": PASSED_ON, "tool_choice": "auto", "parallel_tool_calls": False}
    assert second["tool_choice"] == {"type": "function", "function": {"name": "time"}}


@pytest.mark.parametrize("tools", [TOOLS, [*TOOLS, *DRAWS]])
def test_a_message_that_may_call_a_tool_is_routed_like_any(site, calling, tools):
    calling.small_llm = ScriptedLabelModel(image_probability=0.9)
    assert create(site, tools=tools)["mom"]["verdict"]["need"] == "image"


def test_where_some_tool_is_required_drawing_is_one_if_it_is_offered(site, calling):
    calling.small_llm = ScriptedLabelModel(image_probability=0.9)
    both = create(site, tools=[*TOOLS, *DRAWS], tool_choice="required")
    functions = create(site, tools=TOOLS, tool_choice="required")
    assert [answer["output"][0]["type"] for answer in (both, functions)] == ["image_generation_call", "function_call"]


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"tools": TOOLS, "tool_choice": "required"}, "tool_choice"),
        ({"tools": TOOLS, "tool_choice": CHOSEN}, "tool_choice"),
        ({"text": {"format": {"type": "json_object"}}}, "text.format"),
        ({"text": {"format": SCHEMA}}, "text.format"),
    ],
)
def test_what_only_words_comply_with_asks_no_classifier(site, parts, fields, param):
    parts.small_llm = ScriptedLabelModel(image_probability=0.9)
    assert create(site, **fields)["mom"]["verdict"]["need"] == "text"
    assert parts.small_llm.questions == []
    refused = post(site, model="mom-image", **fields)
    assert (refused.status_code, refused.json()["error"]["param"]) == (400, param)


def test_a_structured_answer_is_parsed_by_the_official_client(openai: OpenAI, parts):
    class City(BaseModel):
        name: str

    parts.large_llm = ScriptedLanguageModel(['{"name": ', '"Oslo"}'])
    assert openai.responses.parse(model="mom", input=[QUESTION], text_format=City).output_parsed == City(name="Oslo")
    sent = parts.large_llm.options[-1].passed_on["response_format"]
    assert (sent["type"], sent["json_schema"]["name"], sent["json_schema"]["strict"]) == ("json_schema", "City", True)
    assert sent["json_schema"]["schema"]["required"] == ["name"]


@pytest.mark.parametrize("model", ["mom", "mom-text", "scripted-llm"])
def test_a_result_is_answered_in_words_without_asking_the_classifier(openai: OpenAI, parts, model):
    parts.small_llm = ScriptedLabelModel(image_probability=0.9)
    answer = openai.responses.create(model=model, input=[QUESTION, CALLED, RESULT], tools=TOOLS)
    assert answer.output_text == "Hello!"
    assert parts.small_llm.questions == []
    asked = parts.large_llm.questions[-1][-1]
    assert (asked.content, asked.tool_steps) == (QUESTION["content"], STEPS)


def test_an_answer_that_called_is_sent_back_whole_with_what_it_said_and_thought(openai: OpenAI, parts):
    signed = {"google": {"thought_signature": "CsEB"}}
    call = ToolCallDelta(0, "c1", "weather", '{"city": "Oslo"}', signed)
    parts.large_llm = ScriptedLanguageModel([ReasoningDelta("hm"), "Let me see.", call, Ended("tool_calls")])
    answer = openai.responses.create(model="mom", input=[QUESTION], tools=TOOLS)
    parts.large_llm.reply = ["It does."]
    openai.responses.create(model="mom", input=[QUESTION, *answer.output, RESULT], tools=TOOLS)
    request, result = parts.large_llm.questions[-1][-1].tool_steps
    assert request == ToolRequest(
        "Let me see.", (ToolCall("c1", "weather", '{"city": "Oslo"}', signed),), thinking="hm"
    )
    assert result == STEPS[1]


def test_calls_of_one_answer_are_one_request_and_the_next_are_another(site, parts):
    second = {**CALLED, "call_id": "c2"}
    third = {**CALLED, "call_id": "c3"}
    results = [{**RESULT, "call_id": name, "output": [{"type": "input_text", "text": name}]} for name in ("c2", "c3")]
    create(site, input=[QUESTION, CALLED, second, results[0], RESULT, third, results[1]], tools=TOOLS)
    steps = parts.large_llm.questions[-1][-1].tool_steps
    assert [[call.id for call in step.calls] if isinstance(step, ToolRequest) else step.call_id for step in steps] == [
        ["c1", "c2"], "c2", "c1", ["c3"], "c3",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"tools": [{"type": "custom", "name": "f"}]}, "tools.0.type"),
        *(
            ({"tools": [*TOOLS, {"type": kind}]}, "tools.2.type")
            for kind in ("web_search", "file_search", "code_interpreter", "mcp", "computer_use_preview", "local_shell")
        ),
        ({"tools": [{"type": "function"}]}, "tools.0"),
        ({"tools": [{"type": "function", "name": ""}]}, "tools.0.name"),
        ({"tools": [{"type": "function", "name": "f", "parameters": "x"}]}, "tools.0.parameters"),
        ({"tools": "f"}, "tools"),
        ({"tool_choice": "required"}, "tool_choice"),
        ({"tools": TOOLS, "tool_choice": "any"}, "tool_choice"),
        ({"tools": TOOLS, "tool_choice": {"type": "function", "name": "f"}}, "tool_choice"),
        ({"tools": TOOLS, "tool_choice": {"type": "web_search"}}, "tool_choice"),
        ({"text": {"format": {"type": "grammar"}}}, "text.format.type"),
        ({"text": {"format": {"type": "json_schema", "name": "x"}}}, "text.format"),
        ({"text": {"format": {"type": "json_object", "schema": PARAMETERS}}}, "text.format"),
        ({"text": {"format": {"type": "json_schema", "json_schema": {}}}}, "text.format.json_schema"),
        ({"input": [QUESTION, RESULT]}, "input.1.call_id"),
        ({"input": [QUESTION, CALLED, RESULT, RESULT]}, "input.3.call_id"),
        ({"input": [QUESTION, CALLED, {**RESULT, "call_id": None}]}, "input.2"),
        ({"input": [QUESTION, CALLED]}, "input.1"),
        ({"input": [QUESTION, CALLED, QUESTION]}, "input.1"),
        ({"input": [CALLED, RESULT, QUESTION]}, "input.0"),
        ({"input": [QUESTION, {**CALLED, "name": None}]}, "input.1"),
        (
            {"input": [QUESTION, CALLED, {**RESULT, "output": [{"type": "input_image", "image_url": "x"}]}]},
            "input.2.output",
        ),
    ],
)
def test_what_does_not_fit_is_refused_with_the_name_of_the_field(site, body, param):
    answer = post(site, **body)
    assert answer.status_code == 400, answer.text
    error = answer.json()["error"]
    assert (error["type"], error["param"]) == ("invalid_request_error", param)
