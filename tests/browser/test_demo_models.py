"""The first two minutes as a newcomer has them: `mom serve`, its demo models, and the examples of the first screen."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.chat_page import answers, questions
from tests.e2e.running_mom import RunningMom, running_mom

pytestmark = [pytest.mark.torch, pytest.mark.timeout(900)]
DEADLINE_MS = 300_000  # on a busy machine PyTorch takes its time


@pytest.fixture(scope="module")
def mom(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningMom]:
    with running_mom(tmp_path_factory.mktemp("mom")) as mom:
        mom.wait_for("large_llm")
        yield mom


def test_words_are_answered_at_once_and_pictures_as_soon_as_their_model_is_there(page: Page) -> None:
    page.get_by_role("button", name="What is MoM?").click()
    expect(answers(page)).to_have_attribute("aria-busy", "false", timeout=DEADLINE_MS)
    expect(answers(page)).to_contain_text("MoM")
    expect(answers(page)).to_contain_text("demo model")
    way = answers(page).get_by_role("button", name="needs text:")
    expect(way).to_have_text(re.compile(r"(BERT|small LLM)\s+[01]\.\d\d in [\d.]+ m?s\s+Large LLM\s+[\d.]+ m?s"))

    expect(page.get_by_label("Parts").get_by_text("ready", exact=True)).to_have_count(3, timeout=DEADLINE_MS)
    page.get_by_role("link", name="New chat").click()
    page.get_by_role("button", name="Make it bluer").click()
    expect(questions(page)).to_have_count(2, timeout=DEADLINE_MS)
    expect(answers(page).last).to_have_attribute("aria-busy", "false", timeout=DEADLINE_MS)
    pictures = answers(page).get_by_role("figure").locator("img")
    expect(pictures).to_have_count(2)
    for number in range(2):
        expect(pictures.nth(number)).not_to_have_js_property("naturalWidth", 0)
    expect(page.get_by_role("img", name="Classifier: done, Large LLM: done, Image model: done")).to_be_visible()

    page.get_by_role("link", name="New chat").click()
    page.get_by_role("button", name="Explain JPEG").click()
    expect(answers(page)).to_have_attribute("aria-busy", "false", timeout=DEADLINE_MS)
    expect(answers(page).get_by_role("button", name="needs text:")).to_be_visible()
    expect(answers(page).get_by_role("figure")).to_have_count(0)
