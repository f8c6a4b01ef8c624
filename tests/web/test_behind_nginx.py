"""MoM behind a real nginx, under a path of its host and at its root: links, streams and refusals."""

import json
import re

import httpx
import pytest
from httpx_sse import connect_sse

from mom.web.base_url import BaseUrl
from tests.scripted import Gate, ScriptedLanguageModel
from tests.web.nginx import PASSWORD, running_nginx
from tests.web.site import running_site


@pytest.fixture
def gates():
    gates = [Gate(), Gate()]
    yield gates
    for gate in gates:
        gate.open()


# (the address that people open, nginx's location, what is put behind the upstream's address, a documented line left out)
PLACES = {
    "under a path": ("http://chat.test/mom", "/mom/", "", ""),
    "under a path that nginx takes off": ("http://chat.test/mom", "/mom/", "/", ""),
    "at the root": ("http://chat.test", "/", "", ""),
    "of HTTP 1.0, which nginx buffers": ("http://chat.test", "/", "", "    proxy_http_version 1.1;\n"),
}


@pytest.fixture(params=PLACES)
def place(request, tmp_path, parts, gates):
    """A client of the public address, whose path stands before everything that it asks for."""
    public, location, suffix, without = PLACES[request.param]
    parts.large_llm = ScriptedLanguageModel(["one", gates[0], "two", gates[1], "three"])
    with (
        # No heartbeat: one would push on what nginx holds back.
        running_site(tmp_path / "site", parts, MOM_BASE_URL=public, heartbeat_s=3600) as site,
        running_nginx(tmp_path / "nginx", path=location, upstream=site.url + suffix, without=without) as nginx,
    ):
        path = BaseUrl.parse(public).path
        headers = {"Host": "chat.test", "Origin": "http://chat.test"}
        with httpx.Client(base_url=nginx + path, headers=headers, auth=PASSWORD, timeout=20) as client:
            client.nginx, client.path, client.direct = nginx, path, site.url
            yield client


def test_the_page_and_everything_it_links_is_found(place):
    page = place.get("/")
    assert page.status_code == 200
    assert f'data-base="{place.path}"' in page.text
    links = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert len(links) >= 3
    for link in links:
        assert link.startswith(f"{place.path}/static/chat/")
        assert httpx.get(place.nginx + link, headers=place.headers, auth=PASSWORD).status_code == 200
    assert f'href="{place.path}/api/chats/anything"' in place.get("/chats/anything").text


def test_words_arrive_while_the_answer_is_still_written(place, gates):
    chat = place.post("/api/chats", json={}).json()["id"]
    turn = place.post(f"/api/chats/{chat}/messages", json={"content": "hello"}).json()["turn_id"]
    with connect_sse(place, "GET", f"/api/turns/{turn}/events") as source:
        words = (json.loads(event.data)["text"] for event in source.iter_sse() if event.event == "text_delta")
        assert next(words) == "one"
        gates[0].open()  # the model writes on only after its words have come through
        assert next(words) == "two"
        gates[1].open()
        assert list(words) == ["three"]


def test_a_program_gets_links_that_lead_through_the_proxy(place):
    headers = {"Origin": ""}  # httpx would send the client's
    request = place.build_request("POST", "/v1/images/generations", json={"prompt": "a fox"}, headers=headers)
    del request.headers["Origin"]
    answer = place.send(request).json()
    url = answer["data"][0]["url"]
    assert url.startswith(f"http://chat.test{place.path}/images/")
    picture = place.get(url.removeprefix(f"http://chat.test{place.path}"))
    assert picture.headers["Content-Type"] == "image/png"


def test_without_the_password_nobody_gets_in(place):
    assert httpx.get(f"{place.nginx}{place.path}/", headers={"Host": "chat.test"}).status_code == 401


@pytest.mark.parametrize("headers", [{"Host": "evil.test"}, {"Origin": "http://evil.test"}])
def test_other_hosts_and_pages_are_refused_as_ever(place, headers):
    answer = place.post("/api/chats", json={}, headers=headers)
    assert answer.status_code == 403
    assert json.loads(answer.text)["error"]["code"] == "forbidden"


def test_on_the_machine_itself_it_is_reached_as_before(place):
    page = httpx.get(f"{place.direct}/")
    assert page.status_code == 200
    [script] = re.findall(r'src="([^"]+)"', page.text)
    assert httpx.get(place.direct + script).status_code == 200
    headers = {"Origin": place.direct}
    assert httpx.post(f"{place.direct}/api/chats", json={}, headers=headers).status_code == 201


def test_a_proxy_that_mom_was_not_told_of_is_refused(tmp_path, parts):
    with (
        running_site(tmp_path / "site", parts) as site,
        running_nginx(tmp_path / "nginx", path="/", upstream=site.url) as nginx,
    ):
        answer = httpx.get(f"{nginx}/api/chats", auth=PASSWORD)  # the Host is a loopback name, as seen by a lax proxy
        assert answer.status_code == 403
        assert "Set MOM_BASE_URL" in answer.json()["error"]["message"]
        assert httpx.get(f"{site.url}/api/chats").status_code == 200
