"""Nobody's page but MoM's own may ask: rebinding, forged requests, injected code."""

import pytest

from mom.app import create_app
from mom.web.loop_thread import LoopThread
from mom.web.services import services
from tests.web.site import models_of, settings_in

UNSAFE = {"path": "/api/chats", "json": {}}


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:8600",
        "127.0.0.1.evil.example",
        "localhost.evil.example:8600",
        "0.0.0.0:8600",
        "10.0.0.7",
    ],
)
def test_a_foreign_host_is_refused(client, host):
    answer = client.get("/api/chats", headers={"Host": host})
    assert answer.status_code == 403
    assert answer.json["error"]["code"] == "forbidden"


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.1:8600", "localhost:9000", "[::1]:8600", "LOCALHOST"])
def test_every_loopback_name_is_ours(client, host):
    assert client.get("/healthz", headers={"Host": host}).json == {"status": "ok"}


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "http://localhost:3000", "null", "http://localhost.evil.example", "file://"]
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_foreign_origin_is_refused(client, origin, method):
    answer = client.open("/api/chats", method=method, json={}, headers={"Origin": origin})
    assert answer.status_code == 403
    assert client.get("/api/chats").json == []


def test_our_own_page_may_ask(client):
    headers = {"Host": "localhost:8600", "Origin": "http://localhost:8600", "Sec-Fetch-Site": "same-origin"}
    assert client.post(**UNSAFE, headers=headers).status_code == 201


def test_a_program_on_this_machine_needs_no_origin(client):
    assert client.post(**UNSAFE).status_code == 201


def test_a_program_elsewhere_does(client):
    answer = client.post(**UNSAFE, environ_base={"REMOTE_ADDR": "10.0.0.7"})
    assert answer.status_code == 403


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"])
def test_a_body_that_a_foreign_form_can_send_is_refused(client, kind):
    answer = client.post("/api/chats", data='{"title": "mine"}', content_type=kind)
    assert answer.status_code == 403
    assert "with the header Content-Type: application/json" in answer.json["error"]["message"]


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_a_request_that_a_foreign_page_makes_the_browser_send_is_refused(client, site):
    assert client.get("/api/chats", headers={"Sec-Fetch-Site": site}).status_code == 403
    assert client.post("/api/chats", headers={"Sec-Fetch-Site": site, "Sec-Fetch-Mode": "navigate"}).status_code == 403


def test_a_link_to_the_chat_may_be_followed_from_anywhere(client):
    headers = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    assert client.get("/", headers=headers).status_code != 403


@pytest.mark.parametrize("path", ["/", "/healthz", "/nothing", "/api/chats", "/v1/models"])
def test_every_answer_says_what_a_browser_may_do_with_it(client, path):
    headers = client.get(path).headers
    policy = headers["Content-Security-Policy"]
    assert "unsafe-inline" not in policy
    assert "unsafe-eval" not in policy
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert "Access-Control-Allow-Origin" not in headers


def test_a_refusal_says_it_too(client):
    assert "Content-Security-Policy" in client.get("/", headers={"Host": "evil.example"}).headers


@pytest.fixture
def client_in_container(tmp_path, parts):
    """As compose.yaml sets it up: requests come from an address of the engine's."""
    thread = LoopThread()
    settings = settings_in(tmp_path, MOM_HOST="0.0.0.0", MOM_CONTAINER="published-on-loopback")
    app = create_app(settings, loop=thread.loop, models=models_of(parts))
    services(app).history.database.upgrade()
    client = app.test_client()
    client.environ_base["REMOTE_ADDR"] = "172.18.0.1"
    yield client
    services(app).history.database.close()
    thread.close()


def test_in_a_container_programs_come_from_the_engines_side(client_in_container):
    assert client_in_container.post(**UNSAFE, headers={"Host": "127.0.0.1:8600"}).status_code == 201


@pytest.mark.parametrize("host", ["192.168.1.5:8600", "evil.example", "0.0.0.0:8600", "chat_web:8600"])
def test_in_a_container_only_loopback_names_are_ours(client_in_container, host):
    assert client_in_container.get("/api/chats", headers={"Host": host}).status_code == 403


def test_in_a_container_a_foreign_page_is_refused_as_ever(client_in_container):
    headers = {"Host": "127.0.0.1:8600", "Origin": "https://evil.example"}
    assert client_in_container.post(**UNSAFE, headers=headers).status_code == 403
