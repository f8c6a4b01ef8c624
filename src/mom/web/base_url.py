"""The address under which people reach MoM through a reverse proxy, and how its requests are told from others.

No `X-Forwarded-…` header is believed: anybody can send one. What they would say stands in `MOM_BASE_URL`. Without that, a request
that carries one is refused, as MoM has no accounts and a proxy that nobody told it of may be open to the world.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self
from urllib.parse import urlsplit

from mom.web.hosts import host_name, is_loopback

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

DEFAULT_PORTS = {"http": 80, "https": 443}
# A proxy that takes the prefix off and one that leaves it on could not be told apart.
OWN_PATHS = {"api", "chats", "healthz", "images", "readyz", "static", "v1"}
FORWARDED = (
    "HTTP_FORWARDED",
    "HTTP_X_FORWARDED_FOR",
    "HTTP_X_FORWARDED_HOST",
    "HTTP_X_FORWARDED_PROTO",
    "HTTP_X_REAL_IP",
)


@dataclass(frozen=True, slots=True)
class BaseUrl:
    """`host` has its port where that is not the scheme's own; `path` is empty or begins with a slash and ends with none."""

    scheme: str
    host: str
    path: str = ""

    @classmethod
    def parse(cls, words: str) -> Self:
        """Raises `ValueError` with what to write instead."""
        parts = urlsplit(words.strip())
        example = "write it like https://chat.example.org or https://example.org/mom"
        try:
            port, name = parts.port, parts.hostname
        except ValueError as error:
            raise ValueError(f"its port is not a number; {example}") from error
        if parts.scheme not in DEFAULT_PORTS or not name:
            raise ValueError(f"it is not the address of a web page; {example}")
        if parts.query or parts.fragment or parts.username or parts.password:
            raise ValueError(f"it may hold no more than host, port and path; {example}")
        path = "/" + parts.path.strip("/") if parts.path.strip("/") else ""
        if path.split("/")[1:2] and path.split("/")[1] in OWN_PATHS:
            raise ValueError(f"{path} is an address of MoM's own: choose another path, such as /mom")
        try:
            name = name.encode("idna").decode()  # as browsers send it
        except UnicodeError as error:
            raise ValueError(f"its host is not a name; {example}") from error
        name = f"[{name}]" if ":" in name else name
        return cls(parts.scheme, name if port in {None, DEFAULT_PORTS[parts.scheme]} else f"{name}:{port}", path)

    @property
    def origin(self) -> str:
        return f"{self.scheme}://{self.host}"

    def __str__(self) -> str:
        return self.origin + self.path


class BehindProxy:
    """WSGI around the application: requests that came by the proxy appear as its clients made them, under the path of `base`.

    A path is taken with the prefix and without it: some proxies leave it on, others take it off.
    """

    def __init__(self, app: "WSGIApplication", base: BaseUrl) -> None:
        self._app = app
        self._base = base

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        host = environ.get("HTTP_HOST", "").lower()
        is_rewritten = is_loopback(host_name(host)) and was_forwarded(environ)
        if is_rewritten or host in {self._base.host, f"{self._base.host}:{DEFAULT_PORTS[self._base.scheme]}"}:
            environ["HTTP_HOST"] = self._base.host
            environ["wsgi.url_scheme"] = self._base.scheme
        path = environ.get("PATH_INFO", "")
        if path == self._base.path or path.startswith(f"{self._base.path}/"):
            environ["PATH_INFO"] = path[len(self._base.path) :] or "/"
        environ["SCRIPT_NAME"] = self._base.path
        return self._app(environ, start_response)


def was_forwarded(environ: "WSGIEnvironment") -> bool:
    """Does a request say that it came by a proxy?"""
    return any(name in environ for name in FORWARDED)
