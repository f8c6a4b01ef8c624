"""Every address that the web process answers for people, on one screen. Programs' are in `openai_api/urls.py`."""

from collections.abc import Callable

from flask import Blueprint
from flask.typing import ResponseReturnValue

from mom.web import chats, corrections, files, health, images, pages, parts, turns

URLS: tuple[tuple[str, str, Callable[..., ResponseReturnValue]], ...] = (
    ("GET", "/", pages.show_chat),
    ("GET", "/chats/<chat_id>", pages.show_chat),
    ("GET", "/images/<image_id>.png", images.read_image),
    ("GET", "/images/<image_id>.webp", images.read_thumbnail),
    ("GET", "/healthz", health.read_health),
    ("GET", "/readyz", health.read_readiness),
    ("GET", "/api/parts", health.read_parts),
    ("POST", "/api/parts/<name>/swap", parts.swap_part),
    ("POST", "/api/parts/<name>/models", parts.list_models),
    ("POST", "/api/parts/<name>/reset", parts.reset_part),
    ("POST", "/api/parts/<name>/cancel", parts.cancel_change),
    ("GET", "/api/parts/<name>/choices", parts.read_choices),
    ("GET", "/api/offers", parts.read_offers),
    ("POST", "/api/chats", chats.create_chat),
    ("GET", "/api/chats", chats.list_chats),
    ("GET", "/api/messages", chats.find_messages),
    ("GET", "/api/chats/<chat_id>", chats.read_chat),
    ("PATCH", "/api/chats/<chat_id>", chats.rename_chat),
    ("DELETE", "/api/chats/<chat_id>", chats.delete_chat),
    ("POST", "/api/chats/<chat_id>/messages", turns.ask),
    ("POST", "/api/files/text", files.read_file_text),
    ("GET", "/api/corrections", corrections.list_corrections),
    ("DELETE", "/api/corrections/<correction_id>", corrections.delete_correction),
    ("GET", "/api/turns/<turn_id>", turns.read_turn),
    ("GET", "/api/turns/<turn_id>/events", turns.follow_events),
    ("POST", "/api/turns/<turn_id>/stop", turns.stop),
    ("POST", "/api/turns/<turn_id>/retry", turns.retry),
    ("POST", "/api/turns/<turn_id>/overrule", turns.overrule),
)


def make_blueprint() -> Blueprint:
    blueprint = Blueprint("web", __name__)
    for method, url, view in URLS:
        blueprint.add_url_rule(url, endpoint=f"{method}-{view.__name__}", view_func=view, methods=[method])
    return blueprint
