"""A chat of 2,000 messages opens at its end; what came before is drawn when one scrolls towards it."""

from playwright.sync_api import BrowserContext, expect

from tests.browser.chat_page import HeldRequest, answers, ask, questions
from tests.browser.long_chat import store_long_chat
from tests.browser.scripted_mom import ScriptedMom
from tests.scripted import ScriptedLanguageModel, png_of


def test_the_end_is_drawn_first_and_what_came_before_on_scrolling_up(mom: ScriptedMom, context: BrowserContext) -> None:
    chat_id = store_long_chat(mom, 2_000, last="The last word.")
    page = context.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"/chats/{chat_id}")
    expect(page.get_by_text("The last word.")).to_be_in_viewport()
    assert len([url for url in asked if url.endswith(f"/api/chats/{chat_id}")]) == 1
    expect(questions(page).last).to_contain_text("Question 1000")
    drawn = questions(page).count()
    assert drawn <= 40

    first = questions(page).first
    words = first.inner_text()
    first.scroll_into_view_if_needed()
    expect(questions(page)).not_to_have_count(drawn)
    # The message that one was reading stays where it was, though others came above it.
    expect(page.get_by_text(words, exact=True)).to_be_in_viewport()
    assert questions(page).count() <= 60


def test_a_long_chat_is_talked_on_at_its_end(mom: ScriptedMom, context: BrowserContext) -> None:
    chat_id = store_long_chat(mom, 400, last="The last word.")
    page = context.new_page()
    page.goto(f"/chats/{chat_id}")
    expect(page.get_by_text("The last word.")).to_be_in_viewport()
    ask(page, "One more")
    expect(answers(page).last).to_contain_text("Hello!")
    expect(answers(page).last).to_be_in_viewport()


def test_a_picture_that_comes_above_moves_nothing_that_one_reads(mom: ScriptedMom, context: BrowserContext) -> None:
    page = context.new_page()
    page.goto("/")
    mom.models.vision_llm = ScriptedLanguageModel(["word\n\n" * 30])
    picture = {"name": "a.png", "mimeType": "image/png", "buffer": png_of(200, 200)}
    page.locator("input[type=file]").set_input_files(picture)
    for words in ("First", "Second", "Third"):
        ask(page, words)
        expect(questions(page).last).to_contain_text(words)
        expect(answers(page).last).to_have_attribute("aria-busy", "false")
    held = HeldRequest(page, "**/images/**")
    page.reload(wait_until="domcontentloaded")  # the picture, which is held, would hold up its end, too
    second = questions(page).filter(has_text="Second")
    second.evaluate("node => { node.closest('.scroller').scrollTop += node.getBoundingClientRect().top - 300 }")
    expect(page.get_by_role("button", name="To the end")).to_be_visible()
    before = second.bounding_box()["y"]
    held.release()
    expect(questions(page).first.locator("img")).not_to_have_js_property("naturalWidth", 0)
    assert abs(second.bounding_box()["y"] - before) < 2
