"""The image server's configuration: the one JSON line that the supervisor writes to its stdin."""

from dataclasses import dataclass, field, fields
from typing import Any, Self

from mom.errors import ServingError

DEFAULT_STEPS = 4
MAX_WAITING = 1000
TIME_LIMIT_S = 900.0
WAITING_LIMIT_S = 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerConfig:
    """`model` is a diffusers folder, a `.safetensors` file or the id of a hub repository that is on this machine.

    `lora` is the same for an LCM-LoRA, or None. `max_waiting` jobs may stand in the queue beside the running one; a picture
    that takes longer than `time_limit_s` is given up, and one that was not begun after `waiting_limit_s`. `edits`: may
    pictures be drawn from pictures (the demo model was not trained for it)? `options` are the pairs of `MOM_IMAGE_ENGINE`.
    Converted models are kept in `conversions_folder`; without one nothing is converted.
    """

    port: int
    model: str
    model_name: str
    api_key: str
    host: str = "127.0.0.1"
    lora: str | None = None
    max_waiting: int = MAX_WAITING
    time_limit_s: float = TIME_LIMIT_S
    waiting_limit_s: float = WAITING_LIMIT_S
    edits: bool = True
    options: dict[str, str] = field(default_factory=dict)
    conversions_folder: str | None = None

    @property
    def steps(self) -> int:
        """How many steps a picture gets that asks for no number."""
        return int(self.options.get("steps", DEFAULT_STEPS))

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Self:
        """Raises `ServingError` when a field is missing or misspelt."""
        unknown = set(value) - {field.name for field in fields(cls)}
        if unknown:
            raise ServingError(f"The image server's configuration has unknown fields: {', '.join(sorted(unknown))}.")
        try:
            return cls(**value)
        except TypeError as error:
            raise ServingError(f"The image server's configuration is incomplete: {error}.") from error
