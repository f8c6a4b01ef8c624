"""The conversation as the mixture sees it: pure values, without identity or storage."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from mom.mixture.text_files import own_words

Role = Literal["system", "user", "assistant"]
# So many messages with pictures of a person's, the newest, are looked at in one conversation.
PICTURED_MESSAGES_SEEN = 2
PICTURE_MARK = "[image] "  # before the prompt of a picture where it stands in words, as in the routing data


@dataclass(frozen=True, slots=True)
class Drawing:
    """What is remembered of a picture that was drawn. Its file is `png`, or is to be had by `image_id`."""

    prompt: str
    seed: int | None = None
    image_id: str | None = None
    png: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Attachment:
    """A picture a person added to a message: its bytes and media type (`image/png`, `image/jpeg`, `image/webp`).

    `drawing` is the record in it, where it is one that MoM drew.
    """

    data: bytes
    media_type: str
    drawing: Drawing | None = None


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A call of one of the caller's tools; `arguments` is JSON as the model wrote it, `extra` its server's own addition."""

    id: str
    name: str
    arguments: str
    extra: Mapping[str, object] | None = None


@dataclass(frozen=True, slots=True)
class ToolRequest:
    """The calls that a model asked for, what it said with them, and what it thought before."""

    words: str
    calls: tuple[ToolCall, ...]
    thinking: str = ""


@dataclass(frozen=True, slots=True)
class ToolResult:
    """What the caller's tool gave for the call with the id `call_id`."""

    call_id: str
    words: str


ToolStep = ToolRequest | ToolResult


@dataclass(frozen=True, slots=True)
class Message:
    """One message. An answer that was a picture has `drawing` set; its `content` may then be empty.

    `tool_steps` came right after it, on the way to the answer: for the model that answers, and for no one else. So is what an
    answer's model thought before it, `thinking`, which is kept where there are tools.
    """

    role: Role
    content: str
    attachments: tuple[Attachment, ...] = ()
    drawing: Drawing | None = None
    tool_steps: tuple[ToolStep, ...] = ()
    thinking: str = ""

    @classmethod
    def from_words(cls, role: Role, words: str) -> "Message":
        """The message that reads so: the way back of `as_words`."""
        told = cls(role, words)
        is_picture = role == "assistant" and told.drawn is not None
        return cls(role, "", drawing=Drawing(told.drawn or "")) if is_picture else told

    @property
    def as_words(self) -> str:
        """The message in words alone; a picture reads `[image] PROMPT`."""
        return PICTURE_MARK + self.drawing.prompt if self.drawing else self.content

    @property
    def drawn(self) -> str | None:
        """The prompt of the picture that it was, also where it stands in words; None where it was none."""
        if self.drawing:
            return self.drawing.prompt
        return self.content.removeprefix(PICTURE_MARK) if self.content.startswith(PICTURE_MARK) else None


@dataclass(frozen=True, slots=True)
class Conversation:
    """The messages from the first to the one to be answered, which is the last and a user's."""

    messages: tuple[Message, ...]
    earlier: tuple[Message, ...] = field(init=False)
    last: Message = field(init=False)

    def __post_init__(self) -> None:
        if not self.messages or self.messages[-1].role != "user":
            msg = "a conversation ends with the user's message that is to be answered"
            raise ValueError(msg)
        object.__setattr__(self, "earlier", self.messages[:-1])
        object.__setattr__(self, "last", self.messages[-1])

    def with_last_words(self, words: str) -> "Conversation":
        """The same conversation with other words in its last message."""
        return Conversation((*self.earlier, replace(self.last, content=words)))

    @property
    def is_about_a_picture(self) -> bool:
        """Whether a person's own picture is in the last message, or in an earlier one since which nothing was drawn."""
        for message in reversed(self.messages):
            if message.drawing:
                return False
            if any(attachment.drawing is None for attachment in message.attachments):
                return True
        return False

    def in_own_words(self) -> "Conversation":
        """The conversation for whoever decides what is asked for: that stands in a person's own words and in no file.

        A file in the last message is what "this" and "it" mean there, so that nothing before it counts: "fix this" after a
        picture asks for no other picture.
        """
        last = replace(self.last, content=own_words(self.last.content))
        if last != self.last:
            return Conversation((last,))
        return Conversation(
            tuple(
                replace(message, content=own_words(message.content)) if message.role == "user" else message
                for message in self.messages
            )
        )

    def without_pictures(self) -> "Conversation":
        """The same conversation for a model that does not see: where pictures were added, words say so, and of those that MoM
        drew what was drawn.
        """
        return Conversation(tuple(_in_words(message) for message in self.messages))

    def taking_up_records(self) -> "Conversation":
        """The same conversation as if a picture of MoM's that is attached to the last message were its last answer."""
        drawings = [attachment.drawing for attachment in self.last.attachments if attachment.drawing]
        if not drawings or len(drawings) < len(self.last.attachments):
            return self
        answer = Message("assistant", "", drawing=drawings[-1])
        return Conversation((*self.earlier, answer, replace(self.last, attachments=())))

    def since_last_drawing(self) -> "Conversation":
        """The same conversation without the newest picture that was drawn here, and all before it."""
        drawn = [number for number, message in enumerate(self.messages) if message.drawing]
        return Conversation(self.messages[drawn[-1] + 1 :]) if drawn else self

    @property
    def last_answer(self) -> Message | None:
        return next((message for message in reversed(self.earlier) if message.role == "assistant"), None)

    @property
    def last_drawing(self) -> Drawing | None:
        """The drawing of the newest answer, if that answer was a picture."""
        return self.last_answer.drawing if self.last_answer else None


def _in_words(message: Message) -> Message:
    if not message.attachments:
        return message
    pictures = [
        PICTURE_MARK + attachment.drawing.prompt if attachment.drawing else "[picture attached]"
        for attachment in message.attachments
    ]
    return replace(message, content="\n\n".join(filter(None, [*pictures, message.content])), attachments=())
