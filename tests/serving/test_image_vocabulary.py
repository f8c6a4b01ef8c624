"""The words that a small image model knows, as its folder lists them."""

import asyncio
import json
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager

import httpx
import pytest
from httpx_sse import EventSource

from mom.errors import ModelFileError
from mom.serving.image_server.api import ImageServer
from mom.serving.image_server.config import ServerConfig
from mom.serving.image_server.vocabulary import read_vocabulary
from tests.serving.scripted_engine import ScriptedEngine

KNOWN = "a\nand\nblue\ncat\nlight\nstar\n"


@pytest.fixture
def vocabulary(tmp_path):
    (tmp_path / "known_words.txt").write_text(KNOWN, encoding="utf-8")
    return read_vocabulary(str(tmp_path))


@pytest.mark.parametrize(
    ("prompt", "unknown"),
    [
        ("a blue star and a cat", []),
        ("A Castle and a castle, a BLUE cat", ["Castle"]),
        ("a moat, a dragon!", ["moat", "dragon"]),
        ("a light-blue star, a star-fish", ["star-fish"]),
        ("a cat's star and a king's cat", ["king's"]),
        ("7 cats", ["7", "cats"]),
        ("ein Stern für ein Kätzchen", ["ein", "Stern", "für", "Kätzchen"]),
        ("", []),
    ],
)
def test_words_outside_the_list_are_found_as_they_are_written_each_once(vocabulary, prompt, unknown):
    assert vocabulary.unknown_in(prompt) == unknown


def test_a_model_without_a_list_knows_everything_as_far_as_anyone_can_tell(tmp_path):
    assert read_vocabulary(str(tmp_path)) is None
    assert read_vocabulary("some/repository-on-the-hub") is None


def test_a_list_that_was_saved_on_windows_is_read_or_named(tmp_path):
    (tmp_path / "known_words.txt").write_text("blue\ncat\n", encoding="utf-8-sig")
    assert read_vocabulary(str(tmp_path)).unknown_in("blue cat") == []
    (tmp_path / "known_words.txt").write_text("blau\nKätzchen\n", encoding="cp1252")
    with pytest.raises(ModelFileError, match=r"known_words\.txt cannot be read .*Save it as UTF-8"):
        ImageServer(ServerConfig(port=1, model=str(tmp_path), model_name="small", api_key="key"))


@asynccontextmanager
async def server_of(model):
    """A client of the image server's routes, with an engine that draws nothing."""
    server = ImageServer(ServerConfig(port=1, model=str(model), model_name="small", api_key="key"))
    with ThreadPoolExecutor(1) as thread:
        working = asyncio.create_task(server.work(ScriptedEngine(), thread))
        transport = httpx.ASGITransport(server.make_app())
        headers = {"authorization": "Bearer key"}
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1", headers=headers) as client:
            await asyncio.sleep(0)  # the engine is set in the task's first moment
            yield client
        working.cancel()


@pytest.mark.parametrize(("listed", "named"), [(True, ["Castle"]), (False, [])])
async def test_the_server_names_them_beside_the_picture(tmp_path, listed, named):
    if listed:
        (tmp_path / "known_words.txt").write_text(KNOWN, encoding="utf-8")
    body = {"prompt": "a Castle and a star", "steps": 1}
    async with server_of(tmp_path) as client:
        (entry,) = (await client.post("/v1/images/generations", json=body)).json()["data"]
        streamed = await client.post("/v1/images/generations", json={**body, "stream": True})
    *_, last = [json.loads(event.data) for event in EventSource(streamed).iter_sse()]
    assert entry["unknown_words"] == last["unknown_words"] == named
