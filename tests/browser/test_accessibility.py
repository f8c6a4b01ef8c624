"""Everyone can use the page: axe finds nothing in any state, light or dark, narrow or wide, and the keyboard is enough."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from mom.errors import PartUnavailableError
from mom.mixture.events import ImageProgress
from mom.models.parts import PartName, State
from tests.browser.chat_page import answers, ask, chat_links, questions
from tests.browser.long_chat import store_long_chat
from tests.browser.scripted_mom import ScriptedMom
from tests.browser.test_several_pictures import GateAt, draw
from tests.scripted import Gate, ScriptedImageModel, ScriptedLabelModel, ScriptedLanguageModel, png_of

ROOT = Path(__file__).parents[2]
AXE = ROOT / "components/chat/node_modules/axe-core/axe.min.js"
ESSAY = (Path(__file__).parent / "essay.md").read_text(encoding="utf-8")


def expect_no_violations(page: Page, state: str) -> None:
    # What moves is half-way between two colours.
    page.evaluate("document.getAnimations().forEach((one) => { one.cancel() })")
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate("async () => (await axe.run()).violations")
    assert [(one["id"], [node["html"][:160] for node in one["nodes"]]) for one in found] == [], state


@pytest.mark.parametrize("width", [390, 1440])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_in_any_state(browser: Browser, mom: ScriptedMom, width: int, scheme: str) -> None:
    context = browser.new_context(
        base_url=mom.url, viewport={"width": width, "height": 844}, color_scheme=scheme, reduced_motion="reduce"
    )
    page = context.new_page()
    mom.supervisor.suggestion = {"small_llm": "same", "large_llm": "ollama:qwen3:8b"}
    mom.set_state(PartName.IMAGE_MODEL, State.STARTING, "Installing torch.")
    page.goto("/")
    expect(page.get_by_role("button", name="Use them")).to_be_visible()
    page.get_by_text("Take real models").click()
    expect_no_violations(page, "first screen")

    writing = Gate()
    mom.models.large_llm = ScriptedLanguageModel([ESSAY, writing], structure={"prompt": "a lighthouse in fog"})
    ask(page, "Why is the sea salty?")
    expect(answers(page)).to_contain_text("inline code")
    expect_no_violations(page, "streaming")
    writing.open()
    expect(answers(page)).to_have_attribute("aria-busy", "false")
    answers(page).get_by_role("button", name="needs text: small LLM").click()
    expect_no_violations(page, "answered, with its story")

    drawing = Gate()
    mom.models.small_llm = ScriptedLabelModel(image_probability=0.97)
    mom.models.image_model = ScriptedImageModel([ImageProgress(1, 4), drawing])
    ask(page, "Draw a lighthouse")
    expect(answers(page).last).to_contain_text("step 1 of 4")
    expect_no_violations(page, "drawing")
    drawing.open()
    expect(answers(page).last).to_have_attribute("aria-busy", "false")
    answers(page).last.get_by_role("button", name="Edit prompt").click()
    expect_no_violations(page, "drawn, with its prompt being edited")

    mom.models.image_model = ScriptedImageModel([PartUnavailableError("It is still loading.", part="image_model")])
    ask(page, "/image a lighthouse")
    expect(page.get_by_role("alert")).to_be_visible()
    page.get_by_label("Message", exact=True).fill("/")
    expect_no_violations(page, "failed, with the menu of commands")

    page.get_by_label("Message", exact=True).fill("")
    page.get_by_label("Message", exact=True).blur()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    expect_no_violations(page, "keys")
    page.keyboard.press("Escape")
    store_long_chat(mom, 2, last="A lighthouse at sea.")
    page.reload()
    expect(page.get_by_role("heading", level=1).first).to_be_visible()
    if width < 768:
        page.get_by_role("button", name="Chats").click()
        expect(page.get_by_role("navigation", name="Chats")).to_be_visible()
        expect_no_violations(page, "drawer")
    page.get_by_label("Search chats").fill("at SEA")
    expect(chat_links(page).locator("mark")).to_have_text("at sea")
    expect_no_violations(page, "a chat that was found")
    context.close()


@pytest.mark.parametrize("width", [390, 1440])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_in_several_pictures(browser: Browser, mom: ScriptedMom, width: int, scheme: str) -> None:
    context = browser.new_context(
        base_url=mom.url, viewport={"width": width, "height": 844}, color_scheme=scheme, reduced_motion="reduce"
    )
    page = context.new_page()
    page.goto("/")
    second = GateAt(2)
    draw(mom, page, "a fox", "a fox", steps=(ImageProgress(1, 4), second))
    expect(answers(page)).to_contain_text("Picture 2 of 2, step 1 of 4")
    expect_no_violations(page, "drawing the second picture")
    second.open()
    expect(answers(page)).to_have_attribute("aria-busy", "false")
    answers(page).get_by_role("button", name="Picture 2 of 2, full size").click()
    expect(page.get_by_role("dialog", name="Picture 2 of 2 in full size")).to_be_visible()
    expect_no_violations(page, "one of them in full size")
    page.keyboard.press("Escape")
    answers(page).get_by_role("button", name="Edit prompt").last.click()
    expect_no_violations(page, "drawn, with a prompt being edited")
    assert page.evaluate("document.documentElement.scrollWidth") == width
    context.close()


@pytest.mark.parametrize("width", [390, 1440])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_with_text_files(browser: Browser, mom: ScriptedMom, width: int, scheme: str) -> None:
    context = browser.new_context(base_url=mom.url, viewport={"width": width, "height": 844}, color_scheme=scheme)
    page = context.new_page()
    page.goto("/")
    text = {"name": f"a_{'long_' * 20}name.py", "mimeType": "", "buffer": b"x = 1\n" * 999}
    picture = {"name": "a.png", "mimeType": "image/png", "buffer": png_of()}
    page.locator("input[type=file]").set_input_files([text, picture, text])
    expect(page.get_by_role("list", name="Attached").get_by_role("listitem")).to_have_count(3)
    expect_no_violations(page, "attached, beside a picture")
    ask(page, "Explain this")
    expect(answers(page)).to_have_attribute("aria-busy", "false")
    questions(page).locator("summary").first.press("Enter")
    expect(questions(page).locator("pre").first).to_be_visible()
    expect_no_violations(page, "sent, one unfolded")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    context.close()


@pytest.mark.parametrize("width", [390, 1440])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_in_an_opened_part(browser: Browser, mom: ScriptedMom, width: int, scheme: str) -> None:
    context = browser.new_context(base_url=mom.url, viewport={"width": width, "height": 844}, color_scheme=scheme)
    page = context.new_page()
    mom.supervisor.found = ["ollama:qwen3:8b", "demo"]
    mom.supervisor.held = True
    page.goto("/")
    if width < 1200:
        page.get_by_role("button", name="The mixture").click()
    page.get_by_role("button", name="Change the large LLM").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("radio").first).to_be_checked()
    expect_no_violations(page, "opened")
    dialog.get_by_role("radio", name="qwen3:8b").check()
    dialog.get_by_role("button", name="Use this model").click()
    expect(dialog.get_by_role("button", name="Cancel the change")).to_be_visible()
    expect_no_violations(page, "being changed")
    context.close()


def press_until_focused(page: Page, name: str, key: str = "Tab") -> None:
    for _ in range(60):
        if page.evaluate("document.activeElement.textContent.trim() || document.activeElement.ariaLabel") == name:
            return
        page.keyboard.press(key)
    raise AssertionError(f"{name} is not reached with {key}")


def test_the_keyboard_is_enough(mom: ScriptedMom, page: Page) -> None:
    press_until_focused(page, "Explain JPEG", "Shift+Tab")
    page.keyboard.press("Enter")
    expect(answers(page)).to_have_attribute("aria-busy", "false")

    box = page.get_by_label("Message", exact=True)
    expect(box).to_be_focused()
    box.blur()
    page.keyboard.press("/")
    expect(box).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.type("a fox")
    page.keyboard.press("Enter")
    expect(answers(page).last.get_by_alt_text("a fox")).to_be_visible()

    press_until_focused(page, "Retry", "Shift+Tab")
    page.keyboard.press("Enter")
    expect(answers(page).last).to_contain_text("2/2")
    expect(answers(page).last).to_have_attribute("aria-busy", "false")
    expect(box).to_be_focused()
    page.keyboard.press("ArrowUp")
    page.keyboard.type(" cub")
    page.keyboard.press("Enter")
    expect(questions(page).last).to_contain_text("/image a fox cub")
    expect(answers(page).last.get_by_alt_text("a fox cub")).to_be_visible()
    expect(box).to_be_focused()


def test_the_focus_stays_where_versions_are_stepped_through(mom: ScriptedMom, page: Page) -> None:
    for _ in range(2):
        ask(page, "/image a fox")
        expect(answers(page).last).to_have_attribute("aria-busy", "false")
        answers(page).last.get_by_role("button", name="Retry").click()
        expect(answers(page).last).to_contain_text("2/2")
        expect(answers(page).last).to_have_attribute("aria-busy", "false")
    first = answers(page).first
    first.get_by_role("button", name="Previous version").press("Enter")
    expect(answers(page)).to_have_count(1)
    expect(first.get_by_role("button", name="Next version")).to_be_focused()
    page.keyboard.press("Enter")
    expect(answers(page)).to_have_count(2)
    expect(first.get_by_role("button", name="Previous version")).to_be_focused()


def test_the_focus_goes_back_where_a_form_is_left(page: Page) -> None:
    ask(page, "/image a fox")
    expect(answers(page).last).to_have_attribute("aria-busy", "false")
    questions(page).get_by_role("button", name="Edit").press("Enter")
    expect(page.get_by_label("Your question")).to_be_focused()
    page.keyboard.press("Escape")
    expect(questions(page).get_by_role("button", name="Edit")).to_be_focused()
    answers(page).get_by_role("button", name="Edit prompt").press("Enter")
    page.get_by_role("button", name="Cancel").press("Enter")
    expect(answers(page).get_by_role("button", name="Edit prompt")).to_be_focused()
    chat = chat_links(page).first
    for opener, leaver in (("Rename", "Escape"), ("Rename", "Enter"), ("Delete", "Escape")):
        chat.focus()
        page.get_by_role("button", name=re.compile(f"^{opener}")).press("Enter")
        page.keyboard.press(leaver)
        expect(chat).to_be_focused()
    page.get_by_role("button", name=re.compile("^Delete")).press("Enter")
    page.keyboard.press("Enter")
    expect(chat_links(page)).to_have_count(0)
    expect(page.get_by_label("Message", exact=True)).to_be_focused()
    page.get_by_role("link", name="New chat").click()
    expect(page.get_by_label("Message", exact=True)).to_be_focused()


def test_the_focus_goes_on_in_the_message_where_what_was_pressed_goes_away(page: Page) -> None:
    box = page.get_by_label("Message", exact=True)
    chooser = page.locator("input[type=file]")
    chooser.set_input_files({"name": "a.png", "mimeType": "image/png", "buffer": b"broken"})
    page.get_by_role("button", name="Dismiss").press("Enter")
    expect(page.get_by_role("alert")).to_have_count(0)
    expect(box).to_be_focused()
    chooser.set_input_files({"name": "a.png", "mimeType": "image/png", "buffer": png_of()})
    page.get_by_role("button", name="Remove this picture").press("Enter")
    expect(page.get_by_alt_text("To be sent")).to_have_count(0)
    expect(box).to_be_focused()


def test_the_focus_goes_on_in_the_message_from_the_way_to_the_end(mom: ScriptedMom, page: Page) -> None:
    mom.models.large_llm = ScriptedLanguageModel(["word\n\n" * 60])
    ask(page, "Write at length")
    expect(answers(page)).to_have_attribute("aria-busy", "false")
    page.locator(".scroller").evaluate("node => { node.scrollTop = 0 }")
    page.get_by_role("button", name="To the end").press("Enter")
    expect(page.get_by_role("button", name="To the end")).to_have_count(0)
    expect(page.get_by_label("Message", exact=True)).to_be_focused()


def test_what_was_there_before_is_not_read_aloud(mom: ScriptedMom, page: Page) -> None:
    page.goto(f"/chats/{store_long_chat(mom, 80, last='The last word.')}")
    messages = page.get_by_role("log", name="Messages")
    expect(messages).to_contain_text("The last word.")
    expect(messages).to_have_attribute("aria-live", "off")
    ask(page, "One more")
    expect(messages).to_have_attribute("aria-live", "polite")
    drawn = questions(page).count()
    questions(page).first.scroll_into_view_if_needed()
    expect(questions(page)).not_to_have_count(drawn)
    expect(messages).to_have_attribute("aria-live", "off")


def test_in_forced_colours_it_is_seen_what_is_chosen_and_what_goes_on(browser: Browser, mom: ScriptedMom) -> None:
    context = browser.new_context(base_url=mom.url, forced_colors="active")
    page = context.new_page()
    mom.models.image_model = ScriptedImageModel([ImageProgress(1, 4), Gate()])
    page.goto("/")
    ask(page, "/image a fox")
    expect(page.get_by_role("progressbar", name="Steps drawn")).to_have_css("outline-style", "solid")
    expect(page.get_by_role("img", name="Answering")).to_have_css("border-top-width", "4px")
    page.get_by_label("Message", exact=True).fill("/")
    expect(page.get_by_role("option", selected=True)).to_have_css("outline-style", "solid")
    context.close()


def test_in_forced_colours_the_diagram_is_dark_where_the_system_is_though_light_was_chosen(
    browser: Browser, mom: ScriptedMom
) -> None:
    context = browser.new_context(
        base_url=mom.url, forced_colors="active", color_scheme="dark", viewport={"width": 1280, "height": 800}
    )
    page = context.new_page()
    page.goto("/")
    box = page.get_by_role("region", name="The mixture").locator(".shape").first
    dark = box.evaluate("box => getComputedStyle(box).fill")
    page.get_by_role("button", name="Colours: System").click()
    page.reload()  # what changes colour takes its time
    page.get_by_role("button", name="Colours: Light").wait_for()
    expect(box).to_have_css("fill", dark)
    context.close()


def test_axe_finds_nothing_in_a_plain_answer(page: Page) -> None:
    ask(page, "Hello")
    expect(answers(page)).to_have_attribute("aria-busy", "false")
    expect_no_violations(page, "answered without a heading")


def test_a_drawer_that_the_keyboard_leaves_does_not_cover_where_it_goes_on(page: Page) -> None:
    page.set_viewport_size({"width": 360, "height": 740})
    ask(page, "Hello")
    expect(answers(page)).to_have_attribute("aria-busy", "false")
    for drawer in ("Chats", "The mixture"):
        page.get_by_role("button", name=drawer, exact=True).press("Enter")
        opened = page.locator(":popover-open")
        expect(opened).to_be_focused()
        press_until_focused(page, "Edit")
        expect(opened).to_have_count(0)
        page.get_by_role("button", name=drawer, exact=True).press("Enter")
        expect(opened).to_be_focused()
        page.keyboard.press("Escape")
        expect(page.get_by_role("button", name=drawer, exact=True)).to_be_focused()
