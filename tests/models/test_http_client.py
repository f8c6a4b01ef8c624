import socket

import pytest
from starlette.responses import JSONResponse

from mom.models.http_client import make_http_client
from tests.models.fake_servers import running


@pytest.fixture
def dead_proxy(monkeypatch):
    """A proxy in the environment at which nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{port}")


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
async def test_a_server_on_this_machine_is_never_asked_through_a_proxy(dead_proxy, host):
    with running({"/hello": [JSONResponse("hi")]}) as server:
        async with make_http_client() as http:
            assert (await http.get(f"{server.root.replace('127.0.0.1', host)}/hello")).json() == "hi"
