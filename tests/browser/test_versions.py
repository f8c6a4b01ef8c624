"""The versions of an answer or a question: stepped through by button, by key and by a finger."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.chat_page import answers, ask
from tests.browser.scripted_mom import ScriptedMom
from tests.scripted import ScriptedLanguageModel


def two_versions(mom: ScriptedMom, page: Page) -> None:
    mom.models.large_llm = ScriptedLanguageModel(["The first."])
    ask(page, "Hello")
    expect(answers(page)).to_contain_text("The first.")
    mom.models.large_llm = ScriptedLanguageModel(["The second."])
    page.get_by_role("button", name="Retry").click()
    expect(answers(page)).to_contain_text("The second.")
    expect(answers(page)).to_have_attribute("aria-busy", "false")


def test_arrow_keys_step_through_the_versions_but_not_while_one_writes(mom: ScriptedMom, page: Page) -> None:
    two_versions(mom, page)
    box = page.get_by_label("Message", exact=True)
    box.press("ArrowLeft")
    expect(answers(page)).to_contain_text("The second.")
    box.blur()
    page.keyboard.press("ArrowLeft")
    expect(answers(page)).to_contain_text("The first.")
    expect(answers(page)).to_contain_text("1/2")
    page.keyboard.press("ArrowRight")
    expect(answers(page)).to_contain_text("The second.")


@pytest.fixture
def touch_page(browser: Browser, mom: ScriptedMom) -> Iterator[Page]:
    context = browser.new_context(base_url=mom.url, viewport={"width": 390, "height": 844}, has_touch=True)
    page = context.new_page()
    page.goto("/")
    yield page
    context.close()


SWIPE = """(node, [x, y]) => {
  const box = node.getBoundingClientRect()
  const at = (dx, dy) => new Touch({
    identifier: 1, target: node, clientX: box.x + box.width / 2 + dx, clientY: box.y + box.height / 2 + dy,
  })
  const tell = (type, touches, changedTouches) =>
    node.dispatchEvent(new TouchEvent(type, { touches, changedTouches, bubbles: true }))
  tell('touchstart', [at(0, 0)], [at(0, 0)])
  tell('touchend', [], [at(x, y)])
}"""


def swipe(page: Page, selector: str, x: int, y: int = 0) -> None:
    """A finger moves by `x`, `y` px from the middle of the node, as the page is told of it; nothing is scrolled."""
    page.locator(selector).last.evaluate(SWIPE, [x, y])


def test_a_swipe_steps_through_the_versions_and_a_scroll_does_not(mom: ScriptedMom, touch_page: Page) -> None:
    two_versions(mom, touch_page)
    swipe(touch_page, "article .prose p", x=-20, y=-90)
    swipe(touch_page, "article .prose p", x=120)
    expect(answers(touch_page)).to_contain_text("The first.")
    swipe(touch_page, "article .prose p", x=-120)
    expect(answers(touch_page)).to_contain_text("The second.")
