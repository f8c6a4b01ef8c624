"""The command lines and configurations of MoM's own child programs."""

import os
import sys
from dataclasses import dataclass
from pathlib import Path

import psutil

from mom.models.parts import PartName
from mom.serving.llama_log import last_words_of_llama
from mom.serving.program import LOOPBACK, PYTHON, Program

# The KV cache costs about 100 KiB a token; the classifier's prompts are short.
CONTEXT_TOKENS = {PartName.SMALL_LLM: 2048}
DEFAULT_CONTEXT_TOKENS = 4096


@dataclass(frozen=True, slots=True)
class WebAddress:
    host: str
    port: int

    @property
    def asked_host(self) -> str:
        """Where this machine reaches it, as in a URL: one that listens at every address is asked at loopback."""
        host = {"0.0.0.0": LOOPBACK, "::": "::1"}.get(self.host, self.host)  # noqa: S104 -- compared, not bound
        return f"[{host}]" if ":" in host else host

    @property
    def url(self) -> str:
        return f"http://{self.asked_host}:{self.port}"


def web_program(web: WebAddress, control_url: str, control_token: str) -> Program:
    """The web process. It reads everything else from the environment, as `create_app` does anywhere."""
    return Program(
        "web",
        (*PYTHON, "mom", "web"),
        {"control_url": control_url, "control_token": control_token, "host": web.host},
        health_path="/healthz",
        host=web.asked_host,
        port=web.port,
    )


def llm_program(part: PartName, model_path: Path, model_name: str, server_binary: Path | None) -> Program:
    """A llama.cpp server. (No path of a model is `resolve()`d: a file of the hub's own cache is a link to one whose name tells
    neither its kind nor its parts.)
    """
    return Program(
        part.value,
        (*PYTHON, "mom.serving.llama_child"),
        {
            "model_path": str(model_path.absolute()),
            "model_name": model_name,
            "context_tokens": CONTEXT_TOKENS.get(part, DEFAULT_CONTEXT_TOKENS),
            "threads": usable_cores(),
            "parallel": 1,
            "server_binary": str(server_binary) if server_binary else None,
        },
        explain=last_words_of_llama,
    )


def image_program(
    model: Path,
    model_name: str,
    *,
    data_dir: Path,
    lora: Path | None = None,
    options: dict[str, str] | None = None,
    edits: bool = True,
) -> Program:
    """The image server. `options` are the pairs of `MOM_IMAGE_ENGINE`; `edits`: may it draw from pictures?"""
    return Program(
        PartName.IMAGE_MODEL.value,
        (*PYTHON, "mom.serving.image_server"),
        {
            "model": str(model.absolute()),
            "model_name": model_name,
            "lora": str(lora.absolute()) if lora else None,
            "options": options or {},
            "edits": edits,
            "conversions_folder": str(data_dir.resolve() / "openvino"),
        },
        health_path="/healthz",
    )


def usable_cores() -> int:
    """Physical cores that this process may use: hyper-threads share the units that matrix products are made on."""
    allowed = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
    return max(1, min(allowed, psutil.cpu_count(logical=False) or allowed))
