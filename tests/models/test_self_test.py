"""The small LLM's self-test, against servers that do well, badly, or other than they say."""

import asyncio
import json
import logging
import re
from collections.abc import Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from mom.mixture.conversation import Conversation, Message
from mom.mixture.verdict import DecidedBy, Need, certain
from mom.models.mixture_factory import make_classifier
from mom.models.parts import Endpoint, Part, PartName, State
from mom.models.roster import Roster
from mom.models.self_test import self_test as self_test_module
from mom.models.self_test.report import ENOUGH, Report, read_messages
from mom.models.self_test.self_test import SelfTest, messages_for
from tests.models.fake_servers import serving
from tests.models.test_roster import TellingSource
from tests.serving.waiting import until

IDS = {"text": 7, "image": 8}
TRUTH = {message.conversation.last.content: message.need.value for message in read_messages()}
LAST = read_messages()[-1]
WORSE_THAN_BERT = (
    "It is not asked: of 60 test messages it was right on {}, the built-in classifier on {}. "
    "That one decides alone until a better small LLM plays."
)
LIKE_TEXT = (
    "It is not asked: of 60 test messages it was right on {}, hardly more than if it took every message for text (30)."
)


class SmallLlmServer:
    """A small LLM's server. `judge` gives its label for a message; the fields say what is wrong with it."""

    def __init__(self, judge: Callable[[str], str] = TRUTH.__getitem__, **oddities: Any) -> None:
        self.judge = judge
        self.is_llama: bool = oddities.get("is_llama", True)
        self.probs: Callable[[str], dict[str, float]] = oddities.get("probs", self._sure)
        self.cached_tokens: int = oddities.get("cached_tokens", 200)
        self.keeps_schema: bool = oddities.get("keeps_schema", True)
        self.thinks: bool = oddities.get("thinks", False)  # until its tokens are used up
        self.refuses: Callable[[int], int | None] = oddities.get("refuses", lambda _nth: None)  # with a status
        self.refusal: str = oddities.get("refusal", "not now, and not so")
        self.asked: list[dict[str, Any]] = []
        routes = [Route("/props", self.props), Route("/tokenize", self.tokenize, methods=["POST"])]
        self.app = Starlette(
            routes=[*(routes if self.is_llama else []), Route("/v1/chat/completions", self.complete, methods=["POST"])]
        )

    @staticmethod
    def _sure(label: str) -> dict[str, float]:
        return {each: 0.9 if each == label else 0.1 for each in IDS}

    async def props(self, _request: Request) -> Response:
        return JSONResponse({"default_generation_settings": {}})

    async def tokenize(self, request: Request) -> Response:
        return JSONResponse({"tokens": [IDS[(await request.json())["content"]]]})

    async def complete(self, request: Request) -> Response:
        body = await request.json()
        self.asked.append(body)
        if status := self.refuses(len(self.asked)):
            return JSONResponse({"error": {"message": self.refusal}}, status_code=status)
        words = body["messages"][1]["content"].rpartition("Message: ")[2]
        label = self.judge(words)
        choice: dict[str, Any] = {"message": {"content": self._reply(label, body)}, "finish_reason": "stop"}
        if self.thinks:
            choice = {"message": {"content": "", "reasoning_content": "Hmm."}, "finish_reason": "length"}
        if "grammar" in body:
            tops = [{"id": IDS[each], "token": each, "prob": prob} for each, prob in self.probs(label).items()]
            choice["logprobs"] = {"content": [{"token": label, "top_probs": tops}]}
        answer = {"choices": [choice], "timings": {"cache_n": self.cached_tokens}}
        return Response(json.dumps(answer), media_type="application/json")

    def _reply(self, label: str, body: dict[str, Any]) -> str:
        if "response_format" in body and not self.keeps_schema:
            return f"That is a message for {label}, I would say."
        return f'{{"need": "{label}"}}'


@asynccontextmanager
async def self_tested(server: SmallLlmServer, **fields: Any):
    """The self-test of a small LLM at that server, when it has its report."""
    with serving(server.app) as root:
        part = Part(PartName.SMALL_LLM, State.READY, "little", endpoint=Endpoint(f"{root}/v1", "little"))
        roster = Roster(TellingSource(part))
        self_test = SelfTest(roster, **fields)
        self_test.start()
        try:
            await self_test.wait_for_report()
            yield self_test
        finally:
            await self_test.close()
            await roster.close()


async def test_where_nothing_is_tested_no_report_is_waited_for():
    roster = Roster(TellingSource())
    async with asyncio.timeout(self_test_module.LONGEST_WAIT_S / 2):
        await SelfTest(roster).wait_for_report()
    await roster.close()


async def test_a_report_that_does_not_come_is_waited_for_once(monkeypatch):
    """As long as a slow test may take; not again for each message that is measured."""
    monkeypatch.setattr(self_test_module, "LONGEST_WAIT_S", 0.05)
    roster = Roster(TellingSource(Part(PartName.SMALL_LLM, State.STARTING, "little")))
    self_test = SelfTest(roster)
    self_test.start()
    await self_test.wait_for_report()
    monkeypatch.setattr(self_test_module, "LONGEST_WAIT_S", None)
    async with asyncio.timeout(20):
        await self_test.wait_for_report()
    assert self_test.report is None
    await self_test.close()
    await roster.close()


def always_text(_words: str) -> str:
    return "text"


def test_the_messages_are_balanced_and_some_of_them_follow_others():
    messages = read_messages()
    assert len(TRUTH) == len(messages) == 60
    for count in (ENOUGH, 60):
        assert sum(message.need is Need.IMAGE for message in messages[:count]) == count / 2
    assert sum(bool(message.conversation.earlier) for message in messages) >= 12


async def test_a_good_small_llm_is_asked_and_nothing_is_said_about_it():
    server = SmallLlmServer()
    async with self_tested(server) as self_test:
        assert self_test.report == Report(asked=60, right=60, texts=30)
        assert self_test.parts()[PartName.SMALL_LLM].detail == ""
        asked = len(server.asked)
        cascade = make_classifier("cascade", 10, self_test.roster, self_test=self_test)
        assert (await cascade.classify(LAST.conversation)).need is LAST.need
    assert len(server.asked) == asked + 1


async def test_one_that_says_text_to_everything_is_bypassed_and_the_part_says_so():
    server = SmallLlmServer(always_text)
    async with self_tested(server) as self_test:
        detail = self_test.parts()[PartName.SMALL_LLM].detail
        assert detail == LIKE_TEXT.format(30)
        asked = len(server.asked)
        cascade = make_classifier("cascade", 10, self_test.roster, self_test=self_test)
        assert (await cascade.classify(LAST.conversation)).decided_by is DecidedBy.DEFAULT
        assert len(server.asked) == asked
        the_diagram = make_classifier("small-llm", 10, self_test.roster, self_test=self_test)
        assert (await the_diagram.classify(LAST.conversation)).decided_by is DecidedBy.SMALL_LLM


class Bert:
    """Right on all messages, or without its head."""

    name = DecidedBy.BERT.value

    def __init__(self, *, has_head: bool = True) -> None:
        self.has_head = has_head

    async def classify(self, conversation: Conversation):
        if not self.has_head:
            return None
        return certain(Need(TRUTH[conversation.last.content]), DecidedBy.BERT, "sure")


async def test_one_that_does_worse_than_bert_is_bypassed_and_bert_decides():
    wrong = {message.conversation.last.content for message in read_messages()[:5]}

    def judge(words: str) -> str:
        return Need(TRUTH[words]).other.value if words in wrong else TRUTH[words]

    async with self_tested(SmallLlmServer(judge), rival=Bert()) as self_test:
        detail = self_test.parts()[PartName.SMALL_LLM].detail
        cascade = make_classifier("cascade", 10, self_test.roster, self_test=self_test)
        announced: list[str] = []
        verdict = await cascade.classify(LAST.conversation, announced.append)
    assert announced == ["bert"]  # the small LLM's name would let a text answer begin early
    assert detail == WORSE_THAN_BERT.format(55, 60)
    assert (verdict.need, verdict.decided_by) == (LAST.need, DecidedBy.BERT)
    assert verdict.reason == "sure; the small LLM failed its test"


@pytest.mark.parametrize(("has_head", "decided_by"), [(True, DecidedBy.BERT), (False, DecidedBy.SMALL_LLM)])
async def test_until_it_is_tested_bert_decides_in_its_place_if_it_can(has_head, decided_by):
    server = SmallLlmServer()
    with serving(server.app) as root:
        part = Part(PartName.SMALL_LLM, State.READY, "little", endpoint=Endpoint(f"{root}/v1", "little"))
        roster = Roster(TellingSource(part))
        self_test = SelfTest(roster, Bert(has_head=has_head))
        with roster.activity.work():  # so that the test does not get on
            self_test.start()
            cascade = make_classifier("cascade", 10, roster, self_test=self_test)
            announced: list[str] = []
            verdict = await cascade.classify(LAST.conversation, announced.append)
        await self_test.close()
        await roster.close()
    assert announced == ["bert"]
    assert (verdict.need, verdict.decided_by) == (LAST.need, decided_by)
    assert verdict.reason.endswith("the small LLM is not tested yet") is has_head


@pytest.mark.parametrize(
    ("right", "rival_right", "said"),
    [
        (36, 30, ""),
        (35, 30, LIKE_TEXT.format(35)),
        (40, 41, WORSE_THAN_BERT.format(40, 41)),
        (41, 41, ""),
    ],
)
def test_a_small_llm_must_beat_text_for_everything_and_not_be_worse_than_bert(right, rival_right, said):
    assert Report(asked=60, right=right, texts=30, rival_right=rival_right).sentence == said


async def test_a_bert_without_its_head_is_no_rival():
    async with self_tested(SmallLlmServer(), rival=Bert(has_head=False)) as self_test:
        assert self_test.report == Report(asked=60, right=60, texts=30)


@pytest.mark.parametrize(
    ("probs", "why"),
    [
        (lambda label: {"text": 0.7, "image": 0.3}, "very same probabilities"),
        (lambda label: {"text": 1.0, "image": 1.0}, "the labels have 2.000 of the probability"),
        (lambda label: {"text": 0.0, "image": 0.0}, "the labels have 0.000 of the probability"),
        (lambda label: {"text": float("nan"), "image": 0.3}, "the labels have nan of the probability"),
    ],
)
async def test_probabilities_that_are_not_the_models_are_not_read_but_json_is(probs, why, caplog):
    server = SmallLlmServer(probs=probs)
    with caplog.at_level(logging.WARNING):
        async with self_tested(server) as self_test:
            assert self_test.report.right == 60
    assert "response_format" in server.asked[-1]
    [line] = [record.message for record in caplog.records if "asked for JSON from now on" in record.message]
    assert why in line


async def test_a_schema_that_is_ignored_silently_is_put_into_words_although_the_label_can_be_read(caplog):
    server = SmallLlmServer(is_llama=False, keeps_schema=False)
    with caplog.at_level(logging.WARNING):
        async with self_tested(server) as self_test:
            assert self_test.report.right == 60
    assert "response_format" not in server.asked[-1]
    assert [record.message for record in caplog.records if "ignores the structure" in record.message]


async def test_a_prefix_cache_that_is_lost_is_told():
    async with self_tested(SmallLlmServer(cached_tokens=0)) as self_test:
        detail = self_test.parts()[PartName.SMALL_LLM].detail
    assert detail == "It reads its whole prompt again for every message, which makes verdicts slow."


async def test_a_slow_one_is_tested_for_its_time_only_and_not_judged_by_a_few_answers():
    server = SmallLlmServer(lambda words: Need(TRUTH[words]).other.value)
    async with self_tested(server, budget_s=1e-9) as self_test:
        assert (self_test.report.asked, self_test.report.right) == (3, 0)
        assert not self_test.report.is_bypassed


async def test_one_that_no_chat_would_wait_for_is_bypassed_however_right_it_is():
    async with self_tested(SmallLlmServer(), budget_s=1e-9, deadline_s=1e-6) as self_test:
        assert self_test.report.is_bypassed
        detail = self_test.parts()[PartName.SMALL_LLM].detail
    assert re.fullmatch(
        r"It is not asked: its quickest answer to a test message took \d+\.\d s, longer than MOM_CLASSIFIER_DEADLINE_MS lets anyone wait\.",
        detail,
    )


async def test_one_that_only_thinks_is_bypassed_after_a_few_messages():
    server = SmallLlmServer(is_llama=False, thinks=True)
    async with self_tested(server) as self_test:
        assert self_test.report.is_bypassed
        detail = self_test.parts()[PartName.SMALL_LLM].detail
        assert detail == "It is not asked: it answered none of the test messages with text or image."
        tries, checks = 2 * self_test_module.SPEECHLESS_AFTER, 1
        assert len(server.asked) == tries + checks
        cascade = make_classifier("cascade", 10, self_test.roster, self_test=self_test)
        assert (await cascade.classify(LAST.conversation)).decided_by is DecidedBy.DEFAULT
        assert len(server.asked) == tries + checks


async def test_an_answer_without_a_label_is_a_wrong_one():
    speechless = {message.conversation.last.content for message in read_messages()[1:3]}
    server = SmallLlmServer(lambda words: "neither" if words in speechless else TRUTH[words], is_llama=False)
    async with self_tested(server) as self_test:
        assert self_test.report == Report(asked=60, right=58, texts=30)


@pytest.mark.parametrize("is_llama", [True, False])
async def test_one_whose_context_is_too_small_for_the_question_is_bypassed(is_llama):
    refusal = "the request exceeds the available context size"
    server = SmallLlmServer(is_llama=is_llama, refuses=lambda _nth: 400, refusal=refusal)
    async with self_tested(server) as self_test:
        assert self_test.report.is_bypassed
        assert self_test.report.asked == self_test_module.SPEECHLESS_AFTER


async def test_after_an_error_the_test_goes_on_where_it_was(monkeypatch):
    monkeypatch.setattr(self_test_module, "RETRY_S", 0.01)
    server = SmallLlmServer(is_llama=False, refuses=lambda nth: 429 if nth % 10 == 0 else None)
    async with self_tested(server) as self_test:
        assert self_test.report == Report(asked=60, right=60, texts=30)
    asked_well, checks = 60, 1
    assert len(server.asked) == asked_well + checks + len(server.asked) // 10


class NotingSelfTest(SelfTest):
    """Notes how long it means to rest after each error."""

    def __init__(self, roster: Roster) -> None:
        super().__init__(roster)
        self.rests: list[float] = []

    async def _rest(self, endpoint: Endpoint, pause_s: float) -> None:
        self.rests.append(pause_s)
        await super()._rest(endpoint, pause_s)


async def test_one_that_refuses_again_and_again_is_asked_seldom_until_it_answers(monkeypatch):
    """Its key may be set, or its bill be paid, meanwhile."""
    monkeypatch.setattr(self_test_module, "RETRY_S", 0.01)
    monkeypatch.setattr(self_test_module, "LONGEST_RETRY_S", 0.02)
    server = SmallLlmServer(is_llama=False, refuses=lambda nth: 401 if nth <= 6 else None)
    with serving(server.app) as root:
        part = Part(PartName.SMALL_LLM, State.READY, "little", endpoint=Endpoint(f"{root}/v1", "little"))
        roster = Roster(TellingSource(part))
        self_test = NotingSelfTest(roster)
        self_test.start()
        await until(lambda: self_test.report, "the report")
        assert self_test.rests == [0.01, *[0.02] * 5]
        assert self_test.report.right == 60
        await self_test.close()
        await roster.close()


async def test_the_rest_after_an_error_ends_when_another_plays(monkeypatch):
    monkeypatch.setattr(self_test_module, "POLL_S", 0.01)
    server, other = SmallLlmServer(is_llama=False, refuses=lambda _nth: 401), SmallLlmServer()
    with serving(server.app) as root, serving(other.app) as other_root:
        part = Part(PartName.SMALL_LLM, State.READY, "little", endpoint=Endpoint(f"{root}/v1", "little"))
        source = TellingSource(part)
        roster = Roster(source)
        self_test = NotingSelfTest(roster)
        self_test.start()
        await until(lambda: self_test.rests, "the rest")
        source.tell(replace(part, endpoint=Endpoint(f"{other_root}/v1", "other")))
        await self_test.wait_for_report()
        assert self_test.report.right == 60
        assert self_test.rests == [self_test_module.RETRY_S]
        assert len(server.asked) == 1
        await self_test.close()
        await roster.close()


def test_one_whose_tokens_may_cost_money_is_asked_no_more_than_it_must():
    assert len(messages_for(Endpoint("http://127.0.0.1:8090/v1", "m"))) == 60
    assert len(messages_for(Endpoint("https://api.example.com/v1", "m"))) == ENOUGH


async def test_it_waits_while_an_answer_is_being_made():
    server = SmallLlmServer()
    with serving(server.app) as root:
        part = Part(PartName.SMALL_LLM, State.READY, "little", endpoint=Endpoint(f"{root}/v1", "little"))
        roster = Roster(TellingSource(part))
        self_test = SelfTest(roster)
        with roster.activity.work():
            self_test.start()
            question = [Message("system", "Decide."), Message("user", f"Message: {LAST.conversation.last.content}")]
            await roster.chat_client(PartName.SMALL_LLM).weigh_labels(question, ["text", "image"])
            assert len(server.asked) == 1, "the answer's own question"
        await self_test.close()
        await roster.close()
