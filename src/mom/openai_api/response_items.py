"""The items of one output as they grow, and the events that tell of each step.

In the order of https://platform.openai.com/docs/api-reference/responses-streaming. An event here lacks its number only.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

from mom.mixture.events import Image, ToolCallDelta
from mom.openai_api.completion import image_record
from mom.openai_api.response_ids import PICTURE, output_id

Told = dict[str, Any]
Status = Literal["completed", "incomplete"]


@dataclass
class Item:
    """`value` is the item's JSON as far as it is made, `place` its number among the output's."""

    place: int
    value: dict[str, Any]
    pieces: list[str] = field(default_factory=list)
    is_done: bool = False

    @property
    def words(self) -> str:
        return "".join(self.pieces)

    def begin(self) -> list[Told]:
        return [self._item_event("added")]

    def end(self, status: Status) -> list[Told]:
        self.value["status"] = status
        self.is_done = True
        return [self._item_event("done")]

    def tell(self, kind: str, **fields: Any) -> Told:  # noqa: ANN401 -- JSON
        return {"type": f"response.{kind}", "item_id": self.value["id"], "output_index": self.place, **fields}

    def _item_event(self, what: str) -> Told:
        return {"type": f"response.output_item.{what}", "output_index": self.place, "item": dict(self.value)}


class MessageItem(Item):
    def __init__(self, place: int, response_id: str) -> None:
        super().__init__(place, {**_head("message", response_id, place), "role": "assistant", "content": []})

    def begin(self) -> list[Told]:
        return [*super().begin(), self.tell("content_part.added", content_index=0, part=_text_part(""))]

    def write(self, text: str) -> list[Told]:
        self.pieces.append(text)
        return [self.tell("output_text.delta", content_index=0, delta=text, logprobs=[])]

    def end(self, status: Status) -> list[Told]:
        part = _text_part(self.words)
        self.value["content"] = [part]
        return [
            self.tell("output_text.done", content_index=0, text=self.words, logprobs=[]),
            self.tell("content_part.done", content_index=0, part=part),
            *super().end(status),
        ]


class ReasoningItem(Item):
    """What a model thinks, as the summary that OpenAI's clients show; few read any other form of it."""

    def __init__(self, place: int, response_id: str) -> None:
        super().__init__(place, {**_head("reasoning", response_id, place), "summary": []})

    def begin(self) -> list[Told]:
        return [*super().begin(), self.tell("reasoning_summary_part.added", summary_index=0, part=_summary_part(""))]

    def write(self, text: str) -> list[Told]:
        self.pieces.append(text)
        return [self.tell("reasoning_summary_text.delta", summary_index=0, delta=text)]

    def end(self, status: Status) -> list[Told]:
        part = _summary_part(self.words)
        self.value["summary"] = [part]
        return [
            self.tell("reasoning_summary_text.done", summary_index=0, text=self.words),
            self.tell("reasoning_summary_part.done", summary_index=0, part=part),
            *super().end(status),
        ]


class CallItem(Item):
    def __init__(self, place: int, response_id: str, first: ToolCallDelta) -> None:
        head = _head("function_call", response_id, place)
        super().__init__(place, {**head, "call_id": first.id or "", "name": first.tool or "", "arguments": ""})

    def write(self, piece: ToolCallDelta) -> list[Told]:
        if piece.extra:
            self.value["extra_content"] = piece.extra
        if not piece.arguments:
            return []
        self.pieces.append(piece.arguments)
        return [self.tell("function_call_arguments.delta", delta=piece.arguments)]

    def end(self, status: Status) -> list[Told]:
        self.value["arguments"] = self.words
        done = self.tell("function_call_arguments.done", arguments=self.words)
        return [done, *super().end(status)]


class PictureItem(Item):
    def __init__(self, place: int, image_id: str) -> None:
        head = {"id": PICTURE + image_id, "type": "image_generation_call", "status": "in_progress"}
        super().__init__(place, {**head, "result": None})

    def begin(self) -> list[Told]:
        return [*super().begin(), self.tell("image_generation_call.in_progress")]

    def go_on(self) -> list[Told]:
        """It no longer waits for pictures before it."""
        if self.value["status"] == "generating":
            return []
        self.value["status"] = "generating"
        return [self.tell("image_generation_call.generating")]

    def show(self, jpeg: str, index: int) -> list[Told]:
        partial = {"partial_image_b64": jpeg, "partial_image_index": index, "output_format": "jpeg"}
        return [self.tell("image_generation_call.partial_image", **partial)]

    def finish(self, image: Image, png: str) -> list[Told]:
        """`png` in base64."""
        self.value |= {
            "result": png, "revised_prompt": image.prompt, "size": f"{image.width}x{image.height}",
            "output_format": "png", "mom": image_record(image),
        }  # fmt: skip
        return [*self.go_on(), self.tell("image_generation_call.completed"), *self.end("completed")]


Written = TypeVar("Written", MessageItem, ReasoningItem)


class Output:
    """All items. Calls stay open up to the end, as their pieces may come by turns; of other items one is open at most."""

    def __init__(self, response_id: str) -> None:
        self.items: list[Item] = []
        self._response_id = response_id
        self._calls: dict[int, CallItem] = {}

    def think(self, text: str) -> list[Told]:
        item, events = self._open(ReasoningItem)
        return [*events, *item.write(text)]

    def write(self, text: str) -> list[Told]:
        item, events = self._open(MessageItem)
        return [*events, *item.write(text)]

    def call(self, piece: ToolCallDelta) -> list[Told]:
        events: list[Told] = []
        if piece.index not in self._calls:
            events = self._close_last()
            self._calls[piece.index] = CallItem(len(self.items), self._response_id, piece)
            events += self._add(self._calls[piece.index])
        return [*events, *self._calls[piece.index].write(piece)]

    def draw(self, image_id: str) -> tuple[PictureItem, list[Told]]:
        """The picture in the making; its item is begun at the first call."""
        last = self._last
        if isinstance(last, PictureItem):
            return last, []
        item = PictureItem(len(self.items), image_id)
        return item, [*self._close_last(), *self._add(item)]

    def end(self, status: Status) -> list[Told]:
        """Where the whole is incomplete, so is its last item."""
        unfinished = [item for item in self.items if not item.is_done]
        return [event for item in unfinished for event in item.end(status if item is self.items[-1] else "completed")]

    def break_off(self) -> None:
        """Nothing more comes: what was said and thought stays, as far as it came. No unfinished call or picture is one."""
        if isinstance(self._last, MessageItem | ReasoningItem):
            self._last.end("incomplete")

    def as_json(self) -> list[Mapping[str, Any]]:
        return [item.value for item in self.items if item.is_done]

    @property
    def _last(self) -> Item | None:
        return self.items[-1] if self.items and not self.items[-1].is_done else None

    def _open(self, kind: type[Written]) -> tuple[Written, list[Told]]:
        last = self._last
        if isinstance(last, kind):
            return last, []
        item: Written = kind(len(self.items), self._response_id)
        return item, [*self._close_last(), *self._add(item)]

    def _close_last(self) -> list[Told]:
        last = self._last
        return [] if last is None or isinstance(last, CallItem) else last.end("completed")

    def _add(self, item: Item) -> list[Told]:
        self.items.append(item)
        return item.begin()


def _head(kind: str, response_id: str, place: int) -> dict[str, Any]:
    return {"id": output_id(kind, response_id, place), "type": kind, "status": "in_progress"}


def _text_part(text: str) -> dict[str, Any]:
    return {"type": "output_text", "text": text, "annotations": [], "logprobs": []}


def _summary_part(text: str) -> dict[str, Any]:
    return {"type": "summary_text", "text": text}
