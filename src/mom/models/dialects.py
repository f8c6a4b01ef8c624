"""How different servers are asked for an answer of a given structure.

| dialect | structure | thinking off | found by |
|---|---|---|---|
| llama.cpp | `response_format`, OpenAI's nested `json_schema` | `chat_template_kwargs` | `GET /props` |
| Ollama | `format` of its own `/api/chat` | `think: false` | `GET /api/version` |
| vLLM | `response_format` | `chat_template_kwargs` | `GET /version` |
| OpenAI, and whoever says nothing about itself | `response_format`, strict | – | – |

Each dialect has a plain form, which spells the schema out in words instead: for servers that refuse a structure or
ignore it. Several ignore silently a schema in another dialect's nesting, which is why every answer is validated.
Ollama is asked at its own face because it alone takes `truncate: false`: a prompt that is too long is refused, not cut.
"""

import asyncio
import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol, Self

from pydantic import BaseModel

from mom.mixture.conversation import Message
from mom.models.thinking import answer_without_thinking
from mom.models.upstream import Upstream
from mom.models.wire import Completion, Position, Words, messages_as_json

NAME_OF_STRUCTURE = "answer"


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole reply, without its thinking. `positions` are its tokens with alternatives, where the server gives them."""

    text: str
    was_cut: bool
    positions: Sequence[Position] = ()


@dataclass(frozen=True, slots=True)
class Shape:
    """What an answer is to look like. With `top_tokens` > 0 so many alternatives are asked for at each token."""

    schema: Mapping[str, object]
    max_tokens: int
    top_tokens: int = 0


class Dialect(Protocol):
    """Pure values: what to post where, and how to read what comes back. `constrains` is False in the plain form."""

    @property
    def name(self) -> str: ...

    @property
    def constrains(self) -> bool: ...

    def url(self, upstream: Upstream) -> str: ...

    def body(self, model: str, messages: Sequence[Message], shape: Shape) -> dict[str, Any]: ...

    def read(self, reply: Any) -> Reply:  # noqa: ANN401 - JSON
        """The reply in `reply`. Raises `ValueError` where it has another shape."""
        ...

    def plain(self) -> Self:
        """The form that does without the server's help."""
        ...


@dataclass(frozen=True)
class OpenAiDialect:
    """OpenAI's chat completions, with `more` fields of a server's own. `is_stricter`: the server takes a schema in OpenAI's
    strict form alone.
    """

    name: str = "OpenAI"
    constrains: bool = True
    more: Mapping[str, Any] = field(default_factory=dict)
    is_stricter: bool = False

    def url(self, upstream: Upstream) -> str:
        return f"{upstream.base_url}/chat/completions"

    def body(self, model: str, messages: Sequence[Message], shape: Shape) -> dict[str, Any]:
        body = {
            "model": model,
            "messages": messages_as_json(messages),
            "max_tokens": shape.max_tokens,
            "temperature": 0,
            **self.more,
        }
        if shape.top_tokens:
            body |= {"logprobs": True, "top_logprobs": shape.top_tokens}
        if self.constrains:
            schema = _strict_form(shape.schema) if self.is_stricter else shape.schema
            sent = {"name": NAME_OF_STRUCTURE, "strict": True, "schema": schema}
            body["response_format"] = {"type": "json_schema", "json_schema": sent}
        return body

    def read(self, reply: Any) -> Reply:  # noqa: ANN401 - JSON
        completion = Completion.model_validate(reply)
        if not completion.choices:
            msg = "a completion without a choice"
            raise ValueError(msg)
        text = answer_without_thinking(completion.words.content or "")
        return Reply(text, completion.choices[0].finish_reason == "length", completion.positions)

    def plain(self) -> Self:
        return replace(self, constrains=False)


class _OllamaReply(BaseModel):
    message: Words
    done_reason: str | None = None
    logprobs: list[Position] | None = None


@dataclass(frozen=True)
class OllamaDialect:
    """Ollama's own chat (ollama/ollama, docs/api.md: "Generate a chat completion")."""

    name: str = "Ollama"
    constrains: bool = True

    def url(self, upstream: Upstream) -> str:
        return f"{upstream.root}/api/chat"

    def body(self, model: str, messages: Sequence[Message], shape: Shape) -> dict[str, Any]:
        body: dict[str, Any] = {
            "model": model,
            "messages": [_ollama_message(message) for message in messages],
            "stream": False,
            "think": False,
            "truncate": False,
            "options": {"num_predict": shape.max_tokens, "temperature": 0},
        }
        if shape.top_tokens:
            body |= {"logprobs": True, "top_logprobs": shape.top_tokens}
        if self.constrains:
            body["format"] = shape.schema
        return body

    def read(self, reply: Any) -> Reply:  # noqa: ANN401 - JSON
        answer = _OllamaReply.model_validate(reply)
        text = answer_without_thinking(answer.message.content or "")
        return Reply(text, answer.done_reason == "length", answer.logprobs or ())

    def plain(self) -> Self:
        return replace(self, constrains=False)


_NO_THINKING = {"chat_template_kwargs": {"enable_thinking": False}}
LLAMA_CPP = OpenAiDialect("llama.cpp", more={**_NO_THINKING, "cache_prompt": True})
VLLM = OpenAiDialect("vLLM", more=_NO_THINKING)
OLLAMA = OllamaDialect()
OPENAI = OpenAiDialect(is_stricter=True)
# OpenAI's strict form refuses these; the answer is validated against them all the same.
LIMITS = frozenset({"minLength", "maxLength", "maxItems"})


async def find_dialect(upstream: Upstream) -> Dialect:
    """Ask the server what it is. Raises `PartError`s where nobody answers."""
    props, ollama, vllm = await asyncio.gather(
        upstream.probe("/props"), upstream.probe("/api/version"), upstream.probe("/version")
    )
    if props is not None and "default_generation_settings" in props:
        return LLAMA_CPP
    if ollama is not None and "version" in ollama:
        return OLLAMA
    if vllm is not None and "version" in vllm:
        return VLLM
    return OPENAI


def _ollama_message(message: Message) -> dict[str, Any]:
    pictures = [base64.b64encode(picture.data).decode() for picture in message.attachments]
    return {"role": message.role, "content": message.content} | ({"images": pictures} if pictures else {})


def _strict_form(schema: Any) -> Any:  # noqa: ANN401 - JSON
    """`schema` without `LIMITS` and with all of an object's properties required, at every depth; property names are no keywords.

    https://platform.openai.com/docs/guides/structured-outputs#supported-schemas
    """
    if isinstance(schema, Mapping):
        strict = {key: _strict_form(part) for key, part in schema.items() if key not in LIMITS}
        if isinstance(properties := schema.get("properties"), Mapping):
            strict["properties"] = {name: _strict_form(value) for name, value in properties.items()}
            strict["required"] = list(properties)
        return strict
    if isinstance(schema, (list, tuple)):
        return [_strict_form(part) for part in schema]
    return schema
