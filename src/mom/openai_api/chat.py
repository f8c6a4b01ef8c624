"""`POST /v1/chat/completions`: the mixture for programs. When its client leaves, the work ends.

`mom` routes; `mom-text` and `mom-image` say what is needed; any other id is one of the roster's LLMs, asked directly.
"""

import json
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from functools import partial
from typing import Any

from flask import Response, request

from mom.chats.data_urls import PICTURES_LIMIT
from mom.errors import ParameterError
from mom.mixture.conversation import Conversation
from mom.mixture.events import (
    ImageFinished,
    ReasoningDelta,
    Routed,
    TextDelta,
    ToolCallDelta,
    TurnFinished,
)
from mom.mixture.paths import AnswerItem, Wishes, answer
from mom.mixture.ports import DrawingRequest, Ended, SamplingOptions
from mom.mixture.verdict import Need, Verdict
from mom.models.parts import PartName
from mom.openai_api.bodies import ChatBody
from mom.openai_api.completion import (
    DONE,
    CompletionFormat,
    data_line,
    join_tool_calls,
    route_header,
    tool_call_delta,
)
from mom.openai_api.conversation import read_conversation
from mom.openai_api.models import MIXTURES, find_llm
from mom.openai_api.relay import Relay
from mom.openai_api.services import Services, services


@dataclass(frozen=True)
class Asked:
    """One request, checked. `llm` is the part to be asked directly, or None for the whole mixture."""

    body: ChatBody
    conversation: Conversation
    llm: PartName | None
    owner_id: str
    form: CompletionFormat


def complete_chat() -> Response:
    request.max_content_length = PICTURES_LIMIT
    body = ChatBody.model_validate(request.get_json())
    known = services()
    asked = Asked(
        body,
        read_conversation(body),
        find_llm(body.model, known.parts()),
        known.owner_id(),
        CompletionFormat(body.model, request.root_url.rstrip("/"), body.includes_usage),
    )
    return known.later(partial(_complete, asked, known))


async def _complete(asked: Asked, known: Services) -> Response:
    answering = Relay(_ask_llm(asked, known, asked.llm) if asked.llm else _ask_mixture(asked, known))
    try:
        verdict = await _read_verdict(answering) if asked.llm is None else None
        headers = route_header(verdict)
        if asked.body.stream:
            await answering.look_ahead()
            return known.streamed(_chunks(answering, asked, verdict, known), headers)
        whole = await _whole(answering, asked, verdict)
    except BaseException:
        await answering.close()
        raise
    return Response(json.dumps(whole), headers=headers, mimetype="application/json")


def _ask_mixture(asked: Asked, known: Services) -> AsyncGenerator[AnswerItem, None]:
    mixture = known.mixture_for(known.pictures.keeper(asked.owner_id))
    drawing = DrawingRequest(seed=asked.body.seed, owner=asked.owner_id)
    wishes = Wishes(_need(asked.body), _sampling(asked.body), drawing)
    return answer(asked.conversation, mixture, wishes)


def _need(body: ChatBody) -> Need | None:
    """What is needed, if that is fixed: by the model that is asked, or by a field that only words comply with."""
    need, field = MIXTURES[body.model], body.words_wanted_by
    if field and need is Need.IMAGE:
        raise ParameterError(f"{body.model} draws, and {field} asks for words: ask mom or mom-text.", param=field)
    return Need.TEXT if field else need


async def _ask_llm(asked: Asked, known: Services, part: PartName) -> AsyncGenerator[AnswerItem, None]:
    async with known.llm_for(part).stream_text(asked.conversation.messages, _sampling(asked.body)) as stream:
        async for item in stream:
            yield TurnFinished(item.finish_reason, item.usage, {}) if isinstance(item, Ended) else item


def _sampling(body: ChatBody) -> SamplingOptions:
    tokens = body.max_completion_tokens or body.max_tokens
    return SamplingOptions(tokens, body.temperature, body.top_p, body.stops, body.seed, body.passed_on)


async def _read_verdict(answering: Relay[AnswerItem]) -> Verdict:
    first = await answering.next()
    assert isinstance(first, Routed), "an answer begins with its verdict"
    return first.verdict


async def _chunks(
    answering: Relay[AnswerItem], asked: Asked, verdict: Verdict | None, known: Services
) -> AsyncGenerator[bytes, None]:
    """The stream up to `[DONE]`; a failure on the way is a piece of data, as the status was sent long ago."""
    form = asked.form
    mom = {"verdict": verdict.as_json()} if verdict else None
    try:
        yield form.chunk({"role": "assistant", "content": ""}, mom=mom)
        async for delta in _deltas(answering, form):
            if isinstance(delta, TurnFinished):
                yield form.chunk({}, finish_reason=delta.finish_reason, mom={"timings": delta.timings})
                if asked.body.includes_usage:
                    yield form.usage_chunk(delta.usage)
            else:
                yield form.chunk(delta)
    except Exception as error:  # noqa: BLE001 -- `as_error_json` logs what it has no name for
        yield data_line({"error": known.as_error_json(error)})
    finally:
        await answering.close()
    yield DONE


async def _whole(answering: Relay[AnswerItem], asked: Asked, verdict: Verdict | None) -> dict[str, Any]:
    deltas: list[dict[str, Any]] = []
    finished: TurnFinished | None = None
    async for delta in _deltas(answering, asked.form):
        if isinstance(delta, TurnFinished):
            finished = delta
        else:
            deltas.append(delta)
    assert finished is not None, "an answer ends with TurnFinished"
    message: dict[str, Any] = {"content": "".join(delta.get("content", "") for delta in deltas)}
    if calls := join_tool_calls(piece for delta in deltas for piece in delta.get("tool_calls", ())):
        message = {"content": message["content"] or None, "tool_calls": calls}
    if reasoning := "".join(delta.get("reasoning_content", "") for delta in deltas):
        message["reasoning_content"] = reasoning
    if images := [image for delta in deltas for image in delta.get("images", ())]:
        message["images"] = images
    mom = {"verdict": verdict.as_json() if verdict else None, "timings": finished.timings}
    return asked.form.whole(message, finish_reason=finished.finish_reason, usage=finished.usage, mom=mom)


async def _deltas(
    answering: Relay[AnswerItem], form: CompletionFormat
) -> AsyncGenerator[dict[str, Any] | TurnFinished]:
    """What each event adds to the message, and the end; nothing for events that clients of this API have no place for.

    Words after a picture begin a paragraph, as the picture itself is a link in the same content.
    """
    gap = ""
    while (event := await answering.next()) is not None:
        match event:
            case TextDelta(text):
                yield {"content": gap + text}
                gap = ""
            case ReasoningDelta(text):
                yield {"reasoning_content": text}
            case ToolCallDelta():
                yield tool_call_delta(event)
            case ImageFinished(image):
                yield form.image_delta(image)
                gap = "\n\n"
            case TurnFinished():
                yield event
