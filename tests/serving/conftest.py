"""A stand-in for any program, tiny models, a hub, and a supervisor over them that starts ended programs anew at once."""

import asyncio
import sys
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from mom.models.parts import PartName
from mom.serving.keeping import Restarts
from mom.serving.program import Program
from mom.serving.serve_plan import ServePlan
from mom.serving.supervisor import Supervisor
from tests.random_llm import write_random_llm
from tests.serving.hub import running_hub
from tests.serving.supervising import IMAGE, LARGE, NOBODY, SMALL
from tests.serving.waiting import has_ended

STAND_IN = Path(__file__).with_name("stand_in.py")


@pytest.fixture
async def http():
    async with httpx.AsyncClient(trust_env=False) as client:
        yield client


@pytest.fixture
def stand_in():
    def make(name="stand_in", **config):
        return Program(name, (sys.executable, str(STAND_IN)), config)

    return make


@pytest.fixture(scope="session")
def models(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    return [str(write_random_llm(folder / f"{name}.gguf")) for name in ("first", "second")]


@pytest.fixture
def supervised(tmp_path, stand_in):
    """Runs a supervisor; parts of which no address is given are played by a server that does not answer."""

    @asynccontextmanager
    async def supervised(web=None, hub_url=None, api_keys=None, **addresses):
        (tmp_path / "logs").mkdir(exist_ok=True)
        addresses = {LARGE: NOBODY, SMALL: NOBODY, IMAGE: NOBODY} | {PartName(name): a for name, a in addresses.items()}
        plan = ServePlan(
            data_dir=tmp_path,
            addresses=addresses,
            api_keys=api_keys or {},
            ollama_url="http://127.0.0.1:9",
            hub_endpoint=hub_url,
        )
        quick = Restarts(at_most=3, first_pause_s=0.01, longest_pause_s=0.05)
        supervisor = Supervisor(plan, lambda control: web or stand_in("web"), quick)
        task = asyncio.create_task(supervisor.run())
        supervisor.task = task
        pids = set()
        try:
            yield supervisor
        finally:
            pids |= {part.pid for part in supervisor.board.parts.values() if part.pid}
            task.cancel()
            await asyncio.wait({task})
            assert all(has_ended(pid) for pid in pids)

    return supervised


@pytest.fixture
def hub(models, tmp_path, monkeypatch):
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hub"))
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    with running_hub({"third.gguf": Path(models[1]).read_bytes()}) as hub:
        yield hub
