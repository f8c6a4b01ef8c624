"""The one HTTP client that all models are asked through."""

from dataclasses import dataclass
from functools import cache

import httpx

# llama.cpp closes an idle connection after 5 s, which httpx would too: whoever is first decides whether a request fails.
KEEPALIVE_S = 1.0
MAX_CONNECTIONS = 1_000
_shared_ssl_context = cache(httpx.create_ssl_context)  # of all clients: it takes 25 ms to read the certificates


@dataclass(frozen=True, slots=True)
class TimeLimits:
    """How long a model's server may take, in seconds.

    `first_token_s` is generous because a server may have to load the model and read a long prompt on a slow machine.
    """

    connect_s: float = 5.0
    probe_s: float = 2.0
    first_token_s: float = 300.0
    between_tokens_s: float = 60.0
    after_end_s: float = 5.0  # for the usage and the stream's last line, once it has said how it ended
    after_done_s: float = 0.1  # for the end of the body, after which the connection serves again
    reply_s: float = 300.0


def make_http_client() -> httpx.AsyncClient:
    """A client for one event loop. A proxy of the environment is used, but never for this machine's own servers."""
    direct = dict.fromkeys(("all://localhost", "all://127.0.0.1", "all://[::1]"))
    return httpx.AsyncClient(
        verify=_shared_ssl_context(),
        limits=httpx.Limits(max_connections=MAX_CONNECTIONS, keepalive_expiry=KEEPALIVE_S),
        mounts=direct,
    )
