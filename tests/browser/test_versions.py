"""The versions of an answer or a question: stepped through by button, by key and by a finger."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, CDPSession, Page, expect

from tests.browser.chat_page import answers, ask, questions
from tests.browser.scripted_mom import ScriptedMom
from tests.scripted import Gate, ScriptedLanguageModel


def two_versions(mom: ScriptedMom, page: Page, first: str = "The first.") -> None:
    mom.models.large_llm = ScriptedLanguageModel([first])
    ask(page, "Hello")
    expect(answers(page)).to_have_attribute("aria-busy", "false")
    mom.models.large_llm = ScriptedLanguageModel(["The second."])
    page.get_by_role("button", name="Retry").click()
    expect(answers(page)).to_contain_text("The second.")
    expect(answers(page)).to_have_attribute("aria-busy", "false")


def asked_in_two_tabs(mom: ScriptedMom, page: Page, words: str) -> Page:
    """Asks a question whose answer goes on and on, and gives a second tab that shows it, too."""
    mom.models.large_llm = ScriptedLanguageModel(["Slowly", Gate()])
    ask(page, words)
    expect(answers(page)).to_contain_text("Slowly")
    second = page.context.new_page()
    second.goto(page.url)
    expect(answers(second)).to_contain_text("Slowly")
    return second


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


def test_arrow_keys_scroll_a_block_of_code_and_leave_no_version(mom: ScriptedMom, page: Page) -> None:
    two_versions(mom, page, first=f"```\n{'wide ' * 90}\n```")
    page.get_by_label("Message", exact=True).blur()
    page.keyboard.press("ArrowLeft")
    code = answers(page).locator("pre")
    code.press("ArrowRight")
    expect(code).not_to_have_js_property("scrollLeft", 0)
    expect(answers(page)).to_contain_text("1/2")


def test_on_a_screens_keyboard_enter_begins_a_new_line(touch_page: Page) -> None:
    box = touch_page.get_by_label("Message", exact=True)
    box.fill("one")
    box.press("Enter")
    touch_page.keyboard.type("two")
    expect(box).to_have_value("one\ntwo")
    touch_page.get_by_role("button", name="Send").tap()
    expect(questions(touch_page)).to_contain_text("one\ntwo", use_inner_text=True)


@pytest.fixture
def touch_page(browser: Browser, mom: ScriptedMom) -> Iterator[Page]:
    context = browser.new_context(base_url=mom.url, viewport={"width": 390, "height": 844}, has_touch=True)
    page = context.new_page()
    page.goto("/")
    yield page
    context.close()


def swipe(page: Page, selector: str, x: int, y: int = 0) -> None:
    """A finger moves by `x`, `y` px from the middle of the node, with all that the browser makes of it by itself.

    In one leap: then a browser that takes sideways for its own gesture goes back a page.
    """
    page.locator(selector).last.hover(trial=True)  # waits until it does not move any more
    box = page.locator(selector).last.bounding_box()
    assert box is not None
    start = {"x": box["x"] + box["width"] / 2, "y": box["y"] + box["height"] / 2}
    driver: CDPSession = page.context.new_cdp_session(page)
    driver.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [start]})
    end = {"x": start["x"] + x, "y": start["y"] + y}
    driver.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": [end]})
    driver.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})


def test_a_swipe_steps_through_the_versions_and_a_scroll_does_not(mom: ScriptedMom, touch_page: Page) -> None:
    two_versions(mom, touch_page)
    swipe(touch_page, "article .prose p", x=-20, y=-90)
    swipe(touch_page, "article .prose p", x=160)
    expect(answers(touch_page)).to_contain_text("The first.")
    swipe(touch_page, "article .prose p", x=-160)
    expect(answers(touch_page)).to_contain_text("The second.")


def test_what_is_wider_than_the_page_is_moved_by_the_finger_and_no_version_is_left(
    mom: ScriptedMom, touch_page: Page
) -> None:
    two_versions(mom, touch_page, first=f"```\n{'wide ' * 50}\n```")
    touch_page.get_by_label("Message", exact=True).blur()
    touch_page.keyboard.press("ArrowLeft")
    swipe(touch_page, "article pre", x=-160)
    expect(answers(touch_page).locator("pre")).not_to_have_js_property("scrollLeft", 0)
    expect(answers(touch_page)).to_contain_text("1/2")


def edit_to(page: Page, words: str) -> None:
    page.get_by_label("Message", exact=True).press("ArrowUp")
    box = questions(page).get_by_label("Your question")
    box.fill(words)
    box.press("Enter")


def test_a_question_edited_while_it_is_answered_stops_that_answer(mom: ScriptedMom, page: Page) -> None:
    mom.models.large_llm = ScriptedLanguageModel(["Slowly", Gate()])
    ask(page, "Question 0")
    expect(answers(page)).to_contain_text("Slowly")
    for number in range(1, 9):
        edit_to(page, f"Question {number}")
        expect(questions(page)).to_contain_text(f"{number + 1}/{number + 1}")
        expect(answers(page)).to_contain_text("Slowly")
        assert mom.models.large_llm.at_work == 1
    questions(page).get_by_role("button", name="Previous version").click()
    expect(answers(page)).to_contain_text("Stopped.")
    expect(answers(page)).to_contain_text("Slowly")
    questions(page).get_by_role("button", name="Next version").click()
    page.get_by_role("button", name="Stop").click()
    expect(answers(page)).to_contain_text("Stopped.")
    assert mom.models.at_work == 0


def test_a_second_tab_sees_the_edited_question_in_place_of_the_first(mom: ScriptedMom, page: Page) -> None:
    second = asked_in_two_tabs(mom, page, "A long story")
    for editing, looking, words in [(page, second, "A short story"), (second, page, "A shorter one")]:
        edit_to(editing, words)
        expect(questions(looking)).to_contain_text(words)
        expect(answers(looking)).to_contain_text("Slowly")
        expect(looking.get_by_role("button", name="Stop")).to_be_visible()
        questions(looking).get_by_role("button", name="Previous version").click()
        expect(answers(looking)).to_contain_text("Stopped.")
        questions(looking).get_by_role("button", name="Next version").click()
    expect(questions(page)).to_contain_text("3/3")
    assert mom.models.at_work == 1


def test_a_second_tab_sees_the_picture_that_is_drawn_instead(mom: ScriptedMom, page: Page) -> None:
    second = asked_in_two_tabs(mom, page, "A lighthouse")
    page.get_by_role("button", name="Draw it instead").click()
    expect(answers(second).get_by_alt_text("a fox")).to_be_visible()
    expect(answers(second)).to_contain_text("2/2")


def test_arrow_keys_scroll_a_formula_and_leave_no_version(mom: ScriptedMom, page: Page) -> None:
    wide = "+".join(f"a_{{{number}}}" for number in range(90))
    two_versions(mom, page, first=f"$$\n{wide}\n$$")
    page.get_by_label("Message", exact=True).blur()
    page.keyboard.press("ArrowLeft")
    expect(answers(page).locator(".katex")).to_have_count(1)
    formula = answers(page).locator(".math-display")
    formula.press("ArrowRight")
    expect(formula).not_to_have_js_property("scrollLeft", 0)
    expect(answers(page)).to_contain_text("1/2")
