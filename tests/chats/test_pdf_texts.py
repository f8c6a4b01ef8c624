"""PDFs as text: what is read, what is refused and in which words, and that no file takes more than is given to it."""

import asyncio
import sys

import pytest

from mom.chats import pdf_texts
from mom.chats.pdf_texts import KEPT_TEXTS, MAX_PDF_BYTES, PdfTexts
from mom.errors import AttachmentError, MessageTooLongError, MomError
from tests.chats.waiting import wait_for
from tests.pdfs import locked, pdf_of, pdf_of_a_scan, pdf_of_much_work, pdf_readers, pdf_that_unfolds

PDF = pdf_of("The first page.", "Größe, Привет, 你好")
TEXT = "The first page.\n\nGröße, Привет, 你好"


async def read(pdf: bytes, most_bytes: int = 1_000, *, reading_s: float = 60.0) -> str:
    return await PdfTexts(reading_s=reading_s).read(pdf, "a.pdf", most_bytes=most_bytes)


async def refusal(pdf: bytes, **options: float) -> MomError:
    with pytest.raises(MomError) as caught:
        await read(pdf, **options)
    return caught.value


async def test_all_pages_are_read_in_all_letters() -> None:
    assert await read(PDF) == TEXT


async def test_letters_are_those_that_people_write() -> None:
    assert await read(pdf_of("eﬃcient\0 ﬁle², 🙂", "ﻣﺮ")) == "efficient  file², 🙂\n\nرم"


async def test_one_that_only_its_owner_may_print_is_read() -> None:
    assert await read(locked(PDF, "")) == TEXT


@pytest.mark.parametrize(
    ("pdf", "words"),
    [
        (locked(PDF, "secret"), "a.pdf is protected by a password"),
        (pdf_of_a_scan(), "a.pdf has no words in it, only pictures of pages: a scan."),
        (PDF[:300], "a.pdf cannot be read; it may be damaged."),
        (b"%PDF-1.7\n" + b"\xff" * 1_000, "a.pdf cannot be read; it may be damaged."),
        (b"", "a.pdf is empty."),
        (b"PK\3\4", "a.pdf is said to be a PDF, but is none."),
        (PDF + b" " * MAX_PDF_BYTES, "a.pdf is larger than 20 MB."),
    ],
)
async def test_what_cannot_be_read_says_why(pdf: bytes, words: str) -> None:
    error = await refusal(pdf)
    assert isinstance(error, AttachmentError)
    assert error.message.startswith(words)


async def test_a_text_has_at_most_the_bytes_that_are_asked_for() -> None:
    most = len(TEXT.encode()) - len("\n\n")
    assert await read(PDF, most) == TEXT
    with pytest.raises(MessageTooLongError, match=r"^a\.pdf has more than 1 kB of text"):
        await read(pdf_of("word " * 500), 1_000)


async def test_one_that_takes_too_long_is_given_up_with_its_process() -> None:
    error = await refusal(pdf_of_much_work(), reading_s=2.0)
    assert error.message.startswith("a.pdf takes too long to read")
    assert not pdf_readers()


@pytest.mark.skipif(sys.platform == "darwin", reason="macOS bounds no address space")
async def test_one_that_unfolds_beyond_its_memory_is_given_up() -> None:
    error = await refusal(pdf_that_unfolds(pages=12))
    assert error.message.startswith("a.pdf takes too long to read, or too much memory")


async def test_who_leaves_ends_the_process() -> None:
    reading = asyncio.create_task(read(pdf_of_much_work()))
    await asyncio.to_thread(wait_for, pdf_readers, "the process that reads")
    reading.cancel()
    await asyncio.wait({reading})
    assert reading.cancelled()
    assert not pdf_readers()


async def test_two_are_read_at_a_time_and_the_next_when_one_is_done() -> None:
    texts = PdfTexts(reading_s=60.0)
    readings = [asyncio.create_task(texts.read(pdf_of_much_work(), "a.pdf", most_bytes=1_000)) for _ in range(3)]
    first = await asyncio.to_thread(wait_for_two)
    await read(PDF)  # time enough for a third to be begun
    assert pdf_readers() == first
    readings[0].cancel()
    await asyncio.wait({readings[0]})
    assert await asyncio.to_thread(wait_for_two) != first
    for reading in readings:
        reading.cancel()
    await asyncio.wait(readings)
    assert not pdf_readers()


def wait_for_two() -> set[int]:
    wait_for(lambda: len(pdf_readers()) == 2, "two processes that read")
    return pdf_readers()


async def test_what_was_read_last_is_not_read_again_within_the_same_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = PdfTexts()
    others = [pdf_of(f"Number {number}.") for number in range(KEPT_TEXTS)]
    for pdf in (PDF, *others[1:], PDF, others[0]):  # the second of them has been left out then
        await texts.read(pdf, "a.pdf", most_bytes=1_000)
    monkeypatch.setattr(pdf_texts, "CHILD", ("false",))

    assert await texts.read(PDF, "b.pdf", most_bytes=1_000) == TEXT
    for pdf, most_bytes in ((others[1], 1_000), (PDF, 10)):
        with pytest.raises(AttachmentError):
            await texts.read(pdf, "a.pdf", most_bytes=most_bytes)
