"""Reads `POST /v1/images/edits`: a form with a picture, as OpenAI's clients send it, or JSON with a data URL.

A mask is refused: what is painted over is decided by `strength`, and everywhere alike.
"""

import base64
import binascii
import io
import re
from typing import Any

from werkzeug.datastructures import FileStorage
from werkzeug.exceptions import HTTPException
from werkzeug.formparser import FormDataParser
from werkzeug.http import parse_options_header

from mom.errors import ParameterError
from mom.serving.image_server.parameters import Defaults, GenerationRequest, read_object, read_request
from mom.serving.image_server.source_picture import MAX_SOURCE_BYTES, cover, fit_size, open_source

MAX_EDIT_BYTES = 4 * MAX_SOURCE_BYTES // 3 + 256 * 1024  # the picture in base64, and the words
INTEGERS = ("n", "partial_images", "seed", "steps")
NUMBERS = ("strength", "cfg_scale")
IMAGE_NAMES = ("image", "image[]")


def read_edit(body: bytes, content_type: str, defaults: Defaults) -> GenerationRequest:
    """The request, its source picture decoded and scaled. Raises `ParameterError`, `NotFoundError`."""
    if not defaults.abilities.edits:
        raise ParameterError("This model cannot begin from a picture. Ask /v1/images/generations.", param="image")
    kind, options = parse_options_header(content_type)
    if kind == "multipart/form-data":
        fields, data = _read_form(body, kind, options)
    else:
        fields, data = _read_json(body)
    picture = open_source(data)
    if fields.get("size") in (None, "", "auto"):  # a list could not be looked up in a set
        fields = {**fields, "size": fit_size(picture, defaults.abilities)}
    wanted = read_request(fields, defaults, b"")  # so that nothing is scaled for a request that is refused
    source = cover(picture, wanted.specs[0].width, wanted.specs[0].height)
    return read_request({**fields, "seed": wanted.specs[0].seed}, defaults, source)


def _read_form(body: bytes, kind: str, options: dict[str, str]) -> tuple[dict[str, Any], bytes]:
    # In memory, where the body is already: werkzeug's own way puts large files on the disk, which may be full.
    parser = FormDataParser(lambda *_sizes, **_names: io.BytesIO(), silent=False)
    try:
        _, form, files = parser.parse(io.BytesIO(body), kind, len(body), options)
    except (ValueError, HTTPException) as error:
        raise ParameterError("The form cannot be read. Send multipart/form-data with an image and a prompt.") from error
    names = {name: files.getlist(name) for name in files}
    if extra := next((name for name in names if name not in IMAGE_NAMES), None):
        raise ParameterError(f"{extra} is not understood here. Send one image and a prompt.", param=extra)
    pictures: list[FileStorage] = [file for name in IMAGE_NAMES for file in names.get(name, [])]
    if len(pictures) != 1:
        raise ParameterError("Send one picture as image.", param="image")
    return {name: _read_field(name, value) for name, value in form.items()}, pictures[0].read()


def _read_field(name: str, text: str) -> object:
    """A form knows texts only; what is no number is left to be refused by name."""
    if name == "stream" and text in {"true", "false"}:
        return text == "true"
    if name in INTEGERS and re.fullmatch(r"-?\d{1,20}", text, re.ASCII):
        return int(text)
    if name in NUMBERS and re.fullmatch(r"-?\d{1,9}(\.\d{1,20})?", text, re.ASCII):
        return float(text)
    return text


def _read_json(body: bytes) -> tuple[dict[str, Any], bytes]:
    fields = read_object(body)
    url = fields.pop("image", None)
    match = re.fullmatch(r"data:image/[a-z]+;base64,(.*)", url, re.DOTALL) if isinstance(url, str) else None
    if match is None:
        raise ParameterError("Send one picture as image: in a form, or in JSON as a data: URL.", param="image")
    try:
        return fields, base64.b64decode(match[1], validate=True)
    except (binascii.Error, ValueError) as error:
        raise ParameterError("image is not base64.", param="image") from error
