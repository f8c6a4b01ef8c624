"""The sizes of pictures: how long a side may be, and what becomes of OpenAI's own sizes that are longer."""

from dataclasses import replace
from math import gcd

from mom.mixture.ports import DrawingRequest

LONGEST_SIDE_PX = 1024
# Clients offer them by name. Source: OpenAI's API reference for images (gpt-image-1, dall-e-3).
OPENAIS_LONGER = ("1536x1024", "1024x1536", "1792x1024", "1024x1792")
SIDE_MULTIPLE_PX = 16  # suits the models of every family


def shrink(request: DrawingRequest) -> DrawingRequest:
    """The same request in a size whose sides are no longer than `LONGEST_SIDE_PX`, in the same proportions."""
    if request.width is None or request.height is None or max(request.width, request.height) <= LONGEST_SIDE_PX:
        return request
    divisor = gcd(request.width, request.height)
    across, down = request.width // divisor, request.height // divisor
    unit = LONGEST_SIDE_PX // (SIDE_MULTIPLE_PX * max(across, down)) * SIDE_MULTIPLE_PX
    return replace(request, width=across * unit, height=down * unit)
