"""The prompts: one .j2 file each. System messages are static so that their tokens stay cached."""

from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined

from mom.mixture.conversation import Conversation, Message

TRANSCRIPT_TURNS = 6
TRANSCRIPT_CHARS = 400
LAST_MESSAGE_CHARS = 2_000

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


def question_with_transcript(name: str, conversation: Conversation) -> list[Message]:
    """The system message `name`, then one user message: the last turns in words, and the message itself last.

    Bounded work: long messages are cut in the middle, as what is wanted stands at the beginning or the end.
    """
    earlier = [
        {"role": message.role, "words": cut_middle(message.as_words, TRANSCRIPT_CHARS)}
        for message in conversation.earlier[-TRANSCRIPT_TURNS:]
    ]
    last = cut_middle(conversation.last.content, LAST_MESSAGE_CHARS)
    transcript = _environment.get_template("transcript.j2").render(earlier=earlier, last=last).strip()
    return [Message("system", system_prompt(name)), Message("user", transcript)]


def cut_middle(text: str, limit: int) -> str:
    """`text`, or its head and tail where it is longer than `limit` characters."""
    if len(text) <= limit:
        return text
    half = limit // 2
    return f"{text[:half]} … {text[-half:]}"
