"""Needs text: the large LLM streams the answer."""

from collections.abc import AsyncGenerator, Sequence
from dataclasses import replace

from mom.errors import ContextFullError
from mom.mixture.conversation import Conversation, Message
from mom.mixture.events import TextDelta
from mom.mixture.ports import Ended, LanguageModel, SamplingOptions, Written
from mom.mixture.prompts import system_prompt
from mom.mixture.text_files import split_files

FILES_LEFT_OUT = (
    "\n\nThis chat has become longer than I can read at once, so files from earlier in it were left out here. "
    "Attach them again in a new chat to go on with them."
)


async def stream_text(
    conversation: Conversation, model: LanguageModel, sampling: SamplingOptions
) -> AsyncGenerator[Written]:
    """Stream the answer; the last item is `Ended`. Drawn pictures read as words.

    A caller's own system message takes the place of ours, and so do tools or a format: ours would speak against them.

    Where the conversation is longer than the model's context, its older half is left out until it fits; only a last
    message that is too long by itself raises `ContextFullError`. That files were left out is told once, after the answer,
    unless it has a form that a program asked for.
    """
    earlier = conversation.earlier
    if not sampling.passed_on and not any(message.role == "system" for message in earlier):
        earlier = (Message("system", system_prompt("answer")), *earlier)
    files = _files_in(earlier)
    is_silent = bool(sampling.passed_on) or any(message.content.endswith(FILES_LEFT_OUT) for message in earlier)
    while True:
        try:
            async with model.stream_text([*map(_as_words, earlier), conversation.last], sampling) as stream:
                async for item in stream:
                    if isinstance(item, Ended) and not is_silent and _files_in(earlier) < files:
                        yield TextDelta(FILES_LEFT_OUT)
                    yield item
        except ContextFullError:
            if not _dialogue(earlier):
                raise
            earlier = _without_older_half(earlier)
        else:
            return


def _as_words(message: Message) -> Message:
    return replace(message, content=message.as_words, drawing=None)


def _files_in(messages: Sequence[Message]) -> int:
    """In so many of a person's messages there are some."""
    return sum(message.role == "user" and bool(split_files(message.content)[0]) for message in messages)


def _dialogue(messages: Sequence[Message]) -> list[Message]:
    return [message for message in messages if message.role != "system"]


def _without_older_half(messages: Sequence[Message]) -> tuple[Message, ...]:
    dialogue = _dialogue(messages)
    kept = dialogue[len(dialogue) // 2 + len(dialogue) % 2 :]
    while kept and kept[0].role == "assistant":  # an answer without its question: some models' templates refuse that
        del kept[0]
    return (*(message for message in messages if message.role == "system"), *kept)
