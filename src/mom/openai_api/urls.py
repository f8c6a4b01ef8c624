"""Every address that programs speak to, in OpenAI's shapes. On loopback any API key is accepted, and none is needed."""

from collections.abc import Callable

from flask import Blueprint
from flask.typing import ResponseReturnValue

from mom.openai_api import chat, classify, images, models, response_reading, responses

URLS: tuple[tuple[str, str, Callable[..., ResponseReturnValue]], ...] = (
    ("POST", "/v1/chat/completions", chat.complete_chat),
    ("POST", "/v1/responses", responses.create_response),
    ("GET", "/v1/responses/<response_id>", response_reading.read_response),
    ("DELETE", "/v1/responses/<response_id>", response_reading.delete_response),
    ("GET", "/v1/responses/<response_id>/input_items", response_reading.list_input_items),
    ("POST", "/v1/images/generations", images.generate_images),
    ("POST", "/v1/images/edits", images.edit_images),
    ("POST", "/v1/classify", classify.classify),
    ("GET", "/v1/models", models.list_models),
    ("GET", "/v1/models/<path:model_id>", models.read_model),
)


def make_blueprint() -> Blueprint:
    blueprint = Blueprint("openai_api", __name__)
    for method, url, view in URLS:
        blueprint.add_url_rule(url, view_func=view, methods=[method])
    return blueprint
