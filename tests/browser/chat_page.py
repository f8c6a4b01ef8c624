"""The chat page in a person's words."""

import time

from playwright.sync_api import Locator, Page, Route

DEADLINE_S = 10.0


def ask(page: Page, words: str) -> None:
    box = page.get_by_label("Message", exact=True)
    box.fill(words)
    # A screen's keyboard has no other key for a new line.
    box.press("Enter" if page.evaluate("matchMedia('(hover: hover)').matches") else "Control+Enter")


def answers(page: Page) -> Locator:
    return page.get_by_role("article", name="Answer")


def questions(page: Page) -> Locator:
    return page.get_by_role("article", name="You asked")


def chat_links(page: Page) -> Locator:
    return page.get_by_role("navigation", name="Chats").get_by_role("listitem").get_by_role("link")


class HeldRequest:
    """Keeps the page's next request to `pattern` from the server until `release()`."""

    def __init__(self, page: Page, pattern: str) -> None:
        self._page = page
        self._held: list[Route] = []
        page.route(pattern, lambda route: self._held.append(route), times=1)  # noqa: PLW0108 -- Playwright marks functions

    def release(self) -> None:
        deadline = time.monotonic() + DEADLINE_S
        while not self._held:
            assert time.monotonic() < deadline, "the page made no such request"
            self._page.wait_for_timeout(10)  # lets the browser's events in
        self._held.pop().continue_()
