"""The page under a path of its host, behind a real nginx that asks for a password."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from mom.serving.child import free_port
from tests.browser.chat_page import answers, ask
from tests.browser.scripted_mom import ScriptedMom
from tests.web.nginx import PASSWORD, running_nginx


@pytest.fixture
def page(browser: Browser, tmp_path: Path) -> Iterator[Page]:
    port = free_port()
    mom = ScriptedMom(tmp_path / "mom", base_url=f"http://127.0.0.1:{port}/mom")
    mom.start()
    try:
        with running_nginx(tmp_path / "nginx", path="/mom/", upstream=mom.url, port=port) as nginx:
            name, password = PASSWORD
            context = browser.new_context(base_url=nginx, http_credentials={"username": name, "password": password})
            page = context.new_page()
            lost: list[str] = []
            page.on("response", lambda answer: lost.append(answer.url) if answer.status >= 400 else None)
            yield page
            context.close()
            assert lost == []
    finally:
        mom.stop()


def test_words_and_pictures_come_and_a_reload_finds_the_chat_again(page: Page) -> None:
    page.goto("/mom/")
    ask(page, "Hello")
    expect(answers(page)).to_contain_text("Hello!")
    expect(page).to_have_url(re.compile(r"/mom/chats/\w+$"))
    ask(page, "/image a fox")
    expect(answers(page).last.get_by_alt_text("a fox")).to_have_js_property("naturalWidth", 64)
    page.reload()
    expect(answers(page).last.get_by_alt_text("a fox")).to_have_js_property("naturalWidth", 64)
    page.get_by_role("link", name="New chat").click()
    expect(page).to_have_url(re.compile(r"/mom/$"))
