"""The chat client: what it asks, and what it makes of answers and refusals; each server a real HTTP one."""

import asyncio
import socket

import pytest
from starlette.responses import JSONResponse

from mom.errors import BusyError, PartBrokenError, PartRefusedError, PartUnavailableError
from mom.mixture.conversation import Attachment, Message, ToolCall, ToolRequest, ToolResult
from mom.mixture.events import ReasoningDelta, TextDelta, ToolCallDelta, Usage
from mom.mixture.ports import Ended, SamplingOptions
from mom.models.chat_client import ChatClient
from mom.models.parts import Endpoint, PartName
from tests.models.asking import CHAT, QUESTION, client_of, read
from tests.models.fake_servers import STOP, USAGE, chunk, completion, refused, running, sse


async def test_words_thinking_and_usage_are_kept_apart(http):
    events = [
        chunk(role="assistant"),
        chunk(reasoning_content="so: "),
        chunk(reasoning="hm"),
        chunk("Hi"),
        chunk(" you"),
    ]
    with running({CHAT: [sse(*events, STOP, USAGE)]}) as server:
        items = await read(client_of(server, http))

    assert items == [
        ReasoningDelta("so: "),
        ReasoningDelta("hm"),
        TextDelta("Hi"),
        TextDelta(" you"),
        Ended("stop", Usage(7, 3)),
    ]


async def test_thinking_inside_the_content_is_split_out_across_chunks(http):
    events = [chunk("<th"), chunk("ink>why"), chunk("</thi"), chunk("nk>\n\n"), chunk("Because")]
    with running({CHAT: [sse(*events, STOP)]}) as server:
        items = await read(client_of(server, http))

    assert items == [ReasoningDelta("why"), TextDelta("Because"), Ended("stop", None)]


async def test_thinking_in_parts_as_mistral_sends_it_is_kept_apart(http):
    thought = {"type": "thinking", "thinking": [{"type": "text", "text": "so"}, {"type": "text", "text": ": "}]}
    events = [chunk([thought]), chunk([{"type": "text", "text": "Hi"}, {"type": "reference", "reference_ids": [1]}])]
    with running({CHAT: [sse(*events, chunk(" you"), STOP)]}) as server:
        items = await read(client_of(server, http))

    assert items == [ReasoningDelta("so: "), TextDelta("Hi"), TextDelta(" you"), Ended("stop", None)]


async def test_half_of_a_character_does_not_cost_the_answer(http):
    with running({CHAT: [sse(chunk("Hi \ud83d"), chunk("\U0001f98a!"), STOP)]}) as server:
        items = await read(client_of(server, http))

    assert items == [TextDelta("Hi \ufffd"), TextDelta("\U0001f98a!"), Ended("stop", None)]


async def test_the_request_has_the_key_the_options_and_the_pictures(http):
    picture = Attachment(b"\x89PNG", "image/png")
    with running({CHAT: [sse(chunk("ok"), STOP)]}) as server:
        options = SamplingOptions(max_tokens=9, temperature=0.5, stop=("END",), seed=3)
        await read(client_of(server, http), [Message("user", "what is it?", (picture,))], options)
        (body,) = server.bodies(CHAT)

    assert body["model"] == "some-model"
    assert body["messages"][0]["content"] == [
        {"type": "text", "text": "what is it?"},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw=="}},
    ]
    assert (body["max_tokens"], body["temperature"], body["stop"], body["seed"]) == (9, 0.5, ["END"], 3)
    assert body["stream_options"] == {"include_usage": True}
    assert "top_p" not in body


async def test_calls_of_tools_come_in_pieces(http):
    begun = {"index": 1, "id": "c1", "type": "function", "function": {"name": "weather", "arguments": ""}}
    events = [chunk(tool_calls=[begun]), chunk(tool_calls=[{"index": 1, "function": {"arguments": "{}"}}])]
    with running({CHAT: [sse(chunk("Hm."), *events, chunk(finish_reason="tool_calls"))]}) as server:
        items = await read(client_of(server, http))

    assert items == [
        TextDelta("Hm."),
        ToolCallDelta(0, "c1", "weather", ""),
        ToolCallDelta(0, None, None, "{}"),
        Ended("tool_calls"),
    ]


@pytest.mark.parametrize(
    ("reason", "told", "arguments"), [("stop", "tool_calls", ["", "{}"]), ("length", "length", [""])]
)
async def test_an_answer_with_calls_ends_with_them_unless_it_was_cut_off(http, reason, told, arguments):
    call = {"index": 0, "id": "c1", "type": "function", "function": {"name": "weather", "arguments": ""}}
    with running({CHAT: [sse(chunk(tool_calls=[call]), chunk(finish_reason=reason))]}) as server:
        *deltas, ended = await read(client_of(server, http))

    assert [delta.arguments for delta in deltas] == arguments
    assert ended == Ended(told)


async def test_calls_in_an_answer_that_comes_whole_are_told_apart_by_their_place(http):
    calls = [{"id": name, "type": "function", "function": {"name": name, "arguments": "{}"}} for name in ("a", "b")]
    message = {"role": "assistant", "content": None, "tool_calls": calls}
    answer = JSONResponse({"choices": [{"message": message, "finish_reason": "tool_calls"}]})
    with running({CHAT: [answer]}) as server:
        assert await read(client_of(server, http)) == [
            ToolCallDelta(0, "a", "a", "{}"),
            ToolCallDelta(1, "b", "b", "{}"),
            Ended("tool_calls"),
        ]


async def test_after_the_first_piece_of_a_call_an_answer_has_begun(http):
    error = {"error": {"code": 400, "message": "request exceeds", "type": "exceed_context_size_error"}}
    piece = chunk(tool_calls=[{"index": 0, "id": "c1", "function": {"name": "weather", "arguments": ""}}])
    with (
        running({CHAT: [sse(piece, error)]}) as server,
        pytest.raises(PartBrokenError, match="failed in mid-answer"),
    ):
        await read(client_of(server, http))


async def test_the_steps_of_tools_follow_their_question_and_what_is_passed_on_stands_beside(http):
    call = ToolCall("c1", "weather", '{"city": "Oslo"}')
    steps = (ToolRequest("", (call,)), ToolResult("c1", "It pours."))
    messages = [Message("user", "Oslo?", tool_steps=steps), Message("assistant", "Rain."), Message("user", "thanks")]
    passed_on = {"tools": [{"type": "function", "function": {"name": "weather"}}], "tool_choice": "none"}
    with running({CHAT: [sse(chunk("ok"), STOP)]}) as server:
        await read(client_of(server, http), messages, SamplingOptions(passed_on=passed_on))
        (body,) = server.bodies(CHAT)

    function = {"name": "weather", "arguments": '{"city": "Oslo"}'}
    assert body["messages"] == [
        {"role": "user", "content": "Oslo?"},
        {"role": "assistant", "content": None, "tool_calls": [{"id": "c1", "type": "function", "function": function}]},
        {"role": "tool", "tool_call_id": "c1", "content": "It pours."},
        {"role": "assistant", "content": "Rain."},
        {"role": "user", "content": "thanks"},
    ]
    assert {name: body[name] for name in passed_on} == passed_on


async def test_nobody_there_is_unavailable(http):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    client = ChatClient(Endpoint(f"http://127.0.0.1:{port}/v1", "gone"), http, PartName.LARGE_LLM)

    with pytest.raises(PartUnavailableError, match=r"Is it running, and is its address right\?$"):
        await read(client)
    with pytest.raises(PartUnavailableError):
        await client.weigh_labels(QUESTION, ("text", "image"))


async def test_a_missing_key_is_told_with_the_setting(http):
    with (
        running({CHAT: [refused(401, "no key: secret-key-0123456789")]}) as server,
        pytest.raises(PartRefusedError, match="set MOM_API_KEY_LARGE_LLM") as raised,
    ):
        await read(client_of(server, http))
    assert "secret-key" not in raised.value.message


async def test_too_many_requests_say_when_to_come_again(http):
    with (
        running({CHAT: [refused(429, "slow down", {"retry-after": "17"})]}) as server,
        pytest.raises(BusyError, match="slow down") as raised,
    ):
        await read(client_of(server, http))
    assert raised.value.retry_after_s == 17


async def test_a_refused_optional_field_is_left_out_and_not_sent_again(http, caplog):
    refusal = refused(400, "Unsupported parameter: 'max_tokens' is not supported. Use 'max_completion_tokens' instead.")
    with running({CHAT: [refusal, sse(chunk("Hi"), STOP)]}) as server:
        client = client_of(server, http)
        await read(client, options=SamplingOptions(max_tokens=5))
        await read(client, options=SamplingOptions(max_tokens=6))
        bodies = server.bodies(CHAT)

    assert [body.get("max_tokens") for body in bodies] == [5, None, None]
    assert [body.get("max_completion_tokens") for body in bodies] == [None, 5, 6]
    assert "left out from now on" in caplog.text


async def test_a_server_of_many_models_asks_for_a_name(http):
    models = JSONResponse({"data": [{"id": "one"}, {"id": "two"}]})
    with running({"/v1/models": [models], CHAT: [completion("")]}) as server:
        client = ChatClient(Endpoint(f"{server.root}/v1", ""), http, PartName.LARGE_LLM)
        with pytest.raises(PartRefusedError, match=r"serves 2 models.*#one"):
            await read(client)


async def test_streams_at_the_same_time_do_not_disturb_each_other(http):
    with running({CHAT: [sse(*[chunk(str(number)) for number in range(50)], STOP)]}) as server:
        client = client_of(server, http)
        answers = await asyncio.gather(*(read(client) for _ in range(20)))

    expected = "".join(str(number) for number in range(50))
    assert {"".join(item.text for item in answer[:-1]) for answer in answers} == {expected}


async def test_a_server_that_has_another_model_by_now_is_asked_for_its_name_again(http):
    models = [JSONResponse({"data": [{"id": name}]}) for name in ("old", "new")]
    said = sse(chunk("Hi"), STOP)
    replies = {"/v1/models": models, CHAT: [said, refused(404, "The model `old` does not exist."), said]}
    with running(replies) as server:
        client = ChatClient(Endpoint(f"{server.root}/v1", "", None), http, PartName.LARGE_LLM)
        for _ in range(2):
            assert (await read(client))[0] == TextDelta("Hi")
        assert [body["model"] for body in server.bodies(CHAT)] == ["old", "old", "new"]


async def test_a_server_that_does_not_know_the_model_it_names_itself_says_what_to_write(http):
    replies = {
        "/v1/models": [JSONResponse({"data": [{"id": "old"}]})],
        CHAT: [refused(404, "The model `old` does not exist.")],
    }
    with running(replies) as server:
        client = ChatClient(Endpoint(f"{server.root}/v1", "", None), http, PartName.LARGE_LLM)
        with pytest.raises(PartRefusedError, match="Write a model's name after the address, behind #, under"):
            await read(client)
        assert len(server.bodies(CHAT)) == 1
