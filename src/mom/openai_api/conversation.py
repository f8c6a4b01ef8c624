"""A request's messages as MoM's conversation."""

import asyncio
import re
from collections.abc import Sequence

from mom.chats.attachments import CheckedPicture, check_attachments
from mom.chats.data_urls import read_data_url
from mom.chats.pdf_texts import PdfTexts
from mom.errors import AttachmentError, EmptyMessageError, MessageTooLongError, ParameterError
from mom.mixture.conversation import (
    PICTURE_MARK,
    PICTURED_MESSAGES_SEEN,
    Attachment,
    Conversation,
    Drawing,
    Message,
    ToolStep,
)
from mom.openai_api.said import Names, Said
from mom.openai_api.sent_files import put_files_into_words
from mom.openai_api.tool_steps import gather_tool_steps

MAX_CONVERSATION_CHARS = 2**20
# What `/v1` itself answers with where it has drawn, no picture that an answer in words shows. The groups are the last one's.
_LINKS = re.compile(r"(?:\s*!\[(?P<alt>[^\]]*)\]\([^)\s]*/images/(?P<id>[0-9a-f]{32})\.png\))+")


async def read_conversation(said: list[Said], names: Names, texts: PdfTexts, *, keeps_thinking: bool) -> Conversation:
    """The conversation whose last message is to be answered. `said` is empty then: it may hold large files, and its answer
    may take long. Raises `InputError`s, `ServingError`.
    """
    read = await put_files_into_words(said, texts)
    said.clear()
    return await asyncio.to_thread(_as_conversation, read, names, keeps_thinking=keeps_thinking)


def _as_conversation(said: Sequence[Said], names: Names, *, keeps_thinking: bool) -> Conversation:
    gathered = gather_tool_steps(said, names)
    pictured = [number for number, (message, _) in enumerate(gathered) if message.picture_urls]
    seen = pictured[-PICTURED_MESSAGES_SEEN:]
    messages = _with_instructions_before_the_question(
        [
            _read_message(message, steps, names, sees=number in seen, keeps_thinking=keeps_thinking)
            for number, (message, steps) in enumerate(gathered)
        ]
    )
    last = messages[-1]
    if last.role != "user":
        raise ParameterError(
            "The last message must be the user's, or the result of a tool: it is the one that is answered.",
            param=names.messages,
        )
    if not last.content.strip() and not last.attachments:
        raise EmptyMessageError("The last message is empty. Write what you want.", param=names.messages)
    if sum(message.length for message in said) > MAX_CONVERSATION_CHARS:
        raise MessageTooLongError(
            f"The conversation is longer than {MAX_CONVERSATION_CHARS:,} characters. Shorten it.", param=names.messages
        )
    return Conversation(tuple(messages))


def link_to(alt: str, url: str) -> str:
    """A short markdown link; `alt` is read back as the picture's prompt when the conversation goes on."""
    words = " ".join(re.sub(r"[\[\]\\]", " ", alt).split())
    return f"![{words}]({url})"


def check_pictures(pictures: Sequence[Attachment], *, param: str) -> list[CheckedPicture]:
    """As `check_attachments`, whose errors name a field that no body of OpenAI's has: `param` takes its place."""
    try:
        return check_attachments(pictures)
    except AttachmentError as error:
        raise AttachmentError(error.message, param=param) from error


def _read_message(
    message: Said, steps: tuple[ToolStep, ...], names: Names, *, sees: bool, keeps_thinking: bool
) -> Message:
    assert message.role != "tool", "a tool's result is a step"
    pictures = [read_data_url(url, param=names.messages) for url in message.picture_urls] if sees else []
    is_answer = message.role == "assistant"
    return Message(
        "system" if message.role == "developer" else message.role,
        message.words,
        tuple(picture.as_attachment() for picture in check_pictures(pictures, param=names.messages)),
        message.drawing or (_drawing_in(message.words) if is_answer else None),
        steps,
        message.thinking if is_answer and keeps_thinking else "",
    )


def _with_instructions_before_the_question(messages: list[Message]) -> list[Message]:
    """Some clients write system messages after the user's, to have them heeded: what is answered is still the user's."""
    dialogue = [number for number, message in enumerate(messages) if message.role != "system"]
    question = dialogue[-1] if dialogue else len(messages) - 1
    return [*messages[:question], *messages[question + 1 :], messages[question]]


def _drawing_in(words: str) -> Drawing | None:
    if words.startswith(PICTURE_MARK):
        return Drawing(words.removeprefix(PICTURE_MARK))
    found = _LINKS.match(words)
    return Drawing(found["alt"], image_id=found["id"]) if found else None
