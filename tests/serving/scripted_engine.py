"""An engine that draws nothing and waits where a test wants it to: the queue's counterpart, without torch."""

import threading
from collections.abc import Sequence

from mom.serving.image_server.drawing import Abilities, Drawn, NotEnoughMemoryError, PictureSpec, StepDone


class ScriptedEngine:
    """`batches` is what it was asked to draw; while `held`, it stands before each step and keeps asking to go on."""

    def __init__(self, *, batch: int = 1, fits: int = 100) -> None:
        self.abilities = Abilities(default_size=(64, 64), max_steps=50, max_pixels=2**20, batch=batch)
        self.description = "scripted"
        self.batches: list[list[str]] = []
        self.steps_taken = 0
        self.going_on = threading.Event()
        self.going_on.set()
        self._fits = fits

    @property
    def prompts(self) -> list[str]:
        return [prompt for batch in self.batches for prompt in batch]

    def draw(self, specs: Sequence[PictureSpec], *, check, tell) -> None:
        self.batches.append([spec.prompt for spec in specs])
        if len(specs) > self._fits:
            raise NotEnoughMemoryError
        for step in range(specs[0].steps):
            check()
            for number in range(len(specs)):
                tell(number, StepDone(step, specs[0].steps))
            while not self.going_on.wait(0.001):
                check()
            self.steps_taken += 1
        for number, spec in enumerate(specs):
            tell(number, Drawn(spec, b"png"))
