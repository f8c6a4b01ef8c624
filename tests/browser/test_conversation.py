"""What makes a conversation comfortable: editing, copying, coloured code, commands, drafts, search, keys."""

import re

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.chat_page import HeldRequest, answers, ask, chat_links, questions
from tests.browser.scripted_mom import ScriptedMom
from tests.scripted import Gate, ScriptedLanguageModel, png_of

CODE = "Look:\n\n```python\ndef salt(x):\n    return x  # all of it\n```\n\nThat is it."


def answered(page: Page, words: str) -> None:
    ask(page, words)
    expect(answers(page).last).to_have_attribute("aria-busy", "false")


def edit(page: Page, number: int, words: str) -> None:
    question = questions(page).nth(number)
    question.hover()
    question.get_by_role("button", name="Edit").click()
    box = question.get_by_label("Your question")
    box.fill(words)
    box.press("Enter")


def test_an_edited_question_stands_beside_the_first_one(page: Page) -> None:
    answered(page, "One")
    answered(page, "Two")
    edit(page, 1, "Zwei")
    expect(questions(page)).to_contain_text(["One", "Zwei"])
    expect(questions(page).last).to_contain_text("2/2")
    page.reload()
    expect(questions(page)).to_contain_text(["One", "Zwei"])
    questions(page).last.get_by_role("button", name="Previous version").click()
    expect(questions(page)).to_contain_text(["One", "Two"])


def test_the_first_question_can_be_edited_too(page: Page) -> None:
    answered(page, "One")
    edit(page, 0, "Uno")
    expect(questions(page)).to_contain_text(["Uno"])
    expect(answers(page)).to_contain_text("Hello!")
    page.reload()
    expect(questions(page).first).to_contain_text("2/2")


def test_an_edited_question_keeps_its_picture(mom: ScriptedMom, page: Page) -> None:
    page.locator("input[type=file]").set_input_files({"name": "a.png", "mimeType": "image/png", "buffer": png_of()})
    answered(page, "What is in it?")
    page.reload()
    edit(page, 0, "What is it?")
    expect(questions(page)).to_contain_text("2/2")
    expect(questions(page).locator("img")).to_have_count(1)
    expect(answers(page)).to_contain_text("I see it.")


def test_escape_leaves_a_question_as_it_was(page: Page) -> None:
    answered(page, "One")
    page.get_by_label("Message", exact=True).press("ArrowUp")
    box = questions(page).get_by_label("Your question")
    expect(box).to_be_focused()
    box.fill("Uno")
    box.press("Escape")
    expect(questions(page)).to_have_text(["One"])


def test_edited_words_outlive_a_refusal_and_a_look_at_another_chat(page: Page, complaints: list[str]) -> None:
    answered(page, "One")
    page.route("**/api/chats/*/messages", lambda route: route.abort())
    edit(page, 0, "Uno")
    expect(page.get_by_role("alert")).to_contain_text("MoM cannot be reached")
    box = questions(page).get_by_label("Your question")
    expect(box).to_have_value("Uno")
    box.press_sequentially(", dos")
    page.get_by_role("link", name="New chat").click()
    expect(questions(page)).to_have_count(0)
    page.unroute("**/api/chats/*/messages")
    chat_links(page).first.click()
    expect(box).to_have_value("Uno, dos")
    box.press("Enter")
    expect(questions(page)).to_contain_text(["Uno, dos"])
    expect(answers(page)).to_contain_text("Hello!")
    complaints.clear()  # the browser tells of the connection that broke


def test_a_long_question_is_folded_until_it_is_wanted_whole(page: Page) -> None:
    words = "\n".join(f"line {number} of a log" for number in range(400))
    answered(page, words)
    question = questions(page).first
    box = question.bounding_box()
    assert box is not None
    assert box["height"] < 600
    question.get_by_role("button", name="Show all").click()
    shown = question.bounding_box()
    assert shown is not None
    assert shown["height"] > 5000
    question.get_by_role("button", name="Show less").click()
    expect(question.get_by_role("button", name="Show all")).to_have_attribute("aria-expanded", "false")
    answered(page, "Short")
    expect(questions(page).last.get_by_role("button", name="Show all")).to_have_count(0)


def test_messages_and_code_are_copied(mom: ScriptedMom, page: Page, context: BrowserContext) -> None:
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    mom.models.large_llm = ScriptedLanguageModel([CODE])
    answered(page, "Code")
    answers(page).get_by_role("button", name="Copy code").click()
    expect(answers(page).get_by_role("button", name="Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == "def salt(x):\n    return x  # all of it\n"
    answers(page).get_by_role("button", name="Copy", exact=True).click()
    expect(answers(page).get_by_role("button", name="Copied")).to_have_count(2)
    assert page.evaluate("navigator.clipboard.readText()") == CODE
    questions(page).hover()
    questions(page).get_by_role("button", name="Copy").click()
    expect(questions(page).get_by_role("button", name="Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == "Code"


def test_code_is_coloured_once_it_is_whole_and_the_colours_come_only_with_code(mom: ScriptedMom, page: Page) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    answered(page, "Hello")
    assert [url for url in asked if "highlight" in url] == []
    gate = Gate()
    begun, rest = CODE[:30], CODE[30:]
    mom.models.large_llm = ScriptedLanguageModel([begun, gate, rest])
    ask(page, "Code")
    gate.wait_until_reached()
    code = answers(page).last.locator("pre code")
    expect(code).to_contain_text("def salt")
    expect(code.locator(".hljs-keyword")).to_have_count(0)
    gate.open()
    expect(code.locator(".hljs-keyword")).to_have_text(["def", "return"])
    expect(code.locator(".hljs-comment")).to_have_text("# all of it")
    assert [url.split("?")[0].split("/")[-1] for url in asked if url.endswith(".js")] == ["chat-highlight.js"]


def test_mathematics_is_set_and_comes_only_with_formulas(mom: ScriptedMom, page: Page) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    answered(page, "Hello")
    assert [url for url in asked if "math" in url or "katex" in url.lower()] == []
    mom.models.large_llm = ScriptedLanguageModel(
        [r"Energy is $E = mc^2$.", "\n\n$$\n\\frac{a}{b}\n$$\n\n", r"And $\nothing{$."]
    )
    answered(page, "Formulas")
    formulas = answers(page).last.locator(".katex")
    expect(formulas).to_have_count(2)
    expect(formulas.first.locator(".katex-html")).to_have_css("font-family", re.compile("KaTeX_Main"))
    # The bar of a fraction stands where its inline style says: such a style comes by script, as the page allows none in markup.
    assert formulas.last.locator(".mfrac .vlist > span").first.get_attribute("style")
    expect(answers(page).last.locator(".math-error")).to_have_text(r"\nothing{")
    assert all(url.startswith((mom.url, "data:")) for url in asked)


def test_a_slash_offers_the_commands_and_completes_them(page: Page) -> None:
    box = page.get_by_label("Message", exact=True)
    box.press_sequentially("/")
    menu = page.get_by_role("listbox", name="Commands")
    expect(menu.get_by_role("option")).to_have_count(2)
    expect(menu.get_by_role("option", selected=True)).to_contain_text("/image")
    box.press("ArrowDown")
    expect(menu.get_by_role("option", selected=True)).to_contain_text("/text")
    box.press("Enter")
    expect(box).to_have_value("/text ")
    expect(menu).to_have_count(0)
    box.fill("/i")
    menu.get_by_role("option").click()
    expect(box).to_have_value("/image ")
    expect(box).to_be_focused()
    expect(questions(page)).to_have_count(0)


def test_escape_closes_the_menu_and_stops_no_answer(mom: ScriptedMom, page: Page) -> None:
    gate = Gate()
    mom.models.large_llm = ScriptedLanguageModel(["Slowly", gate, " done."])
    ask(page, "Hello")
    expect(answers(page)).to_contain_text("Slowly")
    box = page.get_by_label("Message", exact=True)
    box.press_sequentially("/")
    box.press("Escape")
    expect(page.get_by_role("listbox", name="Commands")).to_have_count(0)
    gate.open()
    expect(answers(page)).to_contain_text("Slowly done.")


@pytest.mark.parametrize("composing", [{"isComposing": True}, {"keyCode": 229}])
def test_keys_of_an_input_method_send_close_and_stop_nothing(mom: ScriptedMom, page: Page, composing: dict) -> None:
    def press(label: str, key: str) -> None:
        page.get_by_label(label, exact=True).dispatch_event("keydown", {"key": key, "bubbles": True, **composing})

    answered(page, "/image a fox")
    answers(page).get_by_role("button", name="Edit prompt").click()
    page.get_by_label("Message", exact=True).press("ArrowUp")
    gate = Gate()
    mom.models.large_llm = ScriptedLanguageModel(["Slowly", gate, " done."])
    ask(page, "Hello")
    expect(answers(page).last).to_contain_text("Slowly")
    chat_links(page).first.hover()
    page.get_by_role("button", name=re.compile("^Rename")).click()
    press("Title of the chat", "Escape")
    expect(page.get_by_label("Title of the chat")).to_be_visible()
    page.get_by_label("Message", exact=True).fill("half")
    for label in ("Message", "Your question", "Image prompt"):
        press(label, "Enter")
        press(label, "Escape")
    expect(page.get_by_label("Your question")).to_be_visible()
    expect(page.get_by_label("Image prompt")).to_be_visible()
    expect(questions(page)).to_have_count(2)
    gate.open()
    expect(answers(page).last).to_contain_text("Slowly done.")
    press("Message", "Enter")
    expect(page.get_by_label("Message", exact=True)).to_have_value("half")
    expect(questions(page)).to_have_count(2)


def test_each_chat_keeps_its_draft_over_a_reload(page: Page) -> None:
    answered(page, "Hello")
    box = page.get_by_label("Message", exact=True)
    box.fill("of the first chat")
    page.get_by_role("link", name="New chat").click()
    expect(box).to_have_value("")
    box.fill("of no chat yet")
    page.reload()
    expect(box).to_have_value("of no chat yet")
    chat_links(page).first.click()
    expect(box).to_have_value("of the first chat")
    expect(questions(page)).to_have_text(["Hello"])
    box.press("Enter")
    expect(questions(page)).to_have_count(2)
    expect(answers(page).last).to_have_attribute("aria-busy", "false")
    page.reload()
    expect(box).to_have_value("")


def test_a_question_is_not_asked_before_its_chat_has_been_read(page: Page) -> None:
    answered(page, "Hello")
    address = page.url
    page.get_by_role("link", name="New chat").click()
    held = HeldRequest(page, "**/api/chats/*")
    page.goto(address)
    box = page.get_by_label("Message", exact=True)
    box.fill("And then?")
    box.press("Enter")
    expect(box).to_have_value("And then?")
    expect(questions(page)).to_have_count(0)
    held.release()
    expect(questions(page)).to_have_text(["Hello", "And then?"])
    expect(box).to_have_value("")


def test_chats_are_searched(page: Page) -> None:
    for words in ["Bread", "Salt", "Salty bread"]:
        page.get_by_role("link", name="New chat").click()
        answered(page, words)
    search = page.get_by_label("Search chats")
    search.fill("BREAD")
    expect(chat_links(page)).to_have_text(["Salty bread", "Bread"])
    search.fill("hello")  # as each answer says
    expect(chat_links(page).locator("mark")).to_have_text(["Hello"] * 3)
    expect(page.get_by_role("status").filter(has_text="found")).to_have_text("3 chats found")
    search.fill("honey")
    expect(chat_links(page)).to_have_count(0)
    expect(page.get_by_text("No chat has these words.")).to_be_visible()
    search.press("Escape")
    expect(chat_links(page)).to_have_count(3)


@pytest.mark.parametrize("opened_by", ["key", "button"])
def test_the_keys_are_shown_on_a_card(page: Page, opened_by: str) -> None:
    if opened_by == "key":
        page.get_by_label("Message", exact=True).blur()
        page.keyboard.press("?")
    else:
        page.get_by_role("button", name="Keys").click()
    card = page.get_by_role("dialog", name="Keys")
    expect(card).to_contain_text(re.compile("Enter.*send"))
    page.keyboard.press("Escape")
    expect(card).to_have_count(0)


def test_a_question_mark_in_a_message_is_a_question_mark(page: Page) -> None:
    box = page.get_by_label("Message", exact=True)
    box.press_sequentially("Why?")
    expect(box).to_have_value("Why?")
    expect(page.get_by_role("dialog")).to_have_count(0)
