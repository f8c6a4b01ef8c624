"""A text is asked for, streams in, and can be tried again, overruled and stepped through."""

import re

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from mom.errors import PartBrokenError
from mom.mixture.events import ReasoningDelta
from tests.browser.chat_page import HeldRequest, answers, ask, chat_links, questions
from tests.browser.scripted_mom import ScriptedMom
from tests.scripted import Gate, ScriptedLanguageModel, png_of


def test_an_answer_streams_in_as_markdown(mom: ScriptedMom, page: Page) -> None:
    gate = Gate()
    mom.models.large_llm = ScriptedLanguageModel(["Waves are **ti", gate, "dy**.\n\n- one\n- two\n"])
    ask(page, "Tell me of waves")
    expect(questions(page)).to_have_text(["Tell me of waves"])
    expect(answers(page)).to_contain_text("Waves are **ti")
    expect(answers(page)).to_have_attribute("aria-busy", "true")
    gate.open()
    expect(answers(page)).to_have_attribute("aria-busy", "false")
    expect(answers(page).locator("strong")).to_have_text("tidy")
    expect(answers(page).locator("li")).to_have_text(["one", "two"])
    expect(chat_links(page)).to_have_text(["Tell me of waves"])
    expect(page).to_have_url(re.compile(r"/chats/\w+$"))


def test_what_is_selected_scrolled_and_focused_in_growing_words_stays_so(mom: ScriptedMom, page: Page) -> None:
    growing = Gate()
    mom.models.large_llm = ScriptedLanguageModel([f"```python\nx = '{'wide ' * 90}'\n", growing, "y = 2\n", Gate()])
    ask(page, "Write code")
    code = answers(page).locator("pre")
    expect(code).to_contain_text("wide")
    code.evaluate("node => { node.scrollLeft = 200; getSelection().selectAllChildren(node) }")
    page.get_by_role("button", name="Copy code").focus()
    selected = page.evaluate("getSelection().toString()")
    growing.open()
    expect(code).to_contain_text("y = 2")
    expect(code).to_have_js_property("scrollLeft", 200)
    expect(page.get_by_role("button", name="Copy code")).to_be_focused()
    assert page.evaluate("getSelection().toString()").startswith(selected.strip())


def test_a_table_keeps_its_alignment(mom: ScriptedMom, page: Page) -> None:
    mom.models.large_llm = ScriptedLanguageModel(["| a | b |\n|---|--:|\n| x | 55% |\n"])
    ask(page, "Table")
    expect(answers(page).get_by_role("cell", name="55%")).to_have_css("text-align", re.compile("right"))


def test_the_verdict_is_a_chip_and_the_diagram_shows_the_way(page: Page) -> None:
    ask(page, "Hello")
    expect(
        answers(page).get_by_role("button", name=re.compile(r"^needs text: small LLM 0\.98 in [\d.]+ ms Large LLM"))
    ).to_be_visible()
    expect(page.get_by_role("img", name="The mixture. Classifier: done, Large LLM: done")).to_be_visible()


def test_the_question_stands_there_before_the_server_has_taken_it(page: Page) -> None:
    held = HeldRequest(page, "**/api/chats/*/messages")
    ask(page, "Are you there?")
    expect(questions(page)).to_have_text(["Are you there?"])
    expect(page.get_by_role("button", name="Stop")).to_be_visible()
    held.release()
    expect(answers(page)).to_contain_text("Hello!")


def test_a_question_that_fails_comes_back_into_the_draft_and_is_asked_once(
    mom: ScriptedMom, page: Page, complaints: list[str]
) -> None:
    page.route("**/api/chats/*/messages", lambda route: route.abort())
    ask(page, "Keep these words")
    expect(page.get_by_role("alert")).to_contain_text("MoM cannot be reached")
    expect(page.get_by_label("Message", exact=True)).to_have_value("Keep these words")
    expect(questions(page)).to_have_count(0)
    page.unroute("**/api/chats/*/messages")
    page.get_by_role("button", name="Send").click()
    expect(answers(page)).to_contain_text("Hello!")
    expect(page.get_by_role("alert")).to_have_count(0)
    assert len(mom.models.large_llm.questions) == 1
    assert len(complaints) == 1
    complaints.clear()


def test_an_unknown_command_is_explained_and_not_lost(page: Page, complaints: list[str]) -> None:
    ask(page, "/draw a fox")
    expect(page.get_by_role("alert")).to_contain_text("There is no command /draw.")
    expect(page.get_by_label("Message", exact=True)).to_have_value("/draw a fox")
    assert "400" in complaints.pop()


def test_a_failed_answer_says_why_and_can_be_tried_again(mom: ScriptedMom, page: Page) -> None:
    mom.models.large_llm = ScriptedLanguageModel(["The first ", PartBrokenError("It ended.", part="large_llm")])
    ask(page, "Hello")
    expect(answers(page)).to_contain_text("The first")
    expect(page.get_by_role("alert")).to_contain_text("It ended.")
    mom.models.large_llm = ScriptedLanguageModel(["All is well."])
    page.get_by_role("button", name="Try again").click()
    expect(answers(page)).to_contain_text("All is well.")
    expect(answers(page)).to_contain_text("2/2")
    page.get_by_role("button", name="Previous version").click()
    expect(answers(page)).to_contain_text("The first")
    page.reload()
    expect(answers(page)).to_contain_text("All is well.")


def test_thoughts_are_kept_apart_from_the_answer(mom: ScriptedMom, page: Page) -> None:
    mom.models.large_llm = ScriptedLanguageModel([ReasoningDelta("17 times 3 is 51."), "**51**"])
    ask(page, "17 × 3?")
    expect(answers(page).locator("strong")).to_have_text("51")
    expect(page.get_by_text("17 times 3 is 51.")).to_be_hidden()
    page.get_by_text("Thoughts").click()
    expect(page.get_by_text("17 times 3 is 51.")).to_be_visible()


def test_demo_models_are_named_where_they_speak(mom: ScriptedMom, page: Page) -> None:
    ask(page, "Hello")
    expect(answers(page)).to_contain_text("demo model")


def test_shift_enter_begins_a_new_line(page: Page) -> None:
    box = page.get_by_label("Message", exact=True)
    box.fill("one")
    box.press("Shift+Enter")
    box.press_sequentially("two")
    expect(box).to_have_value("one\ntwo")
    expect(questions(page)).to_have_count(0)


def test_several_chats_answer_at_once_and_say_so_in_the_list(
    mom: ScriptedMom, page: Page, context: BrowserContext
) -> None:
    gate = Gate()
    mom.models.large_llm = ScriptedLanguageModel(["Slowly", gate, " done."])
    # More than the six connections that a browser opens to one server.
    for number in range(8):
        page.get_by_role("link", name="New chat").click()
        ask(page, f"Question {number}")
        expect(answers(page)).to_contain_text("Slowly")
    expect(page.get_by_role("img", name="Answering")).to_have_count(8)
    gate.open()
    expect(answers(page)).to_contain_text("Slowly done.")
    expect(page.get_by_role("img", name="New answer")).to_have_count(7)
    chat_links(page).get_by_text("Question 2").click()
    expect(answers(page)).to_contain_text("Slowly done.")
    expect(page.get_by_role("img", name="New answer")).to_have_count(6)


@pytest.mark.parametrize("attached", [True, False])
def test_a_picture_can_be_attached(mom: ScriptedMom, page: Page, attached: bool) -> None:
    page.locator("input[type=file]").set_input_files({"name": "a.png", "mimeType": "image/png", "buffer": png_of()})
    expect(page.get_by_alt_text("To be sent")).to_be_visible()
    if not attached:
        page.get_by_role("button", name="Remove this picture").click()
    ask(page, "What is in it?")
    expect(answers(page)).to_contain_text("I see it." if attached else "Hello!")
    page.reload()
    expect(questions(page).locator("img")).to_have_count(1 if attached else 0)


def test_a_picture_dropped_anywhere_is_attached_and_the_page_stays(page: Page) -> None:
    drag = """([node, name, bytes]) => {
        const dataTransfer = new DataTransfer()
        dataTransfer.items.add(new File([new Uint8Array(bytes)], "a.png", { type: "image/png" }))
        return node.dispatchEvent(new DragEvent(name, { bubbles: true, cancelable: true, dataTransfer }))
    }"""
    place = page.get_by_role("heading", name="Words or a picture?").element_handle()
    for name in ("dragover", "drop"):
        is_the_browsers = page.evaluate(drag, [place, name, list(png_of())])
        assert not is_the_browsers, f"the browser would leave the page at {name}"
    expect(page.get_by_alt_text("To be sent")).to_be_visible()
    expect(page.get_by_label("Message", exact=True)).to_be_focused()


def test_the_same_picture_can_be_attached_twice(page: Page) -> None:
    twice = [{"name": name, "mimeType": "image/png", "buffer": png_of()} for name in ("a.png", "b.png")]
    page.locator("input[type=file]").set_input_files(twice)
    expect(page.get_by_alt_text("To be sent")).to_have_count(2)
    ask(page, "What is in them?")
    expect(answers(page)).to_contain_text("I see it.")
    expect(questions(page).locator("img")).to_have_count(2)
    expect(page.get_by_alt_text("To be sent")).to_have_count(0)


def test_pictures_chosen_together_are_still_there_after_a_look_at_another_chat(page: Page) -> None:
    ask(page, "Hello")
    expect(answers(page)).to_have_attribute("aria-busy", "false")
    page.get_by_role("link", name="New chat").click()
    page.locator("input[type=file]").set_input_files(
        [{"name": name, "mimeType": "image/png", "buffer": png_of()} for name in ("a.png", "b.png")]
    )
    attached = page.get_by_alt_text("To be sent")
    expect(attached).to_have_count(2)
    chat_links(page).first.click()
    expect(attached).to_have_count(0)
    page.get_by_role("link", name="New chat").click()
    expect(attached).to_have_count(2)


def test_what_is_no_picture_is_refused_before_it_is_sent(page: Page) -> None:
    page.locator("input[type=file]").set_input_files({"name": "a.png", "mimeType": "image/png", "buffer": b"broken"})
    expect(page.get_by_role("alert")).to_contain_text("a.png cannot be read as a picture")
    expect(page.get_by_alt_text("To be sent")).to_have_count(0)


def test_the_end_stays_in_view_when_the_place_for_it_becomes_smaller(mom: ScriptedMom, page: Page) -> None:
    mom.models.large_llm = ScriptedLanguageModel(["word\n\n" * 50 + "The end."])
    ask(page, "Write at length")
    expect(answers(page)).to_have_attribute("aria-busy", "false")
    expect(page.get_by_role("button", name="Retry")).to_be_in_viewport(ratio=1)
    page.locator("input[type=file]").set_input_files({"name": "a.png", "mimeType": "image/png", "buffer": png_of()})
    expect(page.get_by_alt_text("To be sent")).to_be_visible()
    expect(page.get_by_role("button", name="Retry")).to_be_in_viewport(ratio=1)
