"""A picture is drawn before one's eyes, keeps its record, and can be asked for instead of words."""

import re

from PIL import Image
from playwright.sync_api import Page, expect

from mom.errors import PartUnavailableError
from mom.mixture.events import ImageProgress, ImageQueued
from tests.browser.chat_page import HeldRequest, answers, ask, questions
from tests.browser.scripted_mom import ScriptedMom
from tests.scripted import Gate, ScriptedImageModel, ScriptedLabelModel, ScriptedLanguageModel, png_of

PREVIEW = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR4nGNgYPj/HwADAgH/5wYf4wAAAABJRU5ErkJggg=="


def test_a_picture_shows_its_queue_its_steps_its_preview_and_its_record(mom: ScriptedMom, page: Page) -> None:
    queued, drawing = Gate(), Gate()
    mom.models.small_llm = ScriptedLabelModel(image_probability=0.97)
    mom.models.large_llm = ScriptedLanguageModel(structure={"prompt": "a red fox in deep snow"})
    mom.models.image_model = ScriptedImageModel([ImageQueued(2), queued, ImageProgress(2, 4, PREVIEW), drawing])
    ask(page, "Draw a fox")
    answer = answers(page)
    expect(answer).to_contain_text("2 pictures are drawn before this one")
    expect(answer).to_contain_text("a red fox in deep snow")
    queued.open()
    expect(answer).to_contain_text("Drawing, step 2 of 4")
    expect(answer.get_by_role("progressbar")).to_have_js_property("value", 2)
    expect(answer.get_by_alt_text("What is drawn so far")).to_have_js_property("naturalWidth", 1)
    drawing.open()
    picture = answer.get_by_alt_text("a red fox in deep snow")
    expect(picture).to_have_js_property("naturalWidth", 64)
    expect(answer).to_contain_text(re.compile(r"seed 42 · 4 steps · 64 × 64 px"))
    expect(answer.get_by_alt_text("What is drawn so far")).to_have_count(0)
    expect(
        page.get_by_role("img", name="The mixture. Classifier: done, Large LLM: done, Image model: done")
    ).to_be_visible()


def test_the_image_message_path_passes_both_llms_by(page: Page) -> None:
    ask(page, "/image a lighthouse")
    expect(answers(page).get_by_role("button", name="needs image: command")).to_be_visible()
    expect(answers(page).get_by_alt_text("a lighthouse")).to_be_visible()
    expect(page.get_by_role("img", name="The mixture. Image model: done")).to_be_visible()


def test_a_picture_of_the_chat_is_attached_by_dragging_it(page: Page) -> None:
    ask(page, "/image a lighthouse")
    attached, box = page.get_by_alt_text("To be sent"), page.get_by_label("Message", exact=True)
    answers(page).get_by_alt_text("a lighthouse").drag_to(box)
    expect(attached).to_have_count(1)
    expect(box).to_be_focused()
    ask(page, "make it bluer")
    expect(questions(page).last.locator("img")).to_have_js_property("naturalWidth", 64)


def test_words_that_are_not_read_are_struck_through_also_after_a_reload(mom: ScriptedMom, page: Page) -> None:
    mom.models.image_model = ScriptedImageModel(dropped_tail="and a boat")
    ask(page, "/image a lighthouse and a boat")
    read_no_more = answers(page).get_by_role("figure").locator("s")
    expect(read_no_more).to_have_text("and a boat")
    expect(answers(page)).to_contain_text("did not read what is struck through")
    page.reload()
    expect(read_no_more).to_have_text("and a boat")
    expect(answers(page).get_by_role("figure").locator(".prompt")).to_have_text("a lighthouse and a boat")


def test_words_that_the_image_model_does_not_know_are_named_below_the_picture(mom: ScriptedMom, page: Page) -> None:
    mom.models.image_model = ScriptedImageModel(unknown_words=("castle",))
    ask(page, "/image a castle")
    sentence = answers(page).get_by_text("I don't know “castle” yet")
    expect(sentence).to_be_visible()
    page.reload()
    expect(sentence).to_be_visible()
    picture = answers(page).get_by_role("figure")
    assert sentence.bounding_box()["y"] > picture.bounding_box()["y"] + picture.bounding_box()["height"]
    expect(picture.locator(".prompt")).to_have_text("a castle")


def test_a_picture_that_cannot_be_drawn_leaves_its_prompt_and_the_reason(mom: ScriptedMom, page: Page) -> None:
    mom.models.image_model = ScriptedImageModel([PartUnavailableError("It is still loading.", part="image_model")])
    ask(page, "/image a lighthouse")
    expect(page.get_by_role("alert")).to_contain_text("It is still loading.")
    expect(answers(page).get_by_role("figure")).to_have_text("a lighthouse")
    assert answers(page).get_by_role("figure").bounding_box()["height"] < 100
    page.reload()
    expect(page.get_by_role("alert")).to_contain_text("It is still loading.")
    expect(answers(page).get_by_role("figure")).to_have_text("a lighthouse")
    mom.models.image_model = ScriptedImageModel()
    page.get_by_role("button", name="Try again").click()
    expect(answers(page).get_by_alt_text("a lighthouse")).to_be_visible()


def test_a_text_is_overruled_by_a_picture_and_both_are_kept(mom: ScriptedMom, page: Page) -> None:
    gate = Gate()
    mom.models.large_llm = ScriptedLanguageModel(["A long ", gate])
    ask(page, "A lighthouse in the fog")
    expect(answers(page)).to_contain_text("A long")
    page.get_by_role("button", name="Draw it instead").click()
    expect(answers(page).get_by_alt_text("a fox")).to_be_visible()
    expect(answers(page)).to_contain_text("2/2")
    expect(answers(page).get_by_role("button", name="needs image: your correction")).to_be_visible()
    page.get_by_role("button", name="Previous version").click()
    expect(answers(page)).to_contain_text("A long")
    expect(answers(page)).to_contain_text("Stopped.")


def test_a_wish_is_visible_before_the_server_has_heard_of_it(page: Page) -> None:
    ask(page, "A lighthouse")
    expect(answers(page)).to_contain_text("Hello!")
    held = HeldRequest(page, "**/overrule")
    page.get_by_role("button", name="Draw it instead").click()
    expect(answers(page)).to_contain_text("2/2")
    expect(answers(page)).to_contain_text("deciding")
    held.release()
    expect(answers(page).get_by_alt_text("a fox")).to_be_visible()


def test_an_edited_prompt_is_drawn_beside_the_first_picture_with_its_seed(mom: ScriptedMom, page: Page) -> None:
    ask(page, "/image a lighthouse")
    answers(page).get_by_role("button", name="Edit prompt").click()
    prompt = answers(page).get_by_label("Image prompt")
    expect(prompt).to_have_value("a lighthouse")
    prompt.fill("a lighthouse at night")
    page.get_by_role("button", name="Draw this").click()
    expect(answers(page).get_by_alt_text("a lighthouse at night")).to_be_visible()
    expect(questions(page)).to_contain_text(["/image a lighthouse at night"])
    expect(questions(page)).to_contain_text("2/2")
    assert [request.seed for request in mom.models.image_model.requests] == [None, 42]

    answers(page).get_by_role("button", name="Edit prompt").click()
    page.get_by_label("Same seed").uncheck()
    page.get_by_role("button", name="Draw this").click()
    expect(questions(page)).to_contain_text("3/3")
    expect(answers(page)).to_have_attribute("aria-busy", "false")
    assert mom.models.image_model.requests[-1].seed is None
    page.reload()
    expect(questions(page)).to_contain_text("3/3")


def test_a_picture_begins_from_the_one_attached_also_where_its_prompt_is_edited(mom: ScriptedMom, page: Page) -> None:
    photo = {"name": "a.png", "mimeType": "image/png", "buffer": png_of(colour="red")}
    page.locator("input[type=file]").set_input_files(photo)
    expect(page.get_by_role("list", name="Attached").get_by_role("img")).to_be_visible()
    ask(page, "/image a lighthouse")
    expect(answers(page).get_by_alt_text("a lighthouse")).to_be_visible()
    answers(page).get_by_role("button", name="Edit prompt").click()
    answers(page).get_by_label("Image prompt").fill("a lighthouse at night")
    page.get_by_role("button", name="Draw this").click()
    expect(answers(page).get_by_alt_text("a lighthouse at night")).to_be_visible()
    expect(questions(page).get_by_alt_text("Attached by you")).to_be_visible()
    expect(questions(page)).to_contain_text("2/2")
    first, second = mom.models.image_model.requests
    assert first.source == second.source is not None


def test_an_attached_picture_that_the_image_model_cannot_begin_from_is_said_to_be_unused(
    mom: ScriptedMom, page: Page
) -> None:
    mom.models.image_model = ScriptedImageModel(can_edit=False)
    page.locator("input[type=file]").set_input_files({"name": "a.png", "mimeType": "image/png", "buffer": png_of()})
    ask(page, "Make it a watercolour")
    expect(answers(page)).to_contain_text("I see it.")
    page.get_by_role("button", name="Draw it instead").click()
    sentence = answers(page).get_by_text("the one that you attached was not used")
    expect(sentence).to_be_visible()
    page.reload()
    expect(sentence).to_be_visible()


def test_an_edited_prompt_outlives_a_refusal(mom: ScriptedMom, page: Page, complaints: list[str]) -> None:
    ask(page, "/image a lighthouse")
    answers(page).get_by_role("button", name="Edit prompt").click()
    page.get_by_label("Image prompt").fill("a lighthouse at night")
    page.get_by_label("Same seed").uncheck()
    page.route("**/api/chats/*/messages", lambda route: route.abort(), times=1)
    page.get_by_role("button", name="Draw this").click()
    expect(page.get_by_role("alert")).to_contain_text("MoM cannot be reached")
    expect(page.get_by_label("Image prompt")).to_have_value("a lighthouse at night")
    expect(page.get_by_label("Same seed")).not_to_be_checked()
    page.get_by_role("button", name="Draw this").click()
    expect(answers(page).get_by_alt_text("a lighthouse at night")).to_be_visible()
    assert mom.models.image_model.requests[-1].seed is None
    complaints.clear()  # the browser tells of the connection that broke


def test_a_picture_is_seen_in_full_size_and_downloaded_with_its_record(page: Page) -> None:
    ask(page, "/image a lighthouse")
    answers(page).get_by_role("button", name="Full size").click()
    dialog = page.get_by_role("dialog", name="The picture in full size")
    expect(dialog.get_by_alt_text("a lighthouse")).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    with page.expect_download() as download:
        answers(page).get_by_role("link", name="Download").click()
    assert re.fullmatch(r"mom-[0-9a-f]{8}\.png", download.value.suggested_filename)
    assert "parameters" in Image.open(download.value.path()).text


def test_the_preview_is_seen_until_the_picture_itself_has_been_loaded(mom: ScriptedMom, page: Page) -> None:
    drawing = Gate()
    mom.models.image_model = ScriptedImageModel([ImageProgress(3, 4, PREVIEW), drawing])
    loading = HeldRequest(page, "**/images/*.png")
    ask(page, "/image a lighthouse")
    expect(answers(page).get_by_alt_text("What is drawn so far")).to_be_visible()
    drawing.open()
    picture = answers(page).get_by_alt_text("a lighthouse")
    expect(picture).to_have_css("background-image", f'url("{PREVIEW}")')
    loading.release()
    expect(picture).to_have_js_property("naturalWidth", 64)
    expect(picture).to_have_css("background-image", "none")


def test_a_picture_that_was_not_loaded_while_mom_was_away_is_loaded_when_it_is_back(
    page: Page, complaints: list[str]
) -> None:
    page.route("**/images/*.png", lambda route: route.abort(), times=1)
    page.route("**/api/parts", lambda route: route.abort(), times=1)
    ask(page, "/image a lighthouse")
    expect(answers(page).get_by_alt_text("a lighthouse")).to_have_js_property("naturalWidth", 64)
    complaints.clear()  # the browser tells of connections that broke
