"""How quick the chat page is in a browser: a chat of 2,000 messages opened, and an answer of 200 tokens a second streamed into it.

    python -m benchmarks.page_speed [--rounds 5]

Real MoM with scripted models in a process of its own, headless Chromium. `open_ms`: from the navigation until the last message is drawn. `long_tasks_ms`: what
the browser's own observer calls a long task (over 50 ms on the main thread) while the answer streams; `longest_task_cpu_ms`: the most
processor time that one task took there, which a busy machine does not change. Writes
`benchmarks/out/page_speed.json`.
"""

import argparse
import asyncio
import json
import sys
import tempfile
from collections.abc import AsyncGenerator
from pathlib import Path
from statistics import median
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

from benchmarks.beside import served_beside
from benchmarks.results import write_result
from mom.mixture.events import TextDelta
from mom.mixture.ports import Ended
from tests.browser.chat_page import ask
from tests.browser.conftest import CHROMIUM
from tests.browser.long_chat import store_long_chat
from tests.browser.scripted_mom import scripted_mom
from tests.scripted import ScriptedLanguageModel

ESSAY = (Path(__file__).resolve().parents[1] / "tests/browser/essay.md").read_text(encoding="utf-8")
MESSAGES = 2_000
TOKENS_PER_S, TOKENS = 200, 2_000

OBSERVE_LONG_TASKS = """
window.longTasks = []
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) window.longTasks.push({ at: Math.round(entry.startTime), ms: Math.round(entry.duration) })
}).observe({ type: 'longtask', buffered: true })
"""
# Seen from inside, so that no waiting of the driver is measured: the frame after the last message has come.
OBSERVE_OPENING = """
window.opened = new Promise((resolve) => {
  new MutationObserver((_, observer) => {
    if (!document.body?.textContent.includes('The last word of all.')) return
    observer.disconnect()
    requestAnimationFrame(() => setTimeout(() => { resolve(performance.now()) }))
  }).observe(document, { childList: true, subtree: true, characterData: true })
})
"""


# From inside as well: a driver that looks again and again takes the page's own time.
STREAM_TO_ITS_END = """
() => new Promise((resolve) => {
  window.longTasks.length = 0
  let frames = 0
  const count = () => { frames++; requestAnimationFrame(count) }
  requestAnimationFrame(count)
  const began = performance.now()
  let hasBegun = false
  const watch = setInterval(() => {
    const isBusy = [...document.querySelectorAll('article')].at(-1).ariaBusy === 'true'
    hasBegun ||= isBusy
    if (!hasBegun || isBusy) return
    clearInterval(watch)
    resolve({ tookMs: performance.now() - began, frames, longTasks: window.longTasks })
  }, 100)
})
"""


class PacedWriter(ScriptedLanguageModel):
    """Writes essays at a given pace."""

    async def _stream(self) -> AsyncGenerator[TextDelta | Ended]:
        loop = asyncio.get_running_loop()
        words = [word + " " for word in ESSAY.split(" ")]
        began = loop.time()
        for number in range(TOKENS):
            await asyncio.sleep(max(0.0, began + number / TOKENS_PER_S - loop.time()))
            yield TextDelta(words[number % len(words)])
        yield Ended("stop")


def open_chat(browser: Browser, address: str) -> tuple[Page, float]:
    page = browser.new_context(viewport={"width": 1280, "height": 800}).new_page()
    page.add_init_script(OBSERVE_OPENING + OBSERVE_LONG_TASKS)
    page.goto(address)
    return page, page.evaluate("window.opened")


def stream(browser: Browser, page: Page) -> dict[str, Any]:
    """Long tasks while an answer is written, in ms, and how many frames were drawn in a second."""
    page.wait_for_timeout(1_000)  # what opening has left to do is not the stream's
    browser.start_tracing(page=page, categories=["toplevel", "__metadata"])
    ask(page, "Write at length")
    seen = page.evaluate(STREAM_TO_ITS_END)
    longest = longest_task_cpu_ms(json.loads(browser.stop_tracing()))
    took_s = seen["tookMs"] / 1000
    return {
        "tokens": TOKENS,
        "tokens_per_s": round(TOKENS / took_s),
        "longest_task_cpu_ms": round(longest, 1),
        "long_tasks_ms": [task["ms"] for task in seen["longTasks"]],
        "frames_per_s": round(seen["frames"] / took_s),
    }


def longest_task_cpu_ms(trace: dict[str, Any]) -> float:
    """Over the main threads of all pages in the trace (format: Trace Event Format, times in µs)."""
    events = trace["traceEvents"]
    mains = {
        (event["pid"], event["tid"])
        for event in events
        if event["name"] == "thread_name" and event["args"]["name"] == "CrRendererMain"
    }
    tasks = (
        event.get("tdur", 0)
        for event in events
        if event["name"].endswith("RunTask") and (event["pid"], event["tid"]) in mains
    )
    return max(tasks, default=0) / 1000


def serve() -> None:
    """The other process: say where the chat is, and serve until the standard input ends."""
    with tempfile.TemporaryDirectory() as folder, scripted_mom(Path(folder)) as mom:
        mom.models.large_llm = PacedWriter()
        print(f"{mom.url}/chats/{store_long_chat(mom, MESSAGES, last='The last word of all.')}", flush=True)
        sys.stdin.read()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        serve()
        return
    with served_beside("benchmarks.page_speed", "--serve") as address, sync_playwright() as playwright:
        path = CHROMIUM if Path(CHROMIUM).exists() else None
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        opened = [open_chat(browser, address) for _ in range(options.rounds)]
        result = {
            "messages": MESSAGES,
            "open_ms": {"median": round(median(ms for _, ms in opened)), "all": [round(ms) for _, ms in opened]},
            "stream": stream(browser, opened[-1][0]),
        }
        browser.close()
    write_result("page_speed", result)


if __name__ == "__main__":
    main()
