"""The way of an answer: lit on the diagram as it happens, small beside the answer, and told as a story on demand."""

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from mom.mixture.events import ImageProgress
from mom.models.parts import Part, PartName, State
from tests.browser.chat_page import answers, ask
from tests.browser.scripted_mom import ScriptedMom
from tests.scripted import Gate, ScriptedImageModel, ScriptedLabelModel, ScriptedLanguageModel, png_of


def diagram(page: Page, state: str) -> None:
    expect(page.get_by_role("img", name=f"The mixture. {state}", exact=True)).to_be_visible()


def test_the_diagram_lights_up_box_by_box(mom: ScriptedMom, page: Page) -> None:
    deciding, writing, drawing = Gate(), Gate(), Gate()
    mom.models.small_llm = ScriptedLabelModel(image_probability=0.97, steps=[deciding])
    mom.models.large_llm = ScriptedLanguageModel(structure=[writing, {"prompt": "a fox"}])
    mom.models.image_model = ScriptedImageModel([ImageProgress(1, 4), drawing])
    diagram(page, "no answer yet")
    ask(page, "Draw a fox")
    diagram(page, "Classifier: working")
    deciding.open()
    diagram(page, "Classifier: done, Large LLM: working")
    expect(page.get_by_role("img", name="The mixture.")).to_contain_text(re.compile(r"0\.97 · [\d.]+ ms"))
    writing.open()
    diagram(page, "Classifier: done, Large LLM: done, Image model: working")
    expect(page.get_by_role("img", name="The mixture.")).to_contain_text("step 1/4")
    drawing.open()
    diagram(page, "Classifier: done, Large LLM: done, Image model: done")
    expect(page.get_by_role("img", name="The mixture.")).not_to_contain_text("step")


def test_the_story_of_an_answer_is_told_on_click(page: Page) -> None:
    ask(page, "Hello")
    expect(answers(page)).to_have_attribute("aria-busy", "false")
    story = page.get_by_role("region", name="The answer's story")
    expect(story).to_have_count(0)
    chip = answers(page).get_by_role("button", name="needs text: small LLM")
    chip.click()
    expect(chip).to_have_attribute("aria-expanded", "true")
    steps = story.get_by_role("listitem")
    expect(steps).to_have_count(2)
    expect(steps.first).to_contain_text(re.compile(r"small LLM 0\.98 in [\d.]+ m?s: needs text"))
    expect(steps.last).to_contain_text(re.compile(r"answered in [\d.]+ m?s, first word after [\d.]+ m?s, 2 tokens"))
    chip.click()
    expect(story).to_have_count(0)


def test_the_diagram_shows_the_way_of_the_answer_whose_story_is_told(mom: ScriptedMom, page: Page) -> None:
    ask(page, "/image a fox")
    diagram(page, "Image model: done")
    ask(page, "Hello")
    diagram(page, "Classifier: done, Large LLM: done")
    answers(page).first.get_by_role("button", name="needs image: command").click()
    diagram(page, "Image model: done")


def test_a_new_question_takes_the_diagram_back_from_an_answer_picked_before(mom: ScriptedMom, page: Page) -> None:
    ask(page, "/image a fox")
    answers(page).first.get_by_role("button", name="needs image: command").click()
    ask(page, "Hello")
    expect(answers(page).last).to_have_attribute("aria-busy", "false")
    diagram(page, "Classifier: done, Large LLM: done")


def test_beside_the_answer_its_way_grows_station_by_station_with_times(mom: ScriptedMom, page: Page) -> None:
    deciding, writing, drawing = Gate(), Gate(), Gate()
    mom.models.small_llm = ScriptedLabelModel(image_probability=0.97, steps=[deciding])
    mom.models.large_llm = ScriptedLanguageModel(structure=[writing, {"prompt": "a fox"}])
    mom.models.image_model = ScriptedImageModel([ImageProgress(1, 4), drawing])
    ask(page, "Draw a fox")
    way = answers(page).get_by_role("button", expanded=False).first
    expect(way).to_have_text(re.compile(r"^\s*Classifier\s+deciding\s*$"))
    deciding.open()
    expect(way).to_have_text(re.compile(r"small LLM\s+0\.97 in [\d.]+ m?s\s+Large LLM\s+writing the prompt"))
    writing.open()
    expect(way).to_have_text(re.compile(r"Large LLM\s+[\d.]+ m?s\s+Image model\s+step 1/4"))
    drawing.open()
    expect(way).to_have_text(re.compile(r"Large LLM\s+[\d.]+ m?s\s+Image model\s+[\d.]+ m?s"))


def test_a_stopped_answer_ends_where_it_was(mom: ScriptedMom, page: Page) -> None:
    mom.models.large_llm = ScriptedLanguageModel(["Once ", Gate()])
    ask(page, "A story")
    expect(answers(page)).to_contain_text("Once")
    page.get_by_role("button", name="Stop").click()
    diagram(page, "Classifier: done, Large LLM: stopped")


def test_a_real_vision_llm_is_no_demo_model_beside_demo_models(mom: ScriptedMom, page: Page) -> None:
    name = mom.models.vision_llm.name
    mom.parts[PartName.VISION_LLM] = Part(
        PartName.VISION_LLM, State.EXTERNAL, name, address=f"http://vision.test/v1#{name}"
    )
    page.locator("input[type=file]").set_input_files({"name": "a.png", "mimeType": "image/png", "buffer": png_of()})
    ask(page, "What is in it?")
    expect(answers(page).get_by_role("button", name="needs text:")).to_have_text(
        re.compile(r"Vision LLM\s+[\d.]+ m?s\s*$")
    )


@pytest.mark.parametrize("width", [390, 340, 300])
def test_on_a_phone_the_demo_label_stays_beside_the_last_model(page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 740})
    ask(page, "Hello")
    expect(answers(page)).to_have_attribute("aria-busy", "false")
    model, label = (answers(page).get_by_text(words).bounding_box() for words in ("Large LLM", "demo"))
    assert label["y"] + label["height"] / 2 == pytest.approx(model["y"] + model["height"] / 2, abs=4)


def test_where_motion_is_unwanted_nothing_moves(browser: Browser, mom: ScriptedMom) -> None:
    gate = Gate()
    mom.models.small_llm = ScriptedLabelModel(steps=[gate])
    context = browser.new_context(base_url=mom.url, reduced_motion="reduce")
    page = context.new_page()
    page.goto("/")
    ask(page, "Hello")
    gate.wait_until_reached()
    expect(answers(page)).to_contain_text("deciding")
    assert page.evaluate("document.getAnimations().length") == 0
    gate.open()
    expect(answers(page)).to_contain_text("Hello!")
    context.close()
