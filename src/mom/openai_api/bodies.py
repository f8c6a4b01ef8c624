"""What programs may send: OpenAI's fields that MoM understands, with bounds. Nothing else reaches a model.

Fields that would change what an answer is, and that MoM cannot do (several choices, log probabilities, audio), are refused
with their name. Tools and the format of an answer are for the model's server to heed. All other fields are ignored, as
OpenAI's clients send many that tune or label (`frequency_penalty`, `user`, `metadata`, …) and expect other servers to pass
over them.
"""

import json
import re
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    field_validator,
    model_validator,
)

from mom.chats.question import MAX_SEED
from mom.models.wire import ExtraContent

TOKENS_LIMIT = 131_072
MOST_STOPS = 4  # as with OpenAI
STOP_CHARS = 1_000
LONGEST_SIDE_PX = 1024
SHORTEST_SIDE_PX = 64


class OpenAiBody(BaseModel):
    model_config = ConfigDict(frozen=True, allow_inf_nan=False)


class PictureUrl(OpenAiBody):
    url: str


class ContentPart(OpenAiBody):
    """A piece of a message: words, or a picture as a data URL."""

    type: Literal["text", "image_url"]
    text: str = ""
    image_url: PictureUrl | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.type == "image_url" and self.image_url is None:
            raise ValueError('a picture is written {"type": "image_url", "image_url": {"url": "data:…"}}')
        return self


# Of two forms one is made before it is checked: of a union, pydantic would tell what is amiss with the form that was not meant.
def _as_parts(content: object) -> object:
    return [{"type": "text", "text": content}] if isinstance(content, str) else content


def _as_list(stop: object) -> object:
    return [stop] if isinstance(stop, str) else stop


def _only(accepted: object, *, otherwise: str) -> BeforeValidator:
    """Refuse all but this value, and null, with words that say what to do."""

    def check(value: object) -> object:
        if value is not None and value != accepted:
            raise ValueError(otherwise)
        return value

    return BeforeValidator(check)


def _words_alone(value: object) -> object:
    return value if isinstance(value, str) else None


class CalledFunction(OpenAiBody):
    name: str
    arguments: str


class WireToolCall(OpenAiBody):
    id: str
    type: Literal["function"] = "function"
    function: CalledFunction
    extra_content: ExtraContent = None

    @property
    def length(self) -> int:
        return len(self.function.arguments) + len(json.dumps(self.extra_content or {}))


class WireMessage(OpenAiBody):
    """What an answer's model thought has two names: the one that MoM, too, writes, and OpenRouter's, vLLM's and others'."""

    role: Literal["system", "developer", "user", "assistant", "tool"]
    content: Annotated[list[ContentPart] | None, BeforeValidator(_as_parts)] = None
    tool_calls: list[WireToolCall] | None = None
    tool_call_id: str | None = None
    reasoning_content: Annotated[str | None, BeforeValidator(_words_alone)] = None
    reasoning: Annotated[str | None, BeforeValidator(_words_alone)] = None

    @property
    def words(self) -> str:
        return "\n".join(part.text for part in self.content or () if part.text)

    @property
    def thinking(self) -> str:
        return self.reasoning_content or self.reasoning or ""

    @property
    def picture_urls(self) -> list[str]:
        return [part.image_url.url for part in self.content or () if part.image_url is not None]

    @property
    def length(self) -> int:
        """In characters."""
        return len(self.words) + len(self.thinking) + sum(call.length for call in self.tool_calls or ())


class Function(OpenAiBody):
    name: str = Field(min_length=1)
    description: str | None = None
    parameters: dict[str, Any] | None = None
    strict: bool | None = None


class Tool(OpenAiBody):
    type: Literal["function"]
    function: Function


class JsonSchema(OpenAiBody, extra="forbid"):
    name: str
    description: str | None = None
    schema_: dict[str, Any] = Field(alias="schema")
    strict: bool | None = None


class ResponseFormat(OpenAiBody, extra="forbid"):
    type: Literal["text", "json_object", "json_schema"]
    json_schema: JsonSchema | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        if (self.type == "json_schema") != (self.json_schema is not None):
            raise ValueError('a schema is written {"type": "json_schema", "json_schema": {"name": "…", "schema": {…}}}')
        return self


class StreamOptions(OpenAiBody):
    include_usage: bool = False


class ConversationBody(OpenAiBody):
    messages: list[WireMessage] = Field(min_length=1, max_length=1_000)

    @property
    def is_about_tools(self) -> bool:
        return any(message.tool_calls for message in self.messages)


class ClassifyBody(ConversationBody):
    """`classifier`: another than the one that MoM decides by; for measurements. `explain`: with what each stage says."""

    classifier: str | None = Field(default=None, max_length=20)
    explain: bool = False


class ChatBody(ConversationBody):
    model: str = "mom"
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    temperature: float | None = Field(default=None, ge=0, le=2)
    top_p: float | None = Field(default=None, ge=0, le=1)
    max_tokens: int | None = Field(default=None, ge=1, le=TOKENS_LIMIT)
    max_completion_tokens: int | None = Field(default=None, ge=1, le=TOKENS_LIMIT)
    stop: Annotated[list[Annotated[str, Field(max_length=STOP_CHARS)]] | None, BeforeValidator(_as_list)] = None
    seed: int | None = Field(default=None, ge=0, le=MAX_SEED)

    n: Annotated[int | None, _only(1, otherwise="a request is given one answer; send it again for another")] = None
    functions: Annotated[list[Any] | None, _only([], otherwise="functions are called tools now; send tools")] = None
    tools: list[Tool] | None = None
    tool_choice: Any = None
    parallel_tool_calls: bool | None = None
    logprobs: Annotated[
        bool | None, _only(accepted=False, otherwise="no log probabilities are given; leave it out")
    ] = None
    response_format: ResponseFormat | None = None
    modalities: list[Literal["text", "image"]] | None = None
    audio: None = None

    @field_validator("stop")
    @classmethod
    def _check_stop(cls, stop: list[str] | None) -> list[str] | None:
        if len(stop or ()) > MOST_STOPS:
            raise ValueError(f"at most {MOST_STOPS} stop sequences can be given")
        return stop

    @field_validator("tool_choice")
    @classmethod
    def _check_tool_choice(cls, choice: object, known: ValidationInfo) -> object:
        names = [tool.function.name for tool in known.data.get("tools") or ()]
        match choice:
            case None | "none" | "auto":
                return choice
            case "required" if names:
                return choice
            case {"type": "function", "function": {"name": name}} if name in names:
                return choice
        raise ValueError(
            'write "none", "auto", "required", or {"type": "function", "function": {"name": "…"}} with one of the tools'
        )

    @property
    def passed_on(self) -> dict[str, Any]:
        """The fields that the model's server is handed: tools where there are some, a format other than text."""
        names = {"tools", "tool_choice", "parallel_tool_calls"} if self.tools else set()
        if self.wants_json:
            names.add("response_format")
        sent = self.model_dump(include=names, exclude_unset=True, by_alias=True)
        return {name: value for name, value in sent.items() if value is not None}

    @property
    def is_about_tools(self) -> bool:
        return bool(self.tools) or super().is_about_tools

    @property
    def wants_json(self) -> bool:
        return self.response_format is not None and self.response_format.type != "text"

    @property
    def words_wanted_by(self) -> str | None:
        """The field, if any, that no picture can comply with."""
        if self.wants_json:
            return "response_format"
        return None if self.tool_choice in (None, "none", "auto") else "tool_choice"

    @property
    def includes_usage(self) -> bool:
        return self.stream_options is not None and self.stream_options.include_usage

    @property
    def stops(self) -> tuple[str, ...]:
        """Without empty ones, which some clients send for none: llama.cpp would end the answer before its first word."""
        return tuple(filter(None, self.stop or ()))


class ImagesBody(OpenAiBody):
    """There is one image model, and clients name OpenAI's: `model` only says which form they expect the picture in."""

    model: str | None = None
    prompt: str = Field(max_length=4_000)
    n: int | None = Field(default=None, ge=1, le=4)
    size: str | None = None
    response_format: Literal["url", "b64_json"] | None = None
    seed: int | None = Field(default=None, ge=0, le=MAX_SEED)
    steps: int | None = Field(default=None, ge=1, le=50)
    cfg_scale: float | None = Field(default=None, ge=0, le=20)
    negative_prompt: str = Field(default="", max_length=4_000)
    stream: bool | None = None
    partial_images: int | None = Field(default=None, ge=0, le=3)
    output_format: Literal["png"] | None = None
    background: Literal["auto", "opaque"] | None = None

    @field_validator("prompt")
    @classmethod
    def _check_prompt(cls, prompt: str) -> str:
        if not prompt.strip():
            raise ValueError("write what is to be drawn")
        return prompt

    @property
    def in_base64(self) -> bool:
        """Where nothing is asked for, as OpenAI answers: its GPT image models and its streams never give an address."""
        if self.response_format is not None:
            return self.response_format == "b64_json"
        return bool(self.stream) or "gpt-image" in (self.model or "")

    @property
    def sides(self) -> tuple[int | None, int | None]:
        """Width and height in px."""
        if self.size in {None, "auto"}:
            return None, None
        width, height = str(self.size).split("x")
        return int(width), int(height)

    @field_validator("size")
    @classmethod
    def _check_size(cls, size: str | None) -> str | None:
        sides = re.fullmatch(r"([0-9]{2,4})x([0-9]{2,4})", size or "")
        within = sides and all(
            int(side) % 8 == 0 and SHORTEST_SIDE_PX <= int(side) <= LONGEST_SIDE_PX for side in sides.groups()
        )
        if size in {None, "auto"} or within:
            return size
        msg = f"size is WIDTHxHEIGHT, each a multiple of 8 from {SHORTEST_SIDE_PX} to {LONGEST_SIDE_PX}"
        raise ValueError(msg)

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.stream and (self.n or 1) > 1:
            raise ValueError("a stream carries one picture: leave n at 1")
        return self


class EditsBody(ImagesBody):
    """A form's fields, or JSON's; the picture itself is read beside it. `strength`: how much of it is painted over."""

    strength: float = Field(default=0.7, ge=0.1, le=1)
    mask: Annotated[Any, _only(None, otherwise="no mask is kept to; leave it out, and set strength")] = None
