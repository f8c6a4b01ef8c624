"""A run of one stage: its time, what learning rate that means, its checkpoint, and the progress bar that shows it.

Runs are bounded by minutes, not steps, because how many steps a shared machine gives in an hour is not known beforehand.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import torch
from torch import Tensor, nn
from tqdm import tqdm

from training.checkpoint import save_checkpoint

WARM_UP = 0.02  # share of the time
FLOOR = 0.01  # share of the highest learning rate
SAVE_EVERY_S = 60.0
SMOOTHING = 0.98


class Run:
    """Trains `model` for `minutes` at learning rates up to `peak`; goes on from `checkpoint` where an earlier run has left it."""

    def __init__(
        self, checkpoint: Path, minutes: float, peak: float, model: nn.Module, *optimizers: torch.optim.Optimizer
    ) -> None:
        self.step = 0
        self._checkpoint, self._minutes, self._peak = checkpoint, minutes, peak
        self._model, self._optimizers = model, optimizers
        self._used_s = 0.0
        self._figures: dict[str, float] = {}
        if checkpoint.exists():
            saved = torch.load(checkpoint, map_location="cpu", weights_only=True)
            model.load_state_dict(saved["model"])
            for optimizer, state in zip(optimizers, saved["optimizers"], strict=True):
                optimizer.load_state_dict(state)
            self._used_s, self.step = saved["used_s"], saved["step"]

    @property
    def fraction(self) -> float:
        """From 0 at the start to 1 when the time is used up."""
        return min(1.0, self._used_s / (60 * self._minutes)) if self._minutes else 1.0

    def steps(self) -> Iterator[int]:
        """The number of each step, from 1 on, until the time is used up; the clock runs from the first one here."""
        total = round(60 * self._minutes)
        bar = tqdm(
            total=total,
            initial=min(total, int(self._used_s)),
            desc=self._checkpoint.stem,
            mininterval=5,
            bar_format="{desc} {percentage:3.0f}% [{elapsed}<{remaining}] {postfix}",
        )
        began, saved_at = time.monotonic() - self._used_s, self._used_s
        while self.fraction < 1:
            self.step += 1
            yield self.step
            self._used_s = time.monotonic() - began
            figures = " ".join(f"{name} {value:.4f}" for name, value in self._figures.items())
            bar.set_postfix_str(f"step {self.step} {figures}", refresh=False)
            bar.update(min(total, int(self._used_s)) - bar.n)
            if self._used_s - saved_at > SAVE_EVERY_S or self.fraction >= 1:
                saved_at = self._used_s
                self._save()
        bar.close()

    def learn(self, loss: Tensor, figures: Mapping[str, float]) -> None:
        """One step of the optimizers; the `figures` are shown, smoothed."""
        loss.backward()
        nn.utils.clip_grad_norm_(self._model.parameters(), 1.0)
        for optimizer in self._optimizers:
            for group in optimizer.param_groups:
                group["lr"] = self._peak * _rate(self.fraction)
            optimizer.step()
        self._model.zero_grad()
        for name, value in figures.items():
            self._figures[name] = SMOOTHING * self._figures.get(name, value) + (1 - SMOOTHING) * value

    def _save(self) -> None:
        optimizers = [optimizer.state_dict() for optimizer in self._optimizers]
        state = {"model": self._model.state_dict(), "optimizers": optimizers, "used_s": self._used_s, "step": self.step}
        save_checkpoint(state, self._checkpoint)


def _rate(done: float) -> float:
    """Of the highest learning rate: a linear warm-up, then a cosine down to the floor."""
    if done < WARM_UP:
        return max(done / WARM_UP, 0.02)
    cosine = 0.5 * (1 + math.cos(math.pi * (done - WARM_UP) / (1 - WARM_UP)))
    return FLOOR + (1 - FLOOR) * cosine
