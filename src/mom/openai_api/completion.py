"""The wire format of chat completions: https://platform.openai.com/docs/api-reference/chat

`finish_reason` is present and null until the end, `id` stays the same, usage comes in a last chunk without choices, and a
failure in mid-stream is `data: {"error": …}`: the official client raises on it. `mom` is MoM's own addition.
"""

import time
import uuid
from collections.abc import AsyncGenerator, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from mom.mixture.events import Image, ImageFinished, ReasoningDelta, TextDelta, ToolCallDelta, TurnFinished, Usage
from mom.mixture.verdict import Verdict
from mom.openai_api.answering import Items, in_paragraphs
from mom.openai_api.conversation import link_to
from mom.openai_api.server_sent import data_line

DONE = b"data: [DONE]\n\n"


@dataclass(frozen=True)
class CompletionForm:
    """Writes the chunks, or the whole, of one completion. `base_url` makes a picture's address absolute."""

    model: str
    base_url: str
    includes_usage: bool = False
    id: str = field(default_factory=lambda: f"chatcmpl-{uuid.uuid4().hex}")
    created: int = field(default_factory=lambda: int(time.time()))

    async def chunks(self, items: Items, verdict: Verdict | None) -> AsyncGenerator[bytes, None]:
        yield self._chunk({"role": "assistant", "content": ""}, mom={"verdict": verdict.as_json()} if verdict else None)
        async for delta in self._deltas(items):
            if isinstance(delta, TurnFinished):
                yield self._chunk({}, finish_reason=delta.finish_reason, mom={"timings": delta.timings})
                if self.includes_usage:
                    yield self._event([], {"usage": usage_json(delta.usage)}, None)
            else:
                yield self._chunk(delta)
        yield DONE

    async def failure(self, error: Mapping[str, str | None]) -> bytes:
        return data_line({"error": error}) + DONE

    async def close(self) -> None:
        """Nothing is kept of it."""

    async def whole(self, items: Items, verdict: Verdict | None) -> dict[str, Any]:
        deltas: list[dict[str, Any]] = []
        finished: TurnFinished | None = None
        async for delta in self._deltas(items):
            if isinstance(delta, TurnFinished):
                finished = delta
            else:
                deltas.append(delta)
        assert finished is not None, "an answer ends with TurnFinished"
        choice = {
            "index": 0, "message": {"role": "assistant", "refusal": None, **_join(deltas)},
            "logprobs": None, "finish_reason": finished.finish_reason,
        }  # fmt: skip
        mom = {"verdict": verdict.as_json() if verdict else None, "timings": finished.timings}
        head = self._head("chat.completion")
        return {**head, "choices": [choice], "usage": usage_json(finished.usage), "mom": mom}

    async def _deltas(self, items: Items) -> AsyncGenerator[dict[str, Any] | TurnFinished, None]:
        """What each item adds to the message, and the end; nothing for items that clients of this API have no place for."""
        drawn = 0
        async for item in in_paragraphs(items):
            match item:
                case TextDelta(text):
                    yield {"content": text}
                case ReasoningDelta(text):
                    yield {"reasoning_content": text}
                case ToolCallDelta():
                    yield tool_call_delta(item)
                case ImageFinished(image):
                    yield self._image_delta(image, drawn)
                    drawn += 1
                case TurnFinished():
                    yield item

    def _image_delta(self, image: Image, index: int) -> dict[str, Any]:
        """The picture with this number, from 0, as a piece of a message: in `images`, and as a markdown link for clients that show text alone."""
        url = self.base_url + image.url
        entry = {"type": "image_url", "image_url": {"url": url}, "index": index, "mom": image_record(image)}
        gap = "\n\n" if index else ""
        return {"content": gap + link_to(image.alt, url), "images": [entry]}

    def _chunk(self, delta: Mapping[str, Any], *, finish_reason: str | None = None, mom: object = None) -> bytes:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}
        return self._event([choice], {"usage": None} if self.includes_usage else {}, mom)

    def _event(self, choices: list[Any], usage: Mapping[str, Any], mom: object) -> bytes:
        more = {} if mom is None else {"mom": mom}
        return data_line({**self._head("chat.completion.chunk"), "choices": choices, **usage, **more})

    def _head(self, kind: str) -> dict[str, Any]:
        return {"id": self.id, "object": kind, "created": self.created, "model": self.model}


def _join(deltas: list[dict[str, Any]]) -> dict[str, Any]:
    """The whole message."""
    message: dict[str, Any] = {"content": "".join(delta.get("content", "") for delta in deltas)}
    if calls := join_tool_calls(piece for delta in deltas for piece in delta.get("tool_calls", ())):
        message = {"content": message["content"] or None, "tool_calls": calls}
    if reasoning := "".join(delta.get("reasoning_content", "") for delta in deltas):
        message["reasoning_content"] = reasoning
    if images := [image for delta in deltas for image in delta.get("images", ())]:
        message["images"] = images
    return message


def image_record(image: Image) -> dict[str, Any]:
    """How a picture was made: MoM's own addition to it."""
    return {
        "id": image.id, "width": image.width, "height": image.height,
        "seed": image.seed, "steps": image.steps, "prompt": image.prompt,
    }  # fmt: skip


def tool_call_delta(piece: ToolCallDelta) -> dict[str, Any]:
    """A piece of a call as a piece of a message."""
    head = {"id": piece.id, "type": "function"} if piece.id else {}
    name = {"name": piece.tool} if piece.tool else {}
    extra = {"extra_content": piece.extra} if piece.extra else {}
    function = {**name, "arguments": piece.arguments}
    return {"tool_calls": [{"index": piece.index, **head, "function": function, **extra}]}


def join_tool_calls(pieces: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The whole calls, in the order of their index."""
    calls: dict[int, dict[str, Any]] = {}
    for piece in pieces:
        call = calls.setdefault(
            piece["index"], {"id": "", "type": "function", "function": {"name": "", "arguments": ""}}
        )
        call["id"] = piece.get("id") or call["id"]
        call["function"]["name"] = piece["function"].get("name") or call["function"]["name"]
        call["function"]["arguments"] += piece["function"]["arguments"]
        if "extra_content" in piece:
            call["extra_content"] = piece["extra_content"]
    return [calls[index] for index in sorted(calls)]


def usage_json(usage: Usage | None) -> dict[str, int]:
    """Zeros where nothing was counted: clients add these numbers up."""
    usage = usage or Usage(0, 0)
    return {
        "prompt_tokens": usage.prompt_tokens,
        "completion_tokens": usage.completion_tokens,
        "total_tokens": usage.total_tokens,
    }
