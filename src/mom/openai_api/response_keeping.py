"""Keeps a response with what it answers. Pictures are kept as files, once each; of other files, their text."""

import logging
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from mom.chats.data_urls import read_data_url
from mom.chats.kept_responses import Item, Kept, picture_id
from mom.chats.shapes import image_url
from mom.errors import AttachmentError, ConflictError, StorageError
from mom.mixture.conversation import PICTURED_MESSAGES_SEEN
from mom.openai_api.kept_links import kept_picture
from mom.openai_api.response_ids import PICTURE, input_id
from mom.openai_api.response_input import InputItem, InputPart
from mom.openai_api.response_memory import Recalled
from mom.openai_api.said import Said
from mom.openai_api.services import Services

log = logging.getLogger(__name__)


class Keeping:
    """Of one request: what it asks, up to when its response is whole, or broke off."""

    def __init__(self, known: Services, owner_id: str, response_id: str, recalled: Recalled) -> None:
        self._known = known
        self._owner_id = owner_id
        self._response_id = response_id
        self._previous_id, self._goes_on_from = recalled.previous_id, recalled.goes_on_from
        self._places = [place for place, _ in recalled.asked]
        self._asked = [item for _, item in recalled.asked]

    def take_texts(self, said: Iterable[Said]) -> None:
        """In place of files their text, which is in the words by now."""
        words = {message.place: message.words for message in said}
        for number, item in enumerate(self._asked):
            field = "output" if item.type == "function_call_output" else "content"
            parts: Sequence[InputPart] = getattr(item, field) or ()
            if any(part.file_data is not None for part in parts):
                text = InputPart(type="input_text", text=words[self._places[number]])
                pictures = [part for part in parts if part.image_url is not None]
                self._asked[number] = item.model_copy(update={field: [text, *pictures]})

    async def keep(self, response: Mapping[str, Any], drawn: Collection[str]) -> bool:
        """Whether it is kept now. That it cannot be is no reason to withhold an answer. `drawn`: the ids of pictures."""
        try:
            await self._known.pictures.patience.write(partial(self._write, response, drawn))
        except (StorageError, ConflictError) as error:
            log.warning("a response could not be kept: %s", error.message)
            return False
        return True

    def _write(self, response: Mapping[str, Any], drawn: Collection[str]) -> None:
        sent = _Pictures(self._owner_id, self._own_pictures(), self._asked)
        items = [
            _as_kept(item, number, self._response_id, sent)
            for number, item in enumerate(self._asked)
            if item.type != "image_generation_call" or item.is_picture
        ]
        head = {name: value for name, value in response.items() if name != "output"}
        output = [{**item, "result": None} if "result" in item else item for item in response["output"]]
        kept = Kept(self._response_id, self._previous_id, head, items, output, {*sent.named, *drawn})
        self._known.kept_responses.add(self._owner_id, kept, sent.to_keep, self._goes_on_from)

    def _own_pictures(self) -> Collection[str]:
        ids = [(item.id or "").removeprefix(PICTURE) for item in self._asked if item.is_picture]
        return self._known.pictures.prompts_of(self._owner_id, ids)


class _Pictures:
    """The pictures of a request: those that are looked at are `to_keep`, by their ids, and all that are, or will be, kept `named`."""

    def __init__(self, owner_id: str, own: Collection[str], items: Sequence[InputItem]) -> None:
        self.named: set[str] = set()
        self.to_keep: dict[str, bytes] = {}
        self._owner_id = owner_id
        self._own = own
        pictured = [item for item in items if any(part.image_url for part in item.content or ())]
        self._seen = {id(item) for item in pictured[-PICTURED_MESSAGES_SEEN:]}
        self._seen |= {id(item) for item in [item for item in items if item.is_picture][-1:]}

    def link(self, url: str, item: InputItem) -> str:
        """The address as it is kept."""
        if url.startswith("data:"):
            return image_url(self._take(url, item))
        if found := kept_picture(url):
            self.named.add(found)
            return image_url(found)
        return url

    def call_id(self, item: InputItem) -> str:
        image_id = (item.id or "").removeprefix(PICTURE)
        if item.result and image_id not in self._own:
            is_url = item.result.startswith("data:")
            return PICTURE + self._take(item.result if is_url else f"data:image/png;base64,{item.result}", item)
        self.named.add(image_id)
        return PICTURE + image_id

    def _take(self, url: str, item: InputItem) -> str:
        try:
            data = read_data_url(url).data
        except AttachmentError:  # it stands so far back that it was not looked at
            data = url.encode()
        image_id = picture_id(self._owner_id, data)
        self.named.add(image_id)
        if id(item) in self._seen:
            self.to_keep[image_id] = data
        return image_id


def _as_kept(item: InputItem, number: int, response_id: str, pictures: _Pictures) -> Item:
    """As programs read it, and may send it back."""
    if item.type == "image_generation_call":
        prompt = item.revised_prompt
        head = {"id": pictures.call_id(item), "type": item.type, "status": "completed"}
        return {**head, "result": None, "revised_prompt": prompt}
    head = {"id": input_id(item.type, response_id, number), "type": item.type, "status": "completed"}
    match item.type:
        case "function_call":
            extra = {"extra_content": item.extra_content} if item.extra_content else {}
            return {**head, "call_id": item.call_id, "name": item.name, "arguments": item.arguments, **extra}
        case "function_call_output":
            return {**head, "call_id": item.call_id, "output": _input_parts(item, item.output, pictures)}
        case "reasoning":
            thoughts = [part.text for part in item.content or ()] or [part.text for part in item.summary or ()]
            return {**head, "summary": [{"type": "summary_text", "text": text} for text in thoughts]}
    if item.role == "assistant":
        return {**head, "role": item.role, "content": [_output_part(part) for part in item.content or ()]}
    return {**head, "role": item.role, "content": _input_parts(item, item.content, pictures)}


def _input_parts(item: InputItem, parts: Sequence[InputPart] | None, pictures: _Pictures) -> list[Item]:
    return [
        {"type": "input_image", "image_url": pictures.link(part.image_url, item), "detail": "auto"}
        if part.image_url is not None
        else {"type": "input_text", "text": part.text or part.refusal}
        for part in parts or ()
    ]


def _output_part(part: InputPart) -> Item:
    if part.type == "refusal":
        return {"type": "refusal", "refusal": part.refusal}
    return {"type": "output_text", "text": part.text, "annotations": [], "logprobs": []}
