"""What the queue asks of an engine: pictures, alone or several at a time, with progress, that can be stopped at any time."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureSpec:
    """One picture, fully determined: the same spec gives the same bytes. Sizes in px.

    `source` is a picture file to begin from (image-to-image), already of that size; `strength` says how much of it is
    painted over, from a little (0.1) to everything (1). `cfg_scale` None leaves guidance to the model.
    """

    prompt: str
    seed: int
    steps: int
    width: int
    height: int
    negative_prompt: str = ""
    cfg_scale: float | None = None
    source: bytes | None = None
    strength: float = 1.0

    def can_share_a_batch_with(self, other: "PictureSpec") -> bool:
        """One pass through the model computes both: same size, steps and guidance, none beginning from a picture."""
        if self.source is not None or other.source is not None:
            return False
        return (self.width, self.height, self.steps, self.cfg_scale, bool(self.negative_prompt)) == (
            other.width, other.height, other.steps, other.cfg_scale, bool(other.negative_prompt),
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class StepDone:
    """`step` of `steps` is done (0: drawing has begun); `preview` is a small JPEG of what the picture is becoming."""

    step: int
    steps: int
    preview: bytes | None = None


@dataclass(frozen=True, slots=True)
class Drawn:
    """A finished picture. `cfg_scale` is the guidance it was drawn with, `dropped_tail` the end of the prompt that the text
    encoder could not read, or empty.

    `hidden`: the safety checker, where it is switched on, has painted it over.
    """

    spec: PictureSpec
    png: bytes
    scheduler: str = ""
    cfg_scale: float | None = None
    dropped_tail: str = ""
    hidden: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Abilities:
    """What the loaded model can be asked for.

    `default_size` is width and height in px that it was trained for; `max_pixels` what its memory allows; sides are
    multiples of `side_multiple`. `batch` is how
    many pictures at a time are quicker than one by one (1: they are not). `max_guidance` 0: it takes no guidance at all;
    `negative_prompts`: it is guided by comparison, so it can be told what to avoid. `edits`: it can begin from a picture.
    """

    default_size: tuple[int, int]
    max_steps: int
    max_pixels: int
    side_multiple: int = 8
    batch: int = 1
    max_guidance: float = 0.0
    negative_prompts: bool = False
    edits: bool = False


class DrawingStoppedError(Exception):
    """Nobody wants the picture any more. Raised by `check`, passes through the engine, never shown to anyone."""


class NotEnoughMemoryError(Exception):
    """The pictures do not fit into memory, also with everything that the engine knows to make them smaller."""


class UnfitError(Exception):
    """OpenVINO cannot draw with this model as PyTorch does; the message says why. Another engine goes on."""


Tell = Callable[[int, StepDone | Drawn], None]


class StopCheck:
    """Asks whether to go on, from wherever something takes long; `check` is the running batch's and raises where not."""

    def __init__(self) -> None:
        self.check: Callable[[], None] = _go_on

    def __call__(self) -> None:
        self.check()

    @contextmanager
    def asking(self, check: Callable[[], None]) -> Iterator[None]:
        """While this batch is drawn."""
        self.check = check
        try:
            yield
        finally:
            self.check = _go_on


def _go_on() -> None:
    pass


class Engine(Protocol):
    """A loaded image model. `draw` is called from one thread, for one batch at a time."""

    @property
    def abilities(self) -> Abilities: ...

    @property
    def shares_processor(self) -> bool:
        """Whether it draws on the processor that the server itself needs."""
        ...

    @property
    def description(self) -> str:
        """One line for logs: device, data type, threads, kind of preview, each with its reason."""
        ...

    def warm_up(self) -> None:
        """What is done once before the first picture, in the thread that draws. Raises nothing that can be expected."""
        ...

    def draw(self, specs: Sequence[PictureSpec], *, check: Callable[[], None], tell: Tell) -> None:
        """Draw pictures that can share a batch; `tell(i, …)` reports the steps and the end of the i-th.

        Calls `check` as often as it can (at least between steps) and lets what it raises pass. Raises
        `NotEnoughMemoryError`.
        """
        ...
