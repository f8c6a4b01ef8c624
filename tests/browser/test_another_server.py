"""The whole way of a model of another server: a real `mom serve`, a real llama.cpp server that asks for a key, and the page between."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.chat_page import answers, ask
from tests.e2e.running_mom import RunningMom, running_mom
from tests.llama import LlamaServer, running_llama
from tests.random_llm import write_random_llm

NOBODY = "http://127.0.0.1:9/v1#nobody"


@pytest.fixture(scope="module")
def llama(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LlamaServer]:
    model = write_random_llm(tmp_path_factory.mktemp("models") / "theirs.gguf")
    with running_llama(model, context_tokens=512, model="theirs") as server:
        yield server


@pytest.fixture
def served(tmp_path: Path) -> Iterator[RunningMom]:
    settings = {"MOM_CLASSIFIER": "bert", "MOM_SMALL_LLM": NOBODY, "MOM_IMAGE_MODEL": NOBODY}
    with running_mom(tmp_path, **settings) as mom:
        mom.wait_for("large_llm")
        yield mom


@pytest.fixture
def page(browser: Browser, served: RunningMom) -> Iterator[Page]:
    with browser.new_context(base_url=served.url, viewport={"width": 390, "height": 844}) as context:
        page = context.new_page()
        page.goto("/")
        yield page


def test_a_server_is_connected_from_a_phone_and_answers(page: Page, served: RunningMom, llama: LlamaServer) -> None:
    page.get_by_role("button", name="The mixture").click()
    page.get_by_role("button", name="Change the large LLM").click()
    dialog = page.get_by_role("dialog", name="The large LLM")
    dialog.get_by_role("radio", name="A model of another server").check()
    take = dialog.get_by_role("button", name="Use this model")
    expect(take).to_have_attribute("aria-disabled", "true")
    page.keyboard.press("Tab")
    expect(dialog.get_by_label("Address")).to_be_focused()

    page.keyboard.type(NOBODY.removesuffix("#nobody"))
    page.keyboard.press("Tab")
    expect(dialog).to_contain_text(
        "Nothing answers at http://127.0.0.1:9/v1. Start that server, or correct its address."
    )
    dialog.get_by_label("Address").fill("192.168.1.5:8090")
    take.click()
    expect(dialog.get_by_role("alert")).to_contain_text("is not a model address. Write")

    dialog.get_by_label("Address").fill(llama.root)
    page.keyboard.press("Tab")
    expect(dialog.get_by_role("status")).to_contain_text("wants a key: give one under")
    page.keyboard.type("theirs")
    page.keyboard.press("Enter")
    expect(dialog).to_contain_text("theirs could not take over: http://127.0.0.1")
    expect(dialog.get_by_role("alert")).to_have_count(0)
    expect(dialog.get_by_role("radio", name="demo LLM plays now")).to_be_visible()
    dialog.get_by_label("API key").fill(llama.api_key)
    dialog.get_by_label("API key").blur()
    expect(dialog.locator("option")).to_have_attribute("value", "theirs")
    assert dialog.evaluate("node => node.scrollWidth <= node.clientWidth")
    dialog.get_by_label("API key").press("Enter")
    expect(dialog).to_contain_text(f"chosen on the page: {llama.root}#theirs")
    expect(take).to_have_attribute("aria-disabled", "true")
    dialog.get_by_role("button", name="Close").click()
    page.keyboard.press("Escape")  # the drawer, too

    ask(page, "/text Hello")
    expect(answers(page)).to_contain_text(re.compile(r"\w"))
    page.reload()
    page.get_by_role("button", name="The mixture").click()
    page.get_by_role("button", name="Change the large LLM").click()
    expect(dialog.get_by_label("Address")).to_have_value(llama.root)
    expect(dialog.get_by_label("Model", exact=True)).to_have_value("theirs")
    expect(dialog.get_by_label("API key")).to_have_value("")
    assert llama.api_key not in page.content()
    dialog.get_by_label("Forget the key that was given").check()
    expect(dialog.get_by_label("API key")).to_be_disabled()
    expect(dialog.get_by_role("status")).to_contain_text("wants a key: give one under")
    dialog.get_by_label("Forget the key that was given").uncheck()
    expect(dialog.locator("option")).to_have_attribute("value", "theirs")

    dialog.get_by_role("radio", name="demo LLM").check()
    take.click()
    expect(dialog.get_by_role("radio", name="demo LLM plays now")).to_be_checked()
    logs = "".join(path.read_text() for path in (served.data_dir / "logs").iterdir())
    assert llama.api_key not in served.said() + logs + (served.data_dir / "chosen_models.json").read_text()


def test_the_vision_llm_is_set_up_and_left_out_again(page: Page, served: RunningMom) -> None:
    page.get_by_role("button", name="The mixture").click()
    page.get_by_role("button", name="Change the vision LLM").click()
    dialog = page.get_by_role("dialog", name="The vision LLM")
    expect(dialog.get_by_role("radio", name="None now")).to_be_checked()
    expect(dialog).to_contain_text("pictures that you attach are not looked at")
    dialog.get_by_role("radio", name="The large LLM").check()
    dialog.get_by_role("button", name="Use this model").click()
    expect(dialog.get_by_role("radio", name="The large LLM plays now")).to_be_checked()
    expect(dialog).to_contain_text("chosen on the page: same")
    assert served.parts()["vision_llm"]["model"] == "same as the large LLM"
    dialog.get_by_role("radio", name="None").check()
    dialog.get_by_role("button", name="Use this model").click()
    expect(dialog.get_by_role("radio", name="None now")).to_be_checked()
    assert "vision_llm" not in served.parts()
