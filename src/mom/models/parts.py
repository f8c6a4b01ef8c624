"""The parts of the mixture, who plays each, and in which state it is. Supervisor, web and `mom models` share these."""

from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any, Self

SAME_AS_LARGE_LLM = "same as the large LLM"  # stands in place of a model's name where a part has no model of its own


class PartName(StrEnum):
    SMALL_LLM = "small_llm"
    LARGE_LLM = "large_llm"
    IMAGE_MODEL = "image_model"
    VISION_LLM = "vision_llm"

    @property
    def words(self) -> str:
        """The part's name in a sentence."""
        return self.value.replace("_", " ").replace("llm", "LLM")

    @property
    def variable(self) -> str:
        """The setting that says which model plays the part."""
        return f"MOM_{self.value.upper()}"

    @property
    def key_variable(self) -> str:
        """The setting with the key for that model's server."""
        return f"MOM_API_KEY_{self.value.upper()}"

    @property
    def address_remedy(self) -> str:
        """The end of a sentence on what is to be mended in that model's address: where."""
        return f'under "Change" on the page, or in {self.variable}'

    @property
    def key_remedy(self) -> str:
        """The end of a sentence on the key that is to be given: where."""
        return f'under "Change" on the page, or set {self.key_variable} and start MoM again'


class State(StrEnum):
    STARTING = "starting"
    DOWNLOADING = "downloading"
    READY = "ready"
    FAILED = "failed"
    EXTERNAL = "external"
    NONE = "none"  # nobody plays a part that may be left out


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a part is reached: an OpenAI-compatible base URL that ends in `/v1`."""

    base_url: str
    model: str
    api_key: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Progress:
    """How much of `model` has been downloaded; `bytes_total` is 0 as long as nobody knows."""

    model: str
    bytes_done: int
    bytes_total: int


@dataclass(frozen=True, slots=True)
class Part:
    """One part as it stands now. `detail` is for people; `memory_bytes` is resident memory.

    `endpoint` is set where the part can be asked (`ready` or `external`), `answers` is false where a server elsewhere was found
    not to, `progress` while a model is downloaded for it: its own, or
    the one that is to take over. `address` is the model's, as it may be shown; `chosen`: it was chosen while MoM ran, in place of
    the one that the settings name; `changing`: another one is to take over, which can be cancelled; `gone`: the one that was
    chosen before this start cannot be run, and is tried again at the next unless that is cancelled.
    """

    name: PartName
    state: State
    model: str
    demo: bool = False
    pid: int | None = None
    detail: str = ""
    memory_bytes: int | None = None
    endpoint: Endpoint | None = None
    answers: bool = True
    progress: Progress | None = None
    address: str = ""
    chosen: bool = False
    changing: bool = False
    gone: bool = False

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Self:
        endpoint, progress = value["endpoint"], value.get("progress")
        return cls(
            **{
                **value,
                "name": PartName(value["name"]),
                "state": State(value["state"]),
                "endpoint": Endpoint(**endpoint) if endpoint else None,
                "progress": Progress(**progress) if progress else None,
            }
        )

    def as_public_json(self) -> dict[str, Any]:
        """What `/readyz` and `mom models` show: no address, no key."""
        return {
            "state": self.state.value,
            "model": self.model,
            "demo": self.demo,
            "pid": self.pid,
            "answers": self.answers,
            "detail": self.detail,
            "memory_bytes": self.memory_bytes,
            "progress": asdict(self.progress) if self.progress else None,
        }

    def as_page_json(self) -> dict[str, Any]:
        """What the page shows to the person who may change it, which is more."""
        more = {"address": self.address, "chosen": self.chosen, "changing": self.changing, "gone": self.gone}
        return self.as_public_json() | more
