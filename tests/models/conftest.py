from collections.abc import AsyncIterator, Iterator

import httpx
import pytest

from mom.models.http_client import make_http_client
from tests.llama import LlamaServer, running_llama
from tests.random_llm import SHAPES, write_random_llm


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with make_http_client() as client:
        yield client


@pytest.fixture(scope="session")
def llama_server(tmp_path_factory) -> Iterator[LlamaServer]:
    """A real llama.cpp server with a tiny model."""
    model = write_random_llm(tmp_path_factory.mktemp("models") / "tiny.gguf")
    with running_llama(model, context_tokens=1024) as server:
        yield server


@pytest.fixture(scope="session")
def slow_llama_server(tmp_path_factory) -> Iterator[LlamaServer]:
    """One that writes so slowly that it is busy for minutes, unless it is stopped."""
    model = write_random_llm(tmp_path_factory.mktemp("models") / "slow.gguf", SHAPES["slow"])
    with running_llama(model, context_tokens=16_384) as server:
        yield server
