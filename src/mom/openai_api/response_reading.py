"""What is kept of `/v1/responses`: read, listed and deleted, as OpenAI's clients ask for it."""

import base64
from collections.abc import Sequence
from functools import partial
from typing import Any, Literal

from flask import Response, jsonify, request
from pydantic import Field

from mom.chats.kept_responses import Item
from mom.errors import NotFoundError, ParameterError
from mom.openai_api.bodies import OpenAiBody
from mom.openai_api.kept_links import FindPicture
from mom.openai_api.response_ids import PICTURE, key_of
from mom.openai_api.services import services


class ListQuery(OpenAiBody):
    limit: int = Field(default=20, ge=1, le=100)
    order: Literal["asc", "desc"] = "desc"
    after: str | None = None


def read_response(response_id: str) -> Response:
    if request.args.get("stream", "").lower() == "true":
        raise ParameterError("What is kept is read whole: leave stream out.", param="stream")
    kept = services().kept_responses.read(services().owner_id(), key_of(response_id))
    return jsonify({**kept.head, "output": _shown(kept.output)})


def delete_response(response_id: str) -> Response:
    services().kept_responses.delete(services().owner_id(), key_of(response_id))
    return jsonify(id=response_id, object="response", deleted=True)


def list_input_items(response_id: str) -> Response:
    """All that the response answers: its own input, after that of the responses that it goes on from, and what they said."""
    query = ListQuery.model_validate(request.args.to_dict())
    kept = services().kept_responses.read(services().owner_id(), key_of(response_id))
    before = services().kept_responses.chain(services().owner_id(), kept.previous_id) if kept.previous_id else []
    items = [*before, *kept.input]
    if query.order == "desc":
        items.reverse()
    if query.after is not None:
        items = items[_place_of(query.after, items) + 1 :]
    page = _shown(items[: query.limit])
    first, last = (page[0]["id"], page[-1]["id"]) if page else (None, None)
    return jsonify(object="list", data=page, first_id=first, last_id=last, has_more=len(items) > len(page))


def _place_of(item_id: str, items: Sequence[Item]) -> int:
    """The last, where a program sent an item several times: so every list comes to its end."""
    for number in reversed(range(len(items))):
        if items[number]["id"] == item_id:
            return number
    raise ParameterError("after names no item of this list. Give the last_id of the page before.", param="after")


def _shown(items: Sequence[Item]) -> list[Item]:
    """With the pictures that are named in them: what was drawn as the PNG, what was sent as a link, which can be sent once more."""
    read_png = partial(services().pictures.read_png, services().owner_id())
    return [_show(item, request.root_url.rstrip("/"), read_png) for item in items]


def _show(item: Item, base_url: str, read_png: FindPicture) -> Item:
    if item["type"] == "image_generation_call":
        try:
            png = read_png(item["id"].removeprefix(PICTURE))
        except NotFoundError:
            return item
        return {**item, "result": base64.b64encode(png).decode()}
    parts: list[dict[str, Any]] = item.get("content") or []
    if not any(part.get("image_url", "").startswith("/") for part in parts):
        return item
    return {
        **item,
        "content": [
            {**part, "image_url": base_url + part["image_url"]} if part.get("image_url", "").startswith("/") else part
            for part in parts
        ],
    }
