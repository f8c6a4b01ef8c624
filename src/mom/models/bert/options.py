"""How the `bert` stage decides in one installation: its head, and from which probabilities on."""

from dataclasses import dataclass
from pathlib import Path

SHIPPED = Path(__file__).parent / "head.npz"


@dataclass(frozen=True, slots=True)
class BertOptions:
    """Without thresholds, the head's own: a text up to the one, an image from the other on, both probabilities of an image."""

    head: Path = SHIPPED
    text_threshold: float | None = None
    image_threshold: float | None = None


def head_in_use(trained: Path) -> Path:
    """The head that this installation has trained at `trained`, otherwise the shipped one."""
    return trained if trained.exists() else SHIPPED
