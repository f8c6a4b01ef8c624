"""Chats: begin, list, search, read, rename, delete."""

from typing import Annotated

from flask import Response, jsonify, request
from pydantic import Field, StringConstraints

from mom.web.auth import current_owner_id
from mom.web.bodies import Body
from mom.web.services import services


class ChatBody(Body):
    title: str = Field(default="", max_length=200)


class TitleBody(Body):
    title: str = Field(max_length=200)


class Search(Body):
    words: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]


def create_chat() -> tuple[Response, int]:
    # A chat has no field that must be given, so the body may be left out.
    body = ChatBody.model_validate(request.get_json() if request.content_length else {})
    chat_id = services().history.create_chat(current_owner_id(), body.title)
    return jsonify(id=chat_id), 201


def list_chats() -> Response:
    return jsonify(services().history.list_chats(current_owner_id()))


def find_messages() -> Response:
    search = Search.model_validate(request.args.to_dict())
    return jsonify(services().history.find_messages(current_owner_id(), search.words))


def read_chat(chat_id: str) -> Response:
    return jsonify(services().history.read_chat(current_owner_id(), chat_id))


def rename_chat(chat_id: str) -> Response:
    body = TitleBody.model_validate(request.get_json())
    services().history.rename_chat(current_owner_id(), chat_id, body.title)
    return read_chat(chat_id)


def delete_chat(chat_id: str) -> tuple[str, int]:
    services().turns.delete_chat(current_owner_id(), chat_id)
    return "", 204
