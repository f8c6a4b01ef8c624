"""Stop shows at once and works in every state; what was shown is kept."""

import pytest
from playwright.sync_api import Page, expect

from mom.mixture.events import ImageProgress, ImageQueued
from tests.browser.chat_page import HeldRequest, answers, ask
from tests.browser.scripted_mom import ScriptedMom
from tests.browser.test_pictures import PREVIEW
from tests.scripted import Gate, ScriptedImageModel, ScriptedLabelModel, ScriptedLanguageModel


def deciding(mom: ScriptedMom, gate: Gate) -> None:
    mom.models.small_llm = ScriptedLabelModel(steps=[gate])


def reading(mom: ScriptedMom, gate: Gate) -> None:
    mom.models.large_llm = ScriptedLanguageModel([gate])


def writing(mom: ScriptedMom, gate: Gate) -> None:
    mom.models.large_llm = ScriptedLanguageModel(["Once upon a time", gate])


def writing_the_prompt(mom: ScriptedMom, gate: Gate) -> None:
    mom.models.small_llm = ScriptedLabelModel(image_probability=0.97)
    mom.models.large_llm = ScriptedLanguageModel(structure=[gate, {"prompt": "a fox"}])


def queued(mom: ScriptedMom, gate: Gate) -> None:
    mom.models.small_llm = ScriptedLabelModel(image_probability=0.97)
    mom.models.image_model = ScriptedImageModel([ImageQueued(1), gate])


def drawing(mom: ScriptedMom, gate: Gate) -> None:
    mom.models.small_llm = ScriptedLabelModel(image_probability=0.97)
    mom.models.image_model = ScriptedImageModel([ImageProgress(1, 4, PREVIEW), gate])


@pytest.mark.parametrize("state", [deciding, reading, writing, writing_the_prompt, queued, drawing])
def test_stop_ends_an_answer_and_frees_its_backend(mom: ScriptedMom, page: Page, state) -> None:
    gate = Gate()
    state(mom, gate)
    ask(page, "A story, or a fox")
    gate.wait_until_reached()
    page.get_by_role("button", name="Stop").click()
    expect(answers(page)).to_contain_text("Stopped.")
    expect(page.get_by_role("button", name="Send")).to_be_visible()
    assert mom.models.at_work == 0
    page.reload()
    expect(answers(page)).to_contain_text("Stopped.")
    if state is writing:
        expect(answers(page)).to_contain_text("Once upon a time")
    if state in {queued, drawing}:
        expect(answers(page).get_by_role("figure")).to_have_text("a fox")
    if state is drawing:
        expect(answers(page).get_by_alt_text("What is drawn so far")).to_be_visible()


def test_escape_stops(mom: ScriptedMom, page: Page) -> None:
    writing(mom, Gate())
    ask(page, "A story")
    expect(answers(page)).to_contain_text("Once upon a time")
    page.keyboard.press("Escape")
    expect(answers(page)).to_contain_text("Stopped.")


def test_stopping_before_the_server_has_taken_the_question_is_remembered(mom: ScriptedMom, page: Page) -> None:
    writing(mom, Gate())
    held = HeldRequest(page, "**/api/chats/*/messages")
    ask(page, "A story")
    page.get_by_role("button", name="Stop").click()
    expect(answers(page)).to_contain_text("Stopping")
    held.release()
    expect(answers(page)).to_contain_text("Stopped.")
    assert mom.models.at_work == 0


def test_a_double_click_on_send_sends_and_stops_nothing(mom: ScriptedMom, page: Page) -> None:
    gate = Gate()
    writing(mom, gate)
    page.get_by_label("Message", exact=True).fill("A story")
    page.get_by_role("button", name="Send").dblclick()
    expect(answers(page)).to_contain_text("Once upon a time")
    gate.open()
    expect(answers(page)).to_have_attribute("aria-busy", "false")
    expect(answers(page)).not_to_contain_text("Stopped.")


def test_enter_while_an_answer_is_written_says_why_nothing_is_sent(mom: ScriptedMom, page: Page) -> None:
    gate = Gate()
    mom.models.large_llm = ScriptedLanguageModel(["Once ", gate, "upon a time"])
    ask(page, "Tell a story")
    expect(answers(page)).to_contain_text("Once")
    hint = page.get_by_role("status").filter(has_text="Not sent yet")
    page.keyboard.press("Enter")
    expect(hint).to_have_count(0)
    ask(page, "And then?")
    expect(hint).to_be_visible()
    gate.open()
    expect(answers(page)).to_contain_text("Once upon a time")
    expect(hint).to_have_count(0)
    page.keyboard.press("Enter")
    expect(answers(page)).to_have_count(2)
