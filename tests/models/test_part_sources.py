import asyncio
import socket
from contextlib import asynccontextmanager

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from mom.models.addresses import parse_address
from mom.models.part_sources import StaticParts, SupervisedParts
from mom.models.parts import Endpoint, Part, PartName, State
from tests.listening import listening

OLLAMA = "http://127.0.0.1:11434"
ENDPOINT = Endpoint("http://127.0.0.1:9/v1", "demo", "key")


def static(**addresses: str) -> StaticParts:
    parsed = {PartName(name): parse_address(address) for name, address in addresses.items()}
    return StaticParts(parsed, {PartName.LARGE_LLM: "large-key"}, ollama_url=OLLAMA)


def test_parts_that_others_serve_can_be_asked_at_once():
    parts = static(large_llm="https://host/v1#big", small_llm="ollama:llama3.2:1b").parts()

    large = parts[PartName.LARGE_LLM]
    assert (large.state, large.model) == (State.EXTERNAL, "big")
    assert large.endpoint == Endpoint("https://host/v1", "big", "large-key")
    assert parts[PartName.SMALL_LLM].endpoint == Endpoint(f"{OLLAMA}/v1", "llama3.2:1b", None)


def test_the_same_model_plays_both_parts_with_the_large_ones_key():
    parts = static(large_llm="https://host/v1#big", small_llm="same").parts()

    assert parts[PartName.SMALL_LLM].endpoint == parts[PartName.LARGE_LLM].endpoint


def test_a_part_that_is_not_set_says_what_to_set():
    part = static().parts()[PartName.IMAGE_MODEL]

    assert (part.state, part.endpoint) == (State.FAILED, None)
    assert "set MOM_IMAGE_MODEL" in part.detail


def test_a_part_that_mom_would_have_to_run_says_so():
    assert "mom serve" in static(large_llm="demo").parts()[PartName.LARGE_LLM].detail


class Supervisor:
    """The control API's `/parts`, with a long poll."""

    def __init__(self) -> None:
        self.version = 1
        self.parts = [Part(PartName.LARGE_LLM, State.STARTING, "demo", demo=True)]
        self.failures = 0
        self.asked_after: list[str | None] = []
        self._changed = asyncio.Event()

    def change(self, *parts: Part) -> None:
        self.version += 1
        self.parts = list(parts)
        self._changed.set()

    async def answer(self, request: Request) -> Response:
        after = request.query_params.get("after")
        self.asked_after.append(after)
        if request.headers["authorization"] != "Bearer token":
            return Response(status_code=401)
        if self.failures:
            self.failures -= 1
            return Response("not now", status_code=500)
        if after == str(self.version):
            self._changed.clear()
            await self._changed.wait()
        return JSONResponse({"version": self.version, "parts": [part.as_json() for part in self.parts]})


@asynccontextmanager
async def following(supervisor: Supervisor, http):
    app = Starlette(routes=[Route("/parts", supervisor.answer)])
    config = uvicorn.Config(app, log_level="critical", lifespan="off", timeout_graceful_shutdown=0)
    listener = socket.create_server(("127.0.0.1", 0))
    async with listening(uvicorn.Server(config), listener):
        source = SupervisedParts(f"http://127.0.0.1:{listener.getsockname()[1]}", "token")
        follow = asyncio.create_task(source.follow(http))
        try:
            yield source
        finally:
            follow.cancel()
            await asyncio.wait({follow})


async def until(claim) -> None:
    async with asyncio.timeout(10):
        while not claim():  # noqa: ASYNC110 - what is claimed comes from a task that tells nobody
            await asyncio.sleep(0.01)


async def test_the_supervisors_parts_are_followed_as_they_change(http):
    supervisor = Supervisor()
    async with following(supervisor, http) as source:
        assert source.parts()[PartName.LARGE_LLM].state is State.STARTING
        await until(lambda: source.parts()[PartName.LARGE_LLM].model == "demo")
        assert source.parts()[PartName.VISION_LLM].state is State.NONE

        supervisor.change(Part(PartName.LARGE_LLM, State.READY, "demo", demo=True, endpoint=ENDPOINT))
        await until(lambda: source.parts()[PartName.LARGE_LLM].endpoint == ENDPOINT)

    assert supervisor.asked_after[:2] == [None, "1"]


async def test_the_last_word_stands_while_the_supervisor_is_away(http, caplog):
    supervisor = Supervisor()
    supervisor.parts = [Part(PartName.LARGE_LLM, State.READY, "demo", endpoint=ENDPOINT)]
    async with following(supervisor, http) as source:
        await until(lambda: source.parts()[PartName.LARGE_LLM].endpoint == ENDPOINT)
        supervisor.failures = 2
        supervisor.change(Part(PartName.LARGE_LLM, State.STARTING, "next"))
        assert source.parts()[PartName.LARGE_LLM].endpoint == ENDPOINT
        await until(lambda: source.parts()[PartName.LARGE_LLM].model == "next")
