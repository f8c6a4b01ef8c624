"""The wire format of responses: https://platform.openai.com/docs/api-reference/responses/object

A stream's events are numbered and named, the last is `response.completed`, `.incomplete` or `.failed`, and there is no
`[DONE]`. `mom` is MoM's own addition.
"""

import asyncio
import base64
import time
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from mom.mixture.events import (
    Image,
    ImageFinished,
    ImageProgress,
    ImagePromptWritten,
    ReasoningDelta,
    TextDelta,
    ToolCallDelta,
    TurnFinished,
    Usage,
)
from mom.mixture.paths import AnswerItem
from mom.mixture.verdict import Verdict
from mom.openai_api.answering import Items, in_paragraphs
from mom.openai_api.conversation import link_to
from mom.openai_api.partial_images import PartialImages
from mom.openai_api.response_body import ResponseBody
from mom.openai_api.response_ids import RESPONSE
from mom.openai_api.response_items import Output, Told
from mom.openai_api.response_keeping import Keeping
from mom.openai_api.server_sent import event_lines

# Why an answer is not whole, by its finish reason.
INCOMPLETE = {"length": "max_output_tokens", "content_filter": "content_filter"}
# OpenAI's few codes for an answer that failed, by the type of MoM's error.
FAILURES = {"rate_limit_error": "rate_limit_exceeded", "invalid_request_error": "invalid_prompt"}


class ResponseForm:
    """Writes one response. A picture is a link in a message, as in chat completions, and before it an item of its own, with
    one of `image_ids` told beforehand, where the program reads such items. `read_png` gives a picture's file by its id. With `keeping`,
    the response is kept before its end is told, and as far as it came where its client left a stream: what was shown may be
    referred to.

    The item never stands alone: OpenAI's Agents SDK would ask once more, for words.
    """

    def __init__(
        self,
        response_id: str,
        body: ResponseBody,
        base_url: str,
        image_ids: Sequence[str],
        read_png: Callable[[str], bytes],
        keeping: Keeping | None,
    ) -> None:
        self._body = body
        self._base_url = base_url
        self._image_ids = image_ids
        self._read_png = read_png
        self._partials = PartialImages((body.drawing.partial_images if body.drawing else None) or 0)
        self._output = Output(response_id)
        self._told = 0
        self._mom: dict[str, Any] = {}
        self._head = {"id": RESPONSE + response_id, "object": "response", "created_at": int(time.time())}
        self._keeping = keeping
        self._drawn: list[str] = []
        self._is_over = False

    async def whole(self, items: Items, verdict: Verdict | None) -> Mapping[str, Any]:
        self._mom["verdict"] = verdict.as_json() if verdict else None
        last: Told = {}
        async for event in self._events(items):
            last = event
        return await self._over(last["response"])

    async def chunks(self, items: Items, verdict: Verdict | None) -> AsyncGenerator[bytes, None]:
        self._mom["verdict"] = verdict.as_json() if verdict else None
        for kind in ("response.created", "response.in_progress"):
            yield self._chunk({"type": kind, "response": self._response("in_progress")})
        async for event in self._events(items):
            is_last = "response" in event
            yield self._chunk({**event, "response": await self._over(event["response"])} if is_last else event)

    async def failure(self, error: Mapping[str, str | None]) -> bytes:
        code = FAILURES.get(error["type"] or "", "server_error")
        told = {name: error[name] for name in ("code", "message", "param")}
        self._output.break_off()
        failed = await self._over(self._response("failed", error={"code": code, "message": error["message"]}))
        return self._chunk({"type": "error", **told}) + self._chunk({"type": "response.failed", "response": failed})

    async def close(self) -> None:
        if not self._is_over and self._told:
            self._output.break_off()
            await self._over(self._response("incomplete"))

    async def _over(self, response: Mapping[str, Any]) -> Mapping[str, Any]:
        """The response as it is told last. Where it is to be kept, it is kept by then."""
        self._is_over = True
        is_kept = self._keeping is not None and await self._keeping.keep(response, self._drawn)
        return {**response, "store": is_kept}

    async def _events(self, items: Items) -> AsyncGenerator[Told, None]:
        async for item in in_paragraphs(items):
            for event in await self._take(item):
                yield event

    async def _take(self, item: AnswerItem) -> list[Told]:
        events: list[Told] = []
        match item:
            case TextDelta(text):
                events = self._output.write(text)
            case ReasoningDelta(text):
                events = self._output.think(text)
            case ToolCallDelta():
                events = self._output.call(item)
            case ImagePromptWritten() if self._image_ids:
                _, events = self._output.draw(self._image_ids[len(self._drawn)])
            case ImageProgress() if self._image_ids:
                picture, events = self._output.draw(self._image_ids[len(self._drawn)])
                events += picture.go_on()
                if jpeg := self._partials.take(item):
                    events += picture.show(jpeg, self._partials.shown - 1)
            case ImageFinished(image):
                events = await self._show(image)
            case TurnFinished():
                events = self._finish(item)
        return events

    async def _show(self, image: Image) -> list[Told]:
        events: list[Told] = []
        gap = "\n\n" if self._drawn else ""
        self._drawn.append(image.id)
        if self._image_ids:
            png = await asyncio.to_thread(self._read_png, image.id)
            picture, events = self._output.draw(image.id)
            events += picture.finish(image, base64.b64encode(png).decode())
            self._partials = replace(self._partials, shown=0)
        return [*events, *self._output.write(gap + link_to(image.alt, self._base_url + image.url))]

    def _finish(self, finished: TurnFinished) -> list[Told]:
        reason = INCOMPLETE.get(finished.finish_reason)
        self._mom["timings"] = finished.timings
        events = self._output.end("incomplete" if reason else "completed")
        status = "incomplete" if reason else "completed"
        response = self._response(
            status,
            incomplete_details={"reason": reason} if reason else None,
            usage=_usage_json(finished.usage),
            completed_at=None if reason else int(time.time()),
        )
        return [*events, {"type": f"response.{status}", "response": response}]

    def _response(self, status: str, **fields: Any) -> dict[str, Any]:  # noqa: ANN401 -- JSON
        body = self._body
        text = {"format": body.format.model_dump(exclude_unset=True, by_alias=True)}
        return {
            **self._head, "status": status, "background": False, "completed_at": None, "error": None,
            "incomplete_details": None, "instructions": body.instructions, "max_output_tokens": body.max_output_tokens,
            "metadata": body.metadata or {}, "model": body.model, "output": self._output.as_json(),
            "parallel_tool_calls": body.parallel_tool_calls is not False,
            "previous_response_id": body.previous_response_id, "reasoning": {"effort": None, "summary": None},
            "service_tier": "default", "store": self._keeping is not None,
            "temperature": body.temperature, "text": text, "tool_choice": body.tool_choice or "auto",
            "tools": [tool.model_dump(exclude_unset=True) for tool in body.tools or ()], "top_p": body.top_p,
            "truncation": "auto", "usage": None, "mom": dict(self._mom), **fields,
        }  # fmt: skip

    def _chunk(self, event: Told) -> bytes:
        numbered = {**event, "sequence_number": self._told}
        self._told += 1
        return event_lines(event["type"], numbered)


def _usage_json(usage: Usage | None) -> dict[str, Any]:
    """Zeros where nothing was counted: clients add these numbers up."""
    usage = usage or Usage(0, 0)
    return {
        "input_tokens": usage.prompt_tokens,
        "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
        "output_tokens": usage.completion_tokens,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": usage.total_tokens,
    }
