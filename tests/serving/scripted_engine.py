"""An engine that draws nothing and waits where a test wants it to: the queue's counterpart, without torch."""

import math
import threading
import time
from collections.abc import Sequence

from mom.serving.image_server.drawing import Abilities, Drawn, NotEnoughMemoryError, PictureSpec, StepDone


class ScriptedEngine:
    """`batches` is what it was asked to draw. It stands before a step, and keeps asking whether to go on, while `going_on` is
    not set or `may_take` steps were taken altogether.
    """

    def __init__(self, *, batch: int = 1, fits: int = 100, shares_processor: bool = True) -> None:
        self.abilities = Abilities(default_size=(64, 64), max_steps=50, max_pixels=2**20, batch=batch)
        self.shares_processor = shares_processor
        self.description = "scripted"
        self.batches: list[list[str]] = []
        self.steps_taken = 0
        self.may_take = math.inf
        self.going_on = threading.Event()
        self.going_on.set()
        self._fits = fits

    @property
    def prompts(self) -> list[str]:
        return [prompt for batch in self.batches for prompt in batch]

    def warm_up(self) -> None:
        pass

    def draw(self, specs: Sequence[PictureSpec], *, check, tell) -> None:
        self.batches.append([spec.prompt for spec in specs])
        if len(specs) > self._fits:
            raise NotEnoughMemoryError
        for step in range(specs[0].steps):
            check()
            for number in range(len(specs)):
                tell(number, StepDone(step, specs[0].steps))
            while not self.going_on.wait(0.001) or self.steps_taken >= self.may_take:
                check()
                time.sleep(0.001)
            self.steps_taken += 1
        for number, spec in enumerate(specs):
            tell(number, Drawn(spec, b"png"))
