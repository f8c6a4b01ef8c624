"""Ollama on this machine: which models it has, which two of them to suggest, and whether a named one is there.

Source: ollama/ollama, docs/api.md, "List Local Models"; `capabilities` and `remote_host` are absent in older versions.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import httpx
from pydantic import BaseModel, ValidationError

from mom.errors import PartUnavailableError
from mom.models.bounded import get_bounded
from mom.models.parts import PartName

SHORT_S = 1.0  # Ollama answers a list in some ms, or it is not there
SAME = "same"
LARGEST_SMALL_BYTES = 4_000_000_000
_NO_CHAT = re.compile(r"embed|bert|minilm|bge|rerank", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class OllamaModel:
    """A model as `ollama list` shows it; `size_bytes` is its size on disk, about what it takes in memory.

    `can_see` is true also where Ollama does not say what it can.
    """

    name: str
    size_bytes: int
    can_chat: bool
    can_see: bool = True


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Model addresses for `MOM_SMALL_LLM` and `MOM_LARGE_LLM`."""

    small_llm: str
    large_llm: str


class _Listed(BaseModel):
    name: str
    size: int = 0
    remote_host: str | None = None
    capabilities: list[str] | None = None


class _List(BaseModel):
    models: list[_Listed]


async def list_ollama_models(http: httpx.AsyncClient, url: str) -> list[OllamaModel] | None:
    """The models of the Ollama at `url`, or None where none answers within `SHORT_S`."""
    try:
        response = await get_bounded(http, f"{url.rstrip('/')}/api/tags", timeout_s=SHORT_S)
        listed = _List.model_validate_json(response.raise_for_status().content)
    except (httpx.HTTPError, httpx.InvalidURL, ValidationError):
        return None
    return [OllamaModel(each.name, each.size, _can_chat(each), _can_see(each)) for each in listed.models]


def suggest_pair(models: Sequence[OllamaModel], *, memory_bytes: int | None = None) -> Suggestion | None:
    """The largest model that fits into `memory_bytes` as large LLM, the smallest as small LLM, or one as both."""
    chat = sorted((model for model in models if model.can_chat), key=lambda model: model.size_bytes)
    fitting = [model for model in chat if memory_bytes is None or model.size_bytes <= memory_bytes]
    if not fitting:
        return None
    small, large = fitting[0], fitting[-1]
    together = small.size_bytes + large.size_bytes
    is_pair = small.size_bytes <= min(LARGEST_SMALL_BYTES, large.size_bytes // 2)
    if not is_pair or (memory_bytes is not None and together > memory_bytes):
        return Suggestion(SAME, f"ollama:{large.name}")
    return Suggestion(f"ollama:{small.name}", f"ollama:{large.name}")


async def check_ollama_model(http: httpx.AsyncClient, url: str, model: str, part: PartName) -> OllamaModel:
    """The model of that name. Raises `PartUnavailableError`, with the line that fetches it, where it is not there."""
    models = await list_ollama_models(http, url)
    if models is None:
        raise PartUnavailableError(
            f"No Ollama answers at {url}. Start it with `ollama serve`, or set MOM_OLLAMA_URL.", part=part
        )
    wanted = model if ":" in model.rpartition("/")[2] else f"{model}:latest"
    for each in models:
        if each.name == wanted:
            return each
    raise PartUnavailableError(f"Ollama has no model {model}. Fetch it with `ollama pull {model}`.", part=part)


def _can_chat(model: _Listed) -> bool:
    """Can it answer, and does it run here? Models of Ollama's cloud do not."""
    if model.remote_host or model.name.endswith("-cloud"):
        return False
    if model.capabilities is not None:
        return "completion" in model.capabilities
    return _NO_CHAT.search(model.name) is None


def _can_see(model: _Listed) -> bool:
    return model.capabilities is None or "vision" in model.capabilities
