"""The image pipeline: a prompt becomes a stored picture, with its progress on the way."""

from collections.abc import AsyncGenerator

from mom.mixture.events import ImageFinished, ImageProgress, ImagePromptWritten, ImageQueued
from mom.mixture.ports import DrawingRequest, ImageModel, Picture, PictureKeeper


async def draw_image(
    request: DrawingRequest, image_model: ImageModel, pictures: PictureKeeper, *, words: str
) -> AsyncGenerator[ImagePromptWritten | ImageQueued | ImageProgress | ImageFinished]:
    """Draw and keep one picture. `words` are the person's own, kept in the picture's record."""
    yield ImagePromptWritten(request.prompt)
    async with image_model.draw(request) as drawing:
        async for item in drawing:
            if not isinstance(item, Picture):
                yield item
                continue
            if item.dropped_tail:
                yield ImagePromptWritten(request.prompt, item.dropped_tail)
            yield ImageFinished(await pictures.keep(item, words=words))
