import socket

import pytest
from starlette.responses import JSONResponse, PlainTextResponse

from mom.errors import PartUnavailableError
from mom.models.ollama import OllamaModel, Suggestion, check_ollama_model, list_ollama_models, suggest_pair
from mom.models.parts import PartName
from tests.models.fake_servers import running

GB = 1_000_000_000
TAGS = {
    "models": [
        {"name": "qwen3:8b", "model": "qwen3:8b", "size": 5 * GB, "details": {"family": "qwen3"}},
        {"name": "llama3.2:1b", "size": 13 * GB // 10, "capabilities": ["completion", "tools"]},
        {"name": "nomic-embed-text:latest", "size": 274_000_000},
        {"name": "mystery:latest", "size": 100, "capabilities": ["embedding"]},
        {"name": "kimi:cloud", "size": 300, "remote_host": "https://ollama.com"},
    ]
}


async def test_a_running_ollama_lists_its_models(http):
    with running({"/api/tags": [JSONResponse(TAGS)]}) as server:
        models = await list_ollama_models(http, server.root)

    assert models is not None
    assert [(model.name, model.can_chat, model.can_see) for model in models] == [
        ("qwen3:8b", True, True),  # nobody says what it can
        ("llama3.2:1b", True, False),
        ("nomic-embed-text:latest", False, True),
        ("mystery:latest", False, False),
        ("kimi:cloud", False, True),
    ]
    assert suggest_pair(models) == Suggestion("ollama:llama3.2:1b", "ollama:qwen3:8b")


@pytest.mark.parametrize(
    "reply", [PlainTextResponse("hello"), JSONResponse({"models": 3}), PlainTextResponse("no", 500)]
)
async def test_another_server_at_its_address_is_no_ollama(http, reply):
    with running({"/api/tags": [reply]}) as server:
        assert await list_ollama_models(http, server.root) is None


async def test_where_nothing_listens_there_is_no_ollama(http):
    with socket.create_server(("127.0.0.1", 0)) as free:
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    assert await list_ollama_models(http, url) is None
    with pytest.raises(PartUnavailableError, match="ollama serve"):
        await check_ollama_model(http, url, "qwen3:8b", PartName.LARGE_LLM)


@pytest.mark.parametrize("name", ["qwen3:8b", "nomic-embed-text"])
async def test_a_model_that_is_there_is_found_by_name_and_default_tag(http, name):
    with running({"/api/tags": [JSONResponse(TAGS)]}) as server:
        assert (await check_ollama_model(http, server.root, name, PartName.LARGE_LLM)).name.startswith(name)


async def test_a_model_that_is_not_there_is_told_with_the_line_that_fetches_it(http):
    with (
        running({"/api/tags": [JSONResponse(TAGS)]}) as server,
        pytest.raises(PartUnavailableError, match="`ollama pull qwen3`"),
    ):
        await check_ollama_model(http, server.root, "qwen3", PartName.LARGE_LLM)


def models(*sizes: float) -> list[OllamaModel]:
    return [OllamaModel(f"m{size}", int(size * GB), can_chat=True) for size in sizes]


@pytest.mark.parametrize(
    ("sizes", "memory", "suggestion"),
    [
        ((), None, None),
        ((5,), None, ("same", "ollama:m5")),
        ((1, 5, 20), None, ("ollama:m1", "ollama:m20")),
        ((1, 5, 20), 16, ("ollama:m1", "ollama:m5")),
        ((1, 5, 20), 5.5, ("same", "ollama:m5")),  # each fits, both together do not
        ((5, 6), None, ("same", "ollama:m6")),  # as classifier the smaller one is no quicker
        ((5,), 4, None),
    ],
)
def test_a_small_and_a_large_model_are_suggested(sizes, memory, suggestion):
    found = suggest_pair(models(*sizes), memory_bytes=memory and int(memory * GB))

    assert (found and (found.small_llm, found.large_llm)) == suggestion
