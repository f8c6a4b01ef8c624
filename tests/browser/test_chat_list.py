"""Chats are listed, renamed and deleted."""

from datetime import timedelta

from playwright.sync_api import BrowserContext, Page, expect

from mom.chats.database import Database
from mom.chats.history import History
from mom.chats.tables import Chat, now
from tests.browser.chat_page import answers, ask, chat_links
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
    page.get_by_label("Search chats by title").fill("2000")
    expect(chat_links(page)).to_have_text(["Chat 2000"])
