"""The parts as they stand now, with a version that counts their changes: what the control API and the terminal show."""

import asyncio
from collections.abc import Mapping

from mom.models.parts import Part, PartName


class Board:
    """Used on the supervisor's loop only."""

    def __init__(self) -> None:
        self.version = 0
        self._parts: dict[PartName, Part] = {}
        self._changed = asyncio.Event()

    @property
    def parts(self) -> Mapping[PartName, Part]:
        return self._parts

    def put(self, part: Part) -> None:
        """Show a part; a change wakes everyone who waits."""
        if self._parts.get(part.name) == part:
            return
        self._parts[part.name] = part
        self.version += 1
        self._changed.set()
        self._changed = asyncio.Event()

    async def wait_for_change(self, after: int) -> int:
        """The version, as soon as it is another than `after`."""
        while self.version == after:
            await self._changed.wait()
        return self.version
