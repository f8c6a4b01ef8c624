"""What programs may send: OpenAI's fields that MoM understands, with bounds. Nothing else reaches a model.

Fields that would change what an answer is, and that MoM cannot do (several choices, log probabilities, audio), are refused
with their name. Tools and the format of an answer are for the model's server to heed. All other fields are ignored, as
OpenAI's clients send many that tune or label (`frequency_penalty`, `user`, `metadata`, …) and expect other servers to pass
over them.
"""

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

from mom.mixture.conversation import ToolCall
from mom.mixture.ports import MAX_SEED
from mom.models.wire import ExtraContent
from mom.openai_api.said import Names, Said, SentFile

MAX_MESSAGES = 1_000
TOKENS_LIMIT = 131_072
MOST_STOPS = 4  # as with OpenAI
STOP_CHARS = 1_000
KEEPS_NO_FILES = "MoM keeps no files for programs; send this one as file_data"


CHAT_NAMES = Names(
    messages="messages",
    call_id="tool_call_id",
    output="content",
    call="the assistant's message whose tool_calls have its id",
    result="a message of the role tool with this tool_call_id",
)


class OpenAiBody(BaseModel):
    model_config = ConfigDict(frozen=True, allow_inf_nan=False)


def only(accepted: object, *, otherwise: str) -> BeforeValidator:
    """Refuse all but this value, and null, with words that say what to do."""

    def check(value: object) -> object:
        if value is not None and value != accepted:
            raise ValueError(otherwise)
        return value

    return BeforeValidator(check)


class PictureUrl(OpenAiBody):
    url: str


class FileData(OpenAiBody):
    filename: str = ""
    file_data: str | None = Field(default=None, repr=False)
    file_id: Annotated[Any, only(None, otherwise=KEEPS_NO_FILES)] = None

    def as_sent(self) -> SentFile:
        return SentFile(self.filename, self.file_data or "")


class ContentPart(OpenAiBody):
    """A piece of a message: words, a picture as a data URL, or a PDF or text file as one."""

    type: Literal["text", "image_url", "file"]
    text: str = ""
    image_url: PictureUrl | None = None
    file: FileData | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.type == "file" and (self.file is None or self.file.file_data is None):
            raise ValueError(
                'a file is written {"type": "file", "file": {"filename": "…", "file_data": "data:application/pdf;base64,…"}}'
            )
        if self.type == "image_url" and self.image_url is None:
            raise ValueError('a picture is written {"type": "image_url", "image_url": {"url": "data:…"}}')
        return self


# Of two forms one is made before it is checked: of a union, pydantic would tell what is amiss with the form that was not meant.
def _as_parts(content: object) -> object:
    return [{"type": "text", "text": content}] if isinstance(content, str) else content


def _as_list(stop: object) -> object:
    return [stop] if isinstance(stop, str) else stop


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

    def as_call(self) -> ToolCall:
        return ToolCall(self.id, self.function.name, self.function.arguments, self.extra_content)


class WireMessage(OpenAiBody):
    """What an answer's model thought has two names: the one that MoM, too, writes, and OpenRouter's, vLLM's and others'."""

    role: Literal["system", "developer", "user", "assistant", "tool"]
    content: Annotated[list[ContentPart] | None, BeforeValidator(_as_parts)] = None
    tool_calls: list[WireToolCall] | None = None
    tool_call_id: str | None = None
    reasoning_content: Annotated[str | None, BeforeValidator(_words_alone)] = None
    reasoning: Annotated[str | None, BeforeValidator(_words_alone)] = None

    def as_said(self, place: str) -> Said:
        return Said(
            place,
            self.role,
            "\n".join(part.text for part in self.content or () if part.text),
            self.reasoning_content or self.reasoning or "",
            [part.image_url.url for part in self.content or () if part.image_url is not None],
            [part.file.as_sent() for part in self.content or () if part.file is not None],
            [call.as_call() for call in self.tool_calls or () if self.role == "assistant"],
            self.tool_call_id,
        )


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
    messages: list[WireMessage] = Field(min_length=1, max_length=MAX_MESSAGES)

    @property
    def said(self) -> list[Said]:
        return [message.as_said(f"messages.{number}") for number, message in enumerate(self.messages)]

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

    n: Annotated[int | None, only(1, otherwise="a request is given one answer; send it again for another")] = None
    functions: Annotated[list[Any] | None, only([], otherwise="functions are called tools now; send tools")] = None
    tools: list[Tool] | None = None
    tool_choice: Any = None
    parallel_tool_calls: bool | None = None
    logprobs: Annotated[bool | None, only(accepted=False, otherwise="no log probabilities are given; leave it out")] = (
        None
    )
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
