"""The page's files: as small as the build has packed them, and kept by the browser where their address names their build."""

import os.path

from flask import Flask, Response, current_app, request
from werkzeug.security import safe_join

A_YEAR_S = 31_536_000


def serve_static_files(app: Flask) -> None:
    """Have this module answer for `app`'s static folder."""
    app.view_functions["static"] = send_static_file


def send_static_file(filename: str) -> Response:
    """The file; gzipped, where one lies beside it under its name and `.gz`, and the client reads that."""
    packed = safe_join(str(current_app.static_folder), f"{filename}.gz")
    is_packed = packed is not None and os.path.isfile(packed)  # noqa: PTH113 -- Path's raises where the name is too long
    reads_gzip = bool(request.accept_encodings["gzip"])
    # Werkzeug reads both from the name: the type of what is packed, and that it is.
    response = current_app.send_static_file(f"{filename}.gz" if is_packed and reads_gzip else filename)
    if is_packed:
        response.vary.add("Accept-Encoding")
    if request.args.get("v"):
        response.cache_control.no_cache = None
        response.cache_control.max_age = A_YEAR_S
        response.cache_control.immutable = True
    return response
