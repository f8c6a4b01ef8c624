"""An answer belongs to the server: reloads, second tabs and restarts find it again."""

import re

from playwright.sync_api import BrowserContext, Page, Route, expect

from mom.mixture.events import ImageProgress
from tests.browser.chat_page import answers, ask, chat_links, questions
from tests.browser.scripted_mom import ScriptedMom
from tests.browser.test_pictures import PREVIEW
from tests.scripted import Gate, ScriptedImageModel, ScriptedLanguageModel


def test_a_reload_in_the_middle_goes_on_where_the_answer_is(mom: ScriptedMom, page: Page) -> None:
    gate = Gate()
    mom.models.large_llm = ScriptedLanguageModel(["One, ", "two, ", gate, "three."])
    ask(page, "Count")
    expect(answers(page)).to_contain_text("One, two,")
    page.reload()
    expect(answers(page)).to_contain_text("One, two,")
    gate.open()
    expect(answers(page).locator("p", has_text=re.compile("^One, two, three.$"))).to_be_visible()
    assert len(mom.models.large_llm.questions) == 1


def test_a_second_tab_sees_the_same_answer_grow_and_can_stop_it(
    mom: ScriptedMom, page: Page, context: BrowserContext
) -> None:
    gate = Gate()
    mom.models.large_llm = ScriptedLanguageModel(["One, ", gate])
    ask(page, "Count")
    expect(answers(page)).to_contain_text("One,")
    second = context.new_page()
    second.goto(page.url)
    expect(answers(second)).to_contain_text("One,")
    second.get_by_role("button", name="Stop").click()
    expect(answers(page)).to_contain_text("Stopped.")
    expect(answers(second)).to_contain_text("Stopped.")


def test_a_tab_that_is_looked_at_again_goes_on_where_another_one_has_led_the_chat(
    page: Page, context: BrowserContext
) -> None:
    ask(page, "One")
    expect(answers(page)).to_have_attribute("aria-busy", "false")
    second = context.new_page()
    second.goto(page.url)
    expect(questions(second)).to_have_text(["One"])
    ask(second, "Two")
    expect(answers(second).last).to_have_attribute("aria-busy", "false")
    second.get_by_role("link", name="New chat").click()
    ask(second, "Apart")
    expect(answers(second)).to_contain_text("Hello!")
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")  # a headless tab is visible always
    expect(questions(page)).to_have_text(["One", "Two"])
    expect(chat_links(page)).to_have_text(["Apart", "One"])
    ask(page, "Three")
    expect(questions(page)).to_have_text(["One", "Two", "Three"])


def test_an_answer_that_a_restart_interrupted_says_so_and_can_be_tried_again(
    mom: ScriptedMom, page: Page, complaints: list[str]
) -> None:
    mom.models.large_llm = ScriptedLanguageModel(["One, ", Gate()])
    ask(page, "Count")
    expect(answers(page)).to_contain_text("One,")
    mom.stop()
    mom.models.large_llm = ScriptedLanguageModel(["One, two, three."])
    mom.start()
    expect(answers(page)).to_contain_text("Interrupted")
    expect(answers(page)).to_contain_text("One,")
    page.get_by_role("button", name="Retry").click()
    expect(answers(page)).to_contain_text("One, two, three.")
    complaints.clear()  # the browser tells of connections that broke


def test_a_reload_and_a_second_tab_in_the_middle_of_a_picture_see_it_drawn(
    mom: ScriptedMom, page: Page, context: BrowserContext
) -> None:
    first, second_step = Gate(), Gate()
    mom.models.image_model = ScriptedImageModel([ImageProgress(1, 4, PREVIEW), first, ImageProgress(2, 4), second_step])
    ask(page, "/image a fox")
    expect(answers(page)).to_contain_text("step 1 of 4")
    page.reload()
    other = context.new_page()
    other.goto(page.url)
    for tab in (page, other):
        expect(answers(tab)).to_contain_text("step 1 of 4")
        expect(answers(tab).get_by_alt_text("What is drawn so far")).to_be_visible()
    first.open()
    for tab in (page, other):
        expect(answers(tab)).to_contain_text("step 2 of 4")
    second_step.open()
    for tab in (page, other):
        expect(answers(tab).get_by_alt_text("a fox")).to_have_js_property("naturalWidth", 64)
    assert len(mom.models.image_model.requests) == 1


def test_while_mom_is_away_the_page_says_so_and_afterwards_goes_on_by_itself(
    mom: ScriptedMom, page: Page, complaints: list[str]
) -> None:
    mom.models.large_llm = ScriptedLanguageModel(["One, ", Gate()])
    ask(page, "Count")
    expect(answers(page)).to_contain_text("One,")
    mom.stop()
    away = page.get_by_role("status").filter(has_text="MoM cannot be reached")
    expect(away).to_be_visible()
    expect(page.get_by_label("Parts").get_by_text("not reached")).to_have_count(3)
    page.get_by_label("Message", exact=True).fill("Are you there?")
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_label("Message", exact=True)).to_have_value("Are you there?")
    expect(page.get_by_role("form", name="Your message").get_by_role("alert")).to_have_count(0)  # it is said once
    mom.models.large_llm = ScriptedLanguageModel(["I am."])
    mom.start()
    expect(away).to_have_count(0)
    expect(page.get_by_label("Parts").get_by_text("ready", exact=True)).to_have_count(3)
    expect(page.get_by_role("form", name="Your message").get_by_role("alert")).to_have_count(0)  # nor once it is over
    page.get_by_role("button", name="Send").click()
    expect(answers(page).last).to_contain_text("I am.")
    complaints.clear()  # the browser tells of connections that broke


def test_a_question_whose_reply_was_lost_is_found_asked_once_the_network_is_back(
    mom: ScriptedMom, page: Page, complaints: list[str]
) -> None:
    ask(page, "Hello")
    expect(answers(page)).to_contain_text("Hello!")

    def lose_the_reply(route: Route) -> None:
        route.fetch()
        route.abort()

    page.route("**/api/chats/*/messages", lose_the_reply, times=1)
    for address in ("**/api/parts", "**/api/chats/*"):
        page.route(address, lambda route: route.abort())
    ask(page, "Are you there?")
    away = page.get_by_role("status").filter(has_text="MoM cannot be reached")
    expect(away).to_be_visible()
    expect(page.get_by_label("Message", exact=True)).to_have_value("Are you there?")
    page.unroute_all()
    expect(away).to_have_count(0)
    expect(questions(page)).to_have_text(["Hello", "Are you there?"])
    expect(answers(page).last).to_contain_text("Hello!")
    expect(page.get_by_label("Message", exact=True)).to_have_value("")
    assert len(mom.models.large_llm.questions) == 2
    complaints.clear()  # the browser tells of connections that broke


def test_a_chat_left_and_opened_again_is_up_to_date(mom: ScriptedMom, page: Page) -> None:
    gate = Gate()
    mom.models.large_llm = ScriptedLanguageModel(["One, ", gate, "two."])
    ask(page, "Count")
    expect(answers(page)).to_contain_text("One,")
    page.get_by_role("link", name="New chat").click()
    expect(answers(page)).to_have_count(0)
    page.go_back()
    expect(answers(page)).to_contain_text("One,")
    gate.open()
    expect(answers(page)).to_contain_text("One, two.")
