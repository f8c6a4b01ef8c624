"""A real Chromium before a real MoM. Whatever the page's console complains of fails the test."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect, sync_playwright

from tests.browser.scripted_mom import ScriptedMom, scripted_mom

CHROMIUM = "/usr/bin/chromium"
BUILT = Path(__file__).parents[2] / "src/mom/web/static/chat/chat.js"


DEADLINE_MS = 20_000  # a busy machine is no failure
expect.set_options(timeout=DEADLINE_MS)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


# Not for the whole session: while it is open, an event loop of Playwright's runs in this thread, and the tests of other
# folders want their own.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    assert BUILT.is_file(), "the page is not built: npm ci && npm run build in components/chat"
    with sync_playwright() as playwright:
        path = CHROMIUM if Path(CHROMIUM).exists() else None  # none: the one that `playwright install` put there
        chromium = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        yield chromium
        chromium.close()


@pytest.fixture
def mom(tmp_path: Path) -> Iterator[ScriptedMom]:
    with scripted_mom(tmp_path) as running:
        yield running


@pytest.fixture
def complaints() -> list[str]:
    """What the browser's console said was wrong; a test that expects something takes it out."""
    return []


@pytest.fixture
def context(browser: Browser, mom: ScriptedMom, complaints: list[str]) -> Iterator[BrowserContext]:
    context = browser.new_context(base_url=mom.url, viewport={"width": 1280, "height": 800})
    context.set_default_timeout(DEADLINE_MS)

    def listen(page: Page) -> None:
        page.on("console", hear)
        page.on("pageerror", lambda error: complaints.append(str(error)))

    def hear(message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            complaints.append(message.text)

    context.on("page", listen)
    yield context
    context.close()
    assert complaints == []


@pytest.fixture
def page(context: BrowserContext) -> Page:
    page = context.new_page()
    page.goto("/")
    return page
