"""Text files and PDFs go with a message: chosen, dropped or pasted, shown by their names, and read by the model with the words."""

import pytest
from playwright.sync_api import Page, expect

from mom.models.parts import PartName
from mom.models.refusals import Server, context_full
from tests.browser.chat_page import answers, ask, chat_links, questions
from tests.browser.scripted_mom import ScriptedMom
from tests.chats.waiting import wait_for
from tests.pdfs import pdf_of, pdf_of_much_work, pdf_readers
from tests.scripted import ScriptedLanguageModel, png_of

CODE = 'def greet():\n    return "<b>hello</b>"\n'
SENT = 'File: greet.py\n```\ndef greet():\n    return "<b>hello</b>"\n```'
FILES = """([node, name, files]) => {
    const data = new DataTransfer()
    for (const { name, type, bytes } of files) data.items.add(new File([new Uint8Array(bytes)], name, { type }))
    const event = name === 'paste'
        ? new ClipboardEvent(name, { bubbles: true, cancelable: true, clipboardData: data })
        : new DragEvent(name, { bubbles: true, cancelable: true, dataTransfer: data })
    node.dispatchEvent(event)
}"""

WHERE = """(words) => {
    const text = document.querySelector('.question pre').firstChild
    const range = document.createRange()
    range.setStart(text, text.data.indexOf(words))
    return range.getBoundingClientRect().top
}"""


def a_file(name: str, text: str | bytes, kind: str = "") -> dict:
    return {"name": name, "type": kind, "bytes": list(text.encode() if isinstance(text, str) else text)}


def choose(page: Page, *files: tuple[str, str]) -> None:
    page.locator("input[type=file]").set_input_files(
        [{"name": name, "mimeType": "", "buffer": text.encode()} for name, text in files]
    )


def test_a_chosen_file_is_sent_with_the_words_and_shown_folded(mom: ScriptedMom, page: Page) -> None:
    choose(page, ("greet.py", CODE))
    attached = page.get_by_role("list", name="Attached").get_by_role("listitem")
    expect(attached).to_contain_text("greet.py")
    expect(attached).to_contain_text("38 B")
    ask(page, "Explain this")
    expect(answers(page)).to_contain_text("Hello!")
    expect(attached).to_have_count(0)
    assert mom.models.large_llm.questions[0][-1].content == f"{SENT}\n\nExplain this"
    for _ in range(2):
        expect(questions(page).locator(".said")).to_have_text("Explain this")
        text = questions(page).locator("pre")
        expect(text).to_be_hidden()
        questions(page).get_by_text("greet.py").click()
        expect(text).to_be_visible()
        assert text.text_content() == CODE.strip()
        expect(questions(page).locator("b")).to_have_count(0)
        page.reload()


def test_a_file_alone_is_sent_and_one_that_was_removed_is_not(mom: ScriptedMom, page: Page) -> None:
    choose(page, ("greet.py", CODE), ("other.md", "# Other"))
    page.get_by_role("button", name="Remove other.md").press("Enter")
    expect(page.get_by_label("Message", exact=True)).to_be_focused()
    page.get_by_role("button", name="Send").click()
    expect(answers(page).get_by_role("button", name="needs text: attachment")).to_be_visible()
    assert mom.models.large_llm.questions[0][-1].content == SENT


@pytest.mark.parametrize("way", ["drop", "paste"])
def test_of_several_files_the_refused_one_keeps_no_other_away(
    mom: ScriptedMom, page: Page, way: str, complaints: list[str]
) -> None:
    mom.models.vision_llm = ScriptedLanguageModel(["I see it."])
    files = [
        a_file("greet.py", CODE, "text/x-python"),
        a_file("report.pdf", b"%PDF-1.7\0\xff", "application/pdf"),
        a_file("a.png", png_of(), "image/png"),
        a_file("data.csv", "1;2", "text/csv"),
    ]
    page.evaluate(FILES, [page.get_by_label("Message", exact=True).element_handle(), way, files])
    expect(page.get_by_role("alert")).to_contain_text("report.pdf cannot be read; it may be damaged.")
    assert "400" in complaints.pop()
    expect(page.get_by_role("list", name="Attached").get_by_role("listitem")).to_have_count(3)
    ask(page, "What are they?")
    expect(answers(page)).to_contain_text("I see it.")
    expect(questions(page).get_by_alt_text("Attached by you")).to_be_visible()
    expect(questions(page).locator("summary")).to_contain_text(["greet.py", "data.csv"])
    question = mom.models.vision_llm.questions[0][-1]
    assert question.content == f"{SENT}\n\nFile: data.csv\n```\n1;2\n```\n\nWhat are they?"
    assert len(question.attachments) == 1


def drop(page: Page, *files: dict) -> None:
    page.evaluate(FILES, [page.get_by_label("Message", exact=True).element_handle(), "drop", list(files)])


def test_the_words_of_a_dropped_pdf_go_with_the_message(mom: ScriptedMom, page: Page) -> None:
    drop(page, a_file("report.pdf", pdf_of("Rain in May.", "Дождь"), "application/pdf"))
    attached = page.get_by_role("list", name="Attached").get_by_role("listitem")
    expect(attached).to_contain_text("report.pdf")
    expect(attached).to_contain_text("24 B")
    ask(page, "Sum it up")
    expect(answers(page)).to_contain_text("Hello!")
    sent = "File: report.pdf\n```\nRain in May.\n\nДождь\n```\n\nSum it up"
    assert mom.models.large_llm.questions[0][-1].content == sent
    questions(page).locator("summary").get_by_text("report.pdf").click()
    expect(questions(page).locator("pre")).to_contain_text("Rain in May.")


def test_a_pdf_that_is_being_read_is_waited_for_or_removed(mom: ScriptedMom, page: Page) -> None:
    drop(page, a_file("slow.pdf", pdf_of_much_work(), "application/pdf"))
    attached = page.get_by_role("list", name="Attached").get_by_role("listitem")
    expect(attached).to_contain_text("slow.pdf reading…")
    ask(page, "Sum it up")
    expect(page.get_by_role("status").filter(has_text="slow.pdf is still being read")).to_be_visible()
    expect(page.get_by_role("button", name="Send")).to_be_disabled()
    wait_for(pdf_readers, "the process that reads")
    attached.get_by_role("button", name="Remove slow.pdf").click()
    expect(attached).to_have_count(0)
    wait_for(lambda: not pdf_readers(), "the end of the process that reads")
    expect(page.get_by_role("alert")).to_have_count(0)
    page.get_by_role("button", name="Send").click()
    expect(answers(page)).to_contain_text("Hello!")
    assert mom.models.large_llm.questions[0][-1].content == "Sum it up"


def test_a_question_is_edited_without_its_file_which_it_keeps(mom: ScriptedMom, page: Page) -> None:
    choose(page, ("greet.py", CODE))
    ask(page, "Explain this")
    expect(answers(page)).to_contain_text("Hello!")
    page.get_by_label("Message", exact=True).press("ArrowUp")
    words = questions(page).get_by_label("Your question")
    expect(words).to_have_value("Explain this")
    words.fill("Shorten this")
    questions(page).get_by_role("button", name="Ask again").click()
    expect(questions(page)).to_contain_text("2/2")
    expect(questions(page).locator("summary")).to_contain_text("greet.py")
    expect(answers(page)).to_contain_text("Hello!")
    assert mom.models.large_llm.questions[-1][-1].content == f"{SENT}\n\nShorten this"


def test_what_is_found_in_a_file_is_unfolded(page: Page) -> None:
    choose(page, ("tale.txt", f"Once upon a time. {'Blah. ' * 3_000}There lived a basilisk."))
    ask(page, "Explain this")
    expect(answers(page)).to_contain_text("Hello!")
    page.get_by_role("link", name="New chat").click()
    ask(page, "Another")
    expect(answers(page)).to_contain_text("Hello!")
    page.get_by_label("Search chats").fill("basilisk")
    chat_links(page).filter(has_text="basilisk").click()
    expect(questions(page).locator("details")).to_have_attribute("open", "")
    assert 0 < page.evaluate(WHERE, "basilisk") < page.viewport_size["height"]


def test_what_is_unfolded_is_read_from_its_beginning(page: Page) -> None:
    choose(page, ("tale.txt", "Once upon a time.\n" * 200))
    ask(page, "Explain this")
    expect(answers(page)).to_have_attribute("aria-busy", "false")
    name = questions(page).locator("summary")
    place = name.bounding_box()
    name.click()
    expect(questions(page).locator("pre")).to_be_visible()
    page.evaluate("new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)))")
    assert name.bounding_box()["y"] == place["y"]
    questions(page).locator(".said").scroll_into_view_if_needed()
    expect(name).to_be_in_viewport()  # to be folded again
    name.click()
    expect(questions(page).locator("pre")).to_be_hidden()


def test_a_file_too_long_for_the_model_is_said_to_be_so(mom: ScriptedMom, page: Page) -> None:
    full = context_full(Server(PartName.LARGE_LLM, "127.0.0.1", "small", None), "5000 tokens, and 4096 fit")
    mom.models.large_llm = ScriptedLanguageModel([full])
    choose(page, ("greet.py", CODE))
    ask(page, "Explain this")
    expect(page.get_by_role("alert")).to_contain_text("longer than small can read at once (5000 tokens, and 4096 fit)")
    expect(page.get_by_role("alert")).to_contain_text("attach less")
