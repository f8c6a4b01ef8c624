"""Is the web process alive, is MoM ready, and what do its parts do."""

import os
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
    parts = _parts()
    is_ready = all(part["answers"] and part["state"] in ANSWERING for part in parts.values())
    return jsonify(ready=is_ready, parts=parts), 200 if is_ready else 503


def read_parts() -> Response:
    """The same for the page, which shows every state: always 200."""
    return read_readiness()[0]


def _parts() -> dict[str, dict[str, Any]]:
    memory_bytes = psutil.Process().memory_info().rss
    web = {
        "state": State.READY.value, "model": "", "demo": False, "pid": os.getpid(), "answers": True, "detail": "",
        "memory_bytes": memory_bytes,
    }  # fmt: skip
    parts = {name: part for name, part in services().models.parts().items() if _is_wanted(part)}
    return {"web": web} | {name.value: part.as_public_json() for name, part in parts.items()}


def _is_wanted(part: Part) -> bool:
    """A vision LLM is the one part that may be left out; where none is set up, none is missing."""
    return part.name is not PartName.VISION_LLM or part.model != ""
