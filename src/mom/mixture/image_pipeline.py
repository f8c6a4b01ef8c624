"""The image pipeline: prompts become stored pictures, with their progress on the way."""

from collections.abc import AsyncGenerator, Sequence
from dataclasses import replace

from mom.mixture.conversation import Attachment
from mom.mixture.events import ImageFinished, ImageProgress, ImagePromptWritten, ImageQueued, TextDelta
from mom.mixture.ports import DrawingRequest, ImageModel, Picture, PictureKeeper

MOST_NAMED = 5
ATTACHED_STRENGTH = 0.7  # how much of an attached picture is painted over: its layout stays, and the words are seen


async def draw_images(
    requests: Sequence[DrawingRequest],
    image_model: ImageModel,
    pictures: PictureKeeper,
    *,
    words: str,
    attached: Sequence[Attachment] = (),
    remark: str = "",
) -> AsyncGenerator[ImagePromptWritten | ImageQueued | ImageProgress | ImageFinished | TextDelta]:
    """Draw and keep pictures, one after the other: each is seen, and can be stopped, as soon as it can be.

    `words` are the person's own, kept in the pictures' records. They are begun from the last of the pictures that the person
    `attached`. What of these was not used, words of the prompts that the model does not know, and `remark` are told after them.
    """
    if attached:
        source = attached[-1].data
        requests = [replace(request, source=source, strength=ATTACHED_STRENGTH) for request in requests]
    remarks: list[str] = []
    for request in requests:
        yield ImagePromptWritten(request.prompt, pictures=len(requests))
        async with image_model.draw(request) as drawing:
            async for item in drawing:
                if not isinstance(item, Picture):
                    yield item
                    continue
                if item.dropped_tail:
                    yield ImagePromptWritten(request.prompt, item.dropped_tail, len(requests))
                yield ImageFinished(await pictures.keep(item, words=words))
                remarks += [name_unused(attached, item), name_unknown(item.unknown_words)]
    if told := "\n\n".join(dict.fromkeys(filter(None, [*remarks, remark]))):
        yield TextDelta(told)


def name_unused(attached: Sequence[Attachment], picture: Picture) -> str:
    """The sentence for the person about attached pictures that this one was not begun from; empty where there is none."""
    if attached and picture.strength is None:
        what = "the one that you attached was" if len(attached) == 1 else "those that you attached were"
        return f"I cannot begin from a picture, so {what} not used: this one is drawn from your words alone."
    if len(attached) > 1:
        return "I begin from one picture only: the last that you attached. The others were not used."
    return ""


def name_unknown(words: Sequence[str]) -> str:
    """The sentence for the person, with the first few of the words; empty where there is none."""
    if not words:
        return ""
    named = [f"“{word}”" for word in words[:MOST_NAMED]]
    if len(words) > MOST_NAMED:
        named.append("others")
    listed = " or ".join([", ".join(named[:-1]), named[-1]] if len(named) > 1 else named)
    them = "it is" if len(words) == 1 else "they are"
    return (
        f"I don't know {listed} yet, so {them} not in the picture: I am a small image model. "
        "The README says how to connect a real one."
    )
