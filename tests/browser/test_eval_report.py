"""The HTML report of `mom eval routing` on a phone."""

import pytest
from playwright.sync_api import Browser

from mom.evaluation.html_report import write_html
from mom.mixture.verdict import Need
from tests.evaluation.outcomes import outcome


@pytest.mark.parametrize("width", [320, 390])
def test_the_report_is_no_wider_than_a_phone(browser: Browser, width: int) -> None:
    outcomes = [outcome(need, 0.5, took_ms=1234.5, source=f"a-source-with-a-long-name-{need}") for need in Need]
    page = browser.new_page(viewport={"width": width, "height": 800})
    page.set_content(write_html({"the-small-llm": outcomes}, ["held.jsonl"]))
    assert page.evaluate("document.documentElement.scrollWidth") == width
    page.close()
