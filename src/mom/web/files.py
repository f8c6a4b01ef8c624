"""Files that are attached to a message, as the text that stands in it."""

import json

from flask import Response, request

from mom.chats.pdf_texts import MAX_PDF_BYTES, too_large
from mom.chats.question import MAX_MESSAGE_BYTES
from mom.mixture.text_files import file_name
from mom.web.services import services
from mom.web.streams import later


def read_file_text() -> Response:
    """The text of the PDF that is the request's body; `?name=` is what a refusal calls it. Nothing of it is kept."""
    name = file_name(request.args.get("name", "")) or "The file"
    if (request.content_length or 0) > MAX_PDF_BYTES:
        raise too_large(name)
    request.max_content_length = MAX_PDF_BYTES
    data, texts = request.get_data(cache=False), services().pdf_texts

    async def read() -> Response:
        text = await texts.read(data, name, most_bytes=MAX_MESSAGE_BYTES)
        return Response(json.dumps({"text": text}), mimetype="application/json")

    return later(read)
