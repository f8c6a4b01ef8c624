"""The large LLM as classifier: what routing would cost without a small one. A baseline, measured and never used."""

from dataclasses import dataclass, replace

from mom.mixture.classifier import SmallLlmStage
from mom.mixture.conversation import Conversation
from mom.mixture.verdict import DecidedBy, Verdict
from mom.models.parts import PartName
from mom.models.roster import Roster


@dataclass(frozen=True)
class LargeLlmStage:
    """Asks the large LLM just what the small one is asked."""

    roster: Roster
    name: str = DecidedBy.LARGE_LLM.value

    async def classify(self, conversation: Conversation) -> Verdict | None:
        large_llm = self.roster.chat_client(PartName.LARGE_LLM)
        verdict = await SmallLlmStage(large_llm).classify(conversation)
        return replace(verdict, decided_by=DecidedBy.LARGE_LLM) if verdict else None
