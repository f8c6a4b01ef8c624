"""Explains a verdict: what each stage of the classifier says by itself, also those that were not needed, and its evidence."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from mom.errors import MomError
from mom.mixture.classifier import Classifier
from mom.mixture.conversation import Conversation
from mom.mixture.ports import ClassifierStage
from mom.mixture.verdict import Verdict


@runtime_checkable
class Evident(Protocol):
    """A stage that can say more than its verdict."""

    async def evidence(self, conversation: Conversation) -> Sequence[str]:
        """What speaks for or against its verdict, the strongest first: one clause each."""
        ...


@dataclass(frozen=True, slots=True)
class Opinion:
    """What one stage says. Without a verdict it is not sure, or `failure` says why it could not be asked."""

    stage: str
    verdict: Verdict | None
    failure: str = ""
    evidence: tuple[str, ...] = ()

    def as_json(self) -> dict[str, object]:
        return {
            "stage": self.stage,
            "verdict": self.verdict.as_json() if self.verdict else None,
            "failure": self.failure,
            "evidence": list(self.evidence),
        }


def excerpt(words: str, most_chars: int) -> str:
    """The beginning of a message on one line, as it is quoted in evidence."""
    line = " ".join(words.split())
    return line if len(line) <= most_chars else f"{line[:most_chars]}…"


async def explain(conversation: Conversation, classifier: Classifier) -> list[Opinion]:
    """Ask every stage, each under the classifier's deadline; its evidence takes the time that it takes."""
    return [await _ask(stage, conversation, classifier.deadline_s) for stage in classifier.stages]


async def _ask(stage: ClassifierStage, conversation: Conversation, deadline_s: float) -> Opinion:
    try:
        async with asyncio.timeout(deadline_s):
            verdict = await stage.classify(conversation)
    except MomError as error:
        return Opinion(stage.name, None, error.message)
    except TimeoutError:
        return Opinion(stage.name, None, f"no verdict within {deadline_s * 1000:.0f} ms")
    evidence = await stage.evidence(conversation) if isinstance(stage, Evident) else ()
    return Opinion(stage.name, verdict, evidence=tuple(evidence))
