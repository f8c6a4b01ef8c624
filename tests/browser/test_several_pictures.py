"""Several pictures stand side by side in one answer, and are drawn one after the other before one's eyes."""

from collections.abc import AsyncGenerator, Sequence

from playwright.sync_api import Page, expect

from mom.errors import PartUnavailableError
from mom.mixture.events import ImageProgress
from mom.mixture.ports import DrawingRequest
from tests.browser.chat_page import answers, ask, questions
from tests.browser.scripted_mom import ScriptedMom
from tests.browser.test_pictures import PREVIEW
from tests.scripted import Gate, ScriptedImageModel, ScriptedLabelModel, ScriptedLanguageModel, Step

CAT, DOG, OWL = "a ginger cat", "a brown dog", "a white owl"


class GateAt(Gate):
    """Holds the answer at its nth coming only, which may fail then."""

    def __init__(self, nth: int, error: Exception | None = None) -> None:
        super().__init__()
        self._to_come = nth
        self._error = error

    async def pass_through(self) -> None:
        self._to_come -= 1
        if self._to_come != 0:
            return
        await super().pass_through()
        if self._error:
            raise self._error


def draw(
    mom: ScriptedMom, page: Page, *prompts: str, steps: Sequence[Step] = (), model: ScriptedImageModel | None = None
) -> None:
    """Ask for pictures with these prompts, each drawn in these steps."""
    mom.models.small_llm = ScriptedLabelModel(image_probability=0.97)
    mom.models.large_llm = ScriptedLanguageModel(structure={"prompt": prompts[0], "others": list(prompts[1:])})
    mom.models.image_model = model or ScriptedImageModel(steps)
    ask(page, "Draw them")


def test_the_second_of_three_is_drawn_beside_the_first_also_after_a_reload(mom: ScriptedMom, page: Page) -> None:
    second = GateAt(2)
    draw(mom, page, CAT, DOG, OWL, steps=(ImageProgress(3, 4, PREVIEW), second))
    figures = answers(page).get_by_role("figure")
    for _ in range(2):
        expect(figures).to_have_count(2)
        expect(figures.first.get_by_alt_text(CAT)).to_have_js_property("naturalWidth", 64)
        expect(figures.first.get_by_role("progressbar")).to_have_count(0)
        expect(figures.last).to_contain_text("Picture 2 of 3, step 3 of 4")
        expect(figures.last.get_by_role("progressbar")).to_have_js_property("value", 3)
        expect(figures.last.get_by_alt_text("What is drawn so far")).to_be_visible()
        expect(page.get_by_role("img", name="Image model: working")).to_be_visible()
        page.reload()
    second.open()
    expect(figures).to_have_count(3)
    expect(answers(page)).to_have_attribute("aria-busy", "false")
    for number, prompt in enumerate((CAT, DOG, OWL), 1):
        figure = page.get_by_role("figure", name=f"Picture {number} of 3")
        expect(figure.get_by_alt_text(prompt)).to_have_js_property("naturalWidth", 64)
        expect(figure).to_contain_text(prompt)
    boxes = [figures.nth(number).bounding_box() for number in range(3)]
    assert boxes[0]["y"] == boxes[1]["y"] < boxes[2]["y"]
    assert boxes[0]["x"] == boxes[2]["x"] < boxes[1]["x"]
    expect(answers(page).get_by_role("button", name="Make it bluer")).to_have_count(0)


def test_no_card_stands_empty_after_the_last_picture(mom: ScriptedMom, page: Page) -> None:
    end = GateAt(2)

    class LingeringImageModel(ScriptedImageModel):
        async def _drawing(self, request: DrawingRequest) -> AsyncGenerator:
            async for step in super()._drawing(request):
                yield step
            await end.pass_through()

    draw(mom, page, CAT, DOG, model=LingeringImageModel())
    end.wait_until_reached()
    expect(answers(page).get_by_alt_text(DOG)).to_be_visible()
    expect(answers(page)).to_have_attribute("aria-busy", "true")
    expect(answers(page).get_by_role("progressbar")).to_have_count(0)
    expect(answers(page).get_by_role("figure")).to_have_count(2)
    end.open()


def test_a_prompt_that_is_the_same_for_all_is_read_once(mom: ScriptedMom, page: Page) -> None:
    draw(mom, page, CAT, CAT, CAT)
    expect(answers(page).get_by_role("figure")).to_have_count(3)
    expect(answers(page).get_by_text(CAT)).to_have_count(1)
    answers(page).get_by_role("button", name="Edit prompt").nth(1).click()
    prompt = page.get_by_role("figure", name="Picture 2 of 3").get_by_label("Image prompt")
    expect(prompt).to_have_value(CAT)
    expect(answers(page).get_by_label("Image prompt")).to_have_count(1)
    prompt.fill("a ginger cat at night")
    page.get_by_role("button", name="Draw this").click()
    expect(answers(page).get_by_alt_text("a ginger cat at night")).to_be_visible()
    assert mom.models.image_model.requests[-1].seed == 42


def test_stopped_at_the_second_the_first_and_what_was_seen_of_the_second_are_kept(mom: ScriptedMom, page: Page) -> None:
    draw(mom, page, CAT, DOG, OWL, steps=(ImageProgress(3, 4, PREVIEW), GateAt(2)))
    expect(answers(page)).to_contain_text("Picture 2 of 3, step 3 of 4")
    page.get_by_role("button", name="Stop").click()
    for _ in range(2):
        expect(answers(page)).to_contain_text("Stopped.")
        expect(answers(page).get_by_role("figure")).to_have_count(2)
        expect(answers(page).get_by_alt_text(CAT)).to_have_js_property("naturalWidth", 64)
        expect(answers(page).get_by_alt_text("What is drawn so far")).to_be_visible()
        expect(answers(page).get_by_role("progressbar")).to_have_count(0)
        expect(page.get_by_role("img", name="Image model: stopped")).to_be_visible()
        page.reload()
    assert mom.models.at_work == 0


def test_where_the_second_fails_before_anything_is_seen_of_it_the_first_stands_alone(
    mom: ScriptedMom, page: Page
) -> None:
    second = GateAt(2, PartUnavailableError("It is still loading.", part="image_model"))
    draw(mom, page, CAT, DOG, steps=(second, ImageProgress(1, 4)))
    expect(answers(page)).to_contain_text("Picture 2 of 2")
    second.open()
    for _ in range(2):
        expect(page.get_by_role("alert")).to_contain_text("It is still loading.")
        expect(answers(page).get_by_role("figure")).to_have_count(1)
        expect(answers(page).get_by_alt_text(CAT)).to_have_js_property("naturalWidth", 64)
        page.reload()


def test_one_goes_on_from_the_second_of_three(mom: ScriptedMom, page: Page) -> None:
    draw(mom, page, CAT, DOG, OWL)
    expect(answers(page)).to_have_attribute("aria-busy", "false")
    second = page.get_by_role("figure", name="Picture 2 of 3")
    second.get_by_role("button", name="Go on from this").dblclick()
    attached, box = page.get_by_alt_text("To be sent"), page.get_by_label("Message", exact=True)
    expect(box).to_be_focused()
    expect(attached).to_have_js_property("naturalWidth", 64)
    expect(attached).to_have_count(1)
    mom.models.large_llm = ScriptedLanguageModel(structure={"prompt": "a blue dog"})
    ask(page, "Make it blue")
    expect(questions(page).last.get_by_alt_text("Attached by you")).to_be_visible()
    expect(answers(page).last.get_by_alt_text("a blue dog")).to_be_visible()
    assert f"[image] {DOG}" in str(mom.models.large_llm.questions[-1])


def test_in_full_size_the_arrow_keys_lead_to_the_answers_other_pictures(mom: ScriptedMom, page: Page) -> None:
    draw(mom, page, CAT, DOG, OWL)
    opener = page.get_by_role("button", name="Picture 2 of 3, full size")
    opener.click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_alt_text(DOG)).to_be_visible()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("dialog", name="Picture 3 of 3 in full size").get_by_alt_text(OWL)).to_be_visible()
    page.keyboard.press("ArrowRight")
    expect(dialog.get_by_alt_text(CAT)).to_be_visible()
    dialog.get_by_role("button", name="Previous picture").click()
    expect(dialog.get_by_alt_text(OWL)).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(opener).to_be_focused()
