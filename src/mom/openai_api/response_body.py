"""What programs may send to `/v1/responses`: https://platform.openai.com/docs/api-reference/responses/create

As in `bodies.py`, what would make the answer another than was asked for is refused with its name, and what only tunes or
labels is ignored.
"""

from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, ValidationInfo, field_validator, model_validator

from mom.mixture.ports import MAX_SEED
from mom.openai_api.bodies import TOKENS_LIMIT, OpenAiBody, only
from mom.openai_api.image_bodies import PictureForm
from mom.openai_api.response_input import InputItem

MOST_ITEMS = 4_000  # a step of an agent is several: what was thought, the call, its result


def _as_items(sent: object) -> object:
    return [{"role": "user", "content": sent}] if isinstance(sent, str) else sent


def _check_is_offered(kind: object) -> object:
    if isinstance(kind, str) and kind not in {"function", "image_generation"}:
        msg = f"MoM has no {kind} of its own; leave it out, or offer a function that your program carries out"
        raise ValueError(msg)
    return kind


class Tool(PictureForm):
    """A function of the program's, or MoM's own drawing with what is wished of its picture."""

    type: Annotated[Literal["function", "image_generation"], BeforeValidator(_check_is_offered)]
    name: str | None = Field(default=None, min_length=1)
    description: str | None = None
    parameters: dict[str, Any] | None = None
    strict: bool | None = None
    input_image_mask: Annotated[Any, only(None, otherwise="no mask is kept to; leave it out")] = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.type == "function" and self.name is None:
            raise ValueError("a function has a name")
        return self

    def as_chat_tool(self) -> dict[str, Any]:
        fields = self.model_dump(include={"name", "description", "parameters", "strict"})
        return {"type": "function", "function": {key: value for key, value in fields.items() if value is not None}}


class TextFormat(OpenAiBody, extra="forbid"):
    type: Literal["text", "json_object", "json_schema"]
    name: str | None = None
    description: str | None = None
    schema_: dict[str, Any] | None = Field(default=None, alias="schema")
    strict: bool | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        is_schema = self.type == "json_schema"
        if (self.name is not None, self.schema_ is not None) != (is_schema, is_schema):
            raise ValueError('a schema is written {"type": "json_schema", "name": "…", "schema": {…}}')
        return self

    def as_response_format(self) -> dict[str, Any]:
        fields = self.model_dump(exclude={"type"}, by_alias=True)
        schema = {key: value for key, value in fields.items() if value is not None}
        return {"type": self.type} | ({"json_schema": schema} if schema else {})


class TextConfig(OpenAiBody):
    format: TextFormat | None = None


class ResponseBody(OpenAiBody):
    model: str = "mom"
    input: Annotated[list[InputItem], BeforeValidator(_as_items)] = Field(min_length=1, max_length=MOST_ITEMS)
    instructions: str | None = None
    stream: bool | None = None
    temperature: float | None = Field(default=None, ge=0, le=2)
    top_p: float | None = Field(default=None, ge=0, le=1)
    max_output_tokens: int | None = Field(default=None, ge=1, le=TOKENS_LIMIT)
    seed: int | None = Field(default=None, ge=0, le=MAX_SEED)

    text: TextConfig | None = None
    tools: list[Tool] | None = None
    tool_choice: Any = None
    parallel_tool_calls: bool | None = None

    store: bool | None = None
    previous_response_id: str | None = None
    conversation: Annotated[
        Any, only(None, otherwise="MoM keeps responses, and no conversations; go on from one by previous_response_id")
    ] = None
    prompt: Annotated[Any, only(None, otherwise="MoM keeps no prompts; send its words as instructions")] = None
    background: Annotated[
        bool | None, only(accepted=False, otherwise="an answer ends when its client leaves; wait for it, or stream it")
    ] = None
    top_logprobs: Annotated[int | None, only(0, otherwise="no log probabilities are given; leave it out")] = None
    metadata: dict[str, Any] | None = None

    @field_validator("tool_choice")
    @classmethod
    def _check_tool_choice(cls, choice: object, known: ValidationInfo) -> object:
        tools: list[Tool] = known.data.get("tools") or []
        match choice:
            case None | "none" | "auto" | {"type": "image_generation"}:
                return choice
            case "required" if tools:
                return choice
            case {"type": "function", "name": name} if name in [tool.name for tool in tools]:
                return choice
        raise ValueError(
            'write "none", "auto", "required", {"type": "image_generation"}, or {"type": "function", "name": "…"} with one of the tools'
        )

    @property
    def functions(self) -> list[Tool]:
        return [tool for tool in self.tools or () if tool.type == "function"]

    @property
    def drawing(self) -> Tool | None:
        """Set where the program reads pictures as items of their own: it offers the tool that they come from, or chooses it."""
        offered = next((tool for tool in self.tools or () if tool.type == "image_generation"), None)
        return offered or (Tool(type="image_generation") if self.picture_wanted_by else None)

    @property
    def passed_on(self) -> dict[str, Any]:
        """The fields that the model's server is handed, as chat completions write them."""
        fields: dict[str, Any] = {}
        if self.functions:
            fields["tools"] = [tool.as_chat_tool() for tool in self.functions]
            fields["tool_choice"] = self._chat_tool_choice
            fields["parallel_tool_calls"] = self.parallel_tool_calls
        if self.wants_json:
            fields["response_format"] = self.format.as_response_format()
        return {name: value for name, value in fields.items() if value is not None}

    @property
    def _chat_tool_choice(self) -> Any:  # noqa: ANN401 -- JSON
        match self.tool_choice:
            case {"name": name}:
                return {"type": "function", "function": {"name": name}}
        return self.tool_choice

    @property
    def format(self) -> TextFormat:
        return (self.text and self.text.format) or TextFormat(type="text")

    @property
    def wants_json(self) -> bool:
        return self.format.type != "text"

    @property
    def words_wanted_by(self) -> str | None:
        """The field, if any, that no picture can comply with."""
        if self.wants_json:
            return "text.format"
        match self.tool_choice:
            case {"type": "function"}:
                return "tool_choice"
            case "required":
                return None if self.drawing else "tool_choice"
            case "none":
                return "tool_choice" if self.drawing else None
        return None

    @property
    def picture_wanted_by(self) -> str | None:
        """The field, if any, that nothing but a picture complies with."""
        match self.tool_choice:
            case {"type": "image_generation"}:
                return "tool_choice"
            case "required" if not self.functions:
                return "tool_choice"
        return None
