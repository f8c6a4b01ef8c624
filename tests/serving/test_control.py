import asyncio

import httpx
import pytest

from mom.errors import ConflictError, PartUnavailableError, SettingsError
from mom.models.parts import Endpoint, Part, PartName, State
from mom.serving.board import Board
from mom.serving.control import ControlServer
from mom.web.control import ControlAddress, ControlApi

READY = Part(PartName.LARGE_LLM, State.READY, "one", pid=1, endpoint=Endpoint("http://127.0.0.1:1/v1", "one", "key"))


class Recorded:
    """Something to control, which notes what it was asked for."""

    def __init__(self):
        self.board = Board()
        self.board.put(READY)
        self.swaps = []

    def swap(self, part, address, api_key):
        if address == "nonsense":
            raise SettingsError("'nonsense' is not a model address.")
        self.swaps.append((part, address, api_key))

    def reset(self, part):
        self.swaps.append((part, "setting", None))

    def cancel(self, part):
        if part is not PartName.LARGE_LLM:
            raise ConflictError("Nothing is being changed.")
        self.swaps.append((part, None, None))

    async def models_at(self, part, address, api_key):
        if api_key is None:
            raise PartUnavailableError("It wants a key.", part=part)
        return [address]

    async def offers(self):
        return {"ollama": {"models": ["tinydolphin"], "suggestion": None}}

    async def choices(self, part):
        return {"setting": "demo", "choices": [{"address": "demo", "model": part.words, "size_bytes": None}]}


@pytest.fixture
async def controlled():
    return Recorded()


@pytest.fixture
async def server(controlled):
    server = ControlServer(controlled)
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
async def client(server):
    headers = {"Authorization": f"Bearer {server.token}"}
    async with httpx.AsyncClient(base_url=server.url, headers=headers, trust_env=False, timeout=60) as client:
        yield client


async def test_the_parts_are_told_with_their_endpoints_and_memory(client):
    answer = (await client.get("/parts")).json()
    assert answer["version"] == 1
    [part] = answer["parts"]
    assert part["memory_bytes"] > 0
    assert Part.from_json({**part, "memory_bytes": None}) == READY


async def test_a_long_poll_ends_when_something_changes(client, controlled):
    asking = asyncio.create_task(client.get("/parts", params={"after": 1}))
    done, _ = await asyncio.wait({asking}, timeout=0.3)
    assert not done
    controlled.board.put(Part(PartName.SMALL_LLM, State.FAILED, "two"))
    answer = (await asking).json()
    assert answer["version"] == 2
    assert len(answer["parts"]) == 2


async def test_a_long_poll_without_a_change_ends_too(client, monkeypatch):
    monkeypatch.setattr("mom.serving.control.LONG_POLL_S", 0.05)
    assert (await client.get("/parts", params={"after": 1})).json()["version"] == 1


async def test_a_long_poll_for_another_version_is_answered_at_once(client):
    assert (await client.get("/parts", params={"after": 99})).json()["version"] == 1


async def test_a_swap_is_passed_on(client, controlled):
    answer = await client.post("/parts/large_llm/swap", json={"address": "demo", "api_key": "secret"})
    assert answer.status_code == 202
    assert controlled.swaps == [(PartName.LARGE_LLM, "demo", "secret")]


async def test_no_key_and_an_empty_one_come_as_they_are(server, controlled):
    control = ControlApi(ControlAddress(server.url, server.token))
    for key in (None, ""):
        await control.swap(PartName.LARGE_LLM, "demo", key)
    await control.close()
    assert [key for _, _, key in controlled.swaps] == [None, ""]


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/parts/nose/swap", {"address": "demo"}, 404),
        ("/parts/large_llm/swap", {"address": "nonsense"}, 400),
        ("/parts/large_llm/swap", {}, 400),
        ("/parts/large_llm/swap", [], 400),
    ],
)
async def test_a_wrong_swap_is_refused_with_a_sentence(client, controlled, path, body, status):
    answer = await client.post(path, json=body)
    assert answer.status_code == status
    assert answer.json()["error"]["message"]
    assert not controlled.swaps


async def test_a_swap_that_is_nested_too_deeply_is_refused(client, controlled):
    answer = await client.post("/parts/large_llm/swap", content="[" * 100_000)
    assert (answer.status_code, answer.json()["error"]["message"]) == (400, "The body is not a JSON object.")


async def test_a_cancelling_is_passed_on(client, controlled):
    assert (await client.post("/parts/large_llm/cancel")).status_code == 202
    assert controlled.swaps == [(PartName.LARGE_LLM, None, None)]
    answer = await client.post("/parts/small_llm/cancel")
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "conflict")
    assert (await client.post("/parts/nose/cancel")).status_code == 404


async def test_a_reset_is_passed_on(client, controlled):
    assert (await client.post("/parts/large_llm/reset")).status_code == 202
    assert controlled.swaps == [(PartName.LARGE_LLM, "setting", None)]
    assert (await client.post("/parts/nose/reset")).status_code == 404


async def test_the_models_at_an_address_are_told_or_why_not(client):
    wanted = {"address": "http://gpu/v1"}
    answer = await client.post("/parts/large_llm/models", json=wanted | {"api_key": "secret"})
    assert answer.json() == {"models": ["http://gpu/v1"]}
    answer = await client.post("/parts/large_llm/models", json=wanted)
    assert (answer.status_code, answer.json()["error"]["message"]) == (400, "It wants a key.")
    assert (await client.post("/parts/large_llm/models", json={})).status_code == 400
    assert (await client.post("/parts/nose/models", json=wanted)).status_code == 404


async def test_the_choices_of_a_part_are_told(client):
    assert (await client.get("/parts/large_llm/choices")).json()["choices"][0]["model"] == "large LLM"
    assert (await client.get("/parts/nose/choices")).status_code == 404


async def test_offers_are_told(client):
    assert (await client.get("/offers")).json()["ollama"]["models"] == ["tinydolphin"]


@pytest.mark.parametrize(
    "headers", [{"Authorization": ""}, {"Authorization": "Bearer wrong"}, {"Host": "evil.example"}]
)
@pytest.mark.parametrize("path", ["/parts", "/offers", "/parts/large_llm/choices", "/nowhere"])
async def test_nobody_gets_in_without_the_token_or_under_another_name(client, headers, path):
    answer = await client.get(path, headers=headers)
    assert answer.status_code == 403
    assert "parts" not in answer.json()


async def test_a_stranger_swaps_nothing(client, controlled):
    answer = await client.post("/parts/large_llm/swap", json={"address": "demo"}, headers={"Host": "evil.example"})
    assert answer.status_code == 403
    assert not controlled.swaps


async def test_a_request_whose_head_has_no_end_is_refused_before_it_fills_the_memory(server):
    reader, writer = await asyncio.open_connection("127.0.0.1", int(server.url.rsplit(":", 1)[1]))
    writer.write(b"GET /parts HTTP/1.1\r\nHost: a\r\nX: ")
    await writer.drain()
    writer.write(70_000 * b"a")
    async with asyncio.timeout(60):
        assert (await reader.readuntil(b"\r\n")).startswith(b"HTTP/1.1 400 ")
    writer.close()
