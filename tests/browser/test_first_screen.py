"""The first screen: what to try, what is still loading, that the models are demos, and what could take their place."""

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from mom.mixture.events import ImageProgress
from mom.models.parts import Part, PartName, State
from tests.browser.chat_page import answers, questions
from tests.browser.scripted_mom import ScriptedMom
from tests.scripted import Gate, ScriptedImageModel, ScriptedLabelModel

SUGGESTION = {"small_llm": "ollama:llama3.2:1b", "large_llm": "ollama:qwen3:8b"}


@pytest.mark.parametrize("words", ["What is MoM?", "Explain JPEG"])
def test_an_example_is_asked_with_one_click(page: Page, words: str) -> None:
    page.get_by_role("button", name=words).click()
    expect(questions(page)).to_contain_text(words)
    expect(answers(page)).to_contain_text("Hello!")


def test_the_follow_up_is_asked_after_the_picture_that_it_follows(mom: ScriptedMom, page: Page) -> None:
    mom.models.small_llm = ScriptedLabelModel(image_probability=0.97)
    drawing = Gate()
    mom.models.image_model = ScriptedImageModel([ImageProgress(1, 4), drawing])
    page.get_by_role("button", name="Make it bluer").click()
    expect(questions(page)).to_have_text(["Draw two red circles"])
    drawing.wait_until_reached()
    drawing.open()
    expect(questions(page)).to_have_text(["Draw two red circles", "Make it bluer"])
    expect(answers(page).last.get_by_alt_text("a fox")).to_be_visible()


def test_a_follow_up_is_not_asked_where_its_picture_was_stopped(mom: ScriptedMom, page: Page) -> None:
    mom.models.small_llm = ScriptedLabelModel(image_probability=0.97)
    mom.models.image_model = ScriptedImageModel([ImageProgress(1, 4), Gate()])
    page.get_by_role("button", name="Make it bluer").click()
    expect(answers(page)).to_contain_text("step 1 of 4")
    page.get_by_role("button", name="Stop").click()
    expect(answers(page)).to_contain_text("Stopped.")
    expect(page.get_by_role("button", name="Send")).to_be_visible()
    expect(questions(page)).to_have_count(1)


def test_after_a_picture_the_follow_up_is_offered_and_asked_with_one_click(mom: ScriptedMom, page: Page) -> None:
    mom.models.small_llm = ScriptedLabelModel(image_probability=0.97)
    page.get_by_role("button", name="Draw two red circles").click()
    follow_up = page.get_by_role("button", name="Make it bluer")
    follow_up.click()
    expect(questions(page)).to_have_count(2)
    expect(questions(page).last).to_contain_text("Make it bluer")
    expect(answers(page).last.get_by_alt_text("a fox")).to_be_visible()
    expect(follow_up).to_have_count(1)


def test_what_is_loading_is_said_part_by_part_until_it_is_ready(mom: ScriptedMom, context: BrowserContext) -> None:
    mom.set_state(PartName.IMAGE_MODEL, State.STARTING, "Installing torch, 40% of 190 MB.")
    page = context.new_page()
    page.goto("/")
    loading = page.get_by_role("region", name="Loading")
    expect(loading).to_contain_text("Installing torch, 40% of 190 MB.")
    expect(loading.get_by_text("ready", exact=True)).to_have_count(2)
    mom.set_state(PartName.IMAGE_MODEL, State.READY)
    expect(loading).to_have_count(0)


def test_the_demo_banner_names_real_models_for_each_memory(page: Page, context: BrowserContext) -> None:
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    banner = page.get_by_role("region", name="These are demo models")
    expect(banner).to_contain_text("English")
    banner.get_by_text("Take real models").click()
    seen = set()
    for memory in ["4 GB", "8 GB", "16 GB", "24 GB"]:
        banner.get_by_role("radio", name=memory, exact=True).check()
        seen.add(banner.get_by_label("Lines for .env").inner_text())
    assert len(seen) == 4
    banner.get_by_role("button", name="Copy the lines").click()
    expect(banner.get_by_role("button", name="Copied")).to_be_visible()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied in seen
    assert [line.split("=")[0] for line in copied.splitlines()] == ["MOM_SMALL_LLM", "MOM_LARGE_LLM", "MOM_IMAGE_MODEL"]


def test_real_models_are_downloaded_with_one_click_and_each_can_be_left(mom: ScriptedMom, page: Page) -> None:
    mom.supervisor.held = True
    banner = page.get_by_role("region", name="These are demo models")
    banner.get_by_text("Take real models").click()
    banner.get_by_role("radio", name="8 GB", exact=True).check()
    with page.expect_response("**/api/parts/image_model/swap"):
        banner.get_by_role("button", name="Download and use them").click()
    expect(banner.get_by_role("button", name="Download and use them")).to_be_disabled()
    assert [name for name, _ in mom.supervisor.swaps] == ["small_llm", "large_llm", "image_model"]
    mom.supervisor.download(1_300_000_000, 2_600_000_000)
    expect(banner.get_by_role("progressbar")).to_have_count(3)
    expect(banner).to_contain_text("1.3 GB of 2.6 GB · 50%")

    # It goes on without the page, and another window sees it as well.
    page.reload()
    expect(banner.get_by_role("progressbar").first).to_have_js_property("value", 0.5)
    banner.get_by_role("button", name="Cancel the download of hf:Lykon").click()
    expect(banner.get_by_role("progressbar")).to_have_count(2)
    assert mom.supervisor.cancelled == ["image_model"]
    expect(page.get_by_label("Parts")).to_contain_text("The change of models was cancelled.")
    mom.supervisor.finish_swaps()
    expect(page.get_by_label("Parts")).to_contain_text("Qwen3-4B")
    expect(banner).to_have_count(0)


def test_without_demo_models_there_is_no_banner(mom: ScriptedMom, context: BrowserContext) -> None:
    for part in list(mom.parts):
        mom.parts[part] = Part(part, State.EXTERNAL, "qwen3:8b")
    page = context.new_page()
    page.goto("/")
    expect(page.get_by_role("button", name="Why is the sea salty?")).to_be_visible()
    expect(page.get_by_role("region", name="These are demo models")).to_have_count(0)


def test_a_found_ollama_takes_over_with_one_click(mom: ScriptedMom, context: BrowserContext) -> None:
    mom.supervisor.suggestion = SUGGESTION
    mom.supervisor.held = True
    page = context.new_page()
    page.goto("/")
    offer = page.get_by_role("region", name="Models at hand")
    expect(offer).to_contain_text("llama3.2:1b can classify, qwen3:8b answer")
    offer.get_by_role("button", name="Use them").click()
    expect(offer).to_contain_text("are taking over")
    assert mom.supervisor.swaps == list(SUGGESTION.items())
    mom.supervisor.finish_swaps()
    expect(offer).to_have_count(0)
    expect(page.get_by_label("Parts")).to_contain_text("qwen3:8b")


def test_an_ollama_model_that_cannot_take_over_says_why(mom: ScriptedMom, context: BrowserContext) -> None:
    mom.supervisor.suggestion = SUGGESTION
    mom.supervisor.held = True
    page = context.new_page()
    page.goto("/")
    page.get_by_role("button", name="Use them").click()
    expect(page.get_by_role("region", name="Models at hand")).to_contain_text("are taking over")
    mom.supervisor.fail_swaps("it needs more memory.")
    expect(page.get_by_label("Parts")).to_contain_text("qwen3:8b could not take over: it needs more memory.")
    expect(page.get_by_role("region", name="Models at hand")).to_have_count(0)


def test_a_refused_swap_is_said_in_the_servers_words(
    mom: ScriptedMom, context: BrowserContext, complaints: list[str]
) -> None:
    mom.supervisor.suggestion = SUGGESTION
    mom.supervisor.refusal = "Ollama has no model qwen3:8b."
    page = context.new_page()
    page.goto("/")
    page.get_by_role("button", name="Use them").click()
    expect(page.get_by_role("alert")).to_contain_text("Ollama has no model qwen3:8b.")
    assert "400" in complaints.pop()
