"""Tests each small LLM once, in the background, when it is there: the traps of its server, and whether it is any good.

One message at a time, only while no answer is being made, and no more than half of the time. A slow one is tested for
`BUDGET_S` of its work, on `CACHE_AFTER` messages at least; one elsewhere, whose tokens may cost money, on `ENOUGH`, and
each on `SPEECHLESS_AFTER` if it answers none of them. What is found changes how it is asked (its client falls to the next dialect), or whether.
"""

import asyncio
import logging
import math
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace

from mom.errors import ContextFullError, MomError, StructureError
from mom.mixture.classifier import SmallLlmStage
from mom.mixture.conversation import Conversation
from mom.mixture.ports import ClassifierStage
from mom.mixture.prompts import FOR_VERDICT, question_with_transcript
from mom.mixture.verdict import Need, Verdict
from mom.models.chat_client import ChatClient
from mom.models.endpoints import is_loopback
from mom.models.part_sources import Parts
from mom.models.parts import Endpoint, PartName, State
from mom.models.roster import Roster
from mom.models.self_test.report import ENOUGH, Report, TestMessage, read_messages

log = logging.getLogger(__name__)

LABELS = tuple(need.value for need in Need)
BUDGET_S = 20.0
SAME_ANSWERS = 8  # so many different messages with the very same probabilities: they are not the model's
POLL_S = 1.0
RETRY_S, LONGEST_RETRY_S = 30.0, 600.0  # pauses after errors: the first, doubled each time
LONGEST_WAIT_S = 90.0  # for a report: a slow model's test takes twice its budget, in the pauses of others
LONGEST_REST_S = 0.5
CACHE_AFTER = 3  # messages after which the static prefix must be cached
SPEECHLESS_AFTER = 3  # messages without one label: such as by a model that thinks until its tokens are used up


@dataclass
class SelfTest:
    """The tests of the small LLMs that `roster` names; `rival` is a stage that decides everything, such as BERT. In a chat no verdict
    is waited for longer than `deadline_s`.
    """

    roster: Roster
    rival: ClassifierStage | None = None
    budget_s: float = BUDGET_S
    deadline_s: float = math.inf
    reports: dict[Endpoint, Report] = field(default_factory=dict)
    _running: asyncio.Task[None] | None = None
    _is_given_up: bool = False  # no report came in time

    def start(self) -> None:
        self._running = asyncio.create_task(self._run(), name="self-test of the small LLM")
        self._running.add_done_callback(_report_defect)

    async def close(self) -> None:
        if self._running is not None:
            self._running.cancel()
            await asyncio.wait({self._running})

    @property
    def report(self) -> Report | None:
        """The report on the model that is the small LLM now, once there is one."""
        part = self.roster.parts().get(PartName.SMALL_LLM)
        return self.reports.get(part.endpoint) if part and part.endpoint else None

    @property
    def is_pending(self) -> bool:
        """Is the model that is the small LLM now yet to be reported on?"""
        return self._running is not None and self.report is None

    async def wait_for_report(self) -> None:
        """Until there is one, `LONGEST_WAIT_S` at most and not again after that; at once where nothing is tested."""
        if self._is_given_up:
            return
        try:
            async with asyncio.timeout(LONGEST_WAIT_S):
                while self.is_pending:  # noqa: ASYNC110 - of the model that is there now
                    await asyncio.sleep(POLL_S / 10)
        except TimeoutError:
            self._is_given_up = True

    def parts(self) -> Parts:
        """The parts, with what the test found as the small LLM's detail."""
        parts = self.roster.parts()
        if self.report is None or not self.report.sentence:
            return parts
        small = parts[PartName.SMALL_LLM]
        before = f"{small.detail.removesuffix('.')}. " if small.detail else ""
        return {**parts, PartName.SMALL_LLM: replace(small, detail=before + self.report.sentence)}

    async def _run(self) -> None:
        while True:
            endpoint = _endpoint_at_rest(self.roster.parts())
            if endpoint is not None and endpoint not in self.reports:
                await self._test(endpoint)
            await asyncio.sleep(POLL_S)

    async def _test(self, endpoint: Endpoint) -> None:
        """Until there is a report, or another model plays. An error is a pause; the answers before it hold."""
        client = self.roster.chat_client(PartName.SMALL_LLM)
        examination = Examination(self.roster, client, messages_for(endpoint), self.budget_s, self.deadline_s)
        pause_s = RETRY_S
        while endpoint not in self.reports and _endpoint_at_rest(self.roster.parts()) == endpoint:
            try:
                self.reports[endpoint] = await self._report_on(examination)
            except MomError as error:
                log.info("the self-test of the small LLM was broken off: %s", error.message)
                await self._rest(endpoint, pause_s)
                pause_s = min(2 * pause_s, LONGEST_RETRY_S)

    async def _rest(self, endpoint: Endpoint, pause_s: float) -> None:
        """As long as that, or until another model plays."""
        with suppress(TimeoutError):
            async with asyncio.timeout(pause_s):
                while _endpoint_at_rest(self.roster.parts()) == endpoint:  # noqa: ASYNC110 - the parts tell no change
                    await asyncio.sleep(POLL_S)

    async def _report_on(self, examination: "Examination") -> Report:
        report = await examination.run()
        if self.rival is not None:
            report = replace(report, rival_right=await _count_right(self.rival, read_messages()[: report.asked]))
        (log.warning if report.is_bypassed else log.info)(
            "self-test of the small LLM %s: right on %d of %d messages. %s",
            examination.client.name, report.right, report.asked, report.sentence,
        )  # fmt: skip
        return report


def messages_for(endpoint: Endpoint) -> Sequence[TestMessage]:
    return read_messages()[: None if is_loopback(endpoint) else ENOUGH]


def _endpoint_at_rest(parts: Parts) -> Endpoint | None:
    """The small LLM's, once the large one does not need the machine any more to load itself."""
    small, large = parts.get(PartName.SMALL_LLM), parts.get(PartName.LARGE_LLM)
    return small.endpoint if small and not (large and large.state is State.STARTING) else None


def _report_defect(running: asyncio.Task[None]) -> None:
    if not running.cancelled() and (error := running.exception()) is not None:
        log.error("the small LLM is not tested any more", exc_info=error)


async def _count_right(stage: ClassifierStage, messages: Sequence[TestMessage]) -> int | None:
    """How many `stage` gets right, or None where it cannot decide anything, such as a BERT without its head."""
    verdicts = [await stage.classify(message.conversation) for message in messages]
    if not any(verdicts):
        return None
    needs = [verdict.need if verdict else Need.TEXT for verdict in verdicts]
    return sum(need is message.need for need, message in zip(needs, messages, strict=True))


@dataclass
class Examination:
    """One run of the messages through one small LLM. An answer without a label is an empty one.

    Where `run` raises, the next `run` goes on with the message that failed.
    """

    roster: Roster
    client: ChatClient
    messages: Sequence[TestMessage]
    budget_s: float
    deadline_s: float = math.inf
    answers: list[Mapping[str, float]] = field(default_factory=list)
    spent_s: float = 0.0
    quickest_s: float = math.inf  # of the answers after the first, which reads the static prefix, too
    rereads: bool = False

    async def run(self) -> Report:
        messages = self.messages
        while len(self.answers) < len(messages) and not self._is_over():
            answer = await self._ask(messages[len(self.answers)].conversation)
            if not self.answers:
                await self.roster.activity.in_a_pause(lambda: self._check_structure(messages[0]))
            self.answers.append(answer)
            if len(self.answers) == CACHE_AFTER and self.client.cached_label_tokens == 0:
                self.rereads = True
                log.warning("%s does not keep the prompt's beginning: every verdict reads it all", self.client.name)
            if len(self.answers) == SAME_ANSWERS and all(answer == self.answers[0] for answer in self.answers):
                self._distrust_probabilities()
        asked = messages[: len(self.answers)]
        return Report(
            asked=len(asked),
            right=sum(
                bool(answer) and (answer[Need.IMAGE] > answer[Need.TEXT]) is (message.need is Need.IMAGE)
                for answer, message in zip(self.answers, asked, strict=True)
            ),
            texts=sum(message.need is Need.TEXT for message in asked),
            rereads_prompt=self.rereads,
            is_speechless=not any(self.answers),
            late_s=self.quickest_s if self.deadline_s < self.quickest_s < math.inf else None,
        )

    def _is_over(self) -> bool:
        return self._is_speechless() or (self.spent_s >= self.budget_s and len(self.answers) >= CACHE_AFTER)

    def _is_speechless(self) -> bool:
        return len(self.answers) >= SPEECHLESS_AFTER and not any(self.answers)

    async def _ask(self, conversation: Conversation) -> Mapping[str, float]:
        question = question_with_transcript("classify", conversation, FOR_VERDICT)
        took = 0.0

        async def weigh() -> Mapping[str, float]:
            nonlocal took
            started = time.perf_counter()
            try:
                return await self.client.weigh_labels(question, LABELS)
            except (StructureError, ContextFullError) as error:  # the model's own failing, not one of the moment
                log.info("the small LLM named no label: %s", error.message)
                return {}
            finally:
                took = time.perf_counter() - started

        answer = await self.roster.activity.in_a_pause(weigh)
        self.spent_s += took
        if self.answers:
            self.quickest_s = min(self.quickest_s, took)
        await asyncio.sleep(min(took, LONGEST_REST_S))
        return answer

    async def _check_structure(self, message: TestMessage) -> None:
        question = question_with_transcript("classify", message.conversation, FOR_VERDICT)
        with suppress(ContextFullError):
            await self.client.check_label_structure(question, LABELS)

    def _distrust_probabilities(self) -> None:
        if self.client.distrust_label_tokens(LABELS, "it gives every message the very same probabilities"):
            self.answers.clear()
            self.quickest_s = math.inf


@dataclass(frozen=True)
class TestedSmallLlmStage:
    """The small LLM as a stage of the cascade. Until its self-test is over, and where its rival did better, that one decides."""

    stage: SmallLlmStage
    self_test: SelfTest

    @property
    def name(self) -> str:
        """Of the one that decides now: an answer is begun early only while the small LLM is asked."""
        return self.self_test.rival.name if self._is_passed_over and self.self_test.rival else self.stage.name

    async def classify(self, conversation: Conversation) -> Verdict | None:
        if not self._is_passed_over:
            return await self.stage.classify(conversation)
        is_pending = self.self_test.is_pending
        verdict = await self.self_test.rival.classify(conversation) if self.self_test.rival else None
        if verdict is None:  # one that nobody has tested is more than nobody
            return await self.stage.classify(conversation) if is_pending else None
        return replace(
            verdict,
            reason=f"{verdict.reason}; the small LLM {'is not tested yet' if is_pending else 'failed its test'}",
        )

    @property
    def _is_passed_over(self) -> bool:
        report = self.self_test.report
        return self.self_test.is_pending or (report is not None and report.is_bypassed)
