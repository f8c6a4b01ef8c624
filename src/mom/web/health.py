"""Is the web process alive, is MoM ready, and what do its parts do."""

import os
from collections.abc import Callable
from typing import Any

import psutil
from flask import Response, jsonify

from mom.models.parts import Part, PartName, State
from mom.web.services import services

ANSWERING = {State.READY, State.EXTERNAL}


def read_health() -> Response:
    return jsonify(status="ok")


def read_readiness() -> tuple[Response, int]:
    """200 as soon as text can be answered and pictures drawn; 503 before, with what is missing."""
    readiness = _readiness(Part.as_public_json)
    return jsonify(readiness), 200 if readiness["ready"] else 503


def read_parts() -> Response:
    """The same and more for the page, which shows every state: always 200."""
    return jsonify(_readiness(Part.as_page_json))


def _readiness(as_json: Callable[[Part], dict[str, Any]]) -> dict[str, Any]:
    memory_bytes = psutil.Process().memory_info().rss
    state = State.STARTING if services().models.is_starting() else State.READY
    web = {
        "state": state.value, "model": "", "demo": False, "pid": os.getpid(), "answers": True, "detail": "",
        "memory_bytes": memory_bytes,
    }  # fmt: skip
    wanted = {name: part for name, part in services().models.parts().items() if _is_wanted(part)}
    parts = {"web": web} | {name.value: as_json(part) for name, part in wanted.items()}
    is_ready = all(part["answers"] and part["state"] in ANSWERING for part in parts.values())
    return {"ready": is_ready, "parts": parts}


def _is_wanted(part: Part) -> bool:
    """A vision LLM is the one part that may be left out; where none is set up, none is missing."""
    return part.name is not PartName.VISION_LLM or part.model != ""
