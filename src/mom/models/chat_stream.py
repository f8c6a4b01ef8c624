"""Reads the event stream of a chat completion: words, thinking, calls of tools, and how it ended."""

import asyncio
import json
import logging
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress

import httpx
from httpx_sse import EventSource, ServerSentEvent, SSEError
from pydantic import ValidationError

from mom.errors import PartBrokenError, PartTimeoutError
from mom.mixture.events import ReasoningDelta, Usage
from mom.mixture.halves import join_halves
from mom.mixture.ports import Ended, Written
from mom.models.refusals import stream_refusal
from mom.models.thinking import ThinkingSplitter
from mom.models.tool_calls import ToolCallReader
from mom.models.upstream import Upstream
from mom.models.wire import Completion

log = logging.getLogger(__name__)


async def read_chat_stream(
    response: httpx.Response, upstream: Upstream, *, may_call: bool = False
) -> AsyncGenerator[Written]:
    """The deltas of a reply, then `Ended`. A stream that stops without a finish reason raises `PartBrokenError`.

    `may_call` says that the model was given tools: some servers, Ollama among them, are silent until a call is whole.
    What fails after a finish reason, such as a server that neither says more nor hangs up, costs nobody the whole answer.
    """
    splitter, calls = ThinkingSplitter(), ToolCallReader()
    finish_reason: str | None = None
    usage: Usage | None = None
    try:
        async with aclosing(_chunks(response, upstream, may_call)) as chunks:
            async for chunk in chunks:
                if chunk.usage is not None:
                    usage = chunk.usage.as_usage()
                for choice in (chunk.choices or [])[:1]:
                    finish_reason = choice.finish_reason or finish_reason
                words = chunk.words
                if words.thinking:
                    yield ReasoningDelta(words.thinking)
                for delta in (*splitter.feed(words.content or ""), *calls.feed(words.tool_calls or ())):
                    yield delta
    except (PartBrokenError, PartTimeoutError) as error:
        if finish_reason is None:
            raise
        log.info("after its answer: %s", error.message)
    if finish_reason is None:
        raise upstream.broken("ended in mid-answer")
    finish_reason = calls.finish_reason(finish_reason)
    for delta in (*splitter.end(), *calls.end(finish_reason)):
        yield delta
    yield Ended(finish_reason, usage)


async def _chunks(response: httpx.Response, upstream: Upstream, may_call: bool) -> AsyncGenerator[Completion]:
    """The chunks up to `[DONE]`, each within its time limit. Comments, which keep a connection open, do not count."""
    if response.headers.get("content-type", "").startswith(
        "application/json"
    ):  # a server that streams nothing, or an error
        yield await _whole_reply(response, upstream)
        return
    has_begun = has_ended = False
    async with aclosing(EventSource(response).aiter_sse()) as events:
        while True:
            limits = upstream.limits
            limit_s = limits.between_tokens_s if has_begun and not may_call else limits.first_token_s
            event = await _next_event(events, response, upstream, limits.after_end_s if has_ended else limit_s)
            if event is None:
                return
            if event.data.strip() == "[DONE]":
                await _read_to_the_end(events, response, upstream)
                return
            if not event.data:
                continue
            chunk = _read_chunk(event.data, upstream)
            if chunk.error is not None:
                raise stream_refusal(upstream.server, chunk.error, has_begun=has_begun)
            has_begun = has_begun or chunk.words.say_something
            has_ended = has_ended or any(choice.finish_reason for choice in chunk.choices or ())
            yield chunk


async def _read_to_the_end(
    events: AsyncGenerator[ServerSentEvent], response: httpx.Response, upstream: Upstream
) -> None:
    """Only a connection whose answer was read to its end can be used again; otherwise each answer would cost a new one.

    llama.cpp closes its own after each stream, without having said so: the next request could be sent just then, and be lost.
    """
    if "llama.cpp" in response.headers.get("server", ""):
        return
    with suppress(PartBrokenError, PartTimeoutError):
        await _next_event(events, response, upstream, upstream.limits.after_done_s)


async def _whole_reply(response: httpx.Response, upstream: Upstream) -> Completion:
    with upstream.failures():
        try:
            async with asyncio.timeout(upstream.limits.reply_s):
                body = await response.aread()
        except TimeoutError as error:
            raise upstream.too_slow(f"no reply within {upstream.limits.reply_s:g} s") from error
    reply = _read_chunk(body.decode(errors="replace"), upstream)
    if reply.error is not None:
        raise stream_refusal(upstream.server, reply.error, has_begun=False)
    return reply


async def _next_event(
    events: AsyncGenerator[ServerSentEvent], response: httpx.Response, upstream: Upstream, limit_s: float
) -> ServerSentEvent | None:
    with upstream.failures():
        try:
            async with asyncio.timeout(limit_s):
                return await anext(events, None)
        except TimeoutError as error:
            raise upstream.too_slow(f"nothing for {limit_s:g} s") from error
        except SSEError as error:
            kind = response.headers.get("content-type", "nothing")
            raise upstream.broken(
                f"answered {kind} where a stream was asked for: see whether its address ends in /v1"
            ) from error


def _read_chunk(data: str, upstream: Upstream) -> Completion:
    try:
        return Completion.model_validate_json(data)
    except ValidationError:
        log.debug("a chunk that cannot be read as it is: %s", data)
    try:  # a server that cuts an emoji in two must not cost the answer
        return Completion.model_validate_json(join_halves(json.dumps(json.loads(data), ensure_ascii=False)))
    except (ValueError, RecursionError) as error:
        raise upstream.broken("sent a chunk that no chat server sends") from error
