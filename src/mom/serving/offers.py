"""What could play the parts on this machine without a download: the models of a running Ollama, files, the demo models."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from typing import Any

import httpx
import psutil

from mom.models.addresses import parse_address
from mom.models.ollama import OllamaModel, list_ollama_models, suggest_pair
from mom.models.parts import PartName
from mom.serving.found_models import FoundModel
from mom.serving.players import model_name

AT_MOST = 100  # files: a list to choose from, no inventory


@dataclass(frozen=True, slots=True)
class Choice:
    """A model that could play a part, by its address; `size_bytes` is None where it has no size of its own to speak of."""

    address: str
    model: str
    size_bytes: int | None = None


async def find_offers(http: httpx.AsyncClient, ollama_url: str) -> dict[str, Any]:
    """`{"ollama": {"models": [names], "suggestion": {"small_llm", "large_llm"} | null}}`; the pair fits into this machine's memory."""
    models = await list_ollama_models(http, ollama_url) or []
    suggestion = suggest_pair(models, memory_bytes=psutil.virtual_memory().total)
    return {
        "ollama": {
            "models": [model.name for model in models],
            "suggestion": asdict(suggestion) if suggestion else None,
        }
    }


async def find_choices(
    part: PartName, found: Sequence[FoundModel], http: httpx.AsyncClient, ollama_url: str
) -> list[Choice]:
    """The models that could play `part`; `found` are those on disk."""
    if part is PartName.IMAGE_MODEL:
        return list(_run_here(part, found, draws=True))
    ollama = [model for model in await list_ollama_models(http, ollama_url) or [] if model.can_chat]
    match part:
        case PartName.LARGE_LLM:
            return [*_of_ollama(ollama), *_run_here(part, found, draws=False)]
        case PartName.SMALL_LLM:
            return [Choice("same", "The large LLM"), *_of_ollama(ollama), *_run_here(part, found, draws=False)]
        case PartName.VISION_LLM:  # a file that MoM runs itself cannot see
            return [Choice("same", "The large LLM"), *_of_ollama([model for model in ollama if model.can_see])]


def _of_ollama(models: Sequence[OllamaModel]) -> Iterator[Choice]:
    for model in sorted(models, key=lambda model: model.size_bytes):
        yield Choice(f"ollama:{model.name}", model.name, model.size_bytes)


def _run_here(part: PartName, found: Sequence[FoundModel], *, draws: bool) -> Iterator[Choice]:
    for model in islice((model for model in found if model.draws is draws), AT_MOST):
        yield Choice(model.address, model_name(part, parse_address(model.address)), model.size_bytes)
    yield Choice("demo", model_name(part, parse_address("demo")))
