"""The parts' states on the page, and a page that fits every width."""

from dataclasses import replace

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from mom.errors import PartUnavailableError
from mom.models.parts import PartName, State
from tests.browser.chat_page import answers, ask, chat_links, questions
from tests.browser.long_chat import store_long_chat
from tests.browser.scripted_mom import ScriptedMom
from tests.scripted import ScriptedLanguageModel


def test_parts_are_watched_until_all_are_settled_and_then_left_alone(mom: ScriptedMom, context: BrowserContext) -> None:
    mom.set_state(PartName.IMAGE_MODEL, State.STARTING, "Loading the weights.")
    page = context.new_page()
    asked = []
    page.on("request", lambda request: asked.append(request.url) if request.url.endswith("/api/parts") else None)
    page.clock.install()
    page.goto("/")
    parts = page.get_by_label("Parts")
    expect(parts).to_contain_text("loading")
    expect(parts).to_contain_text("Loading the weights.")
    mom.set_state(PartName.IMAGE_MODEL, State.FAILED, "The file is no model.")
    page.clock.run_for(2500)
    expect(parts).to_contain_text("The file is no model.")
    settled = len(asked)
    page.clock.run_for(60_000)
    assert len(asked) == settled


def test_a_server_elsewhere_that_does_not_answer_is_told_until_it_does(
    mom: ScriptedMom, context: BrowserContext
) -> None:
    here = mom.parts[PartName.LARGE_LLM]
    detail = "Nothing answers at http://host:1/v1. Start that server, or correct its address."
    mom.parts[PartName.LARGE_LLM] = replace(here, state=State.EXTERNAL, answers=False, detail=detail)
    page = context.new_page()
    page.goto("/")
    parts = page.get_by_label("Parts")
    expect(parts).to_contain_text("does not answer")
    expect(parts).to_contain_text("Start that server")
    mom.parts[PartName.LARGE_LLM] = replace(here, state=State.EXTERNAL)
    expect(parts).to_contain_text("external")
    expect(parts).not_to_contain_text("Start that server")


def test_a_part_that_failed_an_answer_is_looked_at_again(mom: ScriptedMom, page: Page) -> None:
    parts = page.get_by_label("Parts")
    expect(parts.get_by_text("ready", exact=True)).to_have_count(3)
    mom.models.large_llm = ScriptedLanguageModel([PartUnavailableError("The large LLM is gone.", part="large_llm")])
    mom.set_state(PartName.LARGE_LLM, State.STARTING)
    ask(page, "Hello")
    expect(answers(page)).to_contain_text("The large LLM is gone.")
    expect(parts).to_contain_text("loading")
    mom.set_state(PartName.LARGE_LLM, State.READY)
    expect(parts.get_by_text("ready", exact=True)).to_have_count(3)


def test_each_demo_part_is_labelled(page: Page) -> None:
    expect(page.get_by_label("Parts").get_by_text("demo", exact=True)).to_have_count(3)


def test_on_paper_a_chat_is_whole_and_nothing_else_is(mom: ScriptedMom, context: BrowserContext) -> None:
    page = context.new_page()
    page.emulate_media(color_scheme="dark")
    page.goto(f"/chats/{store_long_chat(mom, 80, last='The last word.')}")
    expect(page.get_by_text("The last word.")).to_be_visible()
    expect(questions(page)).not_to_have_count(40)
    page.emulate_media(media="print", color_scheme="dark")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    expect(questions(page)).to_have_count(40)
    expect(questions(page).first).to_have_css("color", "rgb(36, 33, 28)")
    assert page.evaluate("document.documentElement.scrollHeight") > 10_000
    expect(page.get_by_role("textbox")).to_have_count(0)
    expect(page.get_by_role("navigation")).to_have_count(0)
    expect(page.get_by_role("button", name="Copy")).to_have_count(0)
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    expect(questions(page)).not_to_have_count(40)


def test_on_paper_the_formulas_and_the_code_of_earlier_messages_have_their_form(
    mom: ScriptedMom, context: BrowserContext
) -> None:
    said = "$$\\frac{a}{b}$$\n\n```python\nprint(1)\n```\n"
    page = context.new_page()
    page.goto(f"/chats/{store_long_chat(mom, 80, essay=said, last=said)}")
    expect(page.locator(".katex")).not_to_have_count(0)
    expect(page.locator("code span")).not_to_have_count(0)
    # At once: a browser does not wait for what a page would still do.
    formless = """() => {
        dispatchEvent(new Event('beforeprint'))
        const drawn = [...document.querySelectorAll('.math-display, pre > code')]
        return [drawn.length, drawn.filter((node) => !node.querySelector('.katex, span')).length]
    }"""
    assert page.evaluate(formless) == [80, 0]


def test_no_button_stands_over_the_words_of_a_question(page: Page) -> None:
    ask(page, "שלום " * 60)
    words = questions(page).locator("p").bounding_box()
    questions(page).hover()
    button = questions(page).get_by_role("button", name="Edit").bounding_box()
    assert words["x"] + words["width"] <= button["x"]


def test_the_empty_message_has_one_line_on_the_narrowest_page(page: Page) -> None:
    page.set_viewport_size({"width": 320, "height": 640})
    box = page.get_by_label("Message", exact=True)
    empty = box.bounding_box()["height"]
    box.fill("a")
    assert box.bounding_box()["height"] == empty


@pytest.mark.parametrize("width", [320, 390, 768, 1024, 1440, 2560])
def test_nothing_is_wider_than_the_page(mom: ScriptedMom, page: Page, width: int) -> None:
    wide = "x" * 400
    mom.models.large_llm = ScriptedLanguageModel(
        [f"{wide}\n\n```\n{wide}\n```\n\n| a | b |\n|---|---|\n| {wide} | {wide} |\n"]
    )
    page.set_viewport_size({"width": width, "height": 800})
    ask(page, wide)
    expect(answers(page)).to_have_attribute("aria-busy", "false")
    ask(page, "/image " + wide)
    expect(answers(page).last).to_have_attribute("aria-busy", "false")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    scroller = page.locator(".scroller")
    assert scroller.evaluate("node => node.scrollWidth <= node.clientWidth")


def test_on_a_phone_chats_and_mixture_are_drawers(page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    expect(page.get_by_role("navigation", name="Chats")).to_be_hidden()
    page.get_by_role("button", name="Chats").click()
    expect(page.get_by_role("navigation", name="Chats")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("navigation", name="Chats")).to_be_hidden()
    ask(page, "Hello")
    answers(page).get_by_role("button", name="needs text: small LLM").click()
    page.get_by_role("button", name="On the diagram").click()
    expect(page.get_by_role("heading", name="The mixture")).to_be_visible()


def test_colours_are_the_systems_until_others_are_chosen_and_then_kept(page: Page) -> None:
    page.emulate_media(color_scheme="light")
    body = page.locator("html")
    expect(body).to_have_css("background-color", "rgb(250, 248, 244)")
    page.emulate_media(color_scheme="dark")
    expect(body).to_have_css("background-color", "rgb(26, 25, 23)")
    page.get_by_role("button", name="Colours: System").click()
    expect(body).to_have_css("background-color", "rgb(250, 248, 244)")
    page.reload()
    expect(page.get_by_role("button", name="Colours: Light")).to_be_visible()
    expect(body).to_have_css("background-color", "rgb(250, 248, 244)")
    page.get_by_role("button", name="Colours: Light").click()
    page.emulate_media(color_scheme="light")
    expect(body).to_have_css("background-color", "rgb(26, 25, 23)")


def test_the_page_is_set_in_its_own_type_and_asks_nobody_else(mom: ScriptedMom, context: BrowserContext) -> None:
    asked: list[str] = []
    page = context.new_page()
    page.on("request", lambda request: asked.append(request.url))
    page.goto("/")
    ask(page, "/image a fox")
    expect(answers(page).get_by_alt_text("a fox")).to_be_visible()
    assert page.evaluate("document.fonts.ready.then(() => document.fonts.check('1em \"Newsreader Variable\"'))")
    assert any(url.endswith("newsreader-latin-wght-normal.woff2") for url in asked)
    assert [url for url in asked if not url.startswith((mom.url, "data:"))] == []


def test_the_end_stays_in_view_while_an_answer_grows_unless_scrolled_away(mom: ScriptedMom, page: Page) -> None:
    page.set_viewport_size({"width": 800, "height": 500})
    mom.models.large_llm = ScriptedLanguageModel([f"Line {number}\n\n" for number in range(60)])
    ask(page, "Count")
    expect(page.get_by_text("Line 59")).to_be_in_viewport()
    page.locator(".scroller").evaluate("node => { node.scrollTop = 0 }")
    expect(page.get_by_role("button", name="To the end")).to_be_visible()
    page.get_by_role("button", name="To the end").click()
    expect(page.get_by_text("Line 59")).to_be_in_viewport()


def test_the_messages_scroll_and_the_page_does_not(page: Page) -> None:
    for number in range(6):
        ask(page, f"/image {number}")
        expect(answers(page).last).to_have_attribute("aria-busy", "false")
    assert page.locator(".scroller").evaluate("node => node.scrollHeight > 2 * node.clientHeight")
    assert page.evaluate("document.documentElement.scrollHeight <= innerHeight")


def test_the_way_to_the_end_stands_above_a_long_draft(mom: ScriptedMom, page: Page) -> None:
    page.set_viewport_size({"width": 360, "height": 740})
    mom.models.large_llm = ScriptedLanguageModel(["word\n\n" * 60 + "The end."])
    ask(page, "Write at length")
    expect(answers(page)).to_have_attribute("aria-busy", "false")
    page.get_by_label("Message", exact=True).fill("line\n" * 9)
    page.locator(".scroller").evaluate("node => { node.scrollTop = 0 }")
    page.get_by_role("button", name="To the end").click()
    expect(page.get_by_text("The end.")).to_be_in_viewport()


def test_on_a_phone_the_words_of_a_table_stay_whole_and_it_scrolls(mom: ScriptedMom, page: Page) -> None:
    page.set_viewport_size({"width": 360, "height": 740})
    mom.models.large_llm = ScriptedLanguageModel(
        [
            "| Quarter | Revenue | Expenses | Profitability | Headquarters |\n|---|---|---|---|---|\n| 1 | 2 | 3 | 4 | 5 |\n"
        ]
    )
    ask(page, "Table")
    expect(answers(page)).to_have_attribute("aria-busy", "false")
    one, two = (answers(page).get_by_role("row").nth(row) for row in (0, 1))
    assert one.bounding_box()["height"] == pytest.approx(two.bounding_box()["height"], abs=1)
    table = answers(page).locator("table")
    table.press("ArrowRight")
    expect(table).not_to_have_js_property("scrollLeft", 0)


def test_words_from_right_to_left_begin_at_the_right_and_code_does_not(mom: ScriptedMom, page: Page) -> None:
    mom.models.large_llm = ScriptedLanguageModel(["مرحبا!\n\n- نقطة.\n\n```python\nx\n```\n\nHello!"])
    page.get_by_label("Message", exact=True).fill("ما هذا؟")
    expect(page.get_by_label("Message", exact=True)).to_have_css("direction", "rtl")
    page.get_by_label("Message", exact=True).press("Enter")
    answer = answers(page)
    expect(answer).to_have_attribute("aria-busy", "false")
    expect(answer.locator("p", has_text="مرحبا")).to_have_css("direction", "rtl")
    expect(answer.get_by_role("list")).to_have_css("direction", "rtl")
    expect(answer.locator("pre")).to_have_css("direction", "ltr")
    expect(answer.locator("p", has_text="Hello")).to_have_css("direction", "ltr")
    expect(chat_links(page).first).to_have_css("direction", "rtl")
    expect(questions(page).locator("p")).to_have_css("unicode-bidi", "plaintext")
