"""`MOM_IMAGE_ENGINE`: what a person decides about the engine in place of what it would choose itself. `name=value …`."""

import difflib
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Self

from mom.errors import SettingsError

NAME = "MOM_IMAGE_ENGINE"
AUTO = "auto"


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineOptions:
    """Each is one word; `auto` is the engine's own choice, made once at its start and told in its log.

    `taesd` is a folder or hub id of a tiny autoencoder; `decoder` and `preview` say what it is used for. `safety` runs the
    checkpoint's own safety checker on every finished picture.
    """

    engine: str = field(default=AUTO, metadata={"words": (AUTO, "torch", "openvino")})
    device: str = AUTO
    dtype: str = field(default=AUTO, metadata={"words": (AUTO, "float32", "bfloat16", "float16")})
    memory_format: str = field(default=AUTO, metadata={"words": (AUTO, "contiguous", "channels_last")})
    compile: str = field(default=AUTO, metadata={"words": (AUTO, "on", "off")})
    graphs: str = field(default=AUTO, metadata={"words": (AUTO, "off")})
    attention: str = field(default=AUTO, metadata={"words": (AUTO, "sdpa", "sliced")})
    tiling: str = field(default=AUTO, metadata={"words": (AUTO, "on", "off")})
    taesd: str = ""
    decoder: str = field(default="full", metadata={"words": ("full", "taesd")})
    preview: str = field(default=AUTO, metadata={"words": (AUTO, "linear", "taesd", "none")})
    safety: str = field(default="off", metadata={"words": ("off", "on")})
    batch: str = AUTO
    steps: str = ""

    def __post_init__(self) -> None:
        for each in fields(self):
            words = each.metadata.get("words")
            if words and getattr(self, each.name) not in words:
                raise SettingsError(
                    f"{NAME}: {each.name} is one of {', '.join(words)}, not {getattr(self, each.name)!r}."
                )
        for name in ("batch", "steps"):
            value = getattr(self, name)
            if value not in {AUTO, ""} and not (value.isascii() and value.isdecimal() and 0 < int(value) <= 50):  # noqa: PLR2004
                raise SettingsError(f"{NAME}: {name} is a number from 1 to 50, not {value!r}.")
        if (self.engine, self.compile) == ("openvino", "on"):
            raise SettingsError(f"{NAME}: compile=on is for PyTorch's networks: write engine=torch, or leave one out.")
        if "taesd" in {self.decoder, self.preview} and not self.taesd:
            raise SettingsError(f"{NAME}: say which tiny autoencoder: taesd=FOLDER or taesd=madebyollin/taesd.")

    @classmethod
    def from_text(cls, text: str) -> Self:
        """Raises `SettingsError` with what is misspelt."""
        return cls.from_pairs(dict(_read_pair(pair) for pair in text.split()))

    def as_pairs(self) -> dict[str, str]:
        """What differs from the defaults."""
        return {name: value for name, value in asdict(self).items() if value != getattr(type(self)(), name)}

    @classmethod
    def from_pairs(cls, pairs: dict[str, Any]) -> Self:
        known = [each.name for each in fields(cls)]
        for name in pairs:
            if name not in known:
                near = difflib.get_close_matches(name, known, n=1)
                hint = f"Did you mean {near[0]}?" if near else f"There are {', '.join(known)}."
                raise SettingsError(f"{NAME}: there is no {name!r}. {hint}")
        return cls(**pairs)


def _read_pair(pair: str) -> tuple[str, str]:
    name, sign, value = pair.partition("=")
    if not sign or not value:
        raise SettingsError(f"{NAME}: write name=value, not {pair!r}.")
    return name, value
