"""No space on the disk when a picture is to be kept: an error in OpenAI's shape, nothing half-written, and MoM lives on."""

import base64
import json

import httpx
import pytest

from mom.mixture.ports import Picture
from tests.full_disk import no_file_beyond, noise
from tests.scripted import ScriptedImageModel, ScriptedParts, png_of
from tests.web.site import running_site

LIMIT = 2_000_000  # the database is smaller, the picture is larger
LARGE = noise(1024)


def drawn(png: bytes, width: int, height: int) -> ScriptedImageModel:
    picture = Picture(png=png, prompt="a fox", width=width, height=height, seed=1, steps=4, model="scripted-sd")
    return ScriptedImageModel([picture])


@pytest.fixture
def site(tmp_path):
    parts = ScriptedParts()
    parts.image_model = drawn(LARGE, 1024, 1024)
    with running_site(tmp_path, parts) as site:
        yield site


@pytest.fixture
def http(site):
    with httpx.Client(base_url=site.url, timeout=60) as client:
        yield client


def files_in(folder):
    return [path for path in (folder / "pictures").rglob("*") if path.is_file()]


def assert_full(answer):
    assert answer.status_code == 503
    error = answer.json()["error"]
    assert (error["code"], error["type"]) == ("storage_failed", "storage_error")
    assert "disk" in error["message"]


def assert_alive(site, http, folder):
    assert files_in(folder) == []
    site.parts.image_model = ScriptedImageModel()
    url = http.post("/v1/images/generations", json={"prompt": "a fox"}).json()["data"][0]["url"]
    assert http.get(url).content.startswith(b"\x89PNG")


def test_a_picture_that_a_program_asked_for(site, http, tmp_path):
    with no_file_beyond(LIMIT):
        assert_full(http.post("/v1/images/generations", json={"prompt": "a fox"}))
    assert_alive(site, http, tmp_path)


def test_a_picture_in_a_stream(site, http, tmp_path):
    with no_file_beyond(LIMIT):
        answer = http.post("/v1/images/generations", json={"prompt": "a fox", "stream": True})
    if answer.status_code == 200:  # it had begun
        *_, last = (line for line in answer.text.splitlines() if line.startswith("data: "))
        assert json.loads(last.removeprefix("data: "))["error"]["code"] == "storage_failed"
    else:
        assert_full(answer)
    assert_alive(site, http, tmp_path)


def test_a_picture_in_a_chat(site, http, tmp_path):
    chat = http.post("/api/chats").json()["id"]
    with no_file_beyond(LIMIT):
        turn = http.post(f"/api/chats/{chat}/messages", json={"content": "/image a fox"}).json()["turn_id"]
        events = http.get(f"/api/turns/{turn}/events").text
    assert '"code": "storage_failed"' in events
    assert http.get(f"/api/turns/{turn}").json()["status"] == "failed"
    assert_alive(site, http, tmp_path)


def test_a_picture_that_is_attached(site, http, tmp_path):
    chat = http.post("/api/chats").json()["id"]
    url = f"data:image/png;base64,{base64.b64encode(LARGE).decode()}"
    with no_file_beyond(LIMIT):
        assert_full(http.post(f"/api/chats/{chat}/messages", json={"content": "what is this?", "attachments": [url]}))
    assert http.get(f"/api/chats/{chat}").json()["messages"] == []
    assert_alive(site, http, tmp_path)


def test_a_picture_that_is_sent_in_a_form_needs_no_room(site, http, tmp_path):
    site.parts.image_model = ScriptedImageModel()
    form = {"data": {"prompt": "at night"}, "files": {"image": ("fox.png", LARGE)}}
    with no_file_beyond(LIMIT):
        answer = http.post("/v1/images/edits", headers={"authorization": "Bearer any"}, **form)
    assert (answer.status_code, len(files_in(tmp_path))) == (200, 1)


def test_a_thumbnail(site, http, tmp_path):
    site.parts.image_model = drawn(png_of(640, 480), 640, 480)
    url = http.post("/v1/images/generations", json={"prompt": "a fox"}).json()["data"][0]["url"]
    with no_file_beyond(10):
        assert_full(http.get(url.replace(".png", ".webp")))
    assert [path.suffix for path in files_in(tmp_path)] == [".png"]
    assert http.get(url.replace(".png", ".webp")).headers["content-type"] == "image/webp"
