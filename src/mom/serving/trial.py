"""A try before a model of another server takes over a part: does it begin an answer?"""

import base64

import httpx

from mom.mixture.conversation import Attachment, Message
from mom.mixture.ports import SamplingOptions
from mom.models.chat_client import ChatClient
from mom.models.parts import Endpoint, PartName

FEW_TOKENS = SamplingOptions(max_tokens=16)  # some hosts refuse to be asked for fewer
# A red square of 64 px: some vision LLMs refuse what is smaller than 28.
PICTURE = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAEAAAABACAIAAAAlC+aJAAAAT0lEQVR42u3PQQkAAAgEsIty/dMYyQi+hcEKLNO+FgEBAQEBAQEBAQEBAQEB"
    "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQGBywI6LQEAwyG+sAAAAABJRU5ErkJggg=="
)


async def try_out(part: PartName, endpoint: Endpoint, http: httpx.AsyncClient) -> None:
    """Have an LLM begin an answer; a vision LLM, one about a picture. Raises `MomError` where it does not.

    A server's list of models tells less: some show it to everybody, whatever the key, and some have names that it does not tell.
    """
    if part is PartName.IMAGE_MODEL:
        return  # a picture may take minutes, or be paid for
    pictures = (Attachment(PICTURE, "image/png"),) if part is PartName.VISION_LLM else ()
    question = Message("user", "What colour is a ripe tomato?", attachments=pictures)
    async with ChatClient(endpoint, http, part).stream_text([question], FEW_TOKENS) as answer:
        await anext(answer)  # the rest is not waited for
