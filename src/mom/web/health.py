"""Is the web process alive, is MoM ready, and what do its parts do."""

import os
from collections.abc import Callable, Sequence
from typing import Any

import psutil
from flask import Response, jsonify

from mom.models.parts import Part, State
from mom.web.services import services

READY = {State.READY, State.EXTERNAL, State.NONE}  # where nobody is set up, nobody is missing


def read_health() -> Response:
    return jsonify(status="ok")


def read_readiness() -> tuple[Response, int]:
    """200 as soon as text can be answered and pictures drawn; 503 before, with what is missing."""
    readiness = _readiness(Part.as_public_json, [part for part in _parts() if part.state is not State.NONE])
    return jsonify(readiness), 200 if readiness["ready"] else 503


def read_parts() -> Response:
    """The same and more for the page, which shows every state: always 200."""
    return jsonify(_readiness(Part.as_page_json, _parts()))


def _parts() -> list[Part]:
    return list(services().models.parts().values())


def _readiness(as_json: Callable[[Part], dict[str, Any]], wanted: Sequence[Part]) -> dict[str, Any]:
    memory_bytes = psutil.Process().memory_info().rss
    state = State.STARTING if services().models.is_starting() else State.READY
    web = {
        "state": state.value, "model": "", "demo": False, "pid": os.getpid(), "answers": True, "detail": "",
        "memory_bytes": memory_bytes,
    }  # fmt: skip
    parts = {"web": web} | {part.name.value: as_json(part) for part in wanted}
    is_ready = all(part["answers"] and part["state"] in READY for part in parts.values())
    return {"ready": is_ready, "parts": parts}
