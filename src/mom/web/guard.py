"""Who may ask: nobody from a foreign page. Host against DNS rebinding, Origin against forged requests, CSP against injected code.

A program (curl, an OpenAI client) sends no `Origin`; a browser sends one with every request that could do harm.
"""

from flask import Flask, Response, request

from mom.errors import ForbiddenError
from mom.web.base_url import BaseUrl, was_forwarded
from mom.web.hosts import host_name, is_loopback

SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}
HEADERS = {
    # No inline code, nothing from elsewhere; data: and blob: are previews and pictures about to be attached.
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


def guard(app: Flask, host: str, base_url: BaseUrl | None = None, *, in_container: bool = False) -> None:
    """Let `app` answer only requests that are meant for `host`, a loopback name or `base_url`, and come from its own pages.

    In a container (docs/decisions/0003) `host` is no name that anybody asks for, and programs come from the engine's side.
    """
    hosts = {*([] if in_container else [host.lower()]), *([host_name(base_url.host)] if base_url else [])}
    origins = {base_url.origin} if base_url else set()

    def refuse_foreign_requests() -> None:
        _refuse_foreign_host(hosts)
        if base_url is None:
            _refuse_unknown_proxy()
        _refuse_foreign_page(origins, from_anywhere=in_container)

    def add_headers(response: Response) -> Response:
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        return response

    app.before_request(refuse_foreign_requests)
    app.after_request(add_headers)


def _refuse_foreign_host(hosts: set[str]) -> None:
    # Any port: a foreign page can point its own name at this machine, but not a loopback name at another port of its
    # choice, and people forward ports.
    asked = host_name(request.host)
    if not (is_loopback(asked) or asked in hosts):
        raise ForbiddenError(
            "This host name is not MoM's. Open MoM at http://127.0.0.1 with its port; behind a reverse proxy, set MOM_BASE_URL "
            "to the address that people open."
        )


def _refuse_unknown_proxy() -> None:
    if was_forwarded(request.environ):
        raise ForbiddenError(
            "This request came through a proxy that MoM was not told of. Set MOM_BASE_URL to the address that people open."
        )


def _refuse_foreign_page(origins: set[str], *, from_anywhere: bool) -> None:
    origin = request.headers.get("Origin")
    is_foreign = origin is not None and origin not in {f"http://{request.host}", f"https://{request.host}", *origins}
    # `same-site` is foreign, too: to a browser all ports of one machine are one site. Following a link is fine.
    comes_from_another = request.headers.get("Sec-Fetch-Site", "none") in {"cross-site", "same-site"}
    follows_link = request.method == "GET" and request.headers.get("Sec-Fetch-Mode") == "navigate"
    # Other chat programs show the pictures that /v1 linked to.
    shows_picture = request.method == "GET" and request.path.startswith("/images/")
    if is_foreign or (comes_from_another and not (follows_link or shows_picture)):
        raise ForbiddenError("This request comes from a page that is not MoM's. Use MoM's own page, or a program.")
    is_near = from_anywhere or is_loopback(request.remote_addr or "")
    if origin is None and request.method not in SAFE_METHODS and not (is_near and _is_from_a_program()):
        raise ForbiddenError(
            "A request without an Origin must come from this machine and carry JSON, with the header "
            "Content-Type: application/json, or any bearer key."
        )


def _is_from_a_program() -> bool:
    # A form of a foreign page can send text or form data without asking first, but neither JSON nor a key.
    has_body = bool(request.content_length)
    has_key = request.headers.get("Authorization", "").startswith("Bearer ")  # a browser sends Basic by itself
    return request.is_json or has_key or not has_body
