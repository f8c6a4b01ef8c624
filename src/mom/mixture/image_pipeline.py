"""The image pipeline: a prompt becomes a stored picture, with its progress on the way."""

from collections.abc import AsyncGenerator, Sequence

from mom.mixture.events import ImageFinished, ImageProgress, ImagePromptWritten, ImageQueued, TextDelta
from mom.mixture.ports import DrawingRequest, ImageModel, Picture, PictureKeeper

MOST_NAMED = 5


async def draw_image(
    request: DrawingRequest, image_model: ImageModel, pictures: PictureKeeper, *, words: str
) -> AsyncGenerator[ImagePromptWritten | ImageQueued | ImageProgress | ImageFinished | TextDelta]:
    """Draw and keep one picture. `words` are the person's own, kept in the picture's record. Words of the prompt that the
    model does not know are named after it.
    """
    yield ImagePromptWritten(request.prompt)
    async with image_model.draw(request) as drawing:
        async for item in drawing:
            if not isinstance(item, Picture):
                yield item
                continue
            if item.dropped_tail:
                yield ImagePromptWritten(request.prompt, item.dropped_tail)
            yield ImageFinished(await pictures.keep(item, words=words))
            if item.unknown_words:
                yield TextDelta(name_unknown(item.unknown_words))


def name_unknown(words: Sequence[str]) -> str:
    """The sentence for the person, with the first few of the words."""
    named = [f"“{word}”" for word in words[:MOST_NAMED]]
    if len(words) > MOST_NAMED:
        named.append("others")
    listed = " or ".join([", ".join(named[:-1]), named[-1]] if len(named) > 1 else named)
    them = "it is" if len(words) == 1 else "they are"
    return (
        f"I don't know {listed} yet, so {them} not in the picture: I am a small image model. "
        "The README says how to connect a real one."
    )
