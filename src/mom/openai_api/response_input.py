"""The input of `/v1/responses`, item by item, as messages. What an answer gave as its output can be sent back as it came."""

from collections.abc import Sequence
from itertools import groupby
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from mom.chats.data_urls import read_data_url
from mom.errors import NotFoundError, ParameterError
from mom.mixture.conversation import Attachment, Drawing, ToolCall
from mom.models.wire import ExtraContent
from mom.openai_api.bodies import KEEPS_NO_FILES, OpenAiBody, only
from mom.openai_api.conversation import check_pictures
from mom.openai_api.kept_links import FindPicture, put_in_kept_pictures
from mom.openai_api.response_ids import PICTURE
from mom.openai_api.said import Names, Said, SentFile
from mom.openai_api.tool_steps import join

NAMES = Names(
    messages="input",
    call_id="call_id",
    output="output",
    call="the function_call with its call_id",
    result="a function_call_output with this call_id",
)
NEEDED = {
    "message": ("role", "content"),
    "function_call": ("call_id", "name", "arguments"),
    "function_call_output": ("call_id", "output"),
    "item_reference": ("id",),
}


class InputPart(OpenAiBody):
    type: Literal[
        "input_text", "output_text", "text", "summary_text", "reasoning_text", "refusal", "input_image", "input_file"
    ]
    text: str = ""
    refusal: str = ""
    image_url: str | None = None
    filename: str = ""
    file_data: str | None = Field(default=None, repr=False)
    file_id: Annotated[Any, only(None, otherwise=KEEPS_NO_FILES)] = None
    file_url: Annotated[Any, only(None, otherwise="MoM fetches no addresses; send the file as file_data")] = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.type == "input_image" and self.image_url is None:
            raise ValueError(
                'a picture is written {"type": "input_image", "image_url": "data:…"}, as MoM keeps no files'
            )
        if self.type == "input_file" and self.file_data is None:
            raise ValueError(
                'a file is written {"type": "input_file", "filename": "…", "file_data": "data:application/pdf;base64,…"}'
            )
        return self


def _as_parts(content: object) -> object:
    return [{"type": "input_text", "text": content}] if isinstance(content, str) else content


Parts = Annotated[list[InputPart] | None, BeforeValidator(_as_parts)]


class InputItem(OpenAiBody):
    """A message, what an answer held, or the result of a tool. What was thought is in `summary`, or in `content`."""

    type: Literal[
        "message", "function_call", "function_call_output", "reasoning", "image_generation_call", "item_reference"
    ] = "message"
    id: str | None = None
    role: Literal["system", "developer", "user", "assistant"] | None = None
    content: Parts = None
    summary: Parts = None
    call_id: str | None = None
    name: str | None = None
    arguments: str | None = None
    extra_content: ExtraContent = None
    output: Parts = None
    result: str | None = Field(default=None, repr=False)
    revised_prompt: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _take_an_id_for_a_reference(cls, sent: Any) -> Any:  # noqa: ANN401 -- JSON
        is_bare = (
            isinstance(sent, dict) and "id" in sent and not any(sent.get(name) for name in ("type", "role", "content"))
        )
        return {**sent, "type": "item_reference"} if is_bare else sent

    @model_validator(mode="after")
    def _check(self) -> Self:
        for field in NEEDED.get(self.type, ()):
            if getattr(self, field) is None:
                msg = f"a {self.type} has its {field}"
                raise ValueError(msg)
        return self

    @property
    def is_of_an_answer(self) -> bool:
        return self.role == "assistant" or self.type not in {"message", "function_call_output"}

    @property
    def is_picture(self) -> bool:
        """One that came to nothing is none."""
        return self.type == "image_generation_call" and bool(self.result or (self.id or "").startswith(PICTURE))


Placed = tuple[str, InputItem]
"""An item, and where it stands in the request."""


def read_input(placed: Sequence[Placed], instructions: str | None, find_picture: FindPicture) -> list[Said]:
    """The messages. Raises `ParameterError`, `AttachmentError`."""
    said = [Said("instructions", "system", instructions)] if instructions else []
    newest = next((place for place, item in reversed(placed) if item.is_picture), None)
    for is_answer, run in groupby(placed, lambda one: one[1].is_of_an_answer):
        if is_answer:
            said += _read_answer(list(run), newest, find_picture)
        else:
            said += [_read_message(place, item) for place, item in run]
    return put_in_kept_pictures(said, find_picture)


def _read_message(place: str, item: InputItem) -> Said:
    parts = item.output if item.type == "function_call_output" else item.content
    urls = [part.image_url for part in parts or () if part.image_url is not None]
    files = [SentFile(part.filename, part.file_data) for part in parts or () if part.file_data is not None]
    return Said(place, item.role or "tool", _words(parts), picture_urls=urls, files=files, answers=item.call_id)


def _read_answer(run: Sequence[Placed], newest: str | None, find_picture: FindPicture) -> list[Said]:
    """What it drew, and what it called, with what it said and thought: what no other item stands between is one answer."""
    items = [item for _, item in run]
    place = run[-1][0]
    words = join(_words(item.content) for item in items if item.type == "message")
    thinking = join(_words(item.content) or _words(item.summary) for item in items if item.type == "reasoning")
    calls = [
        ToolCall(item.call_id or "", item.name or "", item.arguments or "", item.extra_content)
        for item in items
        if item.type == "function_call"
    ]
    pictures = [(place, item) for place, item in run if item.is_picture]
    said = []
    if pictures:
        drawn_at, picture = pictures[-1]
        drawing = (
            _read_picture(drawn_at, picture, find_picture)
            if drawn_at == newest
            else Drawing(picture.revised_prompt or "")
        )
        said.append(Said(drawn_at, "assistant", "" if calls else words, drawing=drawing))
    if calls or (words and not pictures):
        said.append(Said(place, "assistant", words, thinking, calls=calls))
    return said


def _read_picture(place: str, item: InputItem, find_picture: FindPicture) -> Drawing:
    """The newest picture, which may be drawn on: with its file and the record in it, where MoM wrote one."""
    if item.result:
        url = item.result if item.result.startswith("data:") else f"data:image/png;base64,{item.result}"
        picture = read_data_url(url, param=f"{place}.result")
    else:
        try:
            picture = Attachment(find_picture((item.id or "").removeprefix(PICTURE)), "image/png")
        except NotFoundError as error:
            raise ParameterError(f"MoM has no picture {item.id}: send its result.", param=f"{place}.id") from error
    [checked] = check_pictures([picture], param=f"{place}.result")
    record = checked.drawing or Drawing("")
    return Drawing(item.revised_prompt or record.prompt, record.seed, png=checked.png)


def _words(parts: Sequence[InputPart] | None) -> str:
    return "\n".join(filter(None, (part.text or part.refusal for part in parts or ())))
