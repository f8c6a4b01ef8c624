"""Files that programs send with a message: PDFs and texts, in both of OpenAI's formats."""

import base64

import httpx
import pytest
from openai import OpenAI

from mom.chats.pdf_texts import PdfTexts
from mom.openai_api.bodies import CHAT_NAMES
from mom.openai_api.conversation import read_conversation
from mom.openai_api.said import Said, SentFile
from tests.chats.waiting import wait_for
from tests.pdfs import pdf_of, pdf_of_a_scan, pdf_of_much_work, pdf_readers

PDF = pdf_of("One.", "Two.")
HELLO = [{"type": "text", "text": "hello"}]
READ = "File: a.pdf\n```\nOne.\n\nTwo.\n```\n\nFile: b.py\n````\n```\nx = 1\n````\n\nWhat is it?"


def data_url(data: bytes, kind: str = "application/pdf") -> str:
    return f"data:{kind};base64,{base64.b64encode(data).decode()}"


def chat_part(data: bytes, name: str = "a.pdf", kind: str = "application/pdf") -> dict:
    return {"type": "file", "file": {"filename": name, "file_data": data_url(data, kind)}}


def input_part(data: bytes, name: str = "a.pdf", kind: str = "application/pdf") -> dict:
    return {"type": "input_file", "filename": name, "file_data": data_url(data, kind)}


def ask(site, *parts: dict, timeout: float = 30) -> httpx.Response:
    body = {"model": "mom", "messages": [{"role": "user", "content": list(parts)}]}
    return httpx.post(f"{site.url}/v1/chat/completions", json=body, timeout=timeout)


def test_chat_completions_read_files(openai: OpenAI, parts):
    code = b"\xef\xbb\xbf```\r\nx = 1\r\n"
    content = [chat_part(PDF), {"type": "text", "text": "What is it?"}, chat_part(code, "b.py", "text/x-python")]
    answer = openai.chat.completions.create(model="mom", messages=[{"role": "user", "content": content}])
    assert answer.choices[0].message.content == "Hello!"
    assert parts.large_llm.questions[0][-1].content == READ


def test_responses_read_files(openai: OpenAI, parts):
    bare = {"type": "input_file", "filename": "b.py", "file_data": base64.b64encode(b"```\nx = 1").decode()}
    content = [input_part(PDF), bare, {"type": "input_text", "text": "What is it?"}]
    assert openai.responses.create(model="mom", input=[{"role": "user", "content": content}]).output_text == "Hello!"
    assert parts.large_llm.questions[0][-1].content == READ


def test_a_file_alone_is_a_message_in_words(site, parts):
    answer = ask(site, chat_part(PDF))
    assert answer.headers["x-mom-route"].startswith("text; by=attachment")
    assert parts.large_llm.questions[0][-1].content == "File: a.pdf\n```\nOne.\n\nTwo.\n```"


def test_the_file_of_an_earlier_message_is_read_again_and_the_words_alone_are_routed(site):
    earlier = [{"role": "user", "content": [chat_part(PDF)]}, {"role": "assistant", "content": "It counts."}]
    body = {"messages": [*earlier, {"role": "user", "content": [chat_part(pdf_of("/image a fox")), *HELLO]}]}
    answer = httpx.post(f"{site.url}/v1/classify", json=body, timeout=30)
    assert answer.json()["need"] == "text"


@pytest.mark.parametrize(
    ("part", "words"),
    [
        (chat_part(pdf_of_a_scan()), "a.pdf has no words in it"),
        (chat_part(b"PK\3\4\0", "a.docx", "application/zip"), "a.docx is neither a PDF nor a text in UTF-8."),
        (chat_part(b"words", "a.pdf"), "a.pdf is said to be a PDF, but is none."),
        (chat_part(b" \n", "a.txt", "text/plain"), "a.txt is empty."),
        (chat_part(b"a" * 2**20, "a.txt", "text/plain"), "The conversation is longer than 1,048,576 characters."),
        ({"type": "file", "file": {"file_data": "https://example.com/a.pdf"}}, "file must be sent as a data URL"),
        ({"type": "file", "file": {"file_data": "data:application/pdf;base64,%"}}, "file's data URL is not base64."),
        ({"type": "file", "file": {"file_id": "file-1"}}, "messages.0.content.0.file.file_id: MoM keeps no files"),
        ({"type": "file", "file": {"filename": "a.pdf"}}, "messages.0.content.0: a file is written"),
        ({"type": "file"}, "messages.0.content.0: a file is written"),
    ],
)
def test_what_cannot_be_read_says_why(site, part, words):
    answer = ask(site, part, *HELLO)
    assert answer.status_code in {400, 413}
    assert answer.json()["error"]["message"].startswith(words)
    assert answer.json()["error"]["param"].startswith("messages")


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"file_id": "file-1"}, "input.0.content.0.file_id: MoM keeps no files for programs"),
        ({"file_url": "https://example.com/a.pdf"}, "input.0.content.0.file_url: MoM fetches no addresses"),
        ({"filename": "a.pdf"}, "input.0.content.0: a file is written"),
    ],
)
def test_responses_refuse_files_that_are_elsewhere(site, fields, words):
    body = {"model": "mom", "input": [{"role": "user", "content": [{"type": "input_file", **fields}]}]}
    answer = httpx.post(f"{site.url}/v1/responses", json=body, timeout=30)
    assert answer.status_code == 400
    assert answer.json()["error"]["message"].startswith(words)


async def test_nothing_of_what_was_sent_is_kept_while_it_is_answered():
    said = [Said("messages.0", "user", "hello", files=[SentFile("a.pdf", data_url(PDF))])]
    conversation = await read_conversation(said, CHAT_NAMES, PdfTexts(), keeps_thinking=False)
    assert conversation.last.content.endswith("hello")
    assert said == []


def test_a_client_that_leaves_ends_the_reading(site):
    with pytest.raises(httpx.ReadTimeout):
        ask(site, chat_part(pdf_of_much_work()), timeout=2.0)
    wait_for(lambda: not pdf_readers(), "the end of the process that reads")
