"""Chats are listed, renamed and deleted."""

from datetime import timedelta
from pathlib import Path

from playwright.sync_api import BrowserContext, Page, expect

from mom.chats.database import Database
from mom.chats.history import History
from mom.chats.tables import Chat, now
from tests.browser.chat_page import answers, ask, chat_links, questions
from tests.browser.long_chat import store_long_chat
from tests.browser.scripted_mom import ScriptedMom
from tests.scripted import Gate, ScriptedLanguageModel


def test_a_chat_is_renamed_in_place(page: Page) -> None:
    ask(page, "Hello")
    expect(answers(page)).to_contain_text("Hello!")
    chat_links(page).first.hover()
    page.get_by_role("button", name="Rename “Hello”").click()
    page.get_by_label("Title of the chat").fill("Greetings")
    page.keyboard.press("Enter")
    expect(chat_links(page)).to_have_text(["Greetings"])
    expect(page).to_have_title("Greetings · MoM")
    page.reload()
    expect(chat_links(page)).to_have_text(["Greetings"])


def test_escape_leaves_a_title_as_it_was(page: Page) -> None:
    ask(page, "Hello")
    chat_links(page).first.hover()
    page.get_by_role("button", name="Rename “Hello”").click()
    page.get_by_label("Title of the chat").fill("Greetings")
    page.keyboard.press("Escape")
    expect(chat_links(page)).to_have_text(["Hello"])


def test_a_title_is_kept_where_one_goes_on_elsewhere(page: Page) -> None:
    ask(page, "Hello")
    expect(answers(page)).to_have_attribute("aria-busy", "false")
    chat_links(page).first.hover()
    page.get_by_role("button", name="Rename “Hello”").click()
    page.get_by_label("Title of the chat").fill("Greetings")
    page.get_by_label("Message", exact=True).click()
    expect(chat_links(page)).to_have_text(["Greetings"])
    expect(page.get_by_label("Message", exact=True)).to_be_focused()
    page.reload()
    expect(chat_links(page)).to_have_text(["Greetings"])


def test_a_chat_is_deleted_after_a_second_thought(page: Page) -> None:
    ask(page, "Hello")
    expect(answers(page)).to_contain_text("Hello!")
    chat_links(page).first.hover()
    page.get_by_role("button", name="Delete “Hello”").click()
    page.get_by_role("button", name="Keep").click()
    expect(chat_links(page)).to_have_count(1)
    chat_links(page).first.hover()
    page.get_by_role("button", name="Delete “Hello”").click()
    page.get_by_role("button", name="Delete", exact=True).click()
    expect(chat_links(page)).to_have_count(0)
    expect(answers(page)).to_have_count(0)
    expect(page.get_by_role("heading", name="Words or a picture?")).to_be_visible()


def test_a_chat_is_kept_where_one_goes_on_elsewhere(page: Page) -> None:
    ask(page, "Hello")
    delete = page.get_by_role("button", name="Delete “Hello”")
    sure = page.get_by_text("Delete this chat?")
    chat_links(page).first.hover()
    delete.click()
    answers(page).click()
    expect(sure).to_be_hidden()
    chat_links(page).first.hover()
    delete.click()
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Keep")).to_be_focused()
    page.keyboard.press("Tab")
    expect(sure).to_be_hidden()
    expect(chat_links(page)).to_have_text(["Hello"])


def test_escape_keeps_a_chat_and_stops_no_answer(mom: ScriptedMom, page: Page) -> None:
    gate = Gate()
    mom.models.large_llm = ScriptedLanguageModel(["Slowly", gate, " done."])
    ask(page, "Hello")
    expect(answers(page)).to_contain_text("Slowly")
    chat_links(page).first.hover()
    page.get_by_role("button", name="Delete “Hello”").click()
    page.get_by_role("button", name="Keep").press("Escape")
    expect(chat_links(page)).to_have_text(["Hello"])
    gate.open()
    expect(answers(page)).to_contain_text("Slowly done.")


def test_a_chat_that_is_not_there_says_so(page: Page, complaints: list[str]) -> None:
    page.goto("/chats/nowhere")
    expect(page.get_by_role("alert")).to_contain_text("There is no such chat")
    page.get_by_role("alert").get_by_role("button", name="New chat").click()
    expect(page.get_by_role("heading", name="Words or a picture?")).to_be_visible()
    assert "404" in complaints.pop()


def test_of_very_many_chats_a_few_are_drawn_and_all_are_reached(mom: ScriptedMom, context: BrowserContext) -> None:
    database = Database(f"sqlite:///{mom.data_dir / 'mom.sqlite3'}")
    owner_id = History(database).local_user_id()
    with database.session() as session:
        session.add_all(
            Chat(owner_id=owner_id, title=f"Chat {number:04}", changed_at=now() - timedelta(minutes=number))
            for number in range(1, 2_001)
        )
    database.close()
    page = context.new_page()
    page.goto("/")
    expect(chat_links(page).first).to_have_text("Chat 0001")
    assert chat_links(page).count() <= 200
    for next_one in ("Chat 0101", "Chat 0201"):
        chat_links(page).last.scroll_into_view_if_needed()
        expect(page.get_by_role("link", name=next_one)).to_be_attached()
    page.get_by_label("Search chats").fill("2000")
    expect(chat_links(page)).to_have_text(["Chat 2000"])


def test_a_chat_opens_at_the_words_that_were_searched_for(mom: ScriptedMom, context: BrowserContext) -> None:
    chat_id = store_long_chat(mom, 200, last="The last word.")
    page = context.new_page()
    page.goto(f"/chats/{chat_id}")
    mom.models.large_llm = ScriptedLanguageModel(["word\n\n" * 40, "<b>50%</b> of the sky", "\n\nword" * 40])
    ask(page, "How blue is it?")
    expect(answers(page).last).to_contain_text("of the sky")
    mom.models.large_llm = ScriptedLanguageModel(["Hello!"])
    answers(page).last.get_by_role("button", name="Retry").click()
    expect(answers(page).last).to_contain_text("Hello!")
    page.get_by_role("link", name="New chat").click()
    ask(page, "Another")
    expect(answers(page)).to_contain_text("Hello!")

    page.get_by_label("Search chats").fill("<B>50%")
    expect(chat_links(page).locator("mark")).to_have_text("<b>50%")
    chat_links(page).click()
    expect(answers(page).last).to_be_focused()
    expect(answers(page).get_by_text("50%")).to_be_in_viewport()
    page.get_by_label("Search chats").fill("question 17")
    expect(chat_links(page).locator("mark")).to_have_text("Question 17")
    chat_links(page).click()
    expect(questions(page).filter(has_text="Question 17")).to_be_in_viewport()
    expect(questions(page).filter(has_text="Question 17")).to_be_focused()


def test_words_far_down_in_a_message_are_shown_also_in_a_new_tab(
    mom: ScriptedMom, page: Page, context: BrowserContext
) -> None:
    lines = "line = 1\n" * 60
    mom.models.large_llm = ScriptedLanguageModel([f"```python\n{lines}def fox(blue):\n{lines}```\n"])
    ask(page, f"{lines}a grey hare\n{lines}")
    expect(answers(page)).to_have_attribute("aria-busy", "false")
    mom.models.large_llm = ScriptedLanguageModel(["Hello!"])
    ask(page, "Another")
    expect(answers(page)).to_have_count(2)
    expect(answers(page).last).to_have_attribute("aria-busy", "false")
    search, found, second = page.get_by_label("Search chats"), chat_links(page), context.new_page()
    page.get_by_role("link", name="New chat").click()
    ask(page, "Apart")
    expect(answers(page)).to_have_count(1)
    expect(answers(page)).to_have_attribute("aria-busy", "false")

    search.fill("def fox(")
    expect(found.locator("mark")).to_have_text("def fox(")
    found.click()
    expect(answers(page).first.get_by_text("fox")).to_be_in_viewport()
    second.goto(found.get_attribute("href") or "")
    expect(answers(second).first.get_by_text("fox")).to_be_in_viewport()
    search.fill("grey hare")
    expect(found.locator("mark")).to_have_text("grey hare")
    found.click()
    expect(questions(page).first).to_be_focused()
    assert (
        questions(page)
        .first.locator("p")
        .evaluate(
            """({ firstChild: words }) => {
            const range = document.createRange()
            range.setStart(words, words.data.indexOf('grey hare'))
            const { left, top } = range.getBoundingClientRect()
            return document.elementFromPoint(left + 1, top + 1) === words.parentElement
        }"""
        )
    )


def test_a_chat_is_saved_as_markdown(page: Page) -> None:
    ask(page, "/image a fox: red?")
    expect(answers(page).get_by_role("button", name="Full size")).to_be_visible()
    expect(answers(page)).to_have_attribute("aria-busy", "false")
    chat_links(page).first.hover()
    with page.expect_download() as download:
        page.get_by_role("button", name="Download “a fox: red?” as Markdown").click()
    assert download.value.suggested_filename == "a fox red.md"
    words = Path(download.value.path()).read_text(encoding="utf-8")
    assert words.startswith("# a fox: red?\n\n## You\n\n/image a fox: red?\n\n## MoM (")
    assert f"![Picture]({page.url.split('/chats')[0]}/images/" in words
    assert "Prompt: a fox: red?\n(seed " in words
