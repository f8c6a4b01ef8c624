"""How long pictures take here, learnt from those that were drawn: what a waiting person is told."""

import time
from collections.abc import Iterable

from mom.serving.image_server.drawing import PictureSpec

DECODING_STEPS = 3  # one decode of Stable Diffusion's VAE costs about three steps of its UNet (2.5 against 0.8 TFLOP)
WEIGHT = 0.4  # of the newest picture: old paces are forgotten after a handful


class Pace:
    """Seconds per unit of work, where a unit is one step over one pixel."""

    def __init__(self) -> None:
        self._seconds_per_unit: float | None = None
        self._running_units = 0.0
        self._since = 0.0

    def begin(self, specs: Iterable[PictureSpec]) -> None:
        self._running_units = sum(map(units_of, specs))
        self._since = time.monotonic()

    def finish(self, *, completed: bool) -> None:
        """The batch that was begun is over; one that was not completed teaches nothing."""
        if completed and self._running_units:
            newest = (time.monotonic() - self._since) / self._running_units
            known = self._seconds_per_unit
            self._seconds_per_unit = newest if known is None else WEIGHT * newest + (1 - WEIGHT) * known
        self._running_units = 0.0

    def seconds_until(self, ahead: float) -> float | None:
        """Until the running batch and `ahead` units of work are done, or None before the first picture was drawn."""
        if self._seconds_per_unit is None:
            return None
        running = max(0.0, self._running_units * self._seconds_per_unit - (time.monotonic() - self._since))
        return running * bool(self._running_units) + ahead * self._seconds_per_unit


def units_of(spec: PictureSpec) -> float:
    return float(spec.width * spec.height * (spec.steps + DECODING_STEPS))
