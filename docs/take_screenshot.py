# ruff: noqa: INP001 -- a script beside the pages it serves
"""Takes docs/screenshot.png from a running MoM: `mom serve`, then `python docs/take_screenshot.py [URL]`.

Asks it a question and for a picture, opens the picture's story and waits until all is drawn.
"""

import sys
from pathlib import Path

from PIL import Image
from playwright.sync_api import expect, sync_playwright

OUTPUT = Path(__file__).with_name("screenshot.png")
CHROMIUM = Path("/usr/bin/chromium")
QUESTIONS = ("What is MoM?", "Draw two red circles")
DEADLINE_MS = 300_000
LARGEST_BYTES = 200_000


def take(url: str) -> None:
    with sync_playwright() as playwright:
        path = CHROMIUM if CHROMIUM.exists() else None
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1360, "height": 1040}, reduced_motion="reduce")
        page.goto(url)
        for question in QUESTIONS:
            page.get_by_label("Message", exact=True).fill(question)
            page.keyboard.press("Enter")
            answers = page.get_by_role("article", name="Answer")
            expect(answers.last).to_have_attribute("aria-busy", "false", timeout=DEADLINE_MS)
        page.get_by_role("button", name="needs image").click()
        page.get_by_role("region", name="The answer's story").wait_for()
        page.locator(".scroller").evaluate("node => { node.scrollTop = node.scrollHeight }")
        page.screenshot(path=OUTPUT)
        browser.close()
    # 256 colours are enough for a page of two inks, and a third of the bytes.
    Image.open(OUTPUT).convert("RGB").quantize(256, Image.Quantize.FASTOCTREE).save(OUTPUT, optimize=True)
    size = OUTPUT.stat().st_size
    if size > LARGEST_BYTES:
        sys.exit(f"{OUTPUT} has {size} bytes, more than {LARGEST_BYTES}.")


if __name__ == "__main__":
    take(sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:8600")
