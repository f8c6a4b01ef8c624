"""The chat client against a real llama.cpp server."""

import asyncio
import json
import math

import pytest

from mom.errors import ContextFullError, PartRefusedError
from mom.mixture.conversation import Message, ToolCall, ToolRequest, ToolResult
from mom.mixture.events import TextDelta, ToolCallDelta, Usage
from mom.mixture.ports import Ended, SamplingOptions
from mom.models.chat_client import ChatClient
from mom.models.dialects import LLAMA_CPP, find_dialect
from mom.models.parts import Endpoint, PartName
from mom.models.upstream import Upstream

QUESTION = [Message("system", "You decide. " * 10), Message("user", "a red fox")]
SCHEMA = {
    "type": "object",
    "properties": {"prompt": {"type": "string", "minLength": 1, "maxLength": 30}},
    "required": ["prompt"],
    "additionalProperties": False,
}


@pytest.fixture
def client(llama_server, http) -> ChatClient:
    return ChatClient(llama_server.endpoint, http, PartName.LARGE_LLM)


async def test_an_answer_streams_and_says_how_it_ended_and_what_it_cost(client):
    async with client.stream_text(QUESTION, SamplingOptions(max_tokens=12)) as stream:
        items = [item async for item in stream]

    assert all(isinstance(item, TextDelta) for item in items[:-1])
    assert len("".join(item.text for item in items[:-1])) > 0
    ended = items[-1]
    assert isinstance(ended, Ended)
    assert ended.finish_reason == "length"
    assert isinstance(ended.usage, Usage)
    assert ended.usage.completion_tokens == 12


async def test_the_same_seed_gives_the_same_answer(client):
    async def answer() -> str:
        async with client.stream_text(QUESTION, SamplingOptions(max_tokens=20, seed=5)) as stream:
            return "".join([item.text async for item in stream if isinstance(item, TextDelta)])

    assert await answer() == await answer()


async def test_a_structure_is_kept_by_a_model_that_knows_nothing(client):
    written = await client.write_structure(QUESTION, SCHEMA, max_tokens=200)

    assert list(written) == ["prompt"]
    assert 1 <= len(written["prompt"]) <= 30


TOOL = {
    "type": "function",
    "function": {
        "name": "paint",
        "parameters": {
            "type": "object", "properties": {"colour": {"enum": ["red", "blue"]}}, "required": ["colour"],
        },
    },
}  # fmt: skip


async def test_a_model_that_knows_nothing_calls_a_tool_where_it_must_and_reads_its_result(client):
    must = SamplingOptions(temperature=0, passed_on={"tools": [TOOL], "tool_choice": "required"})
    async with client.stream_text(QUESTION, must) as stream:
        *pieces, ended = [item async for item in stream]
    assert all(isinstance(piece, ToolCallDelta) for piece in pieces)
    assert pieces[0].tool == "paint"
    arguments = "".join(piece.arguments for piece in pieces)
    assert json.loads(arguments)["colour"] in {"red", "blue"}
    assert ended.finish_reason == "tool_calls"

    async def tokens_read(*steps: ToolRequest | ToolResult) -> int:
        question = Message("user", "a red fox", tool_steps=steps)
        may_not = SamplingOptions(max_tokens=1, passed_on={"tools": [TOOL], "tool_choice": "none"})
        async with client.stream_text([question], may_not) as stream:
            return [item async for item in stream][-1].usage.prompt_tokens

    call = ToolRequest("", (ToolCall(pieces[0].id, "paint", arguments),))
    result = ToolResult(pieces[0].id, "It is dry.")  # a token a character, as none of it is one of the model's words
    assert await tokens_read(call, result) >= await tokens_read() + len(result.words)


async def test_a_format_is_kept_by_a_model_that_knows_nothing(client):
    form = {"type": "json_schema", "json_schema": {"name": "prompt", "schema": SCHEMA}}
    async with client.stream_text(QUESTION, SamplingOptions(passed_on={"response_format": form})) as stream:
        written = "".join([item.text async for item in stream if isinstance(item, TextDelta)])
    assert list(json.loads(written)) == ["prompt"]


async def test_the_dialect_is_found_out_from_the_server(llama_server, http):
    assert await find_dialect(Upstream(llama_server.endpoint, http, PartName.SMALL_LLM)) is LLAMA_CPP


async def test_label_weights_are_the_models_own_probabilities_renormalised(client, llama_server):
    labels = ("a", "b", "c")

    weights = await client.weigh_labels(QUESTION, labels)

    assert sum(weights.values()) == pytest.approx(1)
    raw = _raw_probabilities(llama_server, labels)
    assert weights == pytest.approx({label: raw[label] / sum(raw.values()) for label in labels}, rel=1e-3)


def _raw_probabilities(llama_server, labels) -> dict[str, float]:
    """The probabilities before any sampling, asked for beside the client."""
    body = {
        "messages": [{"role": message.role, "content": message.content} for message in QUESTION],
        "max_tokens": 1,
        "temperature": 1,
        "logprobs": True,
        "top_logprobs": 512,
    }
    with llama_server.http as http:
        answer = http.post("/v1/chat/completions", json=body).json()
    offered = answer["choices"][0]["logprobs"]["content"][0]["top_logprobs"]
    return {token["token"]: math.exp(token["logprob"]) for token in offered if token["token"] in labels}


async def test_the_static_beginning_of_the_question_is_read_only_once(client, http):
    replies = []

    async def keep(response) -> None:
        replies.append(json.loads(await response.aread()))

    static = Message("system", "The static part of the question. " * 10)
    await client.weigh_labels([static, Message("user", "one")], ("a", "b"))
    http.event_hooks = {"response": [keep]}
    await client.weigh_labels([static, Message("user", "two")], ("a", "b"))

    (reply,) = replies
    assert reply["timings"]["cache_n"] > 300
    assert reply["timings"]["prompt_n"] < 20


async def test_it_is_known_how_much_of_a_label_question_was_cached(client):
    for words in ("a red fox", "the blue fox"):
        await client.weigh_labels([QUESTION[0], Message("user", words)], ["text", "image"])
    assert client.cached_label_tokens > 100


async def test_labels_of_several_tokens_are_named_in_json_instead(client, caplog):
    weights = await client.weigh_labels(QUESTION, ("photograph", "sonnet"))

    assert sum(weights.values()) == pytest.approx(1)
    assert "not each label is one token" in caplog.text


async def test_a_conversation_longer_than_the_context_is_told_apart(client):
    long = [Message("user", "hello " * 2000)]

    with pytest.raises(ContextFullError, match="longer than random can read"):
        async with client.stream_text(long):
            pass
    with pytest.raises(ContextFullError):
        await client.write_structure(long, SCHEMA, max_tokens=10)
    with pytest.raises(ContextFullError):
        await client.weigh_labels(long, ("a", "b"))


async def test_a_wrong_key_is_told_with_the_setting_to_correct(llama_server, http):
    endpoint = Endpoint(llama_server.endpoint.base_url, "random", "wrong-key")

    with pytest.raises(PartRefusedError, match="set MOM_API_KEY_SMALL_LLM") as raised:
        await ChatClient(endpoint, http, PartName.SMALL_LLM).weigh_labels(QUESTION, ("a", "b"))
    assert "wrong-key" not in raised.value.message


async def test_a_server_with_one_model_is_asked_for_its_name(llama_server, http):
    endpoint = Endpoint(llama_server.endpoint.base_url, "", llama_server.api_key)
    client = ChatClient(endpoint, http, PartName.LARGE_LLM)

    async with client.stream_text(QUESTION, SamplingOptions(max_tokens=2)) as stream:
        assert isinstance([item async for item in stream][-1], Ended)


async def test_leaving_a_stream_frees_the_slot(slow_llama_server, http):
    client = ChatClient(slow_llama_server.endpoint, http, PartName.LARGE_LLM)

    async with client.stream_text(QUESTION) as stream:
        await anext(stream)

    assert await asyncio.to_thread(slow_llama_server.becomes_idle_within, 4)


async def test_cancelling_a_task_in_mid_answer_frees_the_slot(slow_llama_server, http):
    client = ChatClient(slow_llama_server.endpoint, http, PartName.LARGE_LLM)
    has_begun = asyncio.Event()

    async def read() -> None:
        async with client.stream_text(QUESTION) as stream:
            async for _ in stream:
                has_begun.set()

    task = asyncio.create_task(read())
    await has_begun.wait()
    task.cancel()
    await asyncio.wait({task})

    assert await asyncio.to_thread(slow_llama_server.becomes_idle_within, 4)


async def test_cancelling_a_structured_answer_frees_the_slot(slow_llama_server, http):
    client = ChatClient(slow_llama_server.endpoint, http, PartName.LARGE_LLM)
    schema = {"type": "object", "properties": {"text": {"type": "string", "minLength": 9000}}, "required": ["text"]}
    task = asyncio.create_task(client.write_structure(QUESTION, schema, max_tokens=15_000))
    assert await asyncio.to_thread(slow_llama_server.becomes_busy_within, 10)
    task.cancel()
    await asyncio.wait({task})

    assert await asyncio.to_thread(slow_llama_server.becomes_idle_within, 4)
