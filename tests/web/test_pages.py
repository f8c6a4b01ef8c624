"""The page around the chat component."""

import gzip
import os
import re
from pathlib import Path

import pytest


@pytest.fixture
def built(app, tmp_path):
    """The files that Vite builds."""
    app.static_folder = str(tmp_path / "static")
    folder = tmp_path / "static" / "chat"
    folder.mkdir(parents=True)
    (folder / "chat.js").write_text("1")
    (folder / "chat.css").write_text("a{}")
    return folder


def test_the_page_links_the_built_files_and_has_no_inline_code(client, built):
    page = client.get("/")
    assert page.status_code == 200
    links = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    versioned = [link.split("?v=")[0] for link in links if "?v=" in link]
    assert versioned == ["/static/chat/chat.css", "/static/chat/chat.js"]
    assert not re.search(r"<script(?![^>]*src=)|<style|\son\w+=|\sstyle=", page.text)


def test_the_page_of_a_chat_asks_for_it_before_its_script_runs(client, built):
    preload = '<link rel="preload" as="fetch" href="/api/chats/anything" crossorigin>'
    assert preload in client.get("/chats/anything").text
    assert 'as="fetch"' not in client.get("/").text


def test_another_build_has_another_address(client, built: Path):
    before = client.get("/").text
    os.utime(built / "chat.js", ns=(1, 1))
    assert client.get("/").text != before


def fetched(client, path: str, accept_encoding: str = "identity"):
    """The response, with its file closed."""
    with client.get(path, headers={"Accept-Encoding": accept_encoding}) as response:
        assert response.data is not None
        return response


def test_a_file_is_sent_packed_to_who_reads_that(client, built: Path):
    (built / "chat.js.gz").write_bytes(gzip.compress(b"1"))
    packed = fetched(client, "/static/chat/chat.js", "br, gzip")
    assert gzip.decompress(packed.data) == b"1"
    assert packed.headers["Content-Encoding"] == "gzip"
    assert packed.mimetype == "text/javascript"
    plain = fetched(client, "/static/chat/chat.js")
    assert plain.data == b"1"
    assert "Content-Encoding" not in plain.headers
    assert "Accept-Encoding" in plain.headers["Vary"]
    assert "Content-Encoding" not in fetched(client, "/static/chat/chat.css", "gzip").headers
    assert fetched(client, "/static/../app.py").status_code == 404


def test_a_name_that_no_file_may_have_is_not_found(client, built):
    assert client.get(f"/static/{'a' * 3000}.js").status_code == 404


def test_a_browser_keeps_a_file_whose_address_names_its_build_and_asks_again_for_any_other(client, built: Path):
    named = fetched(client, "/static/chat/chat.js?v=1").headers["Cache-Control"]
    assert "immutable" in named
    assert "no-cache" not in named
    assert "no-cache" in fetched(client, "/static/chat/chat.js").headers["Cache-Control"]


def test_before_the_first_build_the_page_says_what_to_do(client, app, tmp_path):
    app.static_folder = str(tmp_path)
    page = client.get("/")
    assert page.status_code == 503
    assert "npm run build" in page.text
