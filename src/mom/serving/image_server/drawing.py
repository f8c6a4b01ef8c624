"""What the queue asks of an engine: one picture, with progress, that can be stopped at any time."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureSpec:
    """One picture, fully determined: the same spec gives the same bytes. Sizes in px."""

    prompt: str
    seed: int
    steps: int
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class StepDone:
    """`step` of `steps` is done (0: drawing has begun); `preview` is a small JPEG of what the picture is becoming."""

    step: int
    steps: int
    preview: bytes | None = None


@dataclass(frozen=True, slots=True)
class Drawn:
    """A finished picture. `dropped_tail` is the end of the prompt that the text encoder could not read, or empty."""

    spec: PictureSpec
    png: bytes
    dropped_tail: str = ""


class DrawingStoppedError(Exception):
    """Nobody wants the picture any more. Raised by `check`, passes through the engine, never shown to anyone."""


class Engine(Protocol):
    """A loaded image model. `draw` is called from one thread, for one picture at a time."""

    @property
    def default_size(self) -> tuple[int, int]:
        """Width and height in px that the model was trained for."""
        ...

    @property
    def max_steps(self) -> int: ...

    @property
    def description(self) -> str:
        """One line for logs: data type, threads, kind of preview."""
        ...

    def draw(self, spec: PictureSpec, *, check: Callable[[], None], on_step: Callable[[StepDone], None]) -> Drawn:
        """Draw one picture. Calls `check` as often as it can (at least between steps) and lets what it raises pass.

        Raises `PartBrokenError` when the picture cannot be computed (not enough memory).
        """
        ...
