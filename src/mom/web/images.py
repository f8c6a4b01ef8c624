"""Pictures: an id names one picture for ever, so that it may be kept for ever."""

from flask import Response

from mom.web.auth import current_owner_id
from mom.web.services import services


def read_image(image_id: str) -> Response:
    return _for_ever(services().pictures.read_png(current_owner_id(), image_id), "image/png")


def read_thumbnail(image_id: str) -> Response:
    return _for_ever(services().pictures.read_thumbnail(current_owner_id(), image_id), "image/webp")


def _for_ever(data: bytes, kind: str) -> Response:
    response = Response(data, mimetype=kind)
    response.headers["Cache-Control"] = "private, max-age=31536000, immutable"
    # Other chat programs show the links that /v1 answers with; an id cannot be guessed.
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response
