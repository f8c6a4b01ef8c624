"""The prompts: one .j2 file each. System messages are static so that their tokens stay cached."""

from dataclasses import dataclass
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined

from mom.mixture.conversation import Conversation, Message


@dataclass(frozen=True, slots=True)
class Excerpt:
    """How much of a conversation a question quotes: so many earlier messages, and characters of each and of the last."""

    messages: int
    earlier_chars: int
    last_chars: int


# Fits a context of 2,048 tokens also where each character is a token, as in some scripts.
FOR_VERDICT = Excerpt(messages=4, earlier_chars=150, last_chars=1_000)
# The picture that is to be changed must be quoted whole.
FOR_IMAGE_PROMPT = Excerpt(messages=6, earlier_chars=600, last_chars=2_000)
# For a model whose context that overflows: the last answer, which may be that picture, and the message.
FOR_SHORT_IMAGE_PROMPT = Excerpt(messages=1, earlier_chars=600, last_chars=600)

# No HTML is made here, so nothing is to be escaped: these are words for a model.
_environment = Environment(
    loader=PackageLoader("mom.mixture", "prompts"),
    undefined=StrictUndefined,
    autoescape=False,  # noqa: S701
    trim_blocks=True,
)


@cache
def system_prompt(name: str) -> str:
    """The static system message `name`: `classify`, `write_image_prompt` or `answer`."""
    return _environment.get_template(f"{name}.j2").render().strip()


def question_with_transcript(name: str, conversation: Conversation, excerpt: Excerpt) -> list[Message]:
    """The system message `name`, then one user message: the last turns in words, and the message itself last.

    Bounded work: long messages are cut in the middle, as what is wanted stands at the beginning or the end.
    """
    earlier = [
        {"role": message.role, "words": cut_middle(message.as_words, excerpt.earlier_chars)}
        for message in conversation.earlier[-excerpt.messages :]
    ]
    last = cut_middle(conversation.last.content, excerpt.last_chars)
    transcript = _environment.get_template("transcript.j2").render(earlier=earlier, last=last).strip()
    return [Message("system", system_prompt(name)), Message("user", transcript)]


def cut_middle(text: str, limit: int, *, head: int | None = None) -> str:
    """`text`, or its head and tail where it is longer than `limit` characters: half of them each, unless `head` are told."""
    if len(text) <= limit:
        return text
    head = limit // 2 if head is None else head
    return f"{text[:head]} … {text[head - limit :]}"
