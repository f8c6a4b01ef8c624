"""`MOM_BASE_URL`: how it is read, and what is believed of a request because of it."""

import pytest

from mom.app import create_app
from mom.web.base_url import BaseUrl
from mom.web.loop_thread import LoopThread
from mom.web.services import services
from tests.web.site import models_of, settings_in


@pytest.fixture
def base_url():
    return "https://home.example/mom"


@pytest.fixture
def client(tmp_path, parts, base_url):
    thread = LoopThread()
    app = create_app(settings_in(tmp_path, MOM_BASE_URL=base_url), loop=thread.loop, models=models_of(parts))
    services(app).history.database.upgrade()
    yield app.test_client()
    services(app).history.database.close()
    thread.close()


@pytest.mark.parametrize(
    ("words", "read"),
    [
        ("https://home.example", BaseUrl("https", "home.example")),
        ("https://HOME.example:443/", BaseUrl("https", "home.example")),
        ("http://home.example:8080/a/b/", BaseUrl("http", "home.example:8080", "/a/b")),
        ("http://[fd00::1]/mom", BaseUrl("http", "[fd00::1]", "/mom")),
        ("https://bücher.example/mom", BaseUrl("https", "xn--bcher-kva.example", "/mom")),  # as browsers send it
    ],
)
def test_it_is_read(words, read):
    assert BaseUrl.parse(words) == read
    assert BaseUrl.parse(str(read)) == read


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ("home.example", "not the address"),
        ("ftp://home.example", "not the address"),
        ("https:///mom", "not the address"),
        ("https://home.example:port", "not a number"),
        ("https://home..example", "not a name"),
        ("https://home.example/?a=b", "no more than"),
        ("https://me:secret@home.example", "no more than"),
        ("https://home.example/api", "choose another path"),
        ("https://home.example/v1/mom", "choose another path"),
    ],
)
def test_what_it_cannot_be_is_said(words, why):
    with pytest.raises(ValueError, match=why):
        BaseUrl.parse(words)


@pytest.mark.parametrize("prefix", ["", "/mom"])
@pytest.mark.parametrize("host", ["home.example", "HOME.example:443", "127.0.0.1:8600"])
def test_its_host_is_ours_with_the_path_and_without(client, host, prefix):
    assert client.get(f"{prefix}/healthz", headers={"Host": host}).json == {"status": "ok"}


@pytest.mark.parametrize("host", ["home.example", "127.0.0.1:8600"])  # a proxy may put its own upstream there
def test_its_page_may_ask(client, host):
    headers = {"Host": host, "Origin": "https://home.example", "Sec-Fetch-Site": "same-origin"}
    assert client.post("/mom/api/chats", json={}, headers=headers).status_code == 201


@pytest.mark.parametrize("origin", ["https://evil.example", "https://home.example.evil.example", "null"])
def test_another_page_may_not(client, origin):
    headers = {"Host": "home.example", "Origin": origin}
    assert client.post("/mom/api/chats", json={}, headers=headers).status_code == 403


@pytest.mark.parametrize("host", ["evil.example", "10.0.0.7:8600"])
def test_another_host_is_refused_whatever_a_header_says_of_it(client, host):
    headers = {"Host": host, "X-Forwarded-Host": "home.example", "Forwarded": "host=home.example"}
    assert client.get("/mom/api/chats", headers=headers).status_code == 403


@pytest.mark.parametrize(
    ("headers", "link"),
    [
        ({"Host": "home.example"}, "https://home.example/mom/images/"),
        ({"Host": "127.0.0.1:8600", "X-Forwarded-For": "203.0.113.7"}, "https://home.example/mom/images/"),
        ({"Host": "127.0.0.1:8600"}, "http://127.0.0.1:8600/mom/images/"),
    ],
)
def test_links_lead_back_the_way_that_the_request_came(client, headers, link):
    answer = client.post("/v1/images/generations", json={"prompt": "a fox"}, headers=headers)
    assert answer.json["data"][0]["url"].startswith(link)


def test_a_path_that_only_begins_alike_is_another(client):
    assert client.get("/mommy/healthz", headers={"Host": "home.example"}).status_code == 404


@pytest.mark.parametrize("base_url", [None])
@pytest.mark.parametrize(
    "header", ["X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "Forwarded", "X-Real-IP"]
)
def test_without_it_what_a_proxy_hands_on_is_refused(client, header):
    assert client.get("/api/chats").status_code == 200
    assert client.get("/api/chats", headers={header: "203.0.113.7"}).status_code == 403
