"""`GET /v1/models`: the mixture under its three ids, and each model of the roster under its own name."""

import time
from collections.abc import Mapping
from typing import Any

from flask import Response, jsonify

from mom.errors import NotFoundError, ParameterError
from mom.mixture.verdict import Need
from mom.models.parts import SAME_AS_LARGE_LLM, Part, PartName
from mom.openai_api.services import services

MIXTURES: Mapping[str, Need | None] = {"mom": None, "mom-text": Need.TEXT, "mom-image": Need.IMAGE}
LLMS = (PartName.LARGE_LLM, PartName.VISION_LLM, PartName.SMALL_LLM)
_STARTED = int(time.time())


def list_models() -> Response:
    return jsonify(object="list", data=[_model_json(model_id) for model_id in _model_ids()])


def read_model(model_id: str) -> Response:
    if model_id not in _model_ids():
        raise _no_such_model(model_id)
    return jsonify(_model_json(model_id))


def find_llm(model_id: str, parts: Mapping[PartName, Part]) -> PartName | None:
    """The part that a model plays, or None where the whole mixture is meant. Raises `NotFoundError`, `ParameterError`."""
    if model_id in MIXTURES:
        return None
    if model_id not in _names(parts):
        raise _no_such_model(model_id)
    for name in LLMS:
        if name in parts and parts[name].model == model_id:
            return name
    raise ParameterError(f"{model_id} draws: ask it at /v1/images/generations, or ask mom-image here.", param="model")


def _model_ids() -> list[str]:
    return [*MIXTURES, *_names(services().parts())]


def _names(parts: Mapping[PartName, Part]) -> list[str]:
    return list(dict.fromkeys(part.model for part in parts.values() if part.model not in {"", SAME_AS_LARGE_LLM}))


def _no_such_model(model_id: str) -> NotFoundError:
    return NotFoundError(f"There is no model {model_id!r}. GET /v1/models lists the names.", param="model")


def _model_json(model_id: str) -> dict[str, Any]:
    return {"id": model_id, "object": "model", "created": _STARTED, "owned_by": "mom"}
