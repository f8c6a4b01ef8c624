"""How a stream of chunks may end, break off, fall silent or never end: servers of every temper, each a real HTTP server."""

import asyncio
import gzip
import socket
import struct

import pytest
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse

from mom.errors import ContextFullError, PartBrokenError, PartTimeoutError
from mom.mixture.events import TextDelta, Usage
from mom.mixture.ports import Ended, SamplingOptions
from mom.models.bounded import DEFAULT_BYTES
from mom.models.chat_client import ChatClient
from mom.models.http_client import TimeLimits
from mom.models.parts import Endpoint, PartName
from tests.models.asking import CHAT, IMPATIENT, QUESTION, client_of, read
from tests.models.fake_servers import STOP, USAGE, chunk, completion, running, sse


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


async def test_a_connection_that_llama_cpp_is_about_to_close_serves_no_other(http):
    stream = sse(chunk("Hi"), STOP, USAGE, headers={"server": "llama.cpp"})
    with running({CHAT: [stream]}) as server:
        client = client_of(server, http)
        for _ in range(3):
            await read(client)
    assert len(set(server.callers)) == 3


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
