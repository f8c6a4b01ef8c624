"""A PDF becomes the text that stands in a message."""

import httpx
import pytest

from tests.chats.waiting import wait_for
from tests.pdfs import pdf_of, pdf_of_a_scan, pdf_of_much_work, pdf_readers

URL = "/api/files/text"
PAGE = {"Origin": "http://localhost", "Content-Type": "application/pdf"}


def post(client, data: bytes, **options):
    return client.post(URL, data=data, **{"headers": PAGE, **options})


def test_the_text_is_given_of_a_pdf_larger_than_other_requests_may_be(client):
    answer = post(client, pdf_of("One.", "Zwei – 二.") + b"\n" * 2**21)
    assert (answer.status_code, answer.json) == (200, {"text": "One.\n\nZwei – 二."})


@pytest.mark.parametrize(
    ("data", "status", "code", "words"),
    [
        (pdf_of_a_scan(), 400, "invalid_attachment", "my report.pdf has no words in it"),
        (b"PK\3\4", 400, "invalid_attachment", "my report.pdf is said to be a PDF, but is none."),
        (b"", 400, "invalid_attachment", "my report.pdf is empty."),
        (b"%PDF-" + b" " * 20_000_000, 400, "invalid_attachment", "my report.pdf is larger than 20 MB."),
        (pdf_of("word " * 21_000), 413, "message_too_long", "my report.pdf has more than 100 kB of text"),
    ],
)
def test_a_refusal_calls_the_file_by_its_name(client, data, status, code, words):
    answer = post(client, data, query_string={"name": "my\nreport.pdf"})
    assert (answer.status_code, answer.json["error"]["code"]) == (status, code)
    assert answer.json["error"]["message"].startswith(words)
    assert post(client, data).json["error"]["message"].startswith(words.replace("my report.pdf", "The file"))


def test_a_program_sends_it_with_a_key_and_a_foreign_page_not_at_all(client):
    pdf = {"data": pdf_of("One."), "content_type": "application/pdf"}
    assert client.post(URL, **pdf).status_code == 403
    assert client.post(URL, **pdf, headers={"Authorization": "Bearer any"}).json == {"text": "One."}
    assert client.post(URL, **pdf, headers={"Origin": "https://evil.example"}).status_code == 403


def test_who_leaves_ends_the_reading(site):
    with pytest.raises(httpx.ReadTimeout):
        httpx.post(site.url + URL, content=pdf_of_much_work(), headers={"Authorization": "Bearer any"}, timeout=2.0)
    wait_for(lambda: not pdf_readers(), "the end of the process that reads")
