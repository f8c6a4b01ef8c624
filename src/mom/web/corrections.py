"""Corrections of verdicts: list and delete. They are made by overruling an answer (`turns.py`)."""

from flask import Response, jsonify

from mom.web.auth import current_owner_id
from mom.web.services import services


def list_corrections() -> Response:
    return jsonify(services().corrections.read_all(current_owner_id()))


def delete_correction(correction_id: str) -> tuple[str, int]:
    services().corrections.delete(current_owner_id(), correction_id)
    return "", 204
