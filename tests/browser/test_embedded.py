"""`<mom-chat>`: the chat inside another page on the same host, which neither gives it styles nor gets any."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, Route, expect

from mom.mixture.events import ImageProgress
from tests.browser.chat_page import answers, ask, questions
from tests.browser.scripted_mom import ScriptedMom
from tests.scripted import Gate, ScriptedImageModel, ScriptedLanguageModel

HOST_PAGE = Path(__file__).parents[2] / "components/chat/embed.html"


def open_host_page(context: BrowserContext, mom: ScriptedMom, html: str = "") -> Page:
    """The other page, served beside MoM; `html` is put into its body."""
    words = HOST_PAGE.read_text(encoding="utf-8").replace("</body>", f"{html}</body>")
    page = context.new_page()
    page.route(
        f"{mom.url}/elsewhere.html", lambda route: route.fulfill(body=words, headers={"content-type": "text/html"})
    )
    page.goto("/elsewhere.html")
    return page


def test_another_page_holds_the_chat_and_keeps_its_own_address_and_title(
    mom: ScriptedMom, context: BrowserContext
) -> None:
    page = open_host_page(context, mom)
    ask(page, "Hello")
    expect(answers(page)).to_contain_text("Hello!")
    ask(page, "/image a fox")
    picture = answers(page).last.get_by_alt_text("a fox")
    expect(picture).to_have_js_property("naturalWidth", 64)
    expect(page).to_have_url(re.compile(r"/elsewhere\.html$"))
    expect(page).to_have_title("A page of somebody else")
    page.get_by_role("link", name="New chat").click()
    expect(answers(page)).to_have_count(0)
    expect(page).to_have_url(re.compile(r"/elsewhere\.html$"))
    page.get_by_role("link", name="Hello", exact=True).click()
    expect(questions(page)).to_have_count(2)


def test_styles_pass_neither_way(mom: ScriptedMom, context: BrowserContext) -> None:
    loud = "<style>button, p, article { color: rgb(255, 0, 0) !important; text-transform: uppercase }</style><p id=own>own</p>"
    page = open_host_page(context, mom, loud)
    ask(page, "Hello")
    paragraph = answers(page).locator(".prose p")
    expect(paragraph).to_have_text("Hello!")
    expect(paragraph).not_to_have_css("color", "rgb(255, 0, 0)")
    expect(paragraph).to_have_css("text-transform", "none")
    expect(paragraph).to_have_css("font-family", re.compile("Instrument Sans"))
    expect(page.locator("#own")).not_to_have_css("font-family", re.compile("Instrument Sans"))


@pytest.mark.parametrize(
    ("scheme", "paper", "ink"),
    [("light", "rgb(250, 248, 244)", "rgb(36, 33, 28)"), ("dark", "rgb(26, 25, 23)", "rgb(235, 230, 220)")],
)
def test_its_colours_follow_the_page_around_it(
    mom: ScriptedMom, context: BrowserContext, scheme: str, paper: str, ink: str
) -> None:
    page = open_host_page(context, mom, f"<style>html {{ color-scheme: {scheme} }}</style>")
    chat = page.locator("mom-chat .frame")
    expect(chat).to_have_css("background-color", paper)
    expect(chat).to_have_css("color", ink)


def test_keys_are_the_chats_only_where_they_are_pressed_in_it(mom: ScriptedMom, context: BrowserContext) -> None:
    page = open_host_page(context, mom, "<button id=outside>outside</button>")
    page.locator("#outside").focus()
    page.keyboard.press("?")
    page.get_by_role("link", name="New chat").focus()
    expect(page.get_by_role("dialog", name="Keys")).to_have_count(0)
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    page.keyboard.press("Escape")
    box = page.get_by_label("Message", exact=True)
    box.press_sequentially("Why?")
    expect(box).to_have_value("Why?")
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_formulas_have_their_form_within_the_other_page_too(mom: ScriptedMom, context: BrowserContext) -> None:
    mom.models.large_llm = ScriptedLanguageModel([r"$$\frac{1}{2}$$"])
    page = open_host_page(context, mom)
    ask(page, "Half?")
    expect(answers(page).locator(".katex-html .mfrac")).to_have_css("font-family", re.compile("KaTeX_Main"))


def test_narrow_in_a_wide_page_it_has_drawers(mom: ScriptedMom, context: BrowserContext) -> None:
    page = open_host_page(context, mom, "<style>mom-chat { width: 400px }</style>")
    expect(page.get_by_label("Message", exact=True)).to_be_visible()
    expect(page.get_by_role("navigation", name="Chats")).to_be_hidden()
    page.get_by_role("button", name="Chats").click()
    expect(page.get_by_role("navigation", name="Chats")).to_be_visible()


def test_under_a_path_of_its_own_every_request_goes_there(mom: ScriptedMom, context: BrowserContext) -> None:
    """What a reverse proxy does that serves MoM under /mom: it takes the path off."""
    elsewhere: list[str] = []

    def pass_on(route: Route) -> None:
        route.continue_(url=route.request.url.replace("/mom/", "/", 1))

    context.route(f"{mom.url}/mom/**", pass_on)
    context.on("request", lambda request: elsewhere.append(request.url))
    drawing = Gate()
    mom.models.image_model = ScriptedImageModel([ImageProgress(1, 4), drawing])
    page = context.new_page()
    html = HOST_PAGE.read_text(encoding="utf-8").replace("/static/", "/mom/static/")
    html = html.replace("<mom-chat>", '<mom-chat base="/mom">')
    page.route(f"{mom.url}/host.html", lambda route: route.fulfill(body=html, headers={"content-type": "text/html"}))
    page.goto("/host.html")
    ask(page, "/image a fox")
    expect(answers(page)).to_contain_text("step 1 of 4")
    drawing.open()
    expect(answers(page).get_by_alt_text("a fox")).to_have_js_property("naturalWidth", 64)
    asked = [url.removeprefix(mom.url) for url in elsewhere if not url.endswith("/host.html")]
    assert [path for path in asked if not path.startswith(("/mom/", "data:"))] == []
    assert any(path.startswith("/mom/images/") for path in asked)
