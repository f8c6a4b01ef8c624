"""OpenAI's messages as MoM's conversation."""

import re
from collections.abc import Sequence

from mom.chats.attachments import CheckedPicture, check_attachments
from mom.chats.data_urls import read_data_url
from mom.errors import AttachmentError, EmptyMessageError, MessageTooLongError, ParameterError
from mom.mixture.conversation import PICTURE_MARK, PICTURED_MESSAGES_SEEN, Attachment, Conversation, Drawing, Message
from mom.openai_api.bodies import ConversationBody, WireMessage

MAX_CONVERSATION_CHARS = 2**20
# What `/v1` itself answers with where it has drawn, no picture that an answer in words shows.
_LINK = re.compile(r"\s*!\[(?P<alt>[^\]]*)\]\([^)\s]*/images/(?P<id>[0-9a-f]{32})\.png\)")


def read_conversation(body: ConversationBody) -> Conversation:
    """The conversation whose last message is to be answered. Raises `InputError`s."""
    pictured = [number for number, message in enumerate(body.messages) if _picture_urls(message)]
    seen = pictured[-PICTURED_MESSAGES_SEEN:]
    messages = _with_instructions_before_the_question(
        [_read_message(message, sees=number in seen) for number, message in enumerate(body.messages)]
    )
    last = messages[-1]
    if last.role != "user":
        raise ParameterError("The last message must be the user's: it is the one that is answered.", param="messages")
    if not last.content.strip() and not last.attachments:
        raise EmptyMessageError("The last message is empty. Write what you want.", param="messages")
    if sum(len(message.content) for message in messages) > MAX_CONVERSATION_CHARS:
        raise MessageTooLongError(
            f"The conversation is longer than {MAX_CONVERSATION_CHARS:,} characters. Shorten it.", param="messages"
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


def _picture_urls(message: WireMessage) -> list[str]:
    return [part.image_url.url for part in message.content or () if part.image_url is not None]


def _read_message(message: WireMessage, *, sees: bool) -> Message:
    words = "\n".join(part.text for part in message.content or () if part.text)
    urls = _picture_urls(message) if sees else []
    attachments = check_pictures([read_data_url(url, param="messages") for url in urls], param="messages")
    role = "system" if message.role == "developer" else message.role
    return Message(
        role,
        words,
        tuple(picture.as_attachment() for picture in attachments),
        _drawing_in(words) if role == "assistant" else None,
    )


def _with_instructions_before_the_question(messages: list[Message]) -> list[Message]:
    """Some clients write system messages after the user's, to have them heeded: what is answered is still the user's."""
    dialogue = [number for number, message in enumerate(messages) if message.role != "system"]
    question = dialogue[-1] if dialogue else len(messages) - 1
    return [*messages[:question], *messages[question + 1 :], messages[question]]


def _drawing_in(words: str) -> Drawing | None:
    if words.startswith(PICTURE_MARK):
        return Drawing(words.removeprefix(PICTURE_MARK))
    found = _LINK.match(words)
    return Drawing(found["alt"], image_id=found["id"]) if found else None
