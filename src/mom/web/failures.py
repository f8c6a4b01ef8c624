"""Failures at the edge: the one place where MoM's errors become HTTP statuses, in one envelope everywhere."""

import json
import logging

from flask import Flask, Response
from pydantic import ValidationError
from werkzeug.exceptions import HTTPException

from mom import errors
from mom.errors import UNEXPECTED, BusyError, MomError
from mom.web.bodies import parameter_error

log = logging.getLogger(__name__)

# The first line that an error is an instance of decides.
STATUSES: tuple[tuple[type[MomError], int], ...] = (
    (errors.MessageTooLongError, 413),
    (errors.InputError, 400),
    (errors.NotFoundError, 404),
    (errors.ConflictError, 409),
    (errors.ForbiddenError, 403),
    (errors.BusyError, 429),
    (errors.RequestRefusedError, 400),
    (errors.PartMissingError, 400),
    (errors.PartUnavailableError, 503),
    (errors.PartTimeoutError, 504),
    (errors.PartError, 502),
    (errors.StorageError, 503),
    (errors.ServingError, 503),
    (MomError, 500),
)
NOT_FOUND = (
    "There is nothing at this address. The chat is at /; programs are answered at /v1/chat/completions, /v1/responses, "
    "/v1/images/generations, /v1/images/edits, /v1/models and /v1/classify."
)
# What werkzeug finds by itself: code, and a sentence that says what to do.
HTTP_FAILURES = {
    400: ("invalid_request", "MoM cannot read this request. Send JSON."),
    404: ("not_found", NOT_FOUND),
    405: ("method_not_allowed", "This address does not take this method."),
    413: ("payload_too_large", "The request is too large. Shorten the message or make the attached pictures smaller."),
    415: ("unsupported_media_type", "Send the body as JSON, with the header Content-Type: application/json."),
}


def failure_response(error: BaseException) -> Response:
    """Any exception as its HTTP response. What MoM has no name for is logged, and its words are kept to the log."""
    match error:
        case MomError():
            response = _envelope(error.as_json(), status_of(error))
            if isinstance(error, BusyError):
                response.headers["Retry-After"] = str(error.retry_after_s)
            if isinstance(error, errors.PartRefusedError):
                response.headers["x-should-retry"] = "false"  # OpenAI's clients retry every 5xx that does not say so
            return response
        case HTTPException(code=int(status)):
            return _http_failure(error, status)
        case _:
            log.error("unexpected failure", exc_info=error)
            return _envelope(UNEXPECTED.as_json(), 500)


def as_error_json(error: BaseException) -> dict[str, str | None]:
    """The inside of the envelope, for a failure in the middle of a stream."""
    if isinstance(error, MomError):
        return error.as_json()
    log.error("unexpected failure in a stream", exc_info=error)
    return UNEXPECTED.as_json()


def status_of(error: MomError) -> int:
    return next(status for kind, status in STATUSES if isinstance(error, kind))


def handle_failures(app: Flask) -> None:
    """Answer every failure of `app` with the envelope."""
    app.register_error_handler(Exception, failure_response)
    # In a view only: there a body that does not fit is the sender's mistake, anywhere else it is MoM's own.
    app.register_error_handler(ValidationError, lambda error: failure_response(parameter_error(error)))


def _http_failure(error: HTTPException, status: int) -> Response:
    kept = {name: value for name, value in error.get_headers() if name in {"Allow", "Location"}}
    code, message = HTTP_FAILURES.get(status, (error.name.lower().replace(" ", "_"), error.description or error.name))
    if status < 400:  # noqa: PLR2004 -- a redirect is no failure
        return Response(status=status, headers=kept)
    kind = "invalid_request_error" if status < 500 else "server_error"  # noqa: PLR2004
    return _envelope({"message": message, "type": kind, "code": code, "param": None}, status, kept)


def _envelope(error: dict[str, str | None], status: int, headers: dict[str, str] | None = None) -> Response:
    return Response(json.dumps({"error": error}), status, headers, mimetype="application/json")
