"""What could play the LLMs' parts on this machine without a download: the models of a running Ollama."""

from dataclasses import asdict
from typing import Any

import httpx
import psutil

from mom.models.ollama import list_ollama_models, suggest_pair


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
