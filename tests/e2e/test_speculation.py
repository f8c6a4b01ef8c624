"""Speculative start with a real llama.cpp server of one slot: busy while the small LLM decides, then free for what comes."""

from dataclasses import dataclass

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tests.e2e.running_mom import RunningMom, running_mom
from tests.llama import LlamaServer, running_llama
from tests.models.fake_servers import completion, serving
from tests.random_llm import SHAPES, write_random_llm
from tests.scripted import Gate


class PatientSmallLlm:
    """A small LLM's server that gives the verdict `need` when the test opens its gate."""

    def __init__(self) -> None:
        self.expect("text")
        self.app = Starlette(routes=[Route("/v1/chat/completions", self.complete, methods=["POST"])])

    def expect(self, need: str) -> None:
        self.need, self.verdict = need, Gate()

    async def complete(self, _request: Request) -> Response:
        await self.verdict.pass_through()
        return completion(f'{{"need": "{self.need}"}}')


@dataclass
class Stage:
    mom: RunningMom
    small_llm: PatientSmallLlm
    large_llm: LlamaServer


@pytest.fixture(scope="module")
def stage(tmp_path_factory):
    folder = tmp_path_factory.mktemp("stage")
    slow = write_random_llm(folder / "slow.gguf", SHAPES["slow"])
    (folder / "data").mkdir()
    small_llm = PatientSmallLlm()
    with serving(small_llm.app) as root, running_llama(slow, context_tokens=8192) as large_llm:
        settings = {
            "MOM_SMALL_LLM": f"{root}/v1#patient",
            "MOM_LARGE_LLM": f"{large_llm.root}/v1#random",
            "MOM_API_KEY_LARGE_LLM": large_llm.api_key,
            "MOM_IMAGE_MODEL": "http://127.0.0.1:9/v1#none",
            "MOM_CLASSIFIER": "small-llm",
            "MOM_CLASSIFIER_DEADLINE_MS": "60000",
        }
        with running_mom(folder / "data", **settings) as mom:
            yield Stage(mom, small_llm, large_llm)


def names(stage: Stage, turn: str) -> list[str]:
    return [event.name for event in stage.mom.all_events(turn)]


def test_the_answer_that_was_begun_is_the_one_that_is_shown(stage: Stage):
    stage.small_llm.expect("text")
    turn = stage.mom.ask("a story")
    assert stage.large_llm.becomes_busy_within(10)
    with stage.large_llm.http as http:
        [before] = http.get("/slots").json()
    stage.small_llm.verdict.open()
    with stage.mom.events(turn) as events:
        shown = [next(events).name for _ in range(3)]
    with stage.large_llm.http as http:
        [after] = http.get("/slots").json()
    assert shown == ["turn_started", "routed", "text_delta"]
    assert after["is_processing"]
    assert after["id_task"] == before["id_task"], "one generation"
    stage.mom.http.post(f"/api/turns/{turn}/stop")
    assert stage.large_llm.becomes_idle_within(5)


def test_an_image_verdict_frees_the_slot_for_the_image_prompt(stage: Stage):
    stage.small_llm.expect("image")
    turn = stage.mom.ask("a fox")
    assert stage.large_llm.becomes_busy_within(10)
    stage.small_llm.verdict.open()
    # The random model would write its text for minutes; with one slot, no prompt would come before its end.
    assert names(stage, turn) == ["turn_started", "routed", "image_prompt_written", "turn_failed"]
    assert stage.large_llm.becomes_idle_within(5)


def test_stop_before_the_verdict_frees_the_large_llm(stage: Stage):
    stage.small_llm.expect("text")
    turn = stage.mom.ask("a story")
    assert stage.large_llm.becomes_busy_within(10)
    stage.mom.http.post(f"/api/turns/{turn}/stop")
    assert stage.large_llm.becomes_idle_within(5)
    assert names(stage, turn) == ["turn_started", "turn_stopped"]
    stage.small_llm.verdict.open()
