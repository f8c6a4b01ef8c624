"""The wire format of chat completions: https://platform.openai.com/docs/api-reference/chat

`finish_reason` is present and null until the end, `id` stays the same, usage comes in a last chunk without choices, and a
failure in mid-stream is `data: {"error": …}`: the official client raises on it. `mom` is MoM's own addition.
"""

import json
import time
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from mom.mixture.events import Image, ToolCallDelta, Usage
from mom.mixture.verdict import Verdict
from mom.openai_api.conversation import link_to

DONE = b"data: [DONE]\n\n"
# To many a client's reader of lines (httpx's, for one) these end a line, which would cut the JSON up.
_LINE_ENDS = {ord(sign): f"\\u{ord(sign):04x}" for sign in "\x85\u2028\u2029"}


@dataclass(frozen=True)
class CompletionFormat:
    """Writes the chunks, or the whole, of one completion. `base_url` makes a picture's address absolute."""

    model: str
    base_url: str
    includes_usage: bool = False
    id: str = field(default_factory=lambda: f"chatcmpl-{uuid.uuid4().hex}")
    created: int = field(default_factory=lambda: int(time.time()))

    def chunk(self, delta: Mapping[str, Any], *, finish_reason: str | None = None, mom: object = None) -> bytes:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}
        return self._event([choice], {"usage": None} if self.includes_usage else {}, mom)

    def usage_chunk(self, usage: Usage | None) -> bytes:
        return self._event([], {"usage": usage_json(usage)}, None)

    def image_delta(self, image: Image) -> dict[str, Any]:
        """A picture as a piece of a message: in `images`, and as a markdown link for clients that show text alone."""
        url = self.base_url + image.url
        record = {"id": image.id, "width": image.width, "height": image.height, "seed": image.seed}
        entry = {
            "type": "image_url", "image_url": {"url": url}, "index": 0,
            "mom": {**record, "steps": image.steps, "prompt": image.prompt},
        }  # fmt: skip
        return {"content": link_to(image.alt, url), "images": [entry]}

    def whole(
        self, message: Mapping[str, Any], *, finish_reason: str, usage: Usage | None, mom: object
    ) -> dict[str, Any]:
        choice = {
            "index": 0, "message": {"role": "assistant", "refusal": None, **message},
            "logprobs": None, "finish_reason": finish_reason,
        }  # fmt: skip
        return {**self._head("chat.completion"), "choices": [choice], "usage": usage_json(usage), "mom": mom}

    def _event(self, choices: list[Any], usage: Mapping[str, Any], mom: object) -> bytes:
        more = {} if mom is None else {"mom": mom}
        return data_line({**self._head("chat.completion.chunk"), "choices": choices, **usage, **more})

    def _head(self, kind: str) -> dict[str, Any]:
        return {"id": self.id, "object": kind, "created": self.created, "model": self.model}


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


def data_line(value: object) -> bytes:
    return f"data: {json.dumps(value, ensure_ascii=False).translate(_LINE_ENDS)}\n\n".encode()


def usage_json(usage: Usage | None) -> dict[str, int]:
    """Zeros where nothing was counted: clients add these numbers up."""
    usage = usage or Usage(0, 0)
    return {
        "prompt_tokens": usage.prompt_tokens,
        "completion_tokens": usage.completion_tokens,
        "total_tokens": usage.total_tokens,
    }


def route_header(verdict: Verdict | None) -> dict[str, str]:
    """`x-mom-route: image; by=bert; p=0.97; ms=2.1`; nothing where a model was asked by its name."""
    if verdict is None:
        return {}
    route = f"{verdict.need}; by={verdict.decided_by}; p={verdict.confidence:.2f}; ms={verdict.took_ms:.1f}"
    return {"x-mom-route": route}
