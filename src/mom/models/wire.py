"""The shapes of OpenAI's chat completions on the wire, as far as MoM reads and writes them.

Source: OpenAI's API reference for chat completions; llama.cpp's `reasoning_content`, Ollama's and vLLM's `reasoning`.
"""

import base64
import json
from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, model_validator

from mom.mixture.conversation import Message, ToolResult, ToolStep
from mom.mixture.events import Usage
from mom.mixture.ports import SamplingOptions


class WireUsage(BaseModel):
    prompt_tokens: int = 0
    completion_tokens: int = 0

    def as_usage(self) -> Usage:
        return Usage(self.prompt_tokens, self.completion_tokens)


def _as_json_text(arguments: object) -> object:
    return json.dumps(arguments, ensure_ascii=False) if isinstance(arguments, dict) else arguments


class FunctionPiece(BaseModel):
    """Some servers send the arguments as an object in place of its JSON."""

    name: str | None = None
    arguments: Annotated[str | None, BeforeValidator(_as_json_text)] = None


def _fields_alone(value: object) -> object:
    return value if isinstance(value, dict) else None


# Of a call: where Gemini signs what it thought. Another shape of it, from whomever, is passed over.
ExtraContent = Annotated[dict[str, Any] | None, BeforeValidator(_fields_alone)]


class ToolCallPiece(BaseModel):
    """A call of a tool, whole (then it has no `index`) or a piece of one."""

    index: int | None = None
    id: str | None = None
    function: FunctionPiece = FunctionPiece()
    extra_content: ExtraContent = None


class Words(BaseModel):
    """A message, or a piece of one in a stream. Mistral's thinking models send a list of parts in place of words."""

    content: str | None = None
    reasoning_content: str | None = None
    reasoning: str | None = None
    tool_calls: list[ToolCallPiece] | None = None

    @model_validator(mode="before")
    @classmethod
    def _join_parts(cls, value: Any) -> Any:  # noqa: ANN401 - JSON
        parts = value.get("content") if isinstance(value, dict) else None
        if not isinstance(parts, list):
            return value
        return {**value, "content": _words_in(parts, "text"), "reasoning_content": _words_in(parts, "thinking")}

    @property
    def thinking(self) -> str:
        return self.reasoning_content or self.reasoning or ""

    @property
    def say_something(self) -> bool:
        return bool(self.content or self.thinking or self.tool_calls)


def _words_in(parts: Sequence[Any], kind: str) -> str:
    """The words in the parts of that kind, each a string or again a list of parts; other kinds are no words."""
    found = [part.get(kind) for part in parts if isinstance(part, dict) and part.get("type") == kind]
    return "".join(_words_in(words, "text") if isinstance(words, list) else str(words or "") for words in found)


class Alternative(BaseModel):
    """A token that might have stood there; one of `prob` and `logprob` is given."""

    token: str
    id: int | None = None
    prob: float | None = None
    logprob: float | None = None


class Position(Alternative):
    """The token that stands there, and the likeliest ones; `top_probs` is llama.cpp's, after sampling."""

    top_logprobs: list[Alternative] | None = None
    top_probs: list[Alternative] | None = None


class Positions(BaseModel):
    content: list[Position] | None = None


class Choice(BaseModel):
    delta: Words | None = None
    message: Words | None = None
    finish_reason: str | None = None
    logprobs: Positions | None = None


class Timings(BaseModel):
    """llama.cpp's: how many of the prompt's tokens were found in its cache."""

    cache_n: int | None = None


class Completion(BaseModel):
    """A whole reply, or one chunk of a stream."""

    choices: list[Choice] | None = None
    usage: WireUsage | None = None
    timings: Timings | None = None
    error: Any = None

    @property
    def words(self) -> Words:
        """The first choice's words, which are empty where it has none."""
        choice = self.choices[0] if self.choices else Choice()
        return choice.delta or choice.message or Words()

    @property
    def positions(self) -> Sequence[Position]:
        """The first choice's tokens with their alternatives, where they were asked for and given."""
        choice = self.choices[0] if self.choices else Choice()
        return (choice.logprobs.content if choice.logprobs else None) or ()


def messages_as_json(messages: Sequence[Message]) -> list[dict[str, Any]]:
    """OpenAI's messages; attached pictures become data URLs in `image_url` parts, steps messages of their own."""
    return [
        entry
        for message in messages
        for entry in (
            {"role": message.role, "content": _content(message), **_thinking(message.thinking)},
            *map(_step_as_json, message.tool_steps),
        )
    ]


def _thinking(thinking: str) -> dict[str, str]:
    """Under both of its names: each server reads the one that it answers with."""
    return {"reasoning_content": thinking, "reasoning": thinking} if thinking else {}


def _step_as_json(step: ToolStep) -> dict[str, Any]:
    if isinstance(step, ToolResult):
        return {"role": "tool", "tool_call_id": step.call_id, "content": step.words}
    calls = [
        {
            "id": call.id,
            "type": "function",
            "function": {"name": call.name, "arguments": call.arguments},
            **({"extra_content": call.extra} if call.extra else {}),
        }
        for call in step.calls
    ]
    return {"role": "assistant", "content": step.words or None, "tool_calls": calls, **_thinking(step.thinking)}


def _content(message: Message) -> str | list[dict[str, Any]]:
    if not message.attachments:
        return message.content
    pictures = [
        f"data:{picture.media_type};base64,{base64.b64encode(picture.data).decode()}" for picture in message.attachments
    ]
    words = [{"type": "text", "text": message.content}] if message.content else []
    return [*words, *({"type": "image_url", "image_url": {"url": url}} for url in pictures)]


def options_as_json(options: SamplingOptions) -> dict[str, Any]:
    """The fields that a caller has set, and those that are passed on."""
    fields: dict[str, Any] = {
        "max_tokens": options.max_tokens,
        "temperature": options.temperature,
        "top_p": options.top_p,
        "stop": list(options.stop) or None,
        "seed": options.seed,
    }
    return {name: value for name, value in fields.items() if value is not None} | dict(options.passed_on)
