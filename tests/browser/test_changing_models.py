"""A part opened: which model plays it and why, another one taken, and the way back to what `.env` says."""

from dataclasses import replace

import pytest
from playwright.sync_api import Locator, Page, expect

from mom.models.parts import PartName, State
from tests.browser.chat_page import answers, ask
from tests.browser.scripted_mom import ScriptedMom


def open_part(page: Page, words: str) -> Locator:
    page.get_by_label("Parts").get_by_role("button", name=f"Change the {words}").press("Enter")
    return page.get_by_role("dialog", name=f"The {words}")


def test_a_part_takes_another_model_and_goes_back_to_the_one_of_the_settings(mom: ScriptedMom, page: Page) -> None:
    mom.supervisor.found = ["file:models/second", "demo"]
    mom.supervisor.held = True
    dialog = open_part(page, "large LLM")
    expect(dialog.get_by_role("heading", name="The large LLM")).to_be_focused()
    expect(dialog).to_contain_text("comes with MoM")
    expect(dialog).to_contain_text("ready, run by MoM")
    take = dialog.get_by_role("button", name="Use this model")
    expect(take).to_have_attribute("aria-disabled", "true")  # it plays already
    page.keyboard.press("Tab")
    expect(dialog.get_by_role("radio", name="scripted-llm")).to_be_focused()
    take.press("Enter")
    dialog.get_by_role("radio", name="second").check()
    take.press("Enter")
    expect(dialog).to_contain_text("second will take over: it is starting")
    expect(dialog.get_by_role("radio", name="scripted-llm plays now")).to_be_visible()
    assert mom.supervisor.swaps == [("large_llm", "file:models/second")]
    mom.supervisor.finish_swaps()
    expect(dialog.get_by_role("radio", name="second plays now")).to_be_checked()
    expect(dialog).to_contain_text("chosen on the page: file:models/second")
    expect(take).to_be_focused()

    dialog.get_by_role("radio", name="scripted-llm").check()
    take.press("Enter")
    expect(dialog).to_contain_text("scripted-llm will take over: it is starting")
    mom.supervisor.finish_swaps()
    expect(dialog.get_by_role("radio", name="scripted-llm plays now")).to_be_checked()
    expect(dialog).to_contain_text("comes with MoM")
    assert mom.supervisor.resets == ["large_llm"]
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(page.get_by_role("button", name="Change the large LLM")).to_be_focused()


def test_what_the_settings_name_is_told_and_is_the_first_choice(mom: ScriptedMom, page: Page) -> None:
    address = "http://me:***@gpu:8000/v1#qwen3"
    mom.supervisor.setting = address
    mom.supervisor.found = ["file:models/second", "demo"]
    part = mom.parts[PartName.LARGE_LLM]
    mom.parts[PartName.LARGE_LLM] = replace(part, state=State.EXTERNAL, model="qwen3", demo=False, address=address)
    page.reload()
    dialog = open_part(page, "large LLM")
    expect(dialog).to_contain_text(f".env: MOM_LARGE_LLM={address}")
    expect(dialog.get_by_role("radio").first).to_be_checked()
    expect(
        dialog.get_by_role("radio", name="qwen3 plays now http://me:***@gpu:8000/v1 · what .env says")
    ).to_be_checked()


def test_a_model_that_cannot_take_over_says_why_and_the_one_before_stays(mom: ScriptedMom, page: Page) -> None:
    mom.supervisor.found = ["ollama:qwen3:8b", "demo"]
    mom.supervisor.held = True
    dialog = open_part(page, "small LLM")
    dialog.get_by_role("radio", name="qwen3:8b").check()
    dialog.get_by_role("button", name="Use this model").click()
    expect(dialog).to_contain_text("will take over")
    mom.supervisor.fail_swaps("it needs more memory.")
    expect(dialog).to_contain_text("qwen3:8b could not take over: it needs more memory.")
    expect(dialog.get_by_role("radio", name="scripted-llm plays now")).to_be_visible()
    dialog.get_by_role("button", name="Close").click()
    ask(page, "Hello")
    expect(answers(page)).to_contain_text("Hello!")


def test_a_change_under_way_is_cancelled_and_the_focus_stays_in_the_dialog(mom: ScriptedMom, page: Page) -> None:
    mom.supervisor.found = ["ollama:qwen3:8b", "demo"]
    mom.supervisor.held = True
    dialog = open_part(page, "large LLM")
    dialog.get_by_role("radio", name="qwen3:8b").check()
    dialog.get_by_role("button", name="Use this model").click()
    dialog.get_by_role("button", name="Cancel the change").press("Enter")
    expect(dialog).to_contain_text("The change of models was cancelled.")
    expect(dialog.get_by_role("button", name="Cancel the change")).to_have_count(0)
    expect(dialog.get_by_role("heading", name="The large LLM")).to_be_focused()
    assert mom.supervisor.cancelled == ["large_llm"]


def test_a_refused_change_is_said_in_the_dialog(mom: ScriptedMom, page: Page, complaints: list[str]) -> None:
    mom.supervisor.found = ["ollama:qwen3:8b", "demo"]
    dialog = open_part(page, "large LLM")
    dialog.get_by_role("radio", name="qwen3:8b").check()
    mom.supervisor.refusal = "Ollama has no model qwen3:8b."
    dialog.get_by_role("button", name="Use this model").click()
    expect(dialog.get_by_role("alert")).to_contain_text("Ollama has no model qwen3:8b.")
    assert "400" in complaints.pop()
    dialog.get_by_role("button", name="Look again").press("Enter")
    expect(dialog.get_by_role("alert")).to_have_count(0)


@pytest.mark.parametrize("width", [320, 390])
def test_on_a_phone_a_part_is_opened_from_the_drawer_and_left_to_it(mom: ScriptedMom, page: Page, width: int) -> None:
    mom.supervisor.found = [f"file:models/{'long_' * 20}name", "demo"]
    page.set_viewport_size({"width": width, "height": 740})
    page.get_by_role("button", name="The mixture").click()
    dialog = open_part(page, "image model")
    expect(dialog.get_by_role("radio", name="name")).to_be_visible()
    assert dialog.evaluate("node => node.scrollWidth <= node.clientWidth")
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(page.get_by_role("button", name="Change the image model")).to_be_focused()
