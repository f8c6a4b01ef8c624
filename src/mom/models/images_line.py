"""The line before an image server that would queue by itself, but lets nothing out of its queue again."""

import asyncio
from collections.abc import AsyncGenerator


class DrawingLine:
    """One picture is drawn at a time, in the order in which they came. Whoever joins must leave, waited for or not."""

    def __init__(self) -> None:
        self._places: list[asyncio.Event] = []

    def join(self) -> asyncio.Event:
        """A new place at the end. The event is the line's: it is set when the line moves."""
        place = asyncio.Event()
        self._places.append(place)
        return place

    async def wait(self, place: asyncio.Event) -> AsyncGenerator[int]:
        """How many come before it, told anew whenever that changes; the end means that its turn has come."""
        told = 0
        while before := self._places.index(place):
            place.clear()
            if before != told:
                yield (told := before)
            await place.wait()

    def leave(self, place: asyncio.Event) -> None:
        self._places.remove(place)
        for other in self._places:
            other.set()
