"""What has happened to a job and was not read yet: bounded, however slowly its client reads."""

import asyncio
from dataclasses import dataclass

from mom.serving.image_server.drawing import StepDone

UNREAD_STEPS = 8


@dataclass(frozen=True, slots=True)
class Queued:
    """`position` (never 0) jobs will be drawn before this one, told again each time it changes; `estimate_s` is how many
    seconds until its own first picture begins, or None before anything was drawn here.
    """

    position: int
    estimate_s: float | None = None


class Mailbox:
    """Read by one task. Places in the queue replace each other, and steps do where many were not read; all else is kept."""

    def __init__(self) -> None:
        self._letters: list[object] = []
        self._waiting: asyncio.Future[None] | None = None

    def put(self, letter: object) -> None:
        if self._letters and type(self._letters[-1]) is type(letter) and self._may_replace(letter):
            self._letters.pop()
        self._letters.append(letter)
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)

    async def get(self) -> object:
        """The oldest letter, as soon as there is one."""
        while not self._letters:
            self._waiting = asyncio.get_running_loop().create_future()
            await self._waiting
        return self._letters.pop(0)

    def _may_replace(self, letter: object) -> bool:
        return isinstance(letter, Queued) or (isinstance(letter, StepDone) and len(self._letters) >= UNREAD_STEPS)
