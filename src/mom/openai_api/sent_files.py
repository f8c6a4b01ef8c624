"""The files of a message, as their text before its words: for a model, no matter how they came."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from mom.chats.data_urls import read_file_data
from mom.chats.pdf_texts import PdfTexts
from mom.errors import AttachmentError
from mom.mixture.text_files import TextFile, file_name, with_files
from mom.openai_api.said import Said, SentFile

MAX_TEXT_BYTES = 2**20  # of a file; a conversation has no more characters


async def put_files_into_words(said: Sequence[Said], texts: PdfTexts) -> list[Said]:
    """The messages with the text of their files. Raises `AttachmentError`, `MessageTooLongError`, `ServingError`."""
    return [await _put(message, texts) if message.files else message for message in said]


async def _put(message: Said, texts: PdfTexts) -> Said:
    files = [await _read(file, texts, message.place) for file in message.files]
    return replace(message, words=with_files(files, message.words), files=())


async def _read(file: SentFile, texts: PdfTexts, place: str) -> TextFile:
    name = file_name(file.name) or "file"
    data, media_type = await asyncio.to_thread(read_file_data, file.data, name, param=place)
    if data.startswith(b"%PDF-") or media_type == "application/pdf" or name.lower().endswith(".pdf"):
        return TextFile(name, await texts.read(data, name, most_bytes=MAX_TEXT_BYTES, param=place))
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:
        raise AttachmentError(f"{name} is neither a PDF nor a text in UTF-8. Send it as one of them.", param=place)
    text = text.replace("\r\n", "\n").replace("\r", "\n").rstrip()
    if not text:
        raise AttachmentError(f"{name} is empty.", param=place)
    return TextFile(name, text)
