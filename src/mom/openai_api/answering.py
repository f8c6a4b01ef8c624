"""A request that was checked becomes an answer, whatever its format. When its client leaves, the work ends.

`mom` routes; `mom-text` and `mom-image` say what is needed; any other id is one of the roster's LLMs, asked directly.
"""

import json
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

from flask import Response

from mom.errors import ParameterError
from mom.mixture.conversation import Conversation
from mom.mixture.events import ImageFinished, Routed, TextDelta, TurnFinished
from mom.mixture.paths import AnswerItem, Wishes, answer
from mom.mixture.ports import Ended, PictureKeeper
from mom.mixture.verdict import Need, Verdict
from mom.models.parts import PartName
from mom.openai_api.models import MIXTURES
from mom.openai_api.relay import Relay
from mom.openai_api.route import route_header
from mom.openai_api.services import Services

Items = AsyncGenerator[AnswerItem, None]


@dataclass(frozen=True)
class Asked:
    """One request, its fields checked. `llm` is the part to be asked directly, or None for the whole mixture."""

    read_conversation: Callable[[], Awaitable[Conversation]]
    llm: PartName | None
    wishes: Wishes
    keeper: PictureKeeper
    is_streamed: bool


class Form(Protocol):
    """Writes one answer as its client reads it; of one where a model was asked by its name, there is no verdict."""

    async def whole(self, items: Items, verdict: Verdict | None) -> Mapping[str, Any]: ...

    def chunks(self, items: Items, verdict: Verdict | None) -> AsyncGenerator[bytes, None]: ...

    async def failure(self, error: Mapping[str, str | None]) -> bytes:
        """What ends a stream that cannot go on: its status was sent long ago."""
        ...

    async def close(self) -> None:
        """A stream has ended, or its client has left it."""
        ...


async def respond(asked: Asked, form: Form, known: Services) -> Response:
    """The answer, whole or as a stream. A failure that comes at once is raised, where there can still be a status."""
    conversation = await asked.read_conversation()
    ask = partial(_ask_llm, part=asked.llm) if asked.llm else _ask_mixture
    answering = Relay(ask(conversation, asked, known))
    try:
        verdict = await _read_verdict(answering) if asked.llm is None else None
        headers = route_header(verdict)
        if asked.is_streamed:
            await answering.look_ahead()
            return known.streamed(_stream(answering, verdict, form, known), headers)
        whole = await form.whole(_items(answering), verdict)
    except BaseException:
        await answering.close()
        raise
    return Response(json.dumps(whole), headers=headers, mimetype="application/json")


def fixed_need(model: str, *, words_by: str | None, picture_by: str | None = None) -> Need | None:
    """What is needed, where it is fixed: by the model that is asked, or by the field that only words, or a picture, comply
    with. Raises `ParameterError` where they do not agree.
    """
    need = MIXTURES.get(model, Need.TEXT)
    if words_by and picture_by:
        raise ParameterError(
            f"{words_by} asks for words, and {picture_by} for a picture: leave one of them out.", param=words_by
        )
    if words_by and need is Need.IMAGE:
        raise ParameterError(f"{model} draws, and {words_by} asks for words: ask mom or mom-text.", param=words_by)
    if picture_by and need is Need.TEXT:
        raise ParameterError(f"{model} writes, and {picture_by} asks for a picture: ask mom.", param=picture_by)
    if words_by or picture_by:
        return Need.TEXT if words_by else Need.IMAGE
    return need


async def in_paragraphs(items: Items) -> Items:
    """For a text in which pictures are links: words after one begin a paragraph."""
    gap = ""
    async for item in items:
        if isinstance(item, TextDelta):
            yield TextDelta(gap + item.text)
            gap = ""
        else:
            yield item
            gap = "\n\n" if isinstance(item, ImageFinished) else gap


def _ask_mixture(conversation: Conversation, asked: Asked, known: Services) -> Items:
    return answer(conversation, known.mixture_for(asked.keeper), asked.wishes)


async def _ask_llm(conversation: Conversation, asked: Asked, known: Services, part: PartName) -> Items:
    async with known.llm_for(part).stream_text(conversation.messages, asked.wishes.sampling) as stream:
        async for item in stream:
            yield TurnFinished(item.finish_reason, item.usage, {}) if isinstance(item, Ended) else item


async def _read_verdict(answering: Relay[AnswerItem]) -> Verdict:
    first = await answering.next()
    assert isinstance(first, Routed), "an answer begins with its verdict"
    return first.verdict


async def _items(answering: Relay[AnswerItem]) -> Items:
    while (item := await answering.next()) is not None:
        yield item


async def _stream(
    answering: Relay[AnswerItem], verdict: Verdict | None, form: Form, known: Services
) -> AsyncGenerator[bytes, None]:
    try:
        async with aclosing(form.chunks(_items(answering), verdict)) as chunks:
            async for chunk in chunks:
                yield chunk
    except Exception as error:  # noqa: BLE001 -- `as_error_json` logs what it has no name for
        yield await form.failure(known.as_error_json(error))
    finally:
        await answering.close()
        await form.close()
