"""A training run's time: how much of it is used, what learning rate that means, and the progress bar that shows it.

Runs are bounded by minutes, not steps, because how many steps a shared machine gives in an hour is not known beforehand.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field

from tqdm import tqdm


@dataclass
class Budget:
    """Wall-clock time for one run; `used_s` is what earlier, resumed parts of it took."""

    minutes: float
    used_s: float = 0.0
    _started: float = field(default_factory=time.monotonic)

    @property
    def elapsed_s(self) -> float:
        return self.used_s + time.monotonic() - self._started

    @property
    def fraction(self) -> float:
        """From 0 at the start to 1 when the time is used up."""
        return min(1.0, self.elapsed_s / (60 * self.minutes)) if self.minutes else 1.0

    def learning_rate(self, peak: float, warm_up: float = 0.02, floor: float = 0.01) -> float:
        """Linear warm-up over the first `warm_up` of the time, then a cosine down to `floor` of the peak."""
        done = self.fraction
        if done < warm_up:
            return peak * max(done / warm_up, 0.02)
        cosine = 0.5 * (1 + math.cos(math.pi * (done - warm_up) / (1 - warm_up)))
        return peak * (floor + (1 - floor) * cosine)


def progress_bar(name: str, budget: Budget) -> tqdm[None]:
    """A bar over the budget's seconds; call `show` with it after each step."""
    bar: tqdm[None] = tqdm(
        total=round(60 * budget.minutes),
        unit="s",
        desc=name,
        mininterval=5,
        bar_format="{desc} {percentage:3.0f}% [{elapsed}<{remaining}] {postfix}",
    )
    bar.update(min(bar.total, int(budget.elapsed_s)))
    return bar


def show(bar: tqdm[None], budget: Budget, text: str) -> None:
    """Move the bar to the time used and show the last figures."""
    bar.set_postfix_str(text, refresh=False)
    bar.update(min(bar.total, int(budget.elapsed_s)) - bar.n)
