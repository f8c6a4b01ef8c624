import asyncio
from contextlib import asynccontextmanager

import httpx
import pytest

from mom.models.addresses import parse_address
from mom.models.bounded import DEFAULT_BYTES
from mom.models.parts import PartName, State
from mom.serving import elsewhere
from mom.serving.elsewhere import player_elsewhere
from mom.serving.offers import find_offers
from tests.serving.waiting import until

OLLAMA = "http://ollama.test:11434"
TAGS = {"models": [{"name": "tinydolphin:latest", "size": 600_000_000}, {"name": "qwen3:1.7b", "size": 1_400_000_000}]}


@asynccontextmanager
async def playing(address, answer, api_key=None, **options):
    """What a part at `address` reports while `answer(request)` plays the server."""
    standings = []
    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as http:
        part = PartName.LARGE_LLM
        player = player_elsewhere(part, parse_address(address), api_key, ollama_url=OLLAMA, http=http, **options)
        task = asyncio.create_task(player.play(standings.append))
        try:
            await until(lambda: standings, "a first report")
            yield standings
        finally:
            task.cancel()
            await asyncio.wait({task})


async def test_a_server_that_answers_is_external_without_remarks():
    async with playing("http://host:1#m", lambda _: httpx.Response(200, json={"data": []}), api_key="k") as [standing]:
        assert (standing.state, standing.detail) == (State.EXTERNAL, "")
        assert standing.endpoint.base_url == "http://host:1/v1"
        assert standing.endpoint.api_key == "k"


async def test_a_server_whose_list_is_nested_too_deeply_lists_nothing():
    async with playing("http://host:1#m", lambda _: httpx.Response(200, content="[" * 100_000)) as [standing]:
        assert (standing.state, standing.detail) == (State.EXTERNAL, "")


async def test_a_server_whose_list_has_no_end_does_not_fill_the_memory():
    sent = 0

    async def endless():
        nonlocal sent
        while sent < 10 * DEFAULT_BYTES.reply:
            sent += 1_000_000
            yield bytes(1_000_000)

    async with playing("http://host:1#m", lambda _: httpx.Response(200, content=endless())) as [standing]:
        assert standing.detail.startswith("Nothing answers at http://host:1/v1.")
    assert sent <= DEFAULT_BYTES.reply + 1_000_000


async def test_a_server_that_comes_later_is_noticed(monkeypatch):
    monkeypatch.setattr(elsewhere, "FIRST_PAUSE_S", 0.01)
    answers = iter([httpx.Response(200)])
    down = True

    def answer(request):
        if down:
            raise httpx.ConnectError("refused", request=request)
        return next(answers)

    async with playing("http://host:1/v1#m", answer) as standings:
        assert standings[0].detail == "Nothing answers at http://host:1/v1. Start that server, or correct its address."
        assert not standings[0].answers
        down = False
        await until(lambda: standings[-1].answers, "the good news")
        assert standings[-1].detail == ""


@pytest.mark.parametrize(("key", "words"), [(None, "wants a key: give one"), ("k", "refuses the key: give another")])
async def test_a_missing_or_refused_key_is_said_with_the_places_where_it_is_given(key, words):
    where = 'under "Change" on the page, or set MOM_API_KEY_LARGE_LLM and start MoM again.'
    async with playing("http://host:1/v1", lambda _: httpx.Response(401), key) as standings:
        assert standings[0].detail == f"http://host:1/v1 {words} {where}"


@pytest.mark.parametrize(("host", "is_its_own"), [("127.0.0.1", True), ("localhost", True), ("gpu", False)])
async def test_in_a_container_loopback_is_not_this_machine(host, is_its_own):
    def refuse(request):
        raise httpx.ConnectError("refused", request=request)

    async with playing(f"http://{host}:1/v1", refuse, in_container=True) as standings:
        assert ("host.docker.internal" in standings[0].detail) is is_its_own
    async with playing(f"http://{host}:1/v1", refuse) as standings:
        assert "host.docker.internal" not in standings[0].detail


async def test_a_model_that_ollama_does_not_have_is_said_with_the_line_that_fetches_it():
    async with playing("ollama:llama3.2:1b", lambda _: httpx.Response(200, json=TAGS)) as standings:
        assert "ollama pull llama3.2:1b" in standings[0].detail
    async with playing("ollama:tinydolphin", lambda _: httpx.Response(200, json=TAGS)) as standings:
        assert standings[0].detail == ""
        assert standings[0].endpoint.base_url == f"{OLLAMA}/v1"


@pytest.mark.parametrize("answer", [httpx.Response(200, json=TAGS), httpx.Response(500)])
async def test_a_running_ollama_is_offered(answer):
    async with httpx.AsyncClient(transport=httpx.MockTransport(lambda _: answer)) as http:
        offers = (await find_offers(http, OLLAMA))["ollama"]
    if answer.is_success:
        assert offers["models"] == ["tinydolphin:latest", "qwen3:1.7b"]
        assert offers["suggestion"]["large_llm"] == "ollama:qwen3:1.7b"
    else:
        assert offers == {"models": [], "suggestion": None}
