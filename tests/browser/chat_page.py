"""The chat page in a person's words."""

from playwright.sync_api import Locator, Page


def ask(page: Page, words: str) -> None:
    box = page.get_by_label("Message", exact=True)
    box.fill(words)
    box.press("Enter")


def answers(page: Page) -> Locator:
    return page.get_by_role("article", name="Answer")


def questions(page: Page) -> Locator:
    return page.get_by_role("article", name="You asked")


def chat_links(page: Page) -> Locator:
    return page.get_by_role("navigation", name="Chats").get_by_role("listitem").get_by_role("link")
