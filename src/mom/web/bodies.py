"""Request bodies: strict JSON, checked against a model. What does not fit is told with the name of the field.

A view writes `SomeBody.model_validate(request.get_json())`; the failures of both steps become `ParameterError`s.
"""

import io
from typing import IO, Any, NoReturn

from flask import Flask, Request
from flask.json.provider import DefaultJSONProvider
from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import from_json
from werkzeug.exceptions import UnsupportedMediaType

from mom.errors import ParameterError

JSON_LIMIT = 2**20  # bytes of a request without pictures


class Body(BaseModel):
    """Base of the bodies of MoM's own API: a field it does not know is refused as misspelt."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class StrictJson(DefaultJSONProvider):
    """Python's own reader lets NaN and lone surrogates pass, and fails on deep nesting with no `ValueError`."""

    sort_keys = False

    def loads(self, s: str | bytes, **_options: Any) -> Any:  # noqa: ANN401 -- any JSON
        return from_json(s, allow_inf_nan=False)


class JsonRequest(Request):
    def on_json_loading_failed(self, e: ValueError | None) -> NoReturn:
        if e is None:
            raise UnsupportedMediaType
        raise ParameterError(f"The request's body is not JSON: {e}.") from e

    def _get_file_stream(self, *_sizes: object, **_names: object) -> IO[bytes]:
        """In memory, as JSON's pictures are: werkzeug's own way puts large files on the disk, which may be full."""
        return io.BytesIO()


def read_bodies_strictly(app: Flask) -> None:
    app.request_class = JsonRequest
    app.json = StrictJson(app)
    app.config["MAX_CONTENT_LENGTH"] = JSON_LIMIT


def parameter_error(error: ValidationError) -> ParameterError:
    """The first thing that does not fit, in words."""
    first = error.errors(include_url=False)[0]
    field = ".".join(str(part) for part in first["loc"])
    words = first["msg"].removeprefix("Value error, ")
    if first["type"] in {"model_type", "dict_type"}:  # pydantic's words name the class, or Python's type
        words = "Input should be an object"
    return ParameterError(
        f"{field}: {words}." if field else f"The request's body does not fit: {words}.", param=field or None
    )
