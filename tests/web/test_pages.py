"""The page around the chat component."""

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
    assert client.get("/chats/anything").text == page.text


def test_another_build_has_another_address(client, built: Path):
    before = client.get("/").text
    os.utime(built / "chat.js", ns=(1, 1))
    assert client.get("/").text != before


def test_before_the_first_build_the_page_says_what_to_do(client, app, tmp_path):
    app.static_folder = str(tmp_path)
    page = client.get("/")
    assert page.status_code == 503
    assert "npm run build" in page.text
