"""The chat client against servers of every temper, each a real HTTP server."""

import asyncio
import gzip
import socket
import struct

import pytest
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse

from mom.errors import (
    BusyError,
    ContextFullError,
    PartBrokenError,
    PartRefusedError,
    PartTimeoutError,
    PartUnavailableError,
)
from mom.mixture.conversation import Attachment, Message, ToolCall, ToolRequest, ToolResult
from mom.mixture.events import ReasoningDelta, TextDelta, ToolCallDelta, Usage
from mom.mixture.ports import Ended, SamplingOptions
from mom.models.bounded import DEFAULT_BYTES
from mom.models.chat_client import ChatClient
from mom.models.http_client import TimeLimits
from mom.models.parts import Endpoint, PartName
from tests.models.fake_servers import STOP, USAGE, chunk, completion, refused, running, sse

CHAT = "/v1/chat/completions"
QUESTION = [Message("user", "hello")]
IMPATIENT = TimeLimits(connect_s=2, probe_s=0.5, first_token_s=0.3, between_tokens_s=0.3, reply_s=0.5)


def client_of(server, http, limits=None) -> ChatClient:
    return ChatClient(server.endpoint, http, PartName.LARGE_LLM, limits)


async def read(client, messages=QUESTION, options=None) -> list:
    async with client.stream_text(messages, options or SamplingOptions()) as stream:
        return [item async for item in stream]


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


async def test_a_stream_without_its_last_line_is_good_if_it_said_how_it_ended(http):
    with running({CHAT: [sse(chunk("Hi"), STOP, done=False)]}) as server:
        assert (await read(client_of(server, http)))[-1] == Ended("stop", None)


async def test_the_connection_of_an_answer_that_has_ended_serves_the_next(http):
    with running({CHAT: [sse(chunk("Hi"), STOP, USAGE)]}) as server:
        client = client_of(server, http)
        for _ in range(3):
            await read(client)
    assert len(server.callers) == 3
    assert len(set(server.callers)) == 1


async def test_a_server_that_keeps_the_connection_open_after_its_last_line_is_not_waited_for(http):
    events = [chunk("Hi"), STOP, USAGE, "[DONE]"]
    limits = TimeLimits(between_tokens_s=60, after_end_s=60)
    with running({CHAT: [sse(*events, done=False, then=asyncio.Event().wait)]}) as server:
        assert await read(client_of(server, http, limits)) == [TextDelta("Hi"), Ended("stop", Usage(7, 3))]


async def test_a_server_that_has_said_how_it_ended_is_not_waited_for(http):
    limits = TimeLimits(between_tokens_s=60, after_end_s=0.2)
    with running({CHAT: [sse(chunk("Hi"), STOP, USAGE, then=asyncio.Event().wait)]}) as server:
        assert await read(client_of(server, http, limits)) == [TextDelta("Hi"), Ended("stop", Usage(7, 3))]


async def test_a_server_that_dies_after_its_answer_costs_nobody_the_answer(http):
    async def die() -> None:
        raise ConnectionError

    with running({CHAT: [sse(chunk("Hi"), STOP, then=die)]}) as server:
        assert await read(client_of(server, http)) == [TextDelta("Hi"), Ended("stop", None)]


async def test_a_server_that_dies_in_mid_answer_is_broken_and_its_words_arrive_first(http, caplog):
    async def die() -> None:
        raise ConnectionError

    with running({CHAT: [sse(chunk("Hi"), then=die)]}) as server:
        async with client_of(server, http).stream_text(QUESTION) as stream:
            assert await anext(stream) == TextDelta("Hi")
            with pytest.raises(
                PartBrokenError,
                match=r"^The large LLM .* closed the connection before its answer was whole\. Try again in a moment\.$",
            ):
                await anext(stream)
    assert "peer closed connection" in caplog.text


async def test_a_stream_that_ends_without_a_finish_reason_is_broken(http):
    with (
        running({CHAT: [sse(chunk("Hi"), done=False)]}) as server,
        pytest.raises(PartBrokenError, match="ended in mid-answer"),
    ):
        await read(client_of(server, http))


@pytest.mark.parametrize("garbage", ["not json", "[1, 2]", '{"choices": 5}', '"words"', "null"])
async def test_garbage_in_a_stream_is_broken(http, garbage):
    with running({CHAT: [sse(garbage)]}) as server, pytest.raises(PartBrokenError, match="no chat server sends"):
        await read(client_of(server, http))


async def test_a_web_page_instead_of_a_stream_asks_whether_the_address_is_right(http):
    with (
        running({CHAT: [PlainTextResponse("<html>", media_type="text/html")]}) as server,
        pytest.raises(PartBrokenError, match=r"ends in /v1\.$"),
    ):
        await read(client_of(server, http))


async def test_an_answer_that_comes_whole_though_a_stream_was_asked_for_is_taken(http):
    with running({CHAT: [completion("All of it.")]}) as server:
        assert await read(client_of(server, http)) == [TextDelta("All of it."), Ended("stop", Usage(1, 1))]


async def test_an_error_in_place_of_the_stream_is_told_in_the_servers_words(http):
    with (
        running({CHAT: [JSONResponse({"error": {"message": "no credits left"}})]}) as server,
        pytest.raises(PartBrokenError, match="no credits left"),
    ):
        await read(client_of(server, http))


async def test_a_connection_that_is_cut_without_a_word_is_told_in_some(http):
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n: here\n\n")
        await writer.drain()
        # Closed at once and unread: the other side is told by a reset.
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        endpoint = Endpoint(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1", "cut")
        with pytest.raises(
            PartBrokenError, match=r"closed the connection before its answer was whole\. Try again in a moment\.$"
        ):
            await read(ChatClient(endpoint, http, PartName.LARGE_LLM))


async def test_an_error_in_mid_stream_is_told_in_the_servers_words(http):
    with (
        running({CHAT: [sse(chunk("Hi"), {"error": {"message": "out of memory", "code": 500}})]}) as server,
        pytest.raises(PartBrokenError, match="out of memory"),
    ):
        await read(client_of(server, http))


async def test_a_full_context_reported_as_first_event_is_told_apart(http):
    error = {"error": {"code": 400, "message": "request exceeds", "type": "exceed_context_size_error"}}
    with running({CHAT: [sse(error)]}) as server, pytest.raises(ContextFullError):
        await read(client_of(server, http))


@pytest.mark.parametrize(("passed_on", "waits_s"), [({}, 0.1), ({"tools": [{"type": "function"}]}, 0.4)])
async def test_where_a_tool_may_be_called_a_silence_is_waited_out_like_the_one_before_the_first_token(
    http, passed_on, waits_s
):
    limits = TimeLimits(first_token_s=0.4, between_tokens_s=0.1)
    with (
        running({CHAT: [sse(chunk("I write it."), then=asyncio.Event().wait)]}) as server,
        pytest.raises(PartTimeoutError, match=rf"nothing for {waits_s} s"),
    ):
        await read(client_of(server, http, limits), options=SamplingOptions(passed_on=passed_on))


async def test_nothing_within_the_time_for_the_first_token_is_too_slow(http):
    with (
        running({CHAT: [sse(then=asyncio.Event().wait)]}) as server,
        pytest.raises(PartTimeoutError, match=r"nothing for 0\.3 s"),
    ):
        await read(client_of(server, http, IMPATIENT))


async def test_no_headers_within_the_time_for_the_first_token_is_too_slow(http):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        endpoint = Endpoint(f"http://127.0.0.1:{silent.getsockname()[1]}/v1", "mute")
        with pytest.raises(PartTimeoutError, match=r"nothing within 0\.3 s"):
            await read(ChatClient(endpoint, http, PartName.LARGE_LLM, IMPATIENT))


async def test_silence_between_tokens_is_too_slow_though_comments_come(http):
    async def comments():
        yield 'data: {"choices": [{"delta": {"content": "Hi"}}]}\n\n'
        while True:
            yield ": still here\n\n"
            await asyncio.sleep(0.05)

    with (
        running({CHAT: [lambda: StreamingResponse(comments(), media_type="text/event-stream")]}) as server,
        pytest.raises(PartTimeoutError),
    ):
        await read(client_of(server, http, IMPATIENT))


async def test_a_line_without_end_does_not_fill_the_memory(http):
    sent = 0

    async def endless():
        nonlocal sent
        yield "data: "
        while True:
            sent += 64_000
            yield "x" * 64_000
            await asyncio.sleep(0)

    with (
        running({CHAT: [lambda: StreamingResponse(endless(), media_type="text/event-stream")]}) as server,
        pytest.raises(PartBrokenError, match="in one line"),
    ):
        await read(client_of(server, http))
    assert sent < 4 * DEFAULT_BYTES.line


async def test_an_answer_without_end_does_not_fill_the_memory(http):
    async def endless():
        while True:
            yield f'data: {{"choices": [{{"delta": {{"content": "{"x" * 60_000}"}}}}]}}\n\n'
            await asyncio.sleep(0)

    with (
        running({CHAT: [lambda: StreamingResponse(endless(), media_type="text/event-stream")]}) as server,
        pytest.raises(PartBrokenError, match="more than 16,000,000 bytes"),
    ):
        await read(client_of(server, http))


async def test_a_packed_answer_is_not_unfolded_as_it_may_fill_the_memory(http):
    packed = gzip.compress(b'data: {"choices": []}\n\n' + bytes(20_000_000))
    headers = {"content-encoding": "gzip", "content-type": "text/event-stream"}
    with (
        running({CHAT: [lambda: Response(packed, headers=headers)]}) as server,
        pytest.raises(PartBrokenError, match="a packed answer, which nobody asked for"),
    ):
        await read(client_of(server, http))


async def test_nobody_there_is_unavailable(http):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    client = ChatClient(Endpoint(f"http://127.0.0.1:{port}/v1", "gone"), http, PartName.LARGE_LLM)

    with pytest.raises(PartUnavailableError, match="Is it running"):
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
        with pytest.raises(PartRefusedError, match="Write a model's name after the address in MOM_LARGE_LLM"):
            await read(client)
        assert len(server.bodies(CHAT)) == 1
