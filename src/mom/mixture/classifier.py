"""The classifier: an ordered list of named stages, each cheaper than the next is surer, under one deadline.

A stage gives a verdict, or None where it is not sure. A stage that fails is passed over and its failure becomes part of
the reason. Where nothing decides in time the answer is text, because a picture nobody wanted is the costlier error.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from mom.errors import MomError
from mom.mixture.conversation import Conversation
from mom.mixture.ports import ClassifierStage, LabelModel
from mom.mixture.prompts import FOR_VERDICT, question_with_transcript
from mom.mixture.verdict import DecidedBy, Need, Verdict

log = logging.getLogger(__name__)


class ClassifierChoice(StrEnum):
    """The classifiers that a chat may have, as `MOM_CLASSIFIER` names them."""

    CASCADE = "cascade"
    SMALL_LLM = "small-llm"
    BERT = "bert"
    REGEX = "regex"


def tell_nobody(_stage: str) -> None:
    """For callers who need not know which stage is being asked."""


async def ready_at_once() -> None:
    """For stages that need no preparation."""


@dataclass(frozen=True)
class Classifier:
    """Asks `stages` in their order; `deadline_s` bounds the whole, but for what they still wait for when a process has just started."""

    stages: Sequence[ClassifierStage]
    deadline_s: float
    until_ready: Callable[[], Awaitable[object]] = ready_at_once

    async def classify(self, conversation: Conversation, on_asking: Callable[[str], None] = tell_nobody) -> Verdict:
        """What the conversation's last message needs. Never raises a `MomError`: the last stage is the default, text.

        `on_asking` is told the name of each stage just before it is asked.
        """
        await self.until_ready()
        started = time.perf_counter()
        failures: list[str] = []
        verdict = None
        try:
            async with asyncio.timeout(self.deadline_s):
                verdict = await self._ask_stages(conversation, on_asking, failures)
        except TimeoutError:
            failures.append(f"no verdict within {self.deadline_s * 1000:.0f} ms")
        if verdict is None:
            verdict = _default_verdict(failures)
        return replace(verdict, took_ms=(time.perf_counter() - started) * 1000)

    async def _ask_stages(
        self, conversation: Conversation, on_asking: Callable[[str], None], failures: list[str]
    ) -> Verdict | None:
        for stage in self.stages:
            on_asking(stage.name)
            try:
                verdict = await stage.classify(conversation)
            except MomError as error:
                log.warning("classifier stage %s failed: %s", stage.name, error.message)
                failures.append(f"{stage.name} failed: {error.message}")
            else:
                if verdict is not None:
                    return verdict
        return None


def _default_verdict(failures: Sequence[str]) -> Verdict:
    return Verdict(
        need=Need.TEXT,
        image_probability=0.5,
        decided_by=DecidedBy.DEFAULT,
        took_ms=0.0,
        reason="; ".join(failures) or "no stage was sure, so text",
    )


@dataclass(frozen=True)
class SmallLlmStage:
    """The seed's classifier: a small language model reads the conversation and weighs the two labels."""

    small_llm: LabelModel
    name: str = DecidedBy.SMALL_LLM.value

    async def classify(self, conversation: Conversation) -> Verdict | None:
        question = question_with_transcript("classify", conversation, FOR_VERDICT)
        weights = await self.small_llm.weigh_labels(question, [need.value for need in Need])
        image = weights[Need.IMAGE.value]
        return Verdict(
            need=Need.IMAGE if image > 0.5 else Need.TEXT,  # noqa: PLR2004 - the likelier of two
            image_probability=image,
            decided_by=DecidedBy.SMALL_LLM,
            took_ms=0.0,
            reason=f"{self.small_llm.name} says so",
        )
