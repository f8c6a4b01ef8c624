"""What `mom serve` is asked to do: plain values, handed down by the command line."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from mom.models.parts import PartName
from mom.serving.image_install import Torch

OLLAMA_URL = "http://127.0.0.1:11434"


@dataclass(frozen=True, slots=True)
class ServePlan:
    """`addresses` are model addresses as the user wrote them; a part that is absent is played by the demo model
    (the vision LLM: by nobody). `port` 0 means any free one; `in_container`: may `host` be
    every address of a container? `public_url` is where people reach MoM through a proxy. `api_keys` are for parts at URLs.
    """

    data_dir: Path
    host: str = "127.0.0.1"
    port: int = 8600
    in_container: bool = False
    public_url: str | None = None
    addresses: Mapping[PartName, str] = field(default_factory=dict)
    api_keys: Mapping[PartName, str] = field(default_factory=dict)
    image_lora: str | None = None
    image_engine: str = ""
    llama_server: Path | None = None
    ollama_url: str = OLLAMA_URL
    hub_endpoint: str | None = None
    hub_token: str | None = None
    install_image: Torch | None = None
    reload: bool = False

    @property
    def log_folder(self) -> Path:
        return self.data_dir / "logs"
